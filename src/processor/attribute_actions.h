// The actions of the attributes and the resource processor, on the attributes of one message.
//
//   insert, update, upsert : a value that is given, that of another attribute, or one that was kept
//                            of the request
//   delete                 : by key, by a pattern of keys, or both
//   hash                   : SHA-256 of the value, as hex; of bytes, lists, maps an empty text
//   extract                : the named groups of a pattern become attributes
//   convert                : to int, double or string; what cannot be, stays
//
// Errors:  none: the settings were checked when they were loaded.
// Threads: one holder.
// Source:  docs/processors.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memo.h"
#include "config/processor_settings.h"
#include "otlpview/draft.h"
#include "ottl/regex.h"

namespace gateway::processor {

class AttributeActions {
 public:
  AttributeActions(const std::vector<config::AttributeAction>& settings,
                   std::size_t memo_set_count);

  // The request that the drafts are of, as in pipeline/request_context.h.
  void begin(std::string_view context);
  // In their order; each sees what those before it have done. Requires: `draft` was read.
  void run(otlpview::Draft& draft);

 private:
  enum class Verb : std::uint8_t { insert, update, upsert, remove, hash, extract, convert };
  enum class Type : std::uint8_t { integer, real, text };

  struct Action {
    Verb verb = Verb::insert;
    std::string key;
    std::string from_attribute;
    std::string from_context;
    // An AnyValue; with from_attribute the default, with from_context that of this request.
    std::vector<std::byte> value;
    bool has_value = false;
    std::shared_ptr<const ottl::Regex> pattern;  // none: nullptr
    std::uint32_t site = 0;                      // of the pattern: its questions to the Memo
    Type type = Type::text;
  };

  void set(const Action& action, otlpview::Draft& draft) const;
  void extract(const Action& action, otlpview::Draft& draft);
  void hash(const Action& action, otlpview::Draft& draft);
  [[nodiscard]] bool matches(const Action& action, std::string_view key);
  [[nodiscard]] otlpview::Bytes digest(std::string_view input, otlpview::Arena& arena);
  static void convert(const Action& action, otlpview::Draft& draft);

  std::vector<Action> actions_;
  Memo memo_;
  bool asks_context_ = false;
  std::vector<std::string_view> groups_;  // of the last extract
};

}  // namespace gateway::processor
