#include "pipeline/status.h"

#include <array>
#include <cstdio>

#include "telemetry/json_text.h"

namespace gateway::pipeline {
namespace {

struct Row {
  StatusKind kind;
  std::uint16_t http;
  GrpcCode grpc;
  bool retryable;
};

constexpr std::array<Row, 14> kRows = {{
    {StatusKind::ok, 200, GrpcCode::ok, false},
    {StatusKind::bad_data, 400, GrpcCode::invalid_argument, false},
    {StatusKind::unauthenticated, 401, GrpcCode::unauthenticated, false},
    {StatusKind::permission_denied, 403, GrpcCode::permission_denied, false},
    {StatusKind::not_found, 404, GrpcCode::unimplemented, false},
    {StatusKind::method_not_allowed, 405, GrpcCode::unimplemented, false},
    {StatusKind::request_timeout, 408, GrpcCode::deadline_exceeded, true},
    {StatusKind::too_large, 413, GrpcCode::resource_exhausted, false},
    {StatusKind::unsupported_type, 415, GrpcCode::invalid_argument, false},
    {StatusKind::unsupported_coding, 415, GrpcCode::unimplemented, false},
    {StatusKind::headers_too_large, 431, GrpcCode::resource_exhausted, false},
    {StatusKind::overload, 429, GrpcCode::unavailable, true},
    {StatusKind::unavailable, 503, GrpcCode::unavailable, true},
    {StatusKind::internal, 500, GrpcCode::internal, false},
}};

constexpr bool rows_stand_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].kind) != i) return false;
  }
  return true;
}
static_assert(rows_stand_in_order());

constexpr const Row& row_of(StatusKind kind) { return kRows[static_cast<std::size_t>(kind)]; }

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void append_bytes_field(std::string& out, char tag, std::string_view bytes) {
  out.push_back(tag);
  append_varint(out, bytes.size());
  out.append(bytes);
}

constexpr std::string_view kRetryInfoType = "type.googleapis.com/google.rpc.RetryInfo";
constexpr std::int64_t kNanosPerMilli = 1'000'000;

}  // namespace

std::uint16_t http_status(StatusKind kind) noexcept { return row_of(kind).http; }

GrpcCode grpc_code(StatusKind kind) noexcept { return row_of(kind).grpc; }

bool retryable(StatusKind kind) noexcept { return row_of(kind).retryable; }

std::uint64_t retry_after_seconds(std::chrono::milliseconds delay) noexcept {
  if (delay.count() <= 1000) return 1;
  return static_cast<std::uint64_t>((delay.count() + 999) / 1000);
}

Verdict verdict_of_grpc(GrpcCode code, bool has_retry_info) noexcept {
  switch (code) {
    case GrpcCode::ok:
      return Verdict::delivered;
    case GrpcCode::cancelled:
    case GrpcCode::deadline_exceeded:
    case GrpcCode::aborted:
    case GrpcCode::out_of_range:
    case GrpcCode::unavailable:
    case GrpcCode::data_loss:
      return Verdict::retry;
    case GrpcCode::resource_exhausted:
      return has_retry_info ? Verdict::retry : Verdict::permanent;
    default:
      return Verdict::permanent;
  }
}

Verdict verdict_of_http(std::uint16_t status) noexcept {
  if (status >= 200 && status < 300) return Verdict::delivered;
  const bool retry = status == 429 || status == 502 || status == 503 || status == 504;
  return retry ? Verdict::retry : Verdict::permanent;
}

GrpcCode grpc_code_of_http(std::uint16_t status) noexcept {
  switch (status) {
    case 400:
      return GrpcCode::internal;
    case 401:
      return GrpcCode::unauthenticated;
    case 403:
      return GrpcCode::permission_denied;
    case 404:
      return GrpcCode::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcCode::unavailable;
    default:
      return GrpcCode::unknown;
  }
}

// google.rpc.RetryInfo { google.protobuf.Duration retry_delay = 1 { seconds = 1, nanos = 2 } }
std::string retry_info_proto(std::chrono::milliseconds delay) {
  std::string duration;
  const std::int64_t millis = delay.count();
  if (millis >= 1000) {
    duration.push_back('\x08');
    append_varint(duration, static_cast<std::uint64_t>(millis / 1000));
  }
  if (millis % 1000 != 0) {
    duration.push_back('\x10');
    append_varint(duration, static_cast<std::uint64_t>(millis % 1000 * kNanosPerMilli));
  }
  std::string info;
  append_bytes_field(info, '\x0a', duration);
  return info;
}

std::string status_proto(const Status& status) {
  std::string out;
  const auto code = static_cast<std::uint64_t>(grpc_code(status.kind));
  if (code != 0) {
    out.push_back('\x08');
    append_varint(out, code);
  }
  if (!status.message.empty()) append_bytes_field(out, '\x12', status.message);
  if (status.retry_in) {
    std::string any;
    append_bytes_field(any, '\x0a', kRetryInfoType);
    append_bytes_field(any, '\x12', retry_info_proto(*status.retry_in));
    append_bytes_field(out, '\x1a', any);
  }
  return out;
}

std::string status_json(const Status& status) {
  std::string out = "{\"code\":" + std::to_string(static_cast<int>(grpc_code(status.kind)));
  out += ",\"message\":";
  telemetry::append_json_string(out, status.message);
  if (status.retry_in) {
    // ProtoJSON writes a Duration with 0, 3, 6 or 9 fraction digits.
    std::array<char, 40> delay{};
    const std::int64_t millis = status.retry_in->count();
    if (millis % 1000 == 0) {
      std::snprintf(delay.data(), delay.size(), "%llds", static_cast<long long>(millis / 1000));
    } else {
      std::snprintf(delay.data(), delay.size(), "%lld.%03llds",
                    static_cast<long long>(millis / 1000), static_cast<long long>(millis % 1000));
    }
    out += ",\"details\":[{\"@type\":\"";
    out += kRetryInfoType;
    out += "\",\"retryDelay\":\"";
    out += delay.data();
    out += "\"}]";
  }
  out += "}";
  return out;
}

}  // namespace gateway::pipeline
