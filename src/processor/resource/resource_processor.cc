#include "processor/resource/resource_processor.h"

#include <string>

#include "processor/attribute_actions.h"
#include "processor/signals.h"

namespace gateway::processor {
namespace {

class ResourceProcessor final : public pipeline::Processor, private otlpview::Visitor {
 public:
  ResourceProcessor(const config::Processor& settings, Signal signal, std::size_t memo_set_count)
      : id_(settings.id),
        signal_(wire_signal(signal)),
        actions_(settings.actions, memo_set_count) {}

  [[nodiscard]] std::string_view id() const noexcept override { return id_; }
  [[nodiscard]] std::size_t pass_count() const noexcept override { return 1; }
  void begin(std::string_view context) override { actions_.begin(context); }
  void run(std::size_t, otlpview::Bytes body, otlpview::Editor& editor) override {
    editor.visit(signal_, body, otlpview::Context::resource, *this);
  }

 private:
  otlpview::Verdict visit(otlpview::Place&, otlpview::Draft& draft) override {
    draft.read();
    actions_.run(draft);
    return otlpview::Verdict::keep;
  }

  std::string id_;
  otlpview::Signal signal_;
  AttributeActions actions_;
};

}  // namespace

std::unique_ptr<pipeline::Processor> make_resource(const config::Processor& settings, Signal signal,
                                                   std::size_t memo_set_count) {
  return std::make_unique<ResourceProcessor>(settings, signal, memo_set_count);
}

}  // namespace gateway::processor
