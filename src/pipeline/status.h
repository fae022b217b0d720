// The three answers of the gateway, and their form in each protocol: the one place where a class of
// failure becomes an HTTP status, a gRPC code, and "again later" or "never again".
//
//   stored      200 / OK
//   bad_data    400 / INVALID_ARGUMENT, 413 / RESOURCE_EXHAUSTED without RetryInfo: never retried
//   later       429, 503 + Retry-After / UNAVAILABLE + RetryInfo
//
// Errors:  none; pure functions.
// Threads: any.
// Source:  shared OTLP rules, docs/conformance.md (G-08 to G-18, H-10 to H-31, R-01 to R-07).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace gateway::pipeline {

// The numbers of google.rpc.Code.
enum class GrpcCode : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// What can be said to a sender. Each has one HTTP status and one gRPC code.
enum class StatusKind : std::uint8_t {
  ok,
  bad_data,            // 400, INVALID_ARGUMENT
  unauthenticated,     // 401
  permission_denied,   // 403
  not_found,           // 404, UNIMPLEMENTED
  method_not_allowed,  // 405, UNIMPLEMENTED
  request_timeout,     // 408, DEADLINE_EXCEEDED: the body did not come in time
  too_large,           // 413, RESOURCE_EXHAUSTED without RetryInfo
  unsupported_type,    // 415, INVALID_ARGUMENT
  unsupported_coding,  // 415, UNIMPLEMENTED
  headers_too_large,   // 431, RESOURCE_EXHAUSTED
  overload,     // 429, UNAVAILABLE with RetryInfo: the byte budget is taken, or the disk full
  unavailable,  // 503, UNAVAILABLE with RetryInfo: starting, stopping, the disk fails
  internal,     // 500, INTERNAL: our fault, and not to be retried
};

struct Status {
  StatusKind kind = StatusKind::ok;
  std::string message;                                // for a person; valid UTF-8
  std::optional<std::chrono::milliseconds> retry_in;  // overload and unavailable only

  [[nodiscard]] bool ok() const noexcept { return kind == StatusKind::ok; }
};

[[nodiscard]] std::uint16_t http_status(StatusKind kind) noexcept;
[[nodiscard]] GrpcCode grpc_code(StatusKind kind) noexcept;
[[nodiscard]] bool retryable(StatusKind kind) noexcept;

// Whole seconds for Retry-After: rounded up, never 0 (H-29).
[[nodiscard]] std::uint64_t retry_after_seconds(std::chrono::milliseconds delay) noexcept;

// What an answer from a destination means for delivery.
enum class Verdict : std::uint8_t { delivered, retry, permanent };
[[nodiscard]] Verdict verdict_of_grpc(GrpcCode code, bool has_retry_info) noexcept;
[[nodiscard]] Verdict verdict_of_http(std::uint16_t status) noexcept;
// the gRPC code of an answer that has no grpc-status.
[[nodiscard]] GrpcCode grpc_code_of_http(std::uint16_t status) noexcept;

// google.rpc.RetryInfo as protobuf bytes, for a trailer of its own (G-19).
[[nodiscard]] std::string retry_info_proto(std::chrono::milliseconds delay);

// google.rpc.Status as protobuf bytes (with RetryInfo when there is a delay), and as ProtoJSON.
[[nodiscard]] std::string status_proto(const Status& status);
[[nodiscard]] std::string status_json(const Status& status);

}  // namespace gateway::pipeline
