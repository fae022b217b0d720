// What the mappings of sections (convert.h) share.
//
// Errors:  reported where the value stands.
// Threads: pure functions.
#pragma once

#include <initializer_list>
#include <string_view>

#include "config/diagnostic.h"
#include "config/node.h"

namespace gateway::config::detail {

// Sets `to` where it is missing. The value keeps its place in the file.
void set_if_missing(Node& root, std::initializer_list<std::string_view> to, const Node* from);

// Each extension in use sets what is ours; then `extensions` goes.
void map_extensions(Node& root, Diagnostics& diagnostics);

}  // namespace gateway::config::detail
