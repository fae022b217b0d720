// The check without its fast paths: slower, and the same by test.
//
// Errors:  as check().
// Threads: pure functions.
#pragma once

#include "otlpview/check.h"

namespace otlpview::internal {

[[nodiscard]] Result<CheckReport, CheckFailure> check_by_general_walk(
    Signal signal, Bytes body, const CheckLimits& limits = {}) noexcept;

}  // namespace otlpview::internal
