#include "receiver/otlp/receiver.h"

#include <atomic>
#include <mutex>
#include <optional>

#include "base/assert.h"
#include "net/server.h"
#include "net/tls.h"
#include "receiver/otlp/request_handler.h"

namespace gateway::receiver::otlp {
namespace {

using Clock = std::chrono::steady_clock;

// How fast the log makes room: what came in, less what it has grown by. Asked once a second.
class DrainSampler final : public net::Task {
 public:
  DrainSampler(const storage::Log& log, const std::vector<std::unique_ptr<Lane>>& lanes,
               DrainMeter& meter)
      : log_(log), lanes_(lanes), meter_(meter), size_at_start_(log.stats().size_bytes) {}

  void run() noexcept override {
    constexpr std::chrono::seconds kInterval{1};
    const Clock::time_point now = Clock::now();
    if (now - last_ < kInterval) return;
    last_ = now;
    std::uint64_t stored = size_at_start_;
    for (const auto& lane : lanes_) stored += lane->stored_bytes();
    const std::uint64_t size = log_.stats().size_bytes;
    meter_.sample(stored > size ? stored - size : 0, now);
  }

 private:
  const storage::Log& log_;
  const std::vector<std::unique_ptr<Lane>>& lanes_;
  DrainMeter& meter_;
  const std::uint64_t size_at_start_;
  Clock::time_point last_{};
};

std::vector<std::string_view> services_of(const config::OtlpReceiver& settings,
                                          std::uint32_t signals_enabled) {
  std::vector<std::string_view> out;
  for (const Signal signal : kSignals) {
    if (serves(signal, settings, signals_enabled)) out.push_back(export_service(signal));
  }
  out.insert(out.end(), {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                         "grpc.reflection.v1alpha.ServerReflection"});
  return out;
}

// One for each of `count` threads.
std::vector<std::unique_ptr<const Terms>> make_terms(const config::OtlpReceiver& settings,
                                                     std::uint32_t signals_enabled,
                                                     std::size_t count) {
  const auto reflection =
      std::make_shared<const Reflection>(services_of(settings, signals_enabled));
  std::vector<std::unique_ptr<const Terms>> terms;
  for (std::size_t i = 0; i < count; ++i) {
    terms.push_back(std::make_unique<const Terms>(Terms{settings, signals_enabled, reflection}));
  }
  return terms;
}

class OtlpReceiver final : public Receiver {
 public:
  OtlpReceiver(const config::OtlpReceiver& settings, const Dependencies& dependencies)
      : settings_(settings),
        dependencies_(dependencies),
        name_("receiver/" + settings.id),
        metrics_(*dependencies.metrics),
        shared_{dependencies_, metrics_, freed_, {}, {}, {}},
        sampler_(*dependencies.log, shared_.lanes, freed_),
        grpc_handler_(shared_, &config::OtlpReceiver::grpc),
        http_handler_(shared_, &config::OtlpReceiver::http) {
    if (!dependencies_.serving) {
      dependencies_.serving = [](std::string_view) { return ServingStatus::serving; };
    }
    net::IoThreads& threads = *dependencies_.threads;
    shared_.terms = make_terms(settings_, dependencies_.signals_enabled, threads.count());
    for (std::size_t i = 0; i < threads.count(); ++i) {
      shared_.lanes.push_back(std::make_unique<Lane>(threads[i], *dependencies_.log, metrics_));
      shared_.watchers.push_back(std::make_unique<HealthWatchers>(dependencies_.serving));
    }
  }
  ~OtlpReceiver() override { stop(); }

  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override;
  void drain(Clock::time_point deadline) override;
  void stop() override;
  [[nodiscard]] pipeline::Health health() const override;
  [[nodiscard]] pipeline::ServiceStats stats() const override;
  [[nodiscard]] Result<void, pipeline::ServiceFailure> update(
      const config::OtlpReceiver& settings, std::uint32_t signals_enabled) override;

  [[nodiscard]] std::string grpc_address() const override {
    const std::lock_guard lock(servers_mutex_);
    return grpc_ ? grpc_->address() : std::string();
  }
  [[nodiscard]] std::string http_address() const override {
    const std::lock_guard lock(servers_mutex_);
    return http_ ? http_->address() : std::string();
  }

 private:
  [[nodiscard]] Result<void, pipeline::ServiceFailure> listen(std::optional<net::Server>& server,
                                                              RequestHandler& handler,
                                                              const config::Listener& listener,
                                                              std::string_view protocol);
  template <typename F>
  void on_thread(std::size_t index, F f);

