#include "ottl/functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "ottl/digest.h"
#include "ottl/program.h"

namespace gateway::ottl {
namespace {

using Change = otlpview::Draft::Change;

[[nodiscard]] Value made(std::string_view text, Frame& frame) {
  return Value::of(frame.arena().copy(text));
}

[[nodiscard]] Value argument(const Node& call, std::size_t index, Frame& frame) {
  return evaluate(call.children[index], frame);
}

[[nodiscard]] bool lists(const Node& texts, std::string_view text) noexcept {
  return std::any_of(texts.children.begin(), texts.children.end(),
                     [text](const Node& item) { return item.text == text; });
}

// At most `size` bytes of `text`, cut between characters.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t size) noexcept {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

// --- converters

// Whether the pattern of `call` matches; worked out once for a text that comes again.
[[nodiscard]] bool matches(const Node& call, std::string_view text, Frame& frame) {
  Memo::Question question(call.site, text);
  if (const Memo::Answer* const known = frame.memo().find(question)) return known->code != 0;
  const bool is_match = call.regex->matches(text);
  frame.memo().keep(question, is_match ? 1 : 0);
  return is_match;
}

// `text` with what the pattern of `call` matches replaced, and nothing where it matches nothing.
// Borrowed from the frame until the next question.
[[nodiscard]] std::optional<std::string_view> replaced(const Node& call, std::string_view text,
                                                       Frame& frame) {
  Memo::Question question(call.site, text);
  if (const Memo::Answer* const known = frame.memo().find(question)) {
    return known->code == 0 ? std::nullopt : std::optional(known->bytes);
  }
  std::string& scratch = frame.memo().scratch();
  scratch.assign(text);  // cheaper than to ask first whether there is a match
  const bool is_changed = call.regex->replace_all(scratch, call.replacement);
  frame.memo().keep(question, is_changed ? 1 : 0, is_changed ? scratch : std::string_view());
  return is_changed ? std::optional<std::string_view>(scratch) : std::nullopt;
}

Value is_match(const Node& call, Frame& frame) {
  const Value value = argument(call, 0, frame);
  if (value.is_text()) return Value::of(matches(call, value.text, frame));
  std::string text;
  return Value::of(append_text(value, text) && call.regex->matches(text));
}

template <Value::Kind kKind>
Value is_kind(const Node& call, Frame& frame) {
  return Value::of(argument(call, 0, frame).kind == kKind);
}

Value has_prefix(const Node& call, Frame& frame) {
  const Value value = argument(call, 0, frame);
  return value.is_text() ? Value::of(value.text.starts_with(call.children[1].text)) : Value{};
}

Value has_suffix(const Node& call, Frame& frame) {
  const Value value = argument(call, 0, frame);
  return value.is_text() ? Value::of(value.text.ends_with(call.children[1].text)) : Value{};
}

Value concat(const Node& call, Frame& frame) {
  std::string text;
  bool is_first = true;
  for (const Node& item : call.children[0].children) {
    if (!is_first) text += call.children[1].text;
    is_first = false;
    if (!append_text(evaluate(item, frame), text)) text += "<nil>";  // as the Collector has it
  }
  return made(text, frame);
}

Value length(const Node& call, Frame& frame) {
  const Value value = argument(call, 0, frame);
  const auto count = [](const auto& range) {
    std::int64_t items = 0;
    for (const auto& item : range) {
      static_cast<void>(item);
      ++items;
    }
    return Value::of(items);
  };
  switch (value.kind) {
    case Value::Kind::text:
      return Value::of(static_cast<std::int64_t>(value.text.size()));
    case Value::Kind::bytes:
      return Value::of(static_cast<std::int64_t>(value.bytes.size()));
    case Value::Kind::list:
      return count(otlpview::AnyValueView(value.bytes).as_array());
    case Value::Kind::map:
      return count(otlpview::AnyValueView(value.bytes).as_map());
    default:
      return {};
  }
}

Value to_integer(const Node& call, Frame& frame) {
  const Value value = argument(call, 0, frame);
  switch (value.kind) {
    case Value::Kind::integer:
      return value;
    case Value::Kind::boolean:
      return Value::of(std::int64_t{value.boolean ? 1 : 0});
    case Value::Kind::real: {
      constexpr double kLimit = 9223372036854775808.0;  // 2^63
      if (!(value.real >= -kLimit && value.real < kLimit)) return {};
      return Value::of(static_cast<std::int64_t>(value.real));
    }
    case Value::Kind::text:
      if (const auto number = parsed<std::int64_t>(value.text)) return Value::of(*number);
      return {};
    default:
      return {};
  }
}

Value to_double(const Node& call, Frame& frame) {
  const Value value = argument(call, 0, frame);
  switch (value.kind) {
    case Value::Kind::integer:
    case Value::Kind::real:
      return Value::of(value.as_real());
    case Value::Kind::boolean:
      return Value::of(value.boolean ? 1.0 : 0.0);
    case Value::Kind::text:
      if (const auto number = parsed<double>(value.text)) return Value::of(*number);
      return {};
    default:
      return {};
  }
}

Value to_text(const Node& call, Frame& frame) {
  const Value value = argument(call, 0, frame);
  if (value.is_text()) return value;
  std::string text;
  return append_text(value, text) ? made(text, frame) : Value{};
}

template <char kFrom, char kTo>
Value to_case(const Node& call, Frame& frame) {
  const Value value = argument(call, 0, frame);
  if (!value.is_text()) return {};
  std::string text(value.text);
  for (char& c : text) {
    if (c >= kFrom && c <= kFrom + 25) c = static_cast<char>(c - kFrom + kTo);
  }
  return made(text, frame);
}

template <HexDigest (*kDigest)(std::string_view)>
Value digest(const Node& call, Frame& frame) {
  const Value value = argument(call, 0, frame);
  if (!value.is_text()) return {};
  Memo::Question question(call.site, value.text);
  if (const Memo::Answer* const known = frame.memo().find(question)) {
    return made(known->bytes, frame);
  }
  const HexDigest hex = kDigest(value.text);
  frame.memo().keep(question, 1, hex.text());
  return made(hex.text(), frame);
}

// --- editors

void set_target(const Node& call, Frame& frame) {
  set(call.children[0].path, argument(call, 1, frame), frame);
}

void delete_key(const Node& call, Frame& frame) { frame.draft().remove(call.children[1].text); }

void delete_matching_keys(const Node& call, Frame& frame) {
  frame.draft().change_each(
      [&](const auto& it) { return Change{.remove = matches(call, it.key(), frame)}; });
}

void keep_keys(const Node& call, Frame& frame) {
  frame.draft().change_each(
      [&](const auto& it) { return Change{.remove = !lists(call.children[1], it.key())}; });
}

void keep_matching_keys(const Node& call, Frame& frame) {
  frame.draft().change_each(
      [&](const auto& it) { return Change{.remove = !matches(call, it.key(), frame)}; });
}

void replace_pattern(const Node& call, Frame& frame) {
  const Value before = argument(call, 0, frame);
  if (!before.is_text()) return;
  const auto after = replaced(call, before.text, frame);
  if (after) set(call.children[0].path, Value::of(*after), frame);  // copies it
}

void replace_all_patterns(const Node& call, Frame& frame) {
  frame.draft().change_each([&](const auto& it) -> Change {
    const otlpview::AnyValueView value = it.value();
    if (value.kind() != otlpview::ValueKind::string) return {};
    const auto after = replaced(call, value.as_string(), frame);
    if (!after) return {};
    return {.value = encode(Value::of(*after), frame.arena())};
  });
}

void truncate_all(const Node& call, Frame& frame) {
  const auto limit = static_cast<std::size_t>(call.children[1].constant.integer);
  frame.draft().change_each([&](const auto& it) -> Change {
    const otlpview::AnyValueView value = it.value();
    if (value.kind() != otlpview::ValueKind::string) return {};
    if (value.as_string().size() <= limit) return {};
    return {.value = encode(Value::of(cut(value.as_string(), limit)), frame.arena())};
  });
}

void limit(const Node& call, Frame& frame) {
  const auto most = static_cast<std::size_t>(call.children[1].constant.integer);
  std::size_t count = 0;
  std::size_t preferred = 0;
  frame.draft().for_each([&](const auto& it) {
    ++count;
    if (lists(call.children[2], it.key())) ++preferred;
  });
  if (count <= most) return;
  std::size_t room = most > preferred ? most - preferred : 0;
  frame.draft().change_each([&](const auto& it) -> Change {
    if (lists(call.children[2], it.key())) return {};
    if (room == 0) return {.remove = true};
    --room;
    return {};
  });
}

using enum Parameter;
constexpr FunctionRow::Argument kTarget{"target", value};
constexpr FunctionRow::Argument kMap{"target", map};

constexpr std::array kRows = {
    FunctionRow{"Concat", {{{"values", values}, {"delimiter", text}}}, false, concat},
    FunctionRow{"Double", {{kTarget}}, false, to_double},
    FunctionRow{"HasPrefix", {{kTarget, {"prefix", text}}}, true, has_prefix},
    FunctionRow{"HasSuffix", {{kTarget, {"suffix", text}}}, true, has_suffix},
    FunctionRow{"Int", {{kTarget}}, false, to_integer},
    FunctionRow{"IsBool", {{kTarget}}, true, is_kind<Value::Kind::boolean>},
    FunctionRow{"IsDouble", {{kTarget}}, true, is_kind<Value::Kind::real>},
    FunctionRow{"IsInt", {{kTarget}}, true, is_kind<Value::Kind::integer>},
    FunctionRow{"IsList", {{kTarget}}, true, is_kind<Value::Kind::list>},
    FunctionRow{"IsMap", {{kTarget}}, true, is_kind<Value::Kind::map>},
    FunctionRow{"IsMatch", {{kTarget, {"pattern", pattern}}}, true, is_match},
    FunctionRow{"IsString", {{kTarget}}, true, is_kind<Value::Kind::text>},
    FunctionRow{"Len", {{kTarget}}, false, length},
    FunctionRow{"MD5", {{kTarget}}, false, digest<md5_hex>},
    FunctionRow{"SHA1", {{kTarget}}, false, digest<sha1_hex>},
    FunctionRow{"SHA256", {{kTarget}}, false, digest<sha256_hex>},
    FunctionRow{"String", {{kTarget}}, false, to_text},
    FunctionRow{"ToLowerCase", {{kTarget}}, false, to_case<'A', 'a'>},
    FunctionRow{"ToUpperCase", {{kTarget}}, false, to_case<'a', 'A'>},

    FunctionRow{"delete_key", {{kMap, {"key", text}}}, false, nullptr, delete_key},
    FunctionRow{"delete_matching_keys",
                {{kMap, {"pattern", pattern}}},
                false,
                nullptr,
                delete_matching_keys},
    FunctionRow{"keep_keys", {{kMap, {"keys", texts}}}, false, nullptr, keep_keys},
    FunctionRow{
        "keep_matching_keys", {{kMap, {"pattern", pattern}}}, false, nullptr, keep_matching_keys},
    FunctionRow{
        "limit", {{kMap, {"limit", integer}, {"priority_keys", texts}}}, false, nullptr, limit},
    FunctionRow{"replace_all_patterns",
                {{kMap, {"mode", text}, {"regex", pattern}, {"replacement", replacement}}},
                false,
                nullptr,
                replace_all_patterns},
    FunctionRow{"replace_pattern",
                {{{"target", target}, {"regex", pattern}, {"replacement", replacement}}},
                false,
                nullptr,
                replace_pattern},
    FunctionRow{"set", {{{"target", target}, {"value", value}}}, false, nullptr, set_target},
    FunctionRow{"truncate_all", {{kMap, {"limit", integer}}}, false, nullptr, truncate_all},
};

}  // namespace

std::span<const FunctionRow> function_rows() noexcept { return kRows; }

}  // namespace gateway::ottl
