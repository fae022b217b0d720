#include "processor/filter/filter_processor.h"

#include <string>
#include <utility>
#include <vector>

#include "processor/ottl_texts.h"
#include "processor/signals.h"

namespace gateway::processor {
namespace {

using otlpview::Verdict;

// The conditions of one context: a pass.
class Group final : public otlpview::Visitor {
 public:
  explicit Group(const config::OttlGroup& settings)
      : context_(*ottl::context_of(settings.context)),
        compiler_(context_),
        conditions_(compile_conditions(compiler_, settings.conditions)),
        frame_(compiler_.frame()) {}

  void run(otlpview::Signal signal, otlpview::Bytes body, otlpview::Editor& editor) {
    frame_.reset();
    editor.visit(signal, body, context_, *this);
  }

  Verdict visit(otlpview::Place& place, otlpview::Draft& draft) override {
    frame_.enter(place, draft);
    return any_holds(conditions_, frame_) ? Verdict::drop : Verdict::keep;
  }

 private:
  otlpview::Context context_;
  ottl::Compiler compiler_;
  std::vector<ottl::Condition> conditions_;
  ottl::Frame frame_;
};

class FilterProcessor final : public pipeline::Processor {
 public:
  FilterProcessor(const config::Processor& settings, Signal signal)
      : id_(settings.id), signal_(wire_signal(signal)) {
    for (const config::OttlGroup& group : settings.groups) {
      if (group.signal == signal) groups_.emplace_back(group);
    }
  }
  [[nodiscard]] std::string_view id() const noexcept override { return id_; }
  [[nodiscard]] std::size_t pass_count() const noexcept override { return groups_.size(); }
  void run(std::size_t pass, otlpview::Bytes body, otlpview::Editor& editor) override {
    groups_[pass].run(signal_, body, editor);
  }

 private:
  std::string id_;
  otlpview::Signal signal_;
  std::vector<Group> groups_;
};

}  // namespace

std::unique_ptr<pipeline::Processor> make_filter(const config::Processor& settings, Signal signal) {
  return std::make_unique<FilterProcessor>(settings, signal);
}

}  // namespace gateway::processor
