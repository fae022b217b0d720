#include "processor/redaction/rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "otlpview/wire.h"
#include "ottl/digest.h"

namespace gateway::processor {
namespace {

using otlpview::Bytes;
using otlpview::Field;
using otlpview::FieldReader;
using otlpview::WireType;
using ottl::Value;
using Encoded = RedactionRules::Encoded;

[[nodiscard]] std::vector<ottl::Regex> compiled(const std::vector<std::string>& patterns) {
  std::vector<ottl::Regex> result;
  for (const std::string& pattern : patterns) {
    auto regex = ottl::Regex::compile(pattern);
    GATEWAY_ASSERT(regex.has_value());
    result.push_back(*std::move(regex));
  }
  return result;
}

[[nodiscard]] bool any_matches(const std::vector<ottl::Regex>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const ottl::Regex& it) { return it.matches(text); });
}

[[nodiscard]] Encoded text_value(std::string_view text) {
  Encoded out;
  otlpview::append_len_field(1, text, out);
  return out;
}

// The name of something inside `path`, cut between characters where it is long.
[[nodiscard]] std::string path_of(std::string_view path, std::string_view separator,
                                  std::string_view key) {
  std::string text(path);
  text += separator;
  text += key.substr(0, kPathSizeBytesMax + 4);
  if (text.size() <= kPathSizeBytesMax) return text;
  std::size_t size = kPathSizeBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  text.resize(size);
  return text;
}

// What the Memo is asked.
constexpr std::uint32_t kAboutKey = 0;
constexpr std::uint32_t kAboutText = 1;  // and the Look

constexpr std::uint32_t kListField = 5;
constexpr std::uint32_t kMapField = 6;

}  // namespace

RedactionRules::RedactionRules(const config::Redaction& settings, std::size_t memo_set_count)
    : settings_(settings),
      is_debug_(settings.summary == "debug"),
      remembers_(memo_set_count != 0),
      allowed_keys_(settings.allowed_keys.begin(), settings.allowed_keys.end()),
      ignored_keys_(settings.ignored_keys.begin(), settings.ignored_keys.end()),
      ignored_key_patterns_(compiled(settings.ignored_key_patterns)),
      blocked_key_patterns_(compiled(settings.blocked_key_patterns)),
      blocked_values_(compiled(settings.blocked_values)),
      allowed_values_(compiled(settings.allowed_values)),
      memo_(memo_set_count) {
  // What an earlier redaction has said about a message is allowed, as far as the Collector does so.
  for (const std::string_view key :
       {"redacted.keys", "redacted.count", "masked.keys", "masked.count", "ignored.count"}) {
    allowed_keys_.insert("redaction." + std::string(key));
  }
  // Keys inside lists and maps may be blocked, and are counted where they are ignored.
  looks_at_values_ = !blocked_values_.empty() || !allowed_values_.empty() ||
                     !blocked_key_patterns_.empty() || !settings.summary.empty();
}

KeyVerdict RedactionRules::judge(std::string_view key, std::size_t index) {
  if (index >= kLastKeyCount || !remembers_) return judge(key);
  LastKey& last = last_keys_[index];
  if (last.is_known && key == std::string_view(last.key.data(), last.size)) return last.verdict;
  const KeyVerdict verdict = judge(key);
  last.is_known = key.size() <= last.key.size();
  if (last.is_known) {
    std::copy(key.begin(), key.end(), last.key.begin());
    last.size = static_cast<std::uint8_t>(key.size());
    last.verdict = verdict;
  }
  return verdict;
}

KeyVerdict RedactionRules::judge(std::string_view key) {
  Memo::Question question(kAboutKey, key);
  if (const Memo::Answer* const known = memo_.find(question)) {
    return static_cast<KeyVerdict>(known->code);
  }
  const KeyVerdict verdict = judge_anew(key);
  memo_.keep(question, static_cast<std::uint32_t>(verdict));
  return verdict;
}

KeyVerdict RedactionRules::judge_anew(std::string_view key) const {
  if (ignored_keys_.contains(key) || any_matches(ignored_key_patterns_, key)) {
    return KeyVerdict::ignore;
  }
  if (!settings_.allow_all_keys && !allowed_keys_.contains(key)) return KeyVerdict::remove;
  return any_matches(blocked_key_patterns_, key) ? KeyVerdict::mask : KeyVerdict::look;
}

