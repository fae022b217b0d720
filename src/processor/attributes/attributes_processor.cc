#include "processor/attributes/attributes_processor.h"

#include <string>
#include <vector>

#include "processor/attribute_actions.h"
#include "processor/ottl_texts.h"
#include "processor/signals.h"

namespace gateway::processor {
namespace {

class AttributesProcessor final : public pipeline::Processor, private otlpview::Visitor {
 public:
  AttributesProcessor(const config::Processor& settings, Signal signal, std::size_t memo_set_count)
      : id_(settings.id),
        signal_(wire_signal(signal)),
        compiler_(item_context(signal)),
        matches_(compile_conditions(compiler_, conditions_of(settings, signal))),
        frame_(compiler_.frame(memo_set_count)),
        actions_(settings.actions, memo_set_count) {}

  [[nodiscard]] std::string_view id() const noexcept override { return id_; }
  [[nodiscard]] std::size_t pass_count() const noexcept override { return 1; }
  void begin(std::string_view context) override { actions_.begin(context); }
  void run(std::size_t, otlpview::Bytes body, otlpview::Editor& editor) override {
    frame_.reset();
    editor.visit(signal_, body, compiler_.context(), *this);
  }

 private:
  [[nodiscard]] static std::vector<std::string> conditions_of(const config::Processor& settings,
                                                              Signal signal) {
    for (const config::OttlGroup& group : settings.groups) {
      if (group.signal == signal) return group.conditions;
    }
    return {};
  }

  otlpview::Verdict visit(otlpview::Place& place, otlpview::Draft& draft) override {
    frame_.enter(place, draft);
    if (all_hold(matches_, frame_)) actions_.run(frame_.draft());
    return otlpview::Verdict::keep;
  }

  std::string id_;
  otlpview::Signal signal_;
  ottl::Compiler compiler_;
  std::vector<ottl::Condition> matches_;
  ottl::Frame frame_;
  AttributeActions actions_;
};

}  // namespace

std::unique_ptr<pipeline::Processor> make_attributes(const config::Processor& settings,
                                                     Signal signal, std::size_t memo_set_count) {
  return std::make_unique<AttributesProcessor>(settings, signal, memo_set_count);
}

}  // namespace gateway::processor
