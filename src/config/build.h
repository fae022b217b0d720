// A checked tree, defaults filled in, to typed Settings; and back to YAML for people.
//
// Errors:  none: what is malformed has been reported, and keeps its default here.
// Threads: pure functions.
#pragma once

#include <string>

#include "config/node.h"
#include "config/settings.h"

namespace gateway::config {

[[nodiscard]] Settings build_settings(const Node& root);

inline constexpr std::string_view kMasked = "****";

// A value in one line, as YAML.
[[nodiscard]] std::string flow_text(const Node& value);

// The tree as YAML that loads again, secrets masked.
[[nodiscard]] std::string effective_yaml(const Node& root);

}  // namespace gateway::config
