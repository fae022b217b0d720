// Writing JSON text by appending to a string: what logs, health pages and the admin API need, and
// no more.
//
//   append_json_string(out, "a\"b")   ->   "a\"b" in quotes, escaped
//   append_json_number(out, 0.5)      ->   0.5; null for what JSON cannot say (NaN, infinities)
//
// Errors:  none; bytes that are not UTF-8 become U+FFFD, so the output is always valid JSON.
// Threads: pure functions.
// Source:  RFC 8259; RFC 3629 for what is UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::telemetry {

// Appends `text` with every byte that is not part of a valid UTF-8 sequence replaced by U+FFFD.
void append_utf8(std::string& out, std::string_view text);

// Appends `text` as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

void append_json_number(std::string& out, double value);
void append_json_number(std::string& out, std::int64_t value);
void append_json_number(std::string& out, std::uint64_t value);

}  // namespace gateway::telemetry
