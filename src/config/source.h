// Text of a configuration file to a tree: YAML (JSON too, which is YAML) and TOML, and the
// `${env:NAME}` in either.
//
// Errors:  what is malformed is told with line and reason; what could be read comes back all the
//          same, so that other mistakes can be told too. Nothing throws.
// Threads: pure functions.
// Source:  YAML 1.2 core as yaml-cpp reads it, with "<<" merge keys; TOML 1.0; the Collector's
//          confmap expansion.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/diagnostic.h"
#include "config/node.h"

namespace gateway::config {

using Environment = std::map<std::string, std::string, std::less<>>;

// `file` names the text in messages.
[[nodiscard]] Node parse_yaml(std::string_view text, const std::string& file,
                              Diagnostics& diagnostics);
[[nodiscard]] Node parse_toml(std::string_view text, const std::string& file,
                              Diagnostics& diagnostics);

// Replaces, in every scalar below `node`: ${env:NAME} and ${NAME} by the variable,
// ${env:NAME:-text} by the variable or else the text, $$ by $. A plain scalar that is nothing but
// one reference is read as YAML again, so that a variable can hold a list.
void expand_environment(Node& node, const Environment& environment, Diagnostics& diagnostics);

}  // namespace gateway::config
