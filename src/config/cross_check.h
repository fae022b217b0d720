// Rules that hold between settings: pipelines name what is defined, addresses do not clash,
// a message fits into a segment; and what is possible but hardly meant.
//
// Errors:  reported with the place of the value that breaks the rule.
// Threads: pure functions.
#pragma once

#include "config/diagnostic.h"
#include "config/node.h"
#include "config/settings.h"

namespace gateway::config {

// `root` is the tree that `settings` were built from: it knows where things stand.
void cross_check(const Settings& settings, const Node& root, Diagnostics& diagnostics);

}  // namespace gateway::config
