#include "processor/filter/filter_processor.h"

#include "processor/ottl_processor.h"

namespace gateway::processor {
namespace {

using otlpview::Verdict;

class FilterPass final : public OttlPass {
 public:
  using OttlPass::OttlPass;

  Verdict visit(otlpview::Place& place, otlpview::Draft& draft) override {
    frame_.enter(place, draft);
    return any_holds(conditions_, frame_) ? Verdict::drop : Verdict::keep;
  }
};

}  // namespace

std::unique_ptr<pipeline::Processor> make_filter(const config::Processor& settings, Signal signal,
                                                 std::size_t memo_set_count) {
  return std::make_unique<OttlProcessor<FilterPass>>(settings, signal, memo_set_count);
}

}  // namespace gateway::processor
