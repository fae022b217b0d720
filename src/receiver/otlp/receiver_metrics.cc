#include "receiver/otlp/receiver_metrics.h"

namespace gateway::receiver::otlp {
namespace {

constexpr std::array<std::string_view, kTransportCount> kTransports = {"grpc", "http"};

constexpr std::array<std::string_view, kStatusKindCount> kStatusNames = {"ok",
                                                                         "bad_data",
                                                                         "unauthenticated",
                                                                         "permission_denied",
                                                                         "not_found",
                                                                         "method_not_allowed",
                                                                         "request_timeout",
                                                                         "too_large",
                                                                         "unsupported_type",
                                                                         "unsupported_coding",
                                                                         "headers_too_large",
                                                                         "overload",
                                                                         "unavailable",
                                                                         "internal"};

constexpr std::string_view kRequestsHelp = "Requests answered, by what the answer was";

constexpr std::array<std::string_view, 4> kJsonKinds = {"unknown_name", "proto_name", "enum_name",
                                                        "half_surrogate"};

}  // namespace

std::string_view status_name(pipeline::StatusKind kind) noexcept {
  return kStatusNames[static_cast<std::size_t>(kind)];
}

void ReceiverMetrics::on_json(const otlpview::JsonStats& stats) noexcept {
  const std::array counts = {stats.ignored_name_count, stats.proto_name_count,
                             stats.enum_name_count, stats.half_surrogate_count};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) json_tolerated_[i]->add(counts[i]);
  }
}

ReceiverMetrics::ReceiverMetrics(telemetry::Registry& registry)
    : in_flight(registry.gauge("otlp_receiver_in_flight_requests",
                               "Requests being read, checked or stored now")),
      abandoned(registry.counter("otlp_receiver_abandoned_requests_total",
                                 "Requests whose sender left before the answer")),
      context_left_out(registry.counter("otlp_receiver_context_values_left_out_total",
                                        "Values for from_context that a record has no room for")) {
  for (std::size_t i = 0; i < kJsonKinds.size(); ++i) {
    json_tolerated_[i] =
        &registry.counter("otlp_receiver_json_tolerated_names_total",
                          "What JSON requests had that is not OTLP/JSON, ignored or read by kind",
                          {{"kind", kJsonKinds[i]}});
  }
  const auto per_transport = [&](PerTransport& to, std::string_view signal, std::size_t transport,
                                 bool stray) {
    const std::string_view name = kTransports[transport];
    for (std::size_t i = 0; i < kStatusKindCount; ++i) {
      to.requests[i] =
          &registry.counter("otlp_requests_total", kRequestsHelp,
                            {{"signal", signal}, {"transport", name}, {"status", kStatusNames[i]}});
    }
    to.failed = &registry.counter("otlp_requests_failed_total",
                                  "Requests answered with anything but success",
                                  {{"signal", signal}, {"transport", name}});
    if (stray) return;
    to.duration = &registry.histogram(
        "otlp_request_duration_seconds", "From the head of a request to its answer",
        telemetry::kLatencyBoundsSeconds, {{"signal", signal}, {"transport", name}});
    to.received_bytes = &registry.counter("otlp_receiver_received_bytes_total",
                                          "Bytes of request bodies, as they were sent",
                                          {{"signal", signal}, {"transport", name}});
  };
  for (const Signal signal : kSignals) {
    PerSignal& to = signals_[index_of(signal)];
    const std::string_view name = name_of(signal);
    for (std::size_t t = 0; t < kTransportCount; ++t)
      per_transport(to.transports[t], name, t, false);
    const auto items = [&](std::string_view outcome) {
      return &registry.counter("otlp_items_total",
                               "Spans, data points, log records and profiles received: accepted "
                               "(stored), rejected (named in a partial success), refused (to be "
                               "sent again)",
                               {{"signal", name}, {"outcome", outcome}});
    };
    to.accepted = items("accepted");
    to.rejected = items("rejected");
    to.refused = items("refused");
    for (std::size_t i = 1; i < otlpview::kRejectReasonCount; ++i) {
      to.reasons[i] = &registry.counter(
          "otlp_items_rejected_total", "Items rejected, by the first reason found in their request",
          {{"signal", name},
           {"reason", otlpview::name_of(static_cast<otlpview::RejectReason>(i))}});
    }
  }
  for (std::size_t t = 0; t < kTransportCount; ++t) per_transport(stray_[t], "none", t, true);
}

