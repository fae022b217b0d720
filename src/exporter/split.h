// Cuts one stored request body into smaller ones.
//
// Errors:  nothing when it cannot be cut further.
// Threads: pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/signal.h"
#include "exporter/transport.h"

namespace gateway::exporter {

// Bodies of at most `items_max` items and, as far as single items allow, `bytes_max` bytes (0: no
// limit), in order; together they hold the items of `piece`. Empty when `piece` cannot be cut.
[[nodiscard]] std::vector<Piece> split_piece(Signal signal, const Piece& piece,
                                             std::uint64_t items_max, std::uint64_t bytes_max);

}  // namespace gateway::exporter
