// The table of settings as Markdown: the second half of docs/configuration.md.
//
// Errors:  none.
// Threads: pure function.
#pragma once

#include <string>

namespace gateway::config {

[[nodiscard]] std::string schema_markdown();

}  // namespace gateway::config