void ReceiverMetrics::on_answer(Signal signal, TransportLabel transport, pipeline::StatusKind kind,
                                std::chrono::steady_clock::duration took) noexcept {
  PerTransport& to = signals_[index_of(signal)].transports[static_cast<std::size_t>(transport)];
  to.requests[static_cast<std::size_t>(kind)]->add();
  if (kind != pipeline::StatusKind::ok) to.failed->add();
  to.duration->observe(std::chrono::duration<double>(took).count());
}

void ReceiverMetrics::on_stray_answer(TransportLabel transport,
                                      pipeline::StatusKind kind) noexcept {
  PerTransport& to = stray_[static_cast<std::size_t>(transport)];
  to.requests[static_cast<std::size_t>(kind)]->add();
  to.failed->add();
}

void ReceiverMetrics::on_items(Signal signal, std::uint32_t accepted, std::uint32_t rejected,
                               otlpview::RejectReason reason) noexcept {
  PerSignal& to = signals_[index_of(signal)];
  if (accepted != 0) to.accepted->add(accepted);
  if (rejected == 0) return;
  to.rejected->add(rejected);
  if (reason != otlpview::RejectReason::none) {
    to.reasons[static_cast<std::size_t>(reason)]->add(rejected);
  }
}

void ReceiverMetrics::on_items_refused(Signal signal, std::uint32_t refused) noexcept {
  signals_[index_of(signal)].refused->add(refused);
}

void ReceiverMetrics::on_received(Signal signal, TransportLabel transport,
                                  std::size_t size_bytes) noexcept {
  signals_[index_of(signal)].transports[static_cast<std::size_t>(transport)].received_bytes->add(
      size_bytes);
}

void ReceiverMetrics::watch(telemetry::Registry& registry, std::string_view listener,
                            const net::Server& server) {
  using Type = telemetry::Registry::CallbackType;
  const net::ServerCounters& counters = server.counters();
  const auto connections = [&](std::string_view protocol, const auto& count) {
    callbacks_.push_back(registry.callback(
        Type::gauge, "otlp_receiver_connections", "Connections open now",
        {{"listener", listener}, {"protocol", protocol}},
        [&count] { return static_cast<double>(count.load(std::memory_order_relaxed)); }));
  };
  connections("http1", counters.http1_connections);
  connections("http2", counters.http2_connections);
  connections("new", counters.new_connections);
  callbacks_.push_back(registry.callback(
      Type::counter, "otlp_receiver_connections_accepted_total", "Connections accepted",
      {{"listener", listener}}, [&counters] {
        return static_cast<double>(counters.accepted_total.load(std::memory_order_relaxed));
      }));
  const auto ended = [&](std::string_view reason, const auto& count) {
    callbacks_.push_back(registry.callback(
        Type::counter, "otlp_receiver_connections_cut_total",
        "Connections refused or ended by the gateway, by reason",
        {{"listener", listener}, {"reason", reason}},
        [&count] { return static_cast<double>(count.load(std::memory_order_relaxed)); }));
  };
  ended("max_connections", counters.refused_total);
  ended("tls_handshake", counters.tls_failures_total);
  ended("protocol_error", counters.protocol_errors_total);
  ended("timeout", counters.timeouts_total);
  ended("flood", counters.floods_total);
}

}  // namespace gateway::receiver::otlp
