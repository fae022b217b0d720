// Writes a body again without what must not go on: the slow way, for reports with `needs_rewrite`.
//
// Left out are rejected items, envelopes (resource, scope, metric) that thereby become empty or
// that hold a string which is not UTF-8, ids of a wrong length, and the data of a metric that a
// later kind of data overrides. All else keeps its bytes and its order, unknown fields included.
//
// Errors:  none: `body` has passed check() with the same limits. One that has not is written up to
//          its first damage; no byte beyond the input is read.
// Threads: pure functions.
// Source:  conformance lines S-01 to S-06 and W-14.
#pragma once

#include <cstddef>
#include <vector>

#include "otlpview/check.h"

namespace otlpview {

// Appends the rewritten `body` to `out`. Checking the result finds nothing to reject or rewrite,
// and item_count - rejected_count items. Profiles are copied as they are.
void rewrite(Signal signal, Bytes body, const CheckLimits& limits, std::vector<std::byte>& out);

}  // namespace otlpview
