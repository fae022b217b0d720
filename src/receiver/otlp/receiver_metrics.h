// The receiver's numbers, looked up once. Names and labels: docs/metrics.md.
//
// Errors:  none.
// Threads: construction on one thread; the counters from any.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/signal.h"
#include "net/server.h"
#include "otlpview/check.h"
#include "otlpview/json_to_wire.h"
#include "pipeline/status.h"
#include "telemetry/metrics.h"

namespace gateway::receiver::otlp {

enum class TransportLabel : std::uint8_t { grpc = 0, http = 1 };
inline constexpr std::size_t kTransportCount = 2;
inline constexpr std::size_t kStatusKindCount = 14;

// The value of the label `status`; a constant.
[[nodiscard]] std::string_view status_name(pipeline::StatusKind kind) noexcept;

class ReceiverMetrics {
 public:
  explicit ReceiverMetrics(telemetry::Registry& registry);

  // One request has had its answer.
  void on_answer(Signal signal, TransportLabel transport, pipeline::StatusKind kind,
                 std::chrono::steady_clock::duration took) noexcept;
  // One that was for no signal: an unknown path, a head that could not be read.
  void on_stray_answer(TransportLabel transport, pipeline::StatusKind kind) noexcept;
  void on_items(Signal signal, std::uint32_t accepted, std::uint32_t rejected,
                otlpview::RejectReason reason) noexcept;
  void on_items_refused(Signal signal, std::uint32_t refused) noexcept;
  // What a JSON request had that is not OTLP/JSON, and was let pass.
  void on_json(const otlpview::JsonStats& stats) noexcept;
  void on_received(Signal signal, TransportLabel transport, std::size_t size_bytes) noexcept;

  telemetry::Gauge& in_flight;
  telemetry::Counter& abandoned;
  telemetry::Counter& context_left_out;

  // The connections of a server, read from its counters at each scrape.
  void watch(telemetry::Registry& registry, std::string_view listener, const net::Server& server);
  void unwatch() noexcept { callbacks_.clear(); }

 private:
  struct PerTransport {
    std::array<telemetry::Counter*, kStatusKindCount> requests{};
    telemetry::Counter* failed = nullptr;
    telemetry::Histogram* duration = nullptr;
    telemetry::Counter* received_bytes = nullptr;
  };
  struct PerSignal {
    std::array<PerTransport, kTransportCount> transports;
    telemetry::Counter* accepted = nullptr;
    telemetry::Counter* rejected = nullptr;
    telemetry::Counter* refused = nullptr;
    std::array<telemetry::Counter*, otlpview::kRejectReasonCount> reasons{};
  };
  std::array<PerSignal, kSignalCount> signals_;
  std::array<telemetry::Counter*, 4> json_tolerated_{};  // as kJsonKinds
  std::array<PerTransport, kTransportCount> stray_;
  std::vector<telemetry::Registry::CallbackHandle> callbacks_;
};

}  // namespace gateway::receiver::otlp
