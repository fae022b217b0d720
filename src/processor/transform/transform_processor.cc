#include "processor/transform/transform_processor.h"

#include <string>
#include <utility>
#include <vector>

#include "processor/ottl_texts.h"
#include "processor/signals.h"

namespace gateway::processor {
namespace {

using otlpview::Verdict;

// The statements of one context: a pass.
class Group final : public otlpview::Visitor {
 public:
  explicit Group(const config::OttlGroup& settings)
      : context_(*ottl::context_of(settings.context)),
        compiler_(context_),
        conditions_(compile_conditions(compiler_, settings.conditions)),
        statements_(compile_statements(compiler_, settings.statements)),
        frame_(compiler_.frame()) {}

  void run(otlpview::Signal signal, otlpview::Bytes body, otlpview::Editor& editor) {
    frame_.reset();
    editor.visit(signal, body, context_, *this);
  }

  Verdict visit(otlpview::Place& place, otlpview::Draft& draft) override {
    frame_.enter(place, draft);
    if (conditions_.empty() || any_holds(conditions_, frame_)) {
      for (const ottl::Statement& statement : statements_) statement.run(frame_);
    }
    return Verdict::keep;
  }

 private:
  otlpview::Context context_;
  ottl::Compiler compiler_;
  std::vector<ottl::Condition> conditions_;
  std::vector<ottl::Statement> statements_;
  ottl::Frame frame_;
};

class TransformProcessor final : public pipeline::Processor {
 public:
  TransformProcessor(const config::Processor& settings, Signal signal)
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

std::unique_ptr<pipeline::Processor> make_transform(const config::Processor& settings,
                                                    Signal signal) {
  return std::make_unique<TransformProcessor>(settings, signal);
}

}  // namespace gateway::processor
