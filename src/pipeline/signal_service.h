// The service of one signal: whether its exporters keep up. One image can run all three, or a
// deployment for each (--services=).
//
// Errors:  none.
// Threads: as pipeline/service.h.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/signal.h"
#include "pipeline/service.h"
#include "storage/log.h"

namespace gateway::pipeline {

struct SignalServiceName {
  Signal signal;
  std::string_view option;        // in --services=
  std::string_view name;          // of the service
  std::string_view grpc_service;  // whose health a client asks for
};

inline constexpr std::array<SignalServiceName, 3> kSignalServiceNames = {{
    {Signal::traces, "trace", "trace_service",
     "opentelemetry.proto.collector.trace.v1.TraceService"},
    {Signal::metrics, "metric", "metric_service",
     "opentelemetry.proto.collector.metrics.v1.MetricsService"},
    {Signal::logs, "log", "log_service", "opentelemetry.proto.collector.logs.v1.LogsService"},
}};

// Degraded while the exporter that is furthest behind has at least this many items to deliver.
inline constexpr std::uint64_t kPendingItemsDegraded = 10'000'000;

class SignalService : public Service {
 public:
  SignalService(const SignalServiceName& name, storage::Log& log) : name_(name), log_(log) {}

  [[nodiscard]] std::string_view name() const noexcept override { return name_.name; }
  [[nodiscard]] std::vector<std::string> depends_on() const override { return {"storage"}; }
  [[nodiscard]] Result<void, ServiceFailure> start() override { return {}; }
  void drain(std::chrono::steady_clock::time_point) override {}
  void stop() override {}
  [[nodiscard]] Health health() const override;
  [[nodiscard]] ServiceStats stats() const override;

 protected:
  [[nodiscard]] std::uint64_t pending() const;
  [[nodiscard]] storage::Log& log() const noexcept { return log_; }

 private:
  const SignalServiceName name_;
  storage::Log& log_;
};

}  // namespace gateway::pipeline
