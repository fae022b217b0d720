// Starts services in dependency order, stops them in the reverse, restarts what failed, takes
// services in and out while the others run, and reports health with a reason.
//
//   start order: dependencies first; drain and stop: the reverse, neighbours of one kind side by
//   side. Of "exporter/a" the kind is "exporter"; a name without '/' has none.
//
// No service can hold the others up: each start and stop runs on a thread of its own and is waited
// for within a limit. What does not come back by then is left behind: it is never touched or
// destroyed again, and its name is told, so that the process can end without it.
//
// Units:   the limits below.
// Errors:  a start that fails or hangs says why; start_all() then stops what had started.
// Threads: find(), report() and overall() from any; they wait for no start or stop. The rest on
//          one thread, the owner's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "pipeline/service.h"

namespace gateway::pipeline {

struct ServiceLimits {
  std::chrono::milliseconds start_max{60'000};
  // For stop(), once the time to drain is over.
  std::chrono::milliseconds stop_max{5'000};
  // supervise() waits this long for a restart; one that takes longer goes on beside it.
  std::chrono::milliseconds restart_wait{500};
  // A service that failed to come back is left alone this long, from the first to the second,
  // doubling, before the next attempt.
  std::chrono::milliseconds restart_delay_min{1'000};
  std::chrono::milliseconds restart_delay_max{60'000};
};

class ServiceManager {
 public:
  ServiceManager() = default;
  explicit ServiceManager(ServiceLimits limits) : limits_(limits) {}
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  ~ServiceManager();

  // Registration is before start_all(); names are unique.
  void add(std::unique_ptr<Service> service);
  [[nodiscard]] Result<void, ServiceFailure> start_all();
  // Registers and starts one more beside those that run. It is stopped before `after` is, and after
  // all that were started behind `after`. Where it cannot start, it is as if it had never been
  // there, or it stays, and supervise() tries again.
  enum class IfItFails : std::uint8_t { forget, keep };
  [[nodiscard]] Result<void, ServiceFailure> add_running(std::unique_ptr<Service> service,
                                                         std::string_view after,
                                                         IfItFails if_it_fails = IfItFails::forget);
  // Drains and stops one, and forgets it. False: it does not stop, and was left behind.
  [[nodiscard]] bool remove(std::string_view name, std::chrono::milliseconds drain_max);
  void stop_all(std::chrono::milliseconds drain_max);
  // Restarts what has failed, with a growing delay between attempts. Called now and then.
  void supervise(std::chrono::steady_clock::time_point now);

  // The names of all that were left behind; what they use must not be destroyed.
  [[nodiscard]] const std::vector<std::string>& left_behind() const noexcept {
    return left_behind_;
  }

  [[nodiscard]] Service* find(std::string_view name) const noexcept;

  struct Report {
    std::string name;
    Health health;
    ServiceStats stats;
    bool running = false;
    std::uint32_t restart_count = 0;
  };
  [[nodiscard]] std::vector<Report> report() const;
  // Of one that does not run: unhealthy, and why.
  [[nodiscard]] Health health(std::string_view name) const;
  // The worst state of all, with the reasons joined.
  [[nodiscard]] Health overall() const;

 private:
  using Outcome = Result<void, ServiceFailure>;
  // A call into a service, on a thread of its own.
  struct Call {
    std::thread thread;
    std::future<Outcome> outcome;
  };
  struct Entry {
    std::unique_ptr<Service> service;
    // Under mutex_:
    bool running = false;
    std::uint32_t restart_count = 0;
    std::string failure;  // why it is not running
    [[nodiscard]] Health not_running() const {
      return {HealthState::unhealthy, failure.empty() ? "not running" : failure};
    }
    // The owner's:
    std::chrono::milliseconds restart_delay{0};
    std::chrono::steady_clock::time_point restart_at;
    std::optional<Call> restart;  // under way
  };
  using EntryPtr = std::shared_ptr<Entry>;

  [[nodiscard]] static Call launch(std::function<Outcome()> call);
  // What came of it, if it ends by then.
  [[nodiscard]] static std::optional<Outcome> wait(Call& call,
                                                   std::chrono::steady_clock::time_point until);
  [[nodiscard]] Result<std::vector<EntryPtr>, ServiceFailure> start_order() const;
  [[nodiscard]] Outcome start(const EntryPtr& entry);
  // Side by side. False: one was left behind.
  [[nodiscard]] bool stop(const std::vector<EntryPtr>& entries,
                          std::chrono::steady_clock::time_point drain_until);
  // The last in start order, with its neighbours of one kind; off started_.
  [[nodiscard]] std::vector<EntryPtr> take_last();
  // Waits for a restart that is under way. False: left behind.
  [[nodiscard]] bool end_restart(const EntryPtr& entry,
                                 std::chrono::steady_clock::time_point until);
  void begin_restart(Entry& entry, std::chrono::steady_clock::time_point now);
  void note_restart(Entry& entry, const Outcome& outcome);
  void set_running(Entry& entry, bool running, std::string failure);
  void unlist(const EntryPtr& entry);
  void leave_behind(const EntryPtr& entry);

  const ServiceLimits limits_ = {};
  mutable std::mutex mutex_;
  // Held shared while reports ask services: who takes it alone knows that nobody does.
  mutable std::shared_mutex asking_;
  std::vector<EntryPtr> entries_;  // in order of registration
  // The owner's:
  std::vector<EntryPtr> started_;  // in start order
  std::vector<std::string> left_behind_;
};

}  // namespace gateway::pipeline
