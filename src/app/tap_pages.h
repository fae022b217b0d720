// The admin pages of `tap`: /api/v1/tap follows the log, /api/v1/dead-letters what one exporter has
// given up. Both answer entries and an end line, as query/tap/tap_source.h says.
//
// Errors:  400, 404, 429, 503 with a sentence as JSON.
// Threads: the admin thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/admin.h"
#include "io/file_system.h"
#include "query/tap/tap_source.h"

namespace gateway::app {

[[nodiscard]] query::Decode payload_decoder();

[[nodiscard]] admin::Page tap_page(query::TapSource& source, std::string_view query);

// `exporters` are those that are configured; others have no page.
[[nodiscard]] admin::Page dead_letter_page(io::FileSystem& files, const std::string& directory,
                                           const std::vector<std::string>& exporters,
                                           std::string_view query);

}  // namespace gateway::app
