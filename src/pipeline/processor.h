// What stands between a cursor and its exporter: the processors of a pipeline. The log keeps what
// came; a processor sees what a lane has read, and changes or drops it on its way out. So the same
// stored request may leave in several forms, and nothing that a processor does can lose it.
//
//   Processor      : one, or several, passes over a body; each writes its edits into an Editor
//   ProcessorChain : those of one pipeline in order, for one signal
//
// A body that no pass changes is handed on as it is, without a copy. What is the same bytes in
// gives the same bytes out, whenever it is read: redelivery drops what was dropped before.
//
// Units:   items.
// Errors:  none: a processor that cannot be built is a mistake of the configuration.
// Threads: one holder: the exporter's loop thread.
// Source:  docs/decisions/0013-processors-between-cursor-and-exporter.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/signal.h"
#include "otlpview/visit.h"

namespace gateway::pipeline {

class Processor {
 public:
  virtual ~Processor() = default;
  [[nodiscard]] virtual std::string_view id() const noexcept = 0;
  // Passes that this signal needs; none: it leaves the signal alone.
  [[nodiscard]] virtual std::size_t pass_count() const noexcept = 0;
  // Before the passes over a body: what was kept of its request (pipeline/request_context.h).
  virtual void begin(std::string_view /*context*/) {}
  // One visit of `editor`. Requires: pass < pass_count().
  virtual void run(std::size_t pass, otlpview::Bytes body, otlpview::Editor& editor) = 0;
};

class ProcessorChain {
 public:
  ProcessorChain(Signal signal, std::vector<std::unique_ptr<Processor>> processors);

  // Replaces `payload` by its new form, where there is one; returns how many of its `item_count`
  // items are left. Requires: the payload has passed the check, and holds that many.
  [[nodiscard]] std::uint64_t apply(Slice& payload, std::uint64_t item_count,
                                    std::string_view context = {});

 private:
  Signal signal_;
  std::vector<std::unique_ptr<Processor>> processors_;
  otlpview::Editor editor_;
};

// One a signal; nullptr where nothing is to be done.
using ProcessorChains = std::array<std::unique_ptr<ProcessorChain>, kSignalCount>;

}  // namespace gateway::pipeline