// Line by line, as the Collector's pattern `.*` does it.
std::string RedactionRules::mask_lines(std::string_view text) const {
  std::string out;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    out.append(mask(text.substr(0, end))).append("\n");
    text.remove_prefix(end + 1);
  }
  return out + mask(text);
}

std::string RedactionRules::mask(std::string_view text) const {
  if (settings_.hash_function == "md5") return std::string(ottl::md5_hex(text).text());
  if (settings_.hash_function == "sha1") return std::string(ottl::sha1_hex(text).text());
  if (settings_.hash_function == "sha3") return std::string(ottl::sha3_256_hex(text).text());
  return "****";
}

std::optional<Encoded> RedactionRules::masked(Bytes encoded, std::string_view path,
                                              KeyVerdict verdict, Tree tree, Seen& seen) {
  const Value value = Value::of(otlpview::AnyValueView(encoded), encoded);
  const bool is_tree = value.kind == Value::Kind::list || value.kind == Value::Kind::map;
  if (!is_tree) return masked_scalar(value, path, verdict, tree, seen);
  if (verdict == KeyVerdict::mask) {
    seen.add(seen.masked, path);
    return text_value(mask({}));
  }
  return masked_tree(encoded, path, tree, seen);
}

std::optional<Encoded> RedactionRules::masked_body(Bytes encoded, Seen& seen) {
  const Value value = Value::of(otlpview::AnyValueView(encoded), encoded);
  const bool is_tree = value.kind == Value::Kind::list || value.kind == Value::Kind::map;
  if (is_tree) return masked_tree(encoded, {}, Tree::keys, seen);
  auto changed = masked_scalar(value, "body", KeyVerdict::look, Tree::keys, seen);
  seen.allowed = {};  // the Collector does not count a whole body
  return changed;
}

std::optional<Encoded> RedactionRules::masked_scalar(const Value& value, std::string_view path,
                                                     KeyVerdict verdict, Tree tree, Seen& seen) {
  const bool is_in_body = tree == Tree::keys;
  const bool masks_whole = verdict == KeyVerdict::mask;
  const bool is_looked_at = value.is_text() || settings_.redact_all_types || is_in_body;
  if (!is_looked_at && !masks_whole && allowed_values_.empty()) return std::nullopt;
  // What is not looked at counts as an empty text.
  std::string made;
  if (!value.is_text() && is_looked_at && !(is_in_body && masks_whole)) {
    ottl::append_plain(value, made);
  }
  const Look how = masks_whole    ? (is_in_body ? Look::whole_in_body : Look::whole)
                   : is_looked_at ? Look::matches
                                  : Look::allowed_only;
  const auto changed = masked_text(value.is_text() ? value.text : made, path, how, seen);
  if (!changed) return std::nullopt;
  return text_value(*changed);
}

std::optional<std::string_view> RedactionRules::masked_text(std::string_view text,
                                                            std::string_view path, Look how,
                                                            Seen& seen) {
  if (how == Look::matches && blocked_values_.empty() && allowed_values_.empty()) {
    return std::nullopt;
  }
  std::string_view after;
  Outcome outcome = Outcome::stays;
  Memo::Question question(kAboutText + static_cast<std::uint32_t>(how), text);
  if (const Memo::Answer* const known = memo_.find(question)) {
    outcome = static_cast<Outcome>(known->code);
    after = known->bytes;
  } else {
    std::string& changed = memo_.scratch();
    outcome = look_at(text, how, changed);
    after = changed;
    memo_.keep(question, static_cast<std::uint32_t>(outcome), after);
  }
  if (outcome == Outcome::stays) return std::nullopt;
  seen.add(outcome == Outcome::allowed ? seen.allowed : seen.masked, path);
  if (outcome == Outcome::allowed) return std::nullopt;
  return after;
}

// `changed` is what takes the place of a text that is masked, else it is empty.
RedactionRules::Outcome RedactionRules::look_at(std::string_view text, Look how,
                                                std::string& changed) const {
  if (how != Look::whole_in_body && any_matches(allowed_values_, text)) return Outcome::allowed;
  if (how == Look::allowed_only) return Outcome::stays;
  if (how != Look::matches) {
    changed = mask_lines(text);
    return Outcome::masked;
  }
  // Most values match nothing, and are not copied.
  std::string_view now = text;
  std::string next;
  bool is_changed = false;
  for (const ottl::Regex& pattern : blocked_values_) {
    const auto with = [this](std::string_view found) { return mask(found); };
    if (!pattern.replace_each(now, with, next)) continue;
    changed.swap(next);
    now = changed;
    is_changed = true;
  }
  return is_changed ? Outcome::masked : Outcome::stays;
}

