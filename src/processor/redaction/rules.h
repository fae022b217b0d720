// What the redaction processor does with a key and with a value.
//
//   key   : ignored | removed | its value masked whole | its value looked at
//   value : what is allowed stays; else each match of a blocked pattern is masked
//
// Values inside lists and maps are looked at too, and the keys of maps: in an attribute those that
// are blocked are masked, in the body of a log record those that are not allowed are removed.
//
// What was found out about keys and texts that come again is remembered (base/memo.h).
//
// Errors:  none: the patterns were checked when they were loaded.
// Threads: one holder.
// Source:  docs/processors.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/memo.h"
#include "config/processor_settings.h"
#include "otlpview/draft.h"
#include "ottl/regex.h"
#include "ottl/value.h"

namespace gateway::processor {

// A path of keys in a summary is cut here.
inline constexpr std::size_t kPathSizeBytesMax = 128;

enum class KeyVerdict : std::uint8_t { ignore, remove, mask, look };

// What became of the keys of one message, for its summary.
struct Seen {
  struct Keys {
    std::int64_t count = 0;
    std::vector<std::string> names;  // only where the summary tells them
  };

  bool takes_names = false;
  Keys redacted, masked, allowed;
  std::int64_t ignored_count = 0;

  void add(Keys& to, std::string_view name) const {
    ++to.count;
    if (takes_names) to.names.emplace_back(name);
  }
  void clear() noexcept {
    for (Keys* const keys : {&redacted, &masked, &allowed}) {
      keys->count = 0;
      keys->names.clear();
    }
    ignored_count = 0;
  }
};

class RedactionRules {
 public:
  using Encoded = std::vector<std::byte>;
  // Whether the keys inside a value may be removed, or their values only masked.
  enum class Tree : std::uint8_t { values, keys };
  // How a text is looked at: for matches; masked whole, in an attribute or in a body; or only for
  // whether it is allowed.
  enum class Look : std::uint8_t { matches, whole, whole_in_body, allowed_only };

  RedactionRules(const config::Redaction& settings, std::size_t memo_set_count);

  [[nodiscard]] Seen nothing_seen() const { return {.takes_names = is_debug_}; }
  [[nodiscard]] KeyVerdict judge(std::string_view key);
  // The same for the attribute at `index`: messages mostly have their keys in the order of the one
  // before, so that a look at what stood there last is all.
  [[nodiscard]] KeyVerdict judge(std::string_view key, std::size_t index);
  // Whether a value can be changed, or counted, whose key is only looked at.
  [[nodiscard]] bool looks_at_values() const noexcept { return looks_at_values_; }
  // What takes the place of `text`; nothing when it may stay. Borrowed until the next call.
  [[nodiscard]] std::optional<std::string_view> masked_text(std::string_view text,
                                                            std::string_view path, Look how,
                                                            Seen& seen);
  // The AnyValue in `encoded` without what must not be seen; nothing when it may stay. `path` names
  // it in the summary.
  [[nodiscard]] std::optional<Encoded> masked(otlpview::Bytes encoded, std::string_view path,
                                              KeyVerdict verdict, Tree tree, Seen& seen);
  [[nodiscard]] std::optional<Encoded> masked_body(otlpview::Bytes encoded, Seen& seen);

  // Adds the attributes that `summary` asks for, behind `prefix`.
  void add_summary(std::string_view prefix, Seen& seen, otlpview::Draft& draft) const;

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Keys = std::unordered_set<std::string, TextHash, std::equal_to<>>;
  using Patterns = std::vector<ottl::Regex>;

  // The key that an attribute in this place had last.
  struct LastKey {
    std::array<char, 47> key{};
    std::uint8_t size = 0;
    KeyVerdict verdict = KeyVerdict::ignore;
    bool is_known = false;
  };
  static constexpr std::size_t kLastKeyCount = 32;

  // What becomes of a text, and of the Memo's answer about it.
  enum class Outcome : std::uint8_t { stays, allowed, masked };

  [[nodiscard]] KeyVerdict judge_anew(std::string_view key) const;
  [[nodiscard]] std::string mask(std::string_view text) const;
  [[nodiscard]] std::string mask_lines(std::string_view text) const;
  [[nodiscard]] Outcome look_at(std::string_view text, Look how, std::string& changed) const;
  [[nodiscard]] std::optional<Encoded> masked_scalar(const ottl::Value& value,
                                                     std::string_view path, KeyVerdict verdict,
                                                     Tree tree, Seen& seen);
  [[nodiscard]] std::optional<Encoded> masked_tree(otlpview::Bytes encoded, std::string_view path,
                                                   Tree tree, Seen& seen);

  config::Redaction settings_;
  bool is_debug_;  // the summary names keys
  bool remembers_;
  Keys allowed_keys_, ignored_keys_;
  Patterns ignored_key_patterns_, blocked_key_patterns_, blocked_values_, allowed_values_;
  bool looks_at_values_ = false;
  Memo memo_;
  std::array<LastKey, kLastKeyCount> last_keys_;
};

}  // namespace gateway::processor
