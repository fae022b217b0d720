// The admin page of the log's levels: what they are, and others until the next start.
//
// Errors:  400 for what is no filter; nothing is changed then.
// Threads: the admin thread.
#pragma once

#include <string_view>

#include "admin/admin.h"

namespace gateway::app {

// {"filter":"info,storage=debug","configured":"info"}
[[nodiscard]] admin::Page log_level_page(std::string_view configured);

// An empty `filter` brings back the configured one.
[[nodiscard]] admin::Page change_log_levels(std::string_view configured, std::string_view filter);

}  // namespace gateway::app
