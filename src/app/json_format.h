// JSON text laid out for people and for comparison: two spaces a level, a member a line, empty
// containers short. Strings and numbers stay as they are written.
//
// Limits:  kJsonFormatNestingMax containers inside each other.
// Errors:  nothing for what is not JSON.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::app {

inline constexpr std::size_t kJsonFormatNestingMax = 256;

// `indent` levels stand before every line but the first. No newline at the end.
[[nodiscard]] std::optional<std::string> format_json(std::string_view json, std::size_t indent = 0);

}  // namespace gateway::app
