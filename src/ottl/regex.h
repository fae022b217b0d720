// Regular expressions in RE2's syntax, which is Go's and so the Collector's: time grows with the
// text alone, whatever the pattern.
//
// Limits:  kPatternSizeBytesMax; RE2's own bound on the memory of a compiled pattern.
// Errors:  compile() says what is wrong with a pattern, for a person. Matching has none.
// Threads: a Regex may be used from any thread.
// Source:  https://github.com/google/re2/wiki/Syntax
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace gateway::ottl {

inline constexpr std::size_t kPatternSizeBytesMax = 4096;
// Groups that one pattern may capture: kept on the stack while it matches.
inline constexpr int kGroupsMax = 32;

class Regex {
 public:
  [[nodiscard]] static Result<Regex, std::string> compile(std::string_view pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // Whether any part of `text` matches.
  [[nodiscard]] bool matches(std::string_view text) const;
  [[nodiscard]] bool matches_whole(std::string_view text) const;
  // The groups of the first match into `groups`, of group_names().size(); false: no match.
  [[nodiscard]] bool capture(std::string_view text, std::vector<std::string_view>& groups) const;
  // One name a group; empty for one without a name.
  [[nodiscard]] const std::vector<std::string>& group_names() const noexcept { return names_; }

  // A replacement in Go's form ($1, ${1}, ${name}, $$) as this pattern's own; a group that there is
  // not stands for nothing.
  [[nodiscard]] std::string replacement(std::string_view go_form) const;
  // Every match in `text` replaced; false, and `text` as it was, when there is none.
  [[nodiscard]] bool replace_all(std::string& text, std::string_view replacement) const;
  // `text` with what `with` makes of each match in its place, into `out`; false, and nothing is
  // written, when there is none. Requires: `out` is not what `text` borrows from.
  [[nodiscard]] bool replace_each(std::string_view text,
                                  const std::function<std::string(std::string_view)>& with,
                                  std::string& out) const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> compiled);

  std::unique_ptr<re2::RE2> compiled_;
  std::vector<std::string> names_;
};

}  // namespace gateway::ottl
