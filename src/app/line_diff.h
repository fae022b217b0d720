// Two texts compared line by line, as `diff -u` shows them: lines that are gone begin with "-", new
// ones with "+", and kDiffContextLines that are the same stand around. A group of lines begins with
// the number of its first line in the text before.
//
// Limits:  beyond kDiffCellsMax the middle is shown as all gone and all new, which is true if long.
// Errors:  none.
// Threads: pure function.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gateway::app {

inline constexpr std::size_t kDiffContextLines = 3;
inline constexpr std::size_t kDiffCellsMax = std::size_t{16} << 20U;

// Empty where the texts are the same.
[[nodiscard]] std::string line_diff(std::string_view before, std::string_view after);

}  // namespace gateway::app
