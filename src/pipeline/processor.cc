#include "pipeline/processor.h"

#include <algorithm>
#include <span>
#include <utility>

#include "otlpview/count.h"

namespace gateway::pipeline {

ProcessorChain::ProcessorChain(Signal signal, std::vector<std::unique_ptr<Processor>> processors)
    : signal_(signal), processors_(std::move(processors)) {}

std::uint64_t ProcessorChain::apply(Slice& payload, std::uint64_t item_count,
                                    std::string_view context) {
  for (const std::unique_ptr<Processor>& processor : processors_) {
    processor->begin(context);
    for (std::size_t pass = 0; pass < processor->pass_count(); ++pass) {
      processor->run(pass, payload.bytes, editor_);
      const otlpview::EditList& edits = editor_.edits();
      if (edits.empty()) continue;
      const std::size_t size = edits.size_bytes();
      if (size == 0) {
        payload = {};
        return 0;
      }
      Buffer buffer = Buffer::allocate(size);
      edits.write(buffer.writable().data());
      buffer.commit(size);
      const std::span<const std::byte> bytes = std::as_const(buffer).payload();
      payload = {.owner = std::move(buffer), .bytes = bytes};
      if (!editor_.has_dropped()) continue;
      const std::uint64_t left =
          otlpview::count_items(static_cast<otlpview::Signal>(index_of(signal_)), bytes);
      item_count = std::min(item_count, left);
      if (item_count == 0) return 0;
    }
  }
  return item_count;
}

}  // namespace gateway::pipeline
