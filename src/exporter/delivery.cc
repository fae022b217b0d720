#include "exporter/delivery.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/assert.h"
#include "exporter/lane.h"
#include "exporter/ledger_metrics.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "io/thread.h"
#include "telemetry/log.h"

namespace gateway::exporter {

namespace {

namespace asio = boost::asio;
using pipeline::delivery::Instant;

// Lanes are pumped at least this often: idle cursors move, and the age of a batch is seen to.
constexpr auto kHousekeepingInterval = std::chrono::seconds(1);

class Delivery final : public Exporter, public storage::CommitListener, private LaneHost {
 public:
  Delivery(const config::Exporter& settings, const std::vector<Signal>& signals, storage::Log& log,
           telemetry::Registry& metrics, const std::string& dead_letter_directory,
           const TransportFactory& make_transport, pipeline::ProcessorChains processors)
      : id_(settings.id),
        name_("exporter/" + settings.id),
        endpoint_(settings.endpoint.empty() ? settings.path : settings.endpoint),
        timeout_(settings.timeout),
        log_(log),
        transport_(make_transport(loop_)),
        dead_letters_(io::real_file_system(), io::real_clock(), dead_letter_directory, settings.id),
        budget_(settings.sending_queue.in_flight_size_bytes_max, signals.size()),
        processors_(std::move(processors)) {
    for (const Signal signal : signals) {
      const Lane::Parts parts{.host = *this,
                              .log = log,
                              .transport = *transport_,
                              .dead_letters = dead_letters_,
                              .budget = budget_,
                              .metrics = metrics,
                              .seed = io::real_random().next(),
                              .processors = processors_[index_of(signal)].get()};
      lanes_.push_back(std::make_unique<LaneOnLoop>(loop_, settings, signal, parts));
    }
    std::vector<const Lane*> lanes;
    for (const auto& entry : lanes_) lanes.push_back(&entry->lane);
    ledger_metrics_ = std::make_unique<LedgerMetrics>(metrics, id_, std::move(lanes), log);
  }

  ~Delivery() override { stop(); }

  [[nodiscard]] std::string_view name() const noexcept override { return name_; }

  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override {
    GATEWAY_ASSERT(!thread_.joinable());
    if (auto started = transport_->start(); !started) return started;
    // After a stop() the lanes are as they were then: what was not answered goes out again.
    draining_ = stopping_ = quiescing_ = false;
    drained_ = quiet_ = false;
    for (const auto& entry : lanes_) entry->lane.resume();
    loop_.restart();
    work_.emplace(loop_.get_executor());
    thread_ = std::thread([this] {
      io::name_this_thread(id_);
      loop_.run();
    });
    log_.add_listener(*this);
    for (const auto& entry : lanes_) wake_soon(*entry);
    return {};
  }

  // The last part of the time is for answers alone: what is sent and not answered by the deadline
  // goes out twice.
  void drain(std::chrono::steady_clock::time_point deadline) override {
    if (!thread_.joinable()) return;
    const auto time = std::max(deadline - now(), Instant::duration(0));
    const auto time_to_answer =
        timeout_.count() == 0 ? time / 2 : std::min<Instant::duration>(time / 2, timeout_);
    asio::post(loop_, [this] {
      draining_ = true;
      for (const auto& entry : lanes_) entry->lane.begin_drain();
      for (const auto& entry : lanes_) pump(*entry);
      note_drained();
    });
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, deadline - time_to_answer, [this] { return drained_; });
    }
    quiesce(deadline);
  }

