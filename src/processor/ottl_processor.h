// What `filter` and `transform` share: groups of OTTL, each of them one pass over the messages of
// its context.
//
// Errors:  none; texts were checked when the configuration was loaded.
// Threads: one at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "otlpview/visit.h"
#include "ottl/program.h"
#include "pipeline/processor.h"
#include "processor/ottl_texts.h"
#include "processor/signals.h"

namespace gateway::processor {

// The conditions and statements of one context; what follows from them is its heir's.
class OttlPass : public otlpview::Visitor {
 public:
  OttlPass(const config::OttlGroup& settings, std::size_t memo_set_count)
      : context_(*ottl::context_of(settings.context)),
        compiler_(context_),
        conditions_(compile_conditions(compiler_, settings.conditions)),
        statements_(compile_statements(compiler_, settings.statements)),
        frame_(compiler_.frame(memo_set_count)) {}

  void run(otlpview::Signal signal, otlpview::Bytes body, otlpview::Editor& editor) {
    frame_.reset();
    editor.visit(signal, body, context_, *this);
  }

 protected:
  otlpview::Context context_;
  ottl::Compiler compiler_;
  std::vector<ottl::Condition> conditions_;
  std::vector<ottl::Statement> statements_;
  ottl::Frame frame_;  // fits all that is compiled above
};

template <typename Pass>
class OttlProcessor final : public pipeline::Processor {
 public:
  OttlProcessor(const config::Processor& settings, Signal signal, std::size_t memo_set_count)
      : id_(settings.id), signal_(wire_signal(signal)) {
    for (const config::OttlGroup& group : settings.groups) {
      if (group.signal == signal) passes_.emplace_back(group, memo_set_count);
    }
  }
  [[nodiscard]] std::string_view id() const noexcept override { return id_; }
  [[nodiscard]] std::size_t pass_count() const noexcept override { return passes_.size(); }
  void run(std::size_t pass, otlpview::Bytes body, otlpview::Editor& editor) override {
    passes_[pass].run(signal_, body, editor);
  }

 private:
  std::string id_;
  otlpview::Signal signal_;
  std::vector<Pass> passes_;
};

}  // namespace gateway::processor
