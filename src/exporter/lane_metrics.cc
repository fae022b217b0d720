#include "exporter/lane_metrics.h"

namespace gateway::exporter {

namespace {

telemetry::Counter& items(telemetry::Registry& registry, std::string_view exporter, Signal signal,
                          std::string_view outcome) {
  return registry.counter(
      "otlp_export_items_total", "Items that came to their end at an exporter, by outcome",
      {{"exporter", exporter}, {"signal", name_of(signal)}, {"outcome", outcome}});
}

}  // namespace

LaneMetrics::LaneMetrics(telemetry::Registry& registry, std::string_view exporter, Signal signal)
    : requests{},
      items_delivered(items(registry, exporter, signal, "delivered")),
      items_filtered(items(registry, exporter, signal, "filtered")),
      items_dead_lettered(items(registry, exporter, signal, "dead_lettered")),
      items_rejected(items(registry, exporter, signal, "rejected_by_destination")),
      items_expired(items(registry, exporter, signal, "expired")),
      items_damaged(items(registry, exporter, signal, "damaged")),
      bytes(registry.counter("otlp_export_bytes_total",
                             "Bytes of request bodies sent, before compression",
                             {{"exporter", exporter}, {"signal", name_of(signal)}})),
      retries(registry.counter("otlp_export_retries_total",
                               "Requests sent again after a failure that may pass",
                               {{"exporter", exporter}, {"signal", name_of(signal)}})),
      duration_seconds(registry.histogram("otlp_export_duration_seconds",
                                          "Time from sending a request to its answer",
                                          telemetry::kLatencyBoundsSeconds,
                                          {{"exporter", exporter}, {"signal", name_of(signal)}})) {
  for (std::size_t i = 0; i < kAnswerKindCount; ++i) {
    requests[i] = &registry.counter("otlp_export_requests_total",
                                    "Requests sent to a destination, by what it answered",
                                    {{"exporter", exporter},
                                     {"signal", name_of(signal)},
                                     {"outcome", name_of(static_cast<AnswerKind>(i))}});
  }
}

}  // namespace gateway::exporter
