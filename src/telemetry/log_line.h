// How one event of our own log becomes one line of text, and nothing else.
//
// Errors:  none; bytes that are not UTF-8 become U+FFFD, control characters are escaped, so that
//          no value can forge a second line.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "telemetry/log.h"

namespace gateway::telemetry {

// An event with what its writer adds to it.
struct LogEvent {
  std::int64_t unix_nano = 0;
  LogLevel level = LogLevel::info;
  std::string_view module, message;
  std::uint64_t repeated = 0;  // shown when not 0
};

// RFC 3339, UTC, nanoseconds: "2026-11-21T10:05:00.123456789Z".
void append_time(std::string& out, std::int64_t unix_nano);

// One line, newline included.
void append_log_line(std::string& out, LogFormat format, const LogEvent& event, Fields fields);

}  // namespace gateway::telemetry
