// What follows "?" in a URL: name=value pairs, percent-encoded.
//
//   append_query(out, "name", "GET /a&b")   ->   name=GET%20%2Fa%26b, with "&" before it if need be
//
// Errors:  nothing for an escape that is none; a name without "=" has an empty value.
// Threads: pure functions.
// Source:  RFC 3986 (2.1, 2.3, 3.4); "+" stands for a space, as forms write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::net {

using QueryPairs = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t kQueryPairsMax = 64;

// In the order of the text; nothing also for more than kQueryPairsMax.
[[nodiscard]] std::optional<QueryPairs> parse_query(std::string_view query);

void append_query(std::string& out, std::string_view name, std::string_view value);

}  // namespace gateway::net
