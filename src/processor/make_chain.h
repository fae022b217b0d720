// The chain of processors of one signal, as the settings name them.
//
// Errors:  none: settings that were loaded can be built.
// Threads: called by the application; the chain belongs to one exporter's loop thread.
#pragma once

#include <memory>
#include <vector>

#include "base/memo.h"
#include "base/signal.h"
#include "config/processor_settings.h"
#include "config/settings.h"
#include "pipeline/processor.h"

namespace gateway::processor {

// nullptr where no processor has anything to do for `signal`. `memo_set_count` as in base/memo.h:
// how much each processor remembers; what comes out is the same.
[[nodiscard]] std::unique_ptr<pipeline::ProcessorChain> make_chain(
    const std::vector<config::Processor>& processors, Signal signal,
    std::size_t memo_set_count = kMemoSetCount);

// For each signal of an exporter.
[[nodiscard]] pipeline::ProcessorChains make_chains(const config::Exporter& exporter);

}  // namespace gateway::processor
