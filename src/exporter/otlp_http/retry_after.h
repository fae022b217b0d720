// The Retry-After header: seconds, or a date of HTTP.
//
// Units:   seconds since 1970-01-01 UTC for `now`.
// Errors:  nothing for a past date, a negative number or junk: the caller's backoff holds.
// Threads: pure.
// Source:  RFC 9110, 10.2.3 and 5.6.7 (IMF-fixdate; nobody sends the two obsolete forms).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gateway::exporter {

[[nodiscard]] std::optional<std::chrono::milliseconds> read_retry_after(
    std::string_view value, std::int64_t now_unix_seconds);

}  // namespace gateway::exporter
