// Moments as people write them on a command line:
//
//   2026-11-21T10:05:00Z   2026-11-21T10:05:00.25+01:00   2026-11-21     UTC where nothing is said
//   -15m                   before now: s, m, h, d
//   1763719500             seconds since 1970; with 19 digits, nanoseconds
//
// Units:   nanoseconds since the epoch.
// Errors:  nothing for a text that is none of these.
// Threads: pure functions.
// Source:  RFC 3339.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gateway::app {

[[nodiscard]] std::optional<std::uint64_t> parse_moment(std::string_view text,
                                                        std::uint64_t now_unix_nano);

}  // namespace gateway::app
