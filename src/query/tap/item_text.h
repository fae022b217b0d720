// One item on one line, for a person who watches:
//
//   10:05:00.123 traces  shop  GET /cart  server 12.5ms error  trace=5b8e... span=00f0...
//   10:05:00.124 logs    shop  INFO  "paid"  trace=5b8e...
//   10:05:00.125 metrics shop  queue.length gauge 3 points, last 7 {item}
//
// Attributes follow as key=value, cut at kItemLineSizeBytesMax. Control characters are spaces.
//
// Units:   times as UTC of the day.
// Errors:  none; a body that is damaged shows what lies before the damage.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "base/signal.h"

namespace gateway::query {

inline constexpr std::size_t kItemLineSizeBytesMax = 400;

// Calls `line` for each item of the request, without a newline. Profiles are one line a request.
void show_items(Signal signal, std::span<const std::byte> body,
                const std::function<void(std::string_view line)>& line);

}  // namespace gateway::query
