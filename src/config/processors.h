// Processors out of the tree: typed, and checked as far as one processor can be wrong by itself.
//
// Errors:  mistakes go to the Diagnostics, each where it stands; what is wrong is left out of the
//          result.
// Threads: pure functions.
// Source:  docs/processors.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

// The same of a filter's older form: an item that meets any of them is dropped.
[[nodiscard]] std::vector<std::string> drop_conditions(const Node& matches, Signal signal);

// "14", "WARN2" and "warn2" are 14.
[[nodiscard]] std::optional<std::int64_t> severity_number_of(std::string_view text);

}  // namespace gateway::config
