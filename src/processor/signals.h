// What the processors ask of a signal.
//
// Errors:  none.
// Threads: constants.
#pragma once

#include "base/signal.h"
#include "otlpview/draft.h"
#include "otlpview/signal.h"

namespace gateway::processor {

[[nodiscard]] constexpr otlpview::Signal wire_signal(Signal signal) noexcept {
  return static_cast<otlpview::Signal>(index_of(signal));
}

// The messages that carry the attributes of items: spans, data points, log records.
[[nodiscard]] constexpr otlpview::Context item_context(Signal signal) noexcept {
  switch (signal) {
    case Signal::metrics:
      return otlpview::Context::datapoint;
    case Signal::logs:
      return otlpview::Context::log;
    default:
      return otlpview::Context::span;
  }
}

}  // namespace gateway::processor
