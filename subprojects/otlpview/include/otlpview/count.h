// Counts the items of a body without looking into them.
//
// Shape:   spans, data points, log records or profiles. A metric that holds data of two kinds
//          counts the points of the last, as a protobuf reader keeps only those.
// Errors:  none: a body that check() would refuse counts what lies before the damage.
// Threads: pure functions.
#pragma once

#include <cstdint>

#include "otlpview/signal.h"
#include "otlpview/wire.h"

namespace otlpview {

[[nodiscard]] std::uint32_t count_items(Signal signal, Bytes body) noexcept;

}  // namespace otlpview
