#include "app/own_telemetry.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "exporter/resender.h"
#include "io/clock.h"
#include "io/random.h"
#include "telemetry/log.h"

namespace gateway::app {
namespace {

// Sends what `collect` makes, every interval, from its thread.
class Sender {
 public:
  // The body, and how many items it has; none: there is nothing to send.
  using Collect = std::function<std::uint64_t(std::vector<std::byte>& body)>;

  Sender(const config::OwnExport& settings, Signal signal, telemetry::Registry& metrics,
         Collect collect)
      : signal_(signal),
        interval_(settings.interval),
        collect_(std::move(collect)),
        resender_(settings.exporter),
        sent_(counter(metrics, "delivered")),
        failed_(counter(metrics, "failed")) {}

  [[nodiscard]] static telemetry::Counter& counter(telemetry::Registry& metrics, Signal signal,
                                                   std::string_view outcome) {
    return metrics.counter("otlp_own_exports_total",
                           "Requests with own telemetry, by what became of them.",
                           {{"signal", name_of(signal)}, {"outcome", outcome}});
  }

  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() {
    if (auto started = resender_.start(); !started) return started;
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool failing() const noexcept { return failing_; }

 private:
  [[nodiscard]] telemetry::Counter& counter(telemetry::Registry& metrics,
                                            std::string_view outcome) const {
    return counter(metrics, signal_, outcome);
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, interval_, [this] { return stopping_; })) {
      lock.unlock();
      send_once();
      lock.lock();
    }
  }

  void send_once() {
    std::vector<std::byte> body;
    const std::uint64_t items = collect_(body);
    if (items == 0) return;
    const exporter::Answer answer = resender_.send(signal_, items, body);
    const bool is_delivered = answer.kind == exporter::AnswerKind::delivered;
    (is_delivered ? sent_ : failed_).add();
    if (!is_delivered && !failing_) {
      telemetry::log_warn("own_telemetry", "own telemetry is not taken",
                          {{"signal", name_of(signal_)}, {"error", answer.message}});
    }
    failing_ = !is_delivered;
  }

  const Signal signal_;
  const config::Millis interval_;
  const Collect collect_;
  exporter::Resender resender_;
  telemetry::Counter& sent_;
  telemetry::Counter& failed_;
  std::atomic<bool> failing_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

config::OwnExport marked(config::OwnExport settings, std::string_view id) {
  settings.exporter.id = id;
  settings.exporter.headers.emplace_back(telemetry::kOwnTelemetryHeader, "1");
  return settings;
}

std::int64_t steady_to_unix() {
  return static_cast<std::int64_t>(io::real_clock().unix_nano()) -
         std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class OwnTelemetry final : public pipeline::Service {
 public:
  OwnTelemetry(const config::Settings& settings, const OwnTelemetryParts& parts)
      : started_unix_nano_(io::real_clock().unix_nano()) {
    if (settings.own_metrics.enabled) {
      senders_.push_back(std::make_unique<Sender>(
          marked(settings.own_metrics, "own_metrics"), Signal::metrics, parts.metrics,
          [this, parts](std::vector<std::byte>& body) {
            return append_own_metrics(parts.metrics, parts.resource, started_unix_nano_,
                                      io::real_clock().unix_nano(), body);
          }));
    }
    if (settings.own_traces.enabled) {
      senders_.push_back(std::make_unique<Sender>(
          marked(settings.own_traces, "own_traces"), Signal::traces, parts.metrics,
          [parts](std::vector<std::byte>& body) -> std::uint64_t {
            std::vector<telemetry::RequestSpan> spans;
            parts.spans.take(spans);
            if (spans.empty()) return 0;
            append_own_spans(spans, parts.resource, steady_to_unix(), io::real_random(), body);
            return spans.size();
          }));
    }
  }

  [[nodiscard]] std::string_view name() const noexcept override { return "own_telemetry"; }
  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override {
    for (const auto& sender : senders_) {
      if (auto started = sender->start(); !started) {
        stop();  // nothing runs behind a start that has failed
        return started;
      }
    }
    return {};
  }
  void drain(std::chrono::steady_clock::time_point) override {}
  void stop() override {
    for (const auto& sender : senders_) sender->stop();
  }
  [[nodiscard]] pipeline::Health health() const override {
    for (const auto& sender : senders_) {
      if (sender->failing()) {
        return {pipeline::HealthState::degraded, "own telemetry is not taken by its destination"};
      }
    }
    return {};
  }

 private:
  const std::uint64_t started_unix_nano_;
  std::vector<std::unique_ptr<Sender>> senders_;
};

}  // namespace

std::unique_ptr<pipeline::Service> make_own_telemetry(const config::Settings& settings,
                                                      const OwnTelemetryParts& parts) {
  for (const Signal signal : {Signal::metrics, Signal::traces}) {
    for (const std::string_view outcome : {"delivered", "failed"}) {
      static_cast<void>(Sender::counter(parts.metrics, signal, outcome));
    }
  }
  if (!settings.own_metrics.enabled && !settings.own_traces.enabled) return nullptr;
  return std::make_unique<OwnTelemetry>(settings, parts);
}

}  // namespace gateway::app
