// Counts below any container; what count_items() and the splitter share.
//
// Errors:  none: damage ends the count.
// Threads: pure functions.
#pragma once

#include <cstdint>

#include "otlpview/wire.h"
#include "schema.h"

namespace otlpview::internal {

// The items below a message of kind `kind`; 0 for a message that holds none.
[[nodiscard]] std::uint32_t count_below(Kind kind, Bytes message) noexcept;

}  // namespace otlpview::internal
