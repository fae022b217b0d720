// Changes the attributes of spans, data points and log records, action by action.
//
// Errors:  none: the settings were checked when they were loaded.
// Threads: one holder, as pipeline/processor.h says.
// Source:  README.md beside this file; docs/processors.md.
#pragma once

#include <cstddef>
#include <memory>

#include "base/signal.h"
#include "config/processor_settings.h"
#include "pipeline/processor.h"

namespace gateway::processor {

[[nodiscard]] std::unique_ptr<pipeline::Processor> make_attributes(
    const config::Processor& settings, Signal signal, std::size_t memo_set_count);

}  // namespace gateway::processor