  config::OtlpReceiver settings_;
  Dependencies dependencies_;
  const std::string name_;
  ReceiverMetrics metrics_;
  DrainMeter freed_;
  Shared shared_;
  DrainSampler sampler_;
  RequestHandler grpc_handler_;
  RequestHandler http_handler_;
  // The owner's thread makes and ends the servers under the lock; others look at them under it.
  mutable std::mutex servers_mutex_;
  std::optional<net::Server> grpc_;
  std::optional<net::Server> http_;
  std::atomic<bool> running_{false};
};

template <typename F>
void OtlpReceiver::on_thread(std::size_t index, F f) {
  struct Call final : net::Task {
    explicit Call(F& f_in) : f(f_in) {}
    void run() noexcept override { f(); }
    F& f;
  };
  Call call(f);
  dependencies_.threads->run_and_wait((*dependencies_.threads)[index], call);
}

Result<void, pipeline::ServiceFailure> OtlpReceiver::listen(std::optional<net::Server>& server,
                                                            RequestHandler& handler,
                                                            const config::Listener& listener,
                                                            std::string_view protocol) {
  if (!listener.enabled) return {};
  const std::string title = settings_.id + "/" + std::string(protocol);
  const std::lock_guard lock(servers_mutex_);
  server.emplace(*dependencies_.threads, handler, listener, title);
  if (auto started = server->start(); !started) {
    return fail(pipeline::ServiceFailure{name_ + " (" + std::string(protocol) +
                                         "): " + started.error().message});
  }
  metrics_.watch(*dependencies_.metrics, title, *server);
  return {};
}

Result<void, pipeline::ServiceFailure> OtlpReceiver::start() {
  GATEWAY_ASSERT(!running_);
  running_ = true;
  for (std::size_t i = 0; i < shared_.watchers.size(); ++i) {
    on_thread(i, [&] {
      shared_.watchers[i]->begin();
      (*dependencies_.threads)[i].add_tick(*shared_.watchers[i]);
      if (i == 0) (*dependencies_.threads)[i].add_tick(sampler_);
    });
  }
  auto listening = listen(grpc_, grpc_handler_, settings_.grpc, "grpc");
  if (listening) listening = listen(http_, http_handler_, settings_.http, "http");
  if (!listening) stop();
  return listening;
}

Result<void, pipeline::ServiceFailure> OtlpReceiver::update(const config::OtlpReceiver& settings,
                                                            std::uint32_t signals_enabled) {
  GATEWAY_ASSERT(running_);
  GATEWAY_ASSERT(settings.grpc.enabled == grpc_.has_value() &&
                 settings.http.enabled == http_.has_value());
  const auto refuse = [&](const std::string& why) {
    return fail(pipeline::ServiceFailure{name_ + ": " + why});
  };
  // Both certificates are tried before either is taken.
  for (const config::Listener& listener : {settings.grpc, settings.http}) {
    if (!listener.enabled || !listener.tls) continue;
    if (auto context = net::make_tls_context(*listener.tls); !context) {
      return refuse(context.error());
    }
  }
  if (grpc_) {
    if (auto updated = grpc_->update(settings.grpc); !updated) {
      return refuse(updated.error().message);
    }
  }
  if (http_) {
    if (auto updated = http_->update(settings.http); !updated) {
      return refuse(updated.error().message);
    }
  }
  settings_ = settings;
  dependencies_.signals_enabled = signals_enabled;
  auto terms = make_terms(settings, signals_enabled, shared_.terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    on_thread(i, [&] { shared_.terms[i].swap(terms[i]); });
  }
  return {};
}

void OtlpReceiver::drain(Clock::time_point deadline) {
  if (!running_) return;
  for (std::size_t i = 0; i < shared_.watchers.size(); ++i) {
    on_thread(i, [&] { shared_.watchers[i]->finish(); });
  }
  // Both stop accepting before either is waited for.
  if (grpc_) grpc_->begin_drain();
  if (http_) http_->begin_drain();
  if (grpc_) grpc_->drain(deadline);
  if (http_) http_->drain(deadline);
}

void OtlpReceiver::stop() {
  if (!running_) return;
  running_ = false;
  metrics_.unwatch();
  if (grpc_) grpc_->stop();
  if (http_) http_->stop();
  // What was given to the log comes back, though its senders are gone.
  for (const auto& lane : shared_.lanes) lane->wait_until_idle();
  for (std::size_t i = 0; i < shared_.watchers.size(); ++i) {
    on_thread(i, [&] {
      (*dependencies_.threads)[i].remove_tick(*shared_.watchers[i]);
      if (i == 0) (*dependencies_.threads)[i].remove_tick(sampler_);
    });
  }
  const std::lock_guard lock(servers_mutex_);
  grpc_.reset();
  http_.reset();
}

pipeline::Health OtlpReceiver::health() const {
  if (!running_) return {pipeline::HealthState::unhealthy, "not listening"};
  if (!dependencies_.log->admits(0)) {
    return {pipeline::HealthState::degraded, "the log takes no more: senders are told to wait"};
  }
  return {};
}

pipeline::ServiceStats OtlpReceiver::stats() const {
  const std::lock_guard lock(servers_mutex_);
  pipeline::ServiceStats out;
  out["in_flight_requests"] = metrics_.in_flight.value();
  const auto connections = [&](const std::optional<net::Server>& server, const std::string& name) {
    if (!server) return;
    const net::ServerCounters& counters = server->counters();
    out[name] =
        static_cast<double>(counters.http1_connections.load() + counters.http2_connections.load() +
                            counters.new_connections.load());
  };
  connections(grpc_, "grpc_connections");
  connections(http_, "http_connections");
  return out;
}

}  // namespace

std::unique_ptr<Receiver> make_receiver(const config::OtlpReceiver& settings,
                                        const Dependencies& dependencies) {
  return std::make_unique<OtlpReceiver>(settings, dependencies);
}

}  // namespace gateway::receiver::otlp
