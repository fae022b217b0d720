// Which signals the pipelines bring to an exporter.
//
// Errors:  none.
// Threads: pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/signal.h"
#include "config/settings.h"

namespace gateway::app {

// Bit i of `enabled`: signal i.
[[nodiscard]] std::vector<Signal> signals_of(const config::Settings& settings,
                                             std::string_view exporter_id,
                                             std::uint32_t enabled = (1U << kSignalCount) - 1);

}  // namespace gateway::app
