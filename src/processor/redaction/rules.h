// What the redaction processor does with a key and with a value.
//
//   key   : ignored | removed | its value masked whole | its value looked at
//   value : what is allowed stays; else each match of a blocked pattern is masked
//
// Values inside lists and maps are looked at too, and the keys of maps: in an attribute those that
// are blocked are masked, in the body of a log record those that are not allowed are removed.
//
// Errors:  none: the patterns were checked when they were loaded.
// Threads: one holder.
// Source:  docs/processors.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

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
  std::vector<std::string> redacted, masked, allowed;
  std::int64_t ignored_count = 0;

  void clear() noexcept {
    redacted.clear();
    masked.clear();
    allowed.clear();
    ignored_count = 0;
  }
};

class RedactionRules {
 public:
  using Encoded = std::vector<std::byte>;
  // Whether the keys inside a value may be removed, or their values only masked.
  enum class Tree : std::uint8_t { values, keys };

  explicit RedactionRules(const config::Redaction& settings);

  [[nodiscard]] KeyVerdict judge(std::string_view key) const;
  // The AnyValue in `encoded` without what must not be seen; nothing when it may stay. `path` names
  // it in the summary.
  [[nodiscard]] std::optional<Encoded> masked(otlpview::Bytes encoded, std::string_view path,
                                              KeyVerdict verdict, Tree tree, Seen& seen) const;
  [[nodiscard]] std::optional<Encoded> masked_body(otlpview::Bytes encoded, Seen& seen) const;

  // Adds the attributes that `summary` asks for, behind `prefix`.
  void add_summary(std::string_view prefix, Seen& seen, otlpview::Draft& draft) const;

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Keys = std::unordered_set<std::string, TextHash, std::equal_to<>>;
  using Patterns = std::vector<ottl::Regex>;

  [[nodiscard]] std::string mask(std::string_view text) const;
  [[nodiscard]] std::string mask_lines(std::string_view text) const;
  [[nodiscard]] std::optional<Encoded> masked_scalar(const ottl::Value& value,
                                                     std::string_view path, KeyVerdict verdict,
                                                     Tree tree, Seen& seen) const;
  [[nodiscard]] std::optional<Encoded> masked_tree(otlpview::Bytes encoded, std::string_view path,
                                                   Tree tree, Seen& seen) const;

  config::Redaction settings_;
  Keys allowed_keys_, ignored_keys_;
  Patterns ignored_key_patterns_, blocked_key_patterns_, blocked_values_, allowed_values_;
};

}  // namespace gateway::processor
