// The series one lane writes: what was asked of the destination, and what became of the items.
//
// Errors:  none.
// Threads: written on the loop thread.
// Source:  docs/metrics.md.
#pragma once

#include <array>
#include <string_view>

#include "base/signal.h"
#include "exporter/transport.h"
#include "telemetry/metrics.h"

namespace gateway::exporter {

inline constexpr std::size_t kAnswerKindCount = 5;

struct LaneMetrics {
  LaneMetrics(telemetry::Registry& registry, std::string_view exporter, Signal signal);

  std::array<telemetry::Counter*, kAnswerKindCount> requests;  // by AnswerKind
  telemetry::Counter& items_delivered;
  telemetry::Counter& items_filtered;
  telemetry::Counter& items_dead_lettered;
  telemetry::Counter& items_rejected;
  telemetry::Counter& items_expired;
  telemetry::Counter& items_damaged;
  telemetry::Counter& bytes;
  telemetry::Counter& retries;
  telemetry::Histogram& duration_seconds;

  [[nodiscard]] telemetry::Counter& requests_of(AnswerKind kind) const noexcept {
    return *requests[static_cast<std::size_t>(kind)];
  }
};

}  // namespace gateway::exporter
