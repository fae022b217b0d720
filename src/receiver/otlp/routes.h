// Which request is meant for what: paths, methods, media types, codings. Pure; the head of a
// request in, a Route or a Status out.
//
// Errors:  the Status that the sender gets.
// Threads: pure functions.
// Source:  conformance lines G-01, G-07, G-20, H-02 to H-06, H-17 to H-19, H-27, H-36, S-20.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/signal.h"
#include "config/settings.h"
#include "net/decompress.h"
#include "pipeline/status.h"

namespace gateway::receiver::otlp {

enum class Encoding : std::uint8_t { protobuf, json };

enum class HealthMethod : std::uint8_t { check, watch };

inline constexpr std::string_view kProfilesUrlPath = "/v1development/profiles";
inline constexpr std::string_view kMediaProtobuf = "application/x-protobuf";
inline constexpr std::string_view kMediaJson = "application/json";

// The signal of an Export method, whether or not it is served here.
[[nodiscard]] std::optional<Signal> export_signal(std::string_view grpc_path) noexcept;
[[nodiscard]] std::optional<HealthMethod> health_method(std::string_view grpc_path) noexcept;
// ServerReflectionInfo, under its name or its older name.
[[nodiscard]] bool is_reflection(std::string_view grpc_path) noexcept;
// "opentelemetry.proto.collector.trace.v1.TraceService"
[[nodiscard]] std::string_view export_service(Signal signal) noexcept;
[[nodiscard]] std::optional<Signal> http_signal(std::string_view path,
                                                const config::Listener& listener) noexcept;

// Of a Content-Type, parameters and case aside; nothing when it is neither.
[[nodiscard]] std::optional<Encoding> encoding_of(std::string_view content_type) noexcept;
[[nodiscard]] constexpr std::string_view media_of(Encoding encoding) noexcept {
  return encoding == Encoding::json ? kMediaJson : kMediaProtobuf;
}
// "application/grpc" or "application/grpc+proto", parameters and case aside.
[[nodiscard]] bool is_grpc_proto(std::string_view content_type) noexcept;

// Whether an Accept-Encoding names gzip, or everything, and does not refuse it (q=0).
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding) noexcept;

// Whether a browser's page from `origin` may send. An allowed origin may hold one "*".
[[nodiscard]] bool origin_allowed(std::string_view origin,
                                  const std::vector<std::string>& allowed) noexcept;

}  // namespace gateway::receiver::otlp
