// Processors out of the tree: typed, and checked as far as one processor can be wrong by itself.
//
// Errors:  mistakes go to the Diagnostics, each where it stands; what is wrong is left out of the
//          result.
// Threads: pure functions.
// Source:  docs/processors.md.
#pragma once

#include <optional>
#include <vector>

#include "config/diagnostic.h"
#include "config/node.h"
#include "config/processor_settings.h"

namespace gateway::config {

// Nothing for a processor that acts elsewhere (batch, memory_limiter) or that there is not.
[[nodiscard]] std::optional<Processor> build_processor(const Entry& entry,
                                                       Diagnostics& diagnostics);

// The OTTL of `include` and `exclude`: conditions that an item of `signal` must meet. Nothing, and
// a diagnostic, where they ask for what the signal has not.
[[nodiscard]] std::vector<std::string> match_conditions(const Node& processor, Signal signal);

}  // namespace gateway::config
