// Scalars as text: durations, sizes, numbers, addresses.
//
//   duration : Go's form, "5s", "100ms", "1m30s", "0"; also "d" for days; below a millisecond
//              rounds up
//   size     : bytes as an integer, or with B, KiB, MiB, GiB, TiB, KB, MB, GB, TB
//   address  : "host:port", "[::1]:port", ":port" (all interfaces)
//   url      : "http://host[:port][/path]" or https
//
// Errors:  nothing comes back; the caller knows what it asked for and says so.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace gateway::config {

[[nodiscard]] std::optional<bool> parse_bool(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::uint64_t> parse_integer(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::int64_t> parse_signed(std::string_view text) noexcept;
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] std::optional<Millis> parse_duration(std::string_view text);
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

// "1m30s": the shortest text that parse_duration() reads back.
[[nodiscard]] std::string text_of(Millis duration);
// "64MiB" where that is exact, else bytes.
[[nodiscard]] std::string text_of_size(std::uint64_t bytes);

struct Address {
  std::string host;  // without brackets; empty: all interfaces
  std::uint16_t port = 0;
};
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

struct Url {
  std::string scheme;  // http or https
  std::string host;
  std::optional<std::uint16_t> port;
  std::string path;  // as written; may be empty
};
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);

// Whether the host can only be this machine.
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

}  // namespace gateway::config
