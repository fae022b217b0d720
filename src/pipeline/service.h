// A part of the gateway with a life of its own, and the manager that starts and stops them in
// dependency order, restarts what failed, and reports health with a reason.
//
//   start order: dependencies first; drain and stop: the reverse.
//
// Errors:  a start that fails says why; the manager stops what had started.
// Threads: start(), drain(), stop() on the thread that calls the manager; health(), stats() and
//          failed() from any. The manager's methods take one lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gateway::pipeline {

enum class HealthState : std::uint8_t { healthy, degraded, unhealthy };
[[nodiscard]] std::string_view name_of(HealthState state) noexcept;

struct Health {
  HealthState state = HealthState::healthy;
  std::string reason;  // empty when healthy
};

struct ServiceFailure {
  std::string message;
};

// Numbers a service shows in the health page and the API, by name.
using ServiceStats = std::map<std::string, double>;

class Service {
 public:
  virtual ~Service() = default;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  [[nodiscard]] virtual std::vector<std::string> depends_on() const { return {}; }
  [[nodiscard]] virtual Result<void, ServiceFailure> start() = 0;
  // Takes in nothing new and finishes what is in flight, until `deadline` at most.
  virtual void drain(std::chrono::steady_clock::time_point deadline) = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual Health health() const = 0;
  // Whether it has ended by itself and wants stop() and start() again. Bad health alone is no
  // failure: an exporter whose destination is down works as it should.
  [[nodiscard]] virtual bool failed() const noexcept { return false; }
  [[nodiscard]] virtual ServiceStats stats() const { return {}; }
};

class ServiceManager {
 public:
  ServiceManager() = default;
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  ~ServiceManager();

  // Registration is before start_all(); names are unique.
  void add(std::unique_ptr<Service> service);
  [[nodiscard]] Service* find(std::string_view name) const noexcept;
  [[nodiscard]] Result<void, ServiceFailure> start_all();
  void stop_all(std::chrono::milliseconds timeout);
  // Restarts what has failed, with a growing delay between attempts. Called now and then.
  void supervise(std::chrono::steady_clock::time_point now);

  struct Report {
    std::string name;
    Health health;
    ServiceStats stats;
    bool running = false;
    std::uint32_t restart_count = 0;
  };
  [[nodiscard]] std::vector<Report> report() const;
  // The worst state of all, with the reasons joined.
  [[nodiscard]] Health overall() const;

 private:
  struct Entry {
    std::unique_ptr<Service> service;
    bool running = false;
    std::uint32_t restart_count = 0;
    std::chrono::milliseconds restart_delay{0};
    std::chrono::steady_clock::time_point restart_at;
  };
  [[nodiscard]] Result<std::vector<std::size_t>, ServiceFailure> start_order() const;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> started_;  // in start order
};

}  // namespace gateway::pipeline
