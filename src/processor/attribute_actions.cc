#include "processor/attribute_actions.h"

#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "ottl/digest.h"
#include "ottl/value.h"
#include "pipeline/request_context.h"

namespace gateway::processor {
namespace {

using otlpview::AnyValueView;
using otlpview::Bytes;
using otlpview::Draft;
using otlpview::ValueKind;
using ottl::Value;

[[nodiscard]] Value value_of(const config::AttributeValue& value) {
  if (const auto* const text = std::get_if<std::string>(&value)) {
    return Value::of(std::string_view(*text));
  }
  if (const auto* const boolean = std::get_if<bool>(&value)) return Value::of(*boolean);
  if (const auto* const integer = std::get_if<std::int64_t>(&value)) return Value::of(*integer);
  return Value::of(std::get<double>(value));
}

// What the digest is of: text as it is, numbers as their bytes, least first; those into `room`;
// nothing of all else.
[[nodiscard]] std::optional<std::string_view> digest_input(const AnyValueView& value,
                                                           std::array<char, 8>& room) {
  const auto bytes_of = [&room](const auto& number) {
    static_assert(sizeof number <= sizeof room);
    std::memcpy(room.data(), &number, sizeof number);
    return std::string_view(room.data(), sizeof number);
  };
  switch (value.kind()) {
    case ValueKind::string:
      return value.as_string();
    case ValueKind::boolean:
      return bytes_of(value.as_boolean() ? '\1' : '\0');
    case ValueKind::integer:
      return bytes_of(value.as_integer());
    case ValueKind::real:
      return bytes_of(value.as_real());
    default:
      return std::nullopt;
  }
}

constexpr std::uint32_t kDigestSite = 0;  // patterns follow

}  // namespace

AttributeActions::AttributeActions(const std::vector<config::AttributeAction>& settings,
                                   std::size_t memo_set_count)
    : memo_(memo_set_count) {
  constexpr std::array<std::pair<std::string_view, Verb>, 7> kVerbs = {
      {{"insert", Verb::insert},
       {"update", Verb::update},
       {"upsert", Verb::upsert},
       {"delete", Verb::remove},
       {"hash", Verb::hash},
       {"extract", Verb::extract},
       {"convert", Verb::convert}}};
  otlpview::Arena arena;
  for (const config::AttributeAction& from : settings) {
    Action action;
    for (const auto& [name, verb] : kVerbs) {
      if (name == from.action) action.verb = verb;
    }
    action.key = from.key;
    action.from_attribute = from.from_attribute;
    action.from_context = from.from_context;
    asks_context_ = asks_context_ || !from.from_context.empty();
    const auto& value = from.value ? from.value : from.default_value;
    if (value) {
      const Bytes encoded = ottl::encode(value_of(*value), arena);
      action.value.assign(encoded.begin(), encoded.end());
      action.has_value = true;
    }
    if (!from.pattern.empty()) {
      auto regex = ottl::Regex::compile(from.pattern);
      GATEWAY_ASSERT(regex.has_value());
      action.pattern = std::make_shared<const ottl::Regex>(*std::move(regex));
    }
    action.type = from.converted_type == "int"      ? Type::integer
                  : from.converted_type == "double" ? Type::real
                                                    : Type::text;
    action.site = static_cast<std::uint32_t>(kDigestSite + 1 + actions_.size());
    actions_.push_back(std::move(action));
  }
}

void AttributeActions::begin(std::string_view context) {
  if (!asks_context_) return;
  otlpview::Arena arena;
  for (Action& action : actions_) {
    if (action.from_context.empty()) continue;
    const auto found = pipeline::find_context_value(context, action.from_context);
    action.has_value = found.has_value();
    if (!found) continue;
    const Bytes encoded = ottl::encode(Value::of(*found), arena);
    action.value.assign(encoded.begin(), encoded.end());
  }
}

void AttributeActions::run(Draft& draft) {
  for (const Action& action : actions_) {
    switch (action.verb) {
      case Verb::insert:
      case Verb::update:
      case Verb::upsert:
        set(action, draft);
        break;
      case Verb::remove:
        if (!action.key.empty()) draft.remove(action.key);
        if (action.pattern) {
          draft.change_each([&](const Draft::Attribute& it) {
            return Draft::Change{.remove = matches(action, it.key())};
          });
        }
        break;
      case Verb::hash:
        hash(action, draft);
        break;
      case Verb::extract:
        extract(action, draft);
        break;
      case Verb::convert:
        convert(action, draft);
        break;
    }
  }
}

void AttributeActions::set(const Action& action, Draft& draft) const {
  if (!action.from_context.empty() && !action.has_value) return;
  const bool is_there = draft.find(action.key) != nullptr;
  if (is_there ? action.verb == Verb::insert : action.verb == Verb::update) return;
  Bytes value = action.value;
  if (!action.from_attribute.empty()) {
    if (const Draft::Attribute* const source = draft.find(action.from_attribute)) {
      value = source->encoded_value(draft.arena());
    } else if (!action.has_value) {
      return;
    }
  }
  draft.set(action.key, value);
}

// Whether the action's pattern matches the key.
bool AttributeActions::matches(const Action& action, std::string_view key) {
  Memo::Question question(action.site, key);
  if (const Memo::Answer* const known = memo_.find(question)) return known->code != 0;
  const bool is_match = action.pattern->matches(key);
  memo_.keep(question, is_match ? 1 : 0);
  return is_match;
}

// The SHA-256 of `input` as an AnyValue.
Bytes AttributeActions::digest(std::string_view input, otlpview::Arena& arena) {
  Memo::Question question(kDigestSite, input);
  if (const Memo::Answer* const known = memo_.find(question)) {
    return ottl::encode(Value::of(known->bytes), arena);
  }
  const ottl::HexDigest hex = ottl::sha256_hex(input);
  memo_.keep(question, 1, hex.text());
  return ottl::encode(Value::of(hex.text()), arena);
}

void AttributeActions::hash(const Action& action, Draft& draft) {
  draft.change_each([&](const Draft::Attribute& it) -> Draft::Change {
    const bool by_key = it.key() == action.key;
    const bool by_pattern = action.pattern && matches(action, it.key());
    if (!by_key && !by_pattern) return {};
    std::array<char, 8> room;  // NOLINT: written before read
    const auto input = digest_input(it.value(), room);
    // What has no digest becomes an empty text, and what is meant twice is hashed twice.
    if (by_key && by_pattern) {
      const ottl::HexDigest once = input ? ottl::sha256_hex(*input) : ottl::HexDigest{};
      return {.value = digest(once.text(), draft.arena())};
    }
    if (!input) return {.value = ottl::encode(Value::of(std::string_view()), draft.arena())};
    return {.value = digest(*input, draft.arena())};
  });
}

void AttributeActions::extract(const Action& action, Draft& draft) {
  const Draft::Attribute* const source = draft.find(action.key);
  if (source == nullptr || source->value().kind() != ValueKind::string) return;
  if (!action.pattern->capture(source->value().as_string(), groups_)) return;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    draft.set(action.pattern->group_names()[i], ottl::encode(Value::of(groups_[i]), draft.arena()));
  }
}

