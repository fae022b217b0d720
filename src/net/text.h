// Small texts of HTTP and gRPC: percent-encoding, grpc-timeout, media types, dates.
//
// Errors:  what does not parse is std::nullopt; nothing throws.
// Threads: pure functions, safe from any thread.
// Source:  RFC 9110 (5.6.7, 8.3), grpc PROTOCOL-HTTP2 ("Percent-Encoded", "Timeout").
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::net {

// grpc-message: space to tilde as they are, all but '%'; every other byte as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

// "100m" and the like: up to 8 digits and a unit.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_grpc_timeout(
    std::string_view text) noexcept;

[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

// The media type without its parameters: "Application/JSON; charset=utf-8" is "Application/JSON".
[[nodiscard]] std::string_view media_type(std::string_view content_type) noexcept;

// Whether a content type is of the gRPC family: "application/grpc", alone or with "+", ";" behind.
[[nodiscard]] bool is_grpc_content_type(std::string_view content_type) noexcept;

// "Sat, 21 Nov 2026 10:05:00 GMT"
[[nodiscard]] std::string http_date(std::chrono::system_clock::time_point when);

[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace gateway::net
