// What this binary is: version, commit, compiler, libraries.
//
// Errors:  none.
// Threads: any.
#pragma once

#include <string>

namespace gateway::app {

[[nodiscard]] std::string version_number();    // "0.1.0"
[[nodiscard]] std::string version_revision();  // commit, or "unknown"
[[nodiscard]] std::string version_compiler();
[[nodiscard]] std::string version_text();  // several lines for people
[[nodiscard]] std::string version_json();

}  // namespace gateway::app
