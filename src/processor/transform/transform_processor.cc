#include "processor/transform/transform_processor.h"

#include "processor/ottl_processor.h"

namespace gateway::processor {
namespace {

using otlpview::Verdict;

class TransformPass final : public OttlPass {
 public:
  using OttlPass::OttlPass;

  Verdict visit(otlpview::Place& place, otlpview::Draft& draft) override {
    frame_.enter(place, draft);
    if (conditions_.empty() || any_holds(conditions_, frame_)) {
      for (const ottl::Statement& statement : statements_) statement.run(frame_);
    }
    return Verdict::keep;
  }
};

}  // namespace

std::unique_ptr<pipeline::Processor> make_transform(const config::Processor& settings,
                                                    Signal signal, std::size_t memo_set_count) {
  return std::make_unique<OttlProcessor<TransformPass>>(settings, signal, memo_set_count);
}

}  // namespace gateway::processor
