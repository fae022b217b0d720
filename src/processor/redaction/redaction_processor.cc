#include "processor/redaction/redaction_processor.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "processor/redaction/rules.h"
#include "processor/signals.h"

namespace gateway::processor {
namespace {

using otlpview::Bytes;
using otlpview::Context;
using otlpview::Draft;
using otlpview::Verdict;

constexpr std::uint32_t kBodyField = 5;

[[nodiscard]] otlpview::Contexts contexts_of(Signal signal) {
  switch (signal) {
    case Signal::traces:
      return {Context::resource, Context::scope, Context::span, Context::spanevent};
    case Signal::metrics:
      return {Context::resource, Context::scope, Context::datapoint};
    case Signal::logs:
      return {Context::resource, Context::scope, Context::log};
    case Signal::profiles:
      break;
  }
  return {};
}

class RedactionProcessor final : public pipeline::Processor, private otlpview::Visitor {
 public:
  RedactionProcessor(const config::Processor& settings, Signal signal, std::size_t memo_set_count)
      : id_(settings.id),
        signal_(wire_signal(signal)),
        contexts_(contexts_of(signal)),
        rules_(settings.redaction, memo_set_count),
        seen_(rules_.nothing_seen()) {}

  [[nodiscard]] std::string_view id() const noexcept override { return id_; }
  [[nodiscard]] std::size_t pass_count() const noexcept override {
    return contexts_.empty() ? 0 : 1;
  }
  void run(std::size_t, Bytes body, otlpview::Editor& editor) override {
    editor.visit(signal_, body, contexts_, *this);
  }

 private:
  Verdict visit(otlpview::Place&, Draft& draft) override {
    draft.read();
    seen_.clear();
    std::size_t index = 0;
    draft.change_each(
        [&](const Draft::Attribute& it) { return attribute(it, index++, draft.arena()); });
    rules_.add_summary("redaction.", seen_, draft);
    if (draft.context() == Context::log && draft.field(kBodyField) != nullptr) body(draft);
    return Verdict::keep;
  }

  [[nodiscard]] Draft::Change attribute(const Draft::Attribute& it, std::size_t index,
                                        otlpview::Arena& arena) {
    const KeyVerdict verdict = rules_.judge(it.key(), index);
    if (verdict == KeyVerdict::ignore) {
      ++seen_.ignored_count;
      return {};
    }
    if (verdict == KeyVerdict::remove) {
      seen_.add(seen_.redacted, it.key());
      return {.remove = true};
    }
    if (verdict == KeyVerdict::look && !rules_.looks_at_values()) return {};
    const otlpview::AnyValueView value = it.value();
    if (value.kind() == otlpview::ValueKind::string) {
      const auto how =
          verdict == KeyVerdict::mask ? RedactionRules::Look::whole : RedactionRules::Look::matches;
      const auto changed = rules_.masked_text(value.as_string(), it.key(), how, seen_);
      if (!changed) return {};
      return {.value = ottl::encode(ottl::Value::of(*changed), arena)};
    }
    const auto changed = rules_.masked(it.encoded_value(arena), it.key(), verdict,
                                       RedactionRules::Tree::values, seen_);
    if (!changed) return {};
    return {.value = arena.copy(Bytes(*changed))};
  }

  void body(Draft& draft) {
    seen_.clear();
    const Bytes before = draft.message(kBodyField);
    const auto changed = rules_.masked_body(before, seen_);
    if (changed) {
      draft.set_field(kBodyField, draft.arena().len_field(kBodyField, Bytes(*changed)));
    }
    rules_.add_summary("redaction.body.", seen_, draft);
  }

  std::string id_;
  otlpview::Signal signal_;
  otlpview::Contexts contexts_;
  RedactionRules rules_;
  Seen seen_;
};

}  // namespace

std::unique_ptr<pipeline::Processor> make_redaction(const config::Processor& settings,
                                                    Signal signal, std::size_t memo_set_count) {
  return std::make_unique<RedactionProcessor>(settings, signal, memo_set_count);
}

}  // namespace gateway::processor