// A list or map written again with its values looked at; its other fields as they were.
std::optional<Encoded> RedactionRules::masked_tree(Bytes encoded, std::string_view path, Tree tree,
                                                   Seen& seen) {
  bool is_changed = false;
  Encoded out;
  const auto value_in = [&](const Field& field, std::string_view at, KeyVerdict verdict,
                            Encoded& to) {
    const auto changed = masked(field.payload, at, verdict, tree, seen);
    is_changed |= changed.has_value();
    otlpview::append_len_field(field.number, changed ? Bytes(*changed) : field.payload, to);
  };
  const auto entry = [&](const Field& field, Encoded& to) {
    const otlpview::KeyValueView pair(field.payload);
    const std::string at = path_of(path, path.empty() ? "" : ".", pair.key());
    KeyVerdict verdict = judge(pair.key());
    if (tree == Tree::values && verdict == KeyVerdict::remove) verdict = KeyVerdict::look;
    if (verdict == KeyVerdict::remove) {
      seen.add(seen.redacted, at);
      is_changed = true;
      return;
    }
    Encoded inner;
    Field part;
    for (FieldReader reader(field.payload); reader.next(part);) {
      if (part.number != 2 || verdict == KeyVerdict::ignore) {
        otlpview::append_bytes(part.raw, inner);
      } else {
        value_in(part, at, verdict, inner);
      }
    }
    if (verdict == KeyVerdict::ignore) ++seen.ignored_count;
    otlpview::append_len_field(field.number, Bytes(inner), to);
  };
  Field field;
  for (FieldReader reader(encoded); reader.next(field);) {
    const bool is_list = field.number == kListField && field.type == WireType::len;
    const bool is_map = field.number == kMapField && field.type == WireType::len;
    if (!is_list && !is_map) {
      otlpview::append_bytes(field.raw, out);
      continue;
    }
    Encoded items;
    Field item;
    std::size_t index = 0;
    for (FieldReader inner(field.payload); inner.next(item);) {
      if (item.number != 1 || item.type != WireType::len) {
        otlpview::append_bytes(item.raw, items);
      } else if (is_map) {
        entry(item, items);
      } else {
        value_in(item, path_of(path, "[" + std::to_string(index++) + "]", ""), KeyVerdict::look,
                 items);
      }
    }
    otlpview::append_len_field(field.number, Bytes(items), out);
  }
  if (!is_changed) return std::nullopt;
  return out;
}

void RedactionRules::add_summary(std::string_view prefix, Seen& seen,
                                 otlpview::Draft& draft) const {
  if (!is_debug_ && settings_.summary != "info") return;
  otlpview::Arena& arena = draft.arena();
  const auto name = [&](std::string_view what, std::string_view of) {
    return arena.copy(std::string_view(std::string(prefix).append(what).append(of)));
  };
  const auto count = [&](std::string_view what, std::int64_t items) {
    if (items == 0) return;
    const std::string_view key = name(what, ".count");
    if (const auto* const before = draft.find(key)) items += before->value().as_integer();
    draft.set(key, ottl::encode(Value::of(items), arena));
  };
  const auto list = [&](std::string_view what, Seen::Keys& of) {
    std::vector<std::string>& keys = of.names;
    if (is_debug_ && of.count != 0) {
      const std::string_view key = name(what, ".keys");
      if (const auto* const before = draft.find(key); before != nullptr) {
        std::string_view rest = before->value().as_string();
        while (!rest.empty()) {
          const std::size_t end = std::min(rest.find(','), rest.size());
          keys.emplace_back(rest.substr(0, end));
          rest.remove_prefix(std::min(end + 1, rest.size()));
        }
      }
      std::sort(keys.begin(), keys.end());
      std::string text;
      for (const std::string& it : keys) text.append(text.empty() ? "" : ",").append(it);
      draft.set(key, ottl::encode(Value::of(std::string_view(text)), arena));
    }
    count(what, of.count);
  };
  list("redacted", seen.redacted);
  list("masked", seen.masked);
  list("allowed", seen.allowed);
  count("ignored", seen.ignored_count);
}

}  // namespace gateway::processor