void AttributeActions::convert(const Action& action, Draft& draft) {
  const Draft::Attribute* const source = draft.find(action.key);
  if (source == nullptr) return;
  const Value before = Value::of(source->value(), source->encoded_value(draft.arena()));
  Value after;
  std::string text;
  switch (action.type) {
    case Type::integer:
      if (before.is_text()) {
        if (const auto number = ottl::parsed<std::int64_t>(before.text)) after = Value::of(*number);
      } else if (before.kind == Value::Kind::boolean) {
        after = Value::of(std::int64_t{before.boolean ? 1 : 0});
      } else if (before.kind == Value::Kind::real && before.real >= -9.2e18 &&
                 before.real <= 9.2e18) {
        after = Value::of(static_cast<std::int64_t>(before.real));
      }
      break;
    case Type::real:
      if (before.is_text()) {
        if (const auto number = ottl::parsed<double>(before.text)) after = Value::of(*number);
      } else if (before.kind == Value::Kind::boolean) {
        after = Value::of(before.boolean ? 1.0 : 0.0);
      } else if (before.kind == Value::Kind::integer) {
        after = Value::of(before.as_real());
      }
      break;
    case Type::text:
      if (before.is_text()) return;
      ottl::append_plain(before, text);
      after = Value::of(std::string_view(text));
      break;
  }
  if (!after.is_nil()) draft.set(action.key, ottl::encode(after, draft.arena()));
}

}  // namespace gateway::processor