  void quiesce(std::chrono::steady_clock::time_point deadline) override {
    if (!thread_.joinable()) return;
    asio::post(loop_, [this] {
      quiescing_ = true;
      for (const auto& entry : lanes_) entry->lane.begin_stop();
      note_quiet();
    });
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return quiet_; });
  }

  void stop() override {
    if (!thread_.joinable()) return;
    log_.remove_listener(*this);
    asio::post(loop_, [this] {
      stopping_ = true;
      for (const auto& entry : lanes_) {
        entry->lane.begin_stop();
        entry->timer.cancel();
      }
      transport_->cancel_all();
      release_when_idle();
    });
    thread_.join();
  }

  [[nodiscard]] pipeline::Health health() const override { return status().health; }

  [[nodiscard]] ExporterStatus status() const override;

  [[nodiscard]] pipeline::ServiceStats stats() const override {
    const ExporterStatus now = status();
    return {{"in_flight_requests", static_cast<double>(now.in_flight_requests)},
            {"in_flight_bytes", static_cast<double>(now.in_flight_bytes)},
            {"circuit_breaker_state", static_cast<double>(now.breaker)}};
  }

  // On the writer thread: costs a comparison a lane unless a batch is due.
  void on_committed(const storage::Head& head) noexcept override {
    for (const auto& entry : lanes_) {
      if (entry->lane.should_wake(head)) wake_soon(*entry);
    }
  }

 private:
  struct LaneOnLoop {
    LaneOnLoop(asio::io_context& loop, const config::Exporter& settings, Signal signal,
               const Lane::Parts& parts)
        : lane(settings, signal, parts), timer(loop) {}
    Lane lane;
    asio::steady_timer timer;
  };

  [[nodiscard]] Instant now() const override { return std::chrono::steady_clock::now(); }

  void wake(Lane& lane) override {
    for (const auto& entry : lanes_) {
      if (&entry->lane == &lane) pump(*entry);
    }
    if (draining_) note_drained();
    if (quiescing_) note_quiet();
    if (stopping_) release_when_idle();
  }

  void wake_soon(LaneOnLoop& entry) {
    asio::post(loop_, [this, &entry] {
      pump(entry);
      if (draining_) note_drained();
    });
  }

  void pump(LaneOnLoop& entry) {
    if (stopping_) return;
    const Instant at = now();
    const Instant housekeeping = at + kHousekeepingInterval;
    const Instant next = entry.lane.pump(at).value_or(housekeeping);
    entry.timer.expires_at(next < housekeeping ? next : housekeeping);
    entry.timer.async_wait([this, &entry](const boost::system::error_code& error) {
      if (error) return;  // it was set anew
      pump(entry);
      if (draining_) note_drained();
    });
  }

  void note_drained() {
    for (const auto& entry : lanes_) {
      if (!entry->lane.drained()) return;
    }
    const std::lock_guard lock(mutex_);
    drained_ = true;
    changed_.notify_all();
  }

  [[nodiscard]] bool idle() const {
    return std::all_of(lanes_.begin(), lanes_.end(),
                       [](const auto& entry) { return entry->lane.idle(); });
  }

  void note_quiet() {
    if (!idle()) return;
    const std::lock_guard lock(mutex_);
    quiet_ = true;
    changed_.notify_all();
  }

  void release_when_idle() {
    if (!idle()) return;
    work_.reset();
    loop_.stop();
  }

  const std::string id_;
  const std::string name_;
  const std::string endpoint_;
  const std::chrono::milliseconds timeout_;  // of a request; 0: none
  storage::Log& log_;
  asio::io_context loop_{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::unique_ptr<Transport> transport_;
  DeadLetters dead_letters_;
  InFlightBudget budget_;
  const pipeline::ProcessorChains processors_;
  std::vector<std::unique_ptr<LaneOnLoop>> lanes_;
  std::unique_ptr<LedgerMetrics> ledger_metrics_;
  std::thread thread_;
  bool draining_ = false;  // on the loop thread, as is stopping_
  bool stopping_ = false;
  bool quiescing_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool drained_ = false;
  bool quiet_ = false;
};

ExporterStatus Delivery::status() const {
  ExporterStatus status{.id = id_};
  const Lane* worst = nullptr;
  Lane::Snapshot worst_snapshot;
  const auto badness = [](const Lane::Snapshot& s) {
    if (s.breaker == Lane::Breaker::State::open) return 3;
    if (s.breaker == Lane::Breaker::State::half_open) return 2;
    return s.failing ? 1 : 0;
  };
  for (const auto& entry : lanes_) {
    const Lane::Snapshot snapshot = entry->lane.snapshot();
    status.in_flight_requests += snapshot.in_flight_requests;
    status.in_flight_bytes += snapshot.held_bytes;
    if (worst == nullptr || badness(snapshot) > badness(worst_snapshot)) {
      worst = &entry->lane;
      worst_snapshot = snapshot;
    }
  }
  if (worst == nullptr) return status;
  status.breaker = static_cast<BreakerState>(worst_snapshot.breaker);
  status.last_error = worst_snapshot.last_error;
  if (badness(worst_snapshot) == 0) return status;
  const std::string what = std::string(name_of(worst->signal())) + " to " + endpoint_ + ": ";
  if (worst_snapshot.breaker == Lane::Breaker::State::closed) {
    status.health = {.state = pipeline::HealthState::degraded,
                     .reason = what + "retrying: " + worst_snapshot.last_error};
    return status;
  }
  const auto open_for =
      std::chrono::duration_cast<std::chrono::seconds>(now() - worst_snapshot.opened_at).count();
  status.health = {.state = pipeline::HealthState::unhealthy,
                   .reason = what + "circuit breaker open for " + std::to_string(open_for) +
                             " s: " + worst_snapshot.last_error};
  return status;
}

}  // namespace

std::unique_ptr<Exporter> make_delivery(const config::Exporter& settings,
                                        const std::vector<Signal>& signals, storage::Log& log,
                                        telemetry::Registry& metrics,
                                        const std::string& dead_letter_directory,
                                        const TransportFactory& make_transport,
                                        pipeline::ProcessorChains processors) {
  return std::make_unique<Delivery>(settings, signals, log, metrics, dead_letter_directory,
                                    make_transport, std::move(processors));
}

}  // namespace gateway::exporter
