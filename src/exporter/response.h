// What a destination's answer says, read from its protobuf bytes: partial success, and the message
// and RetryInfo of a google.rpc.Status. Nothing else of it is looked at.
//
//   Export*ServiceResponse { ExportPartialSuccess partial_success = 1; }
//   ExportPartialSuccess   { int64 rejected_* = 1; string error_message = 2; }
//   google.rpc.Status      { int32 code = 1; string message = 2; repeated Any details = 3; }
//   google.protobuf.Any    { string type_url = 1; bytes value = 2; }
//   google.rpc.RetryInfo   { Duration retry_delay = 1; }   Duration { seconds = 1; nanos = 2; }
//
// Errors:  nothing, when the bytes are no such message; the request then counts as delivered
//          (P-11).
// Threads: pure.
// Source:  OTLP specification; google/rpc/status.proto, error_details.proto.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gateway::exporter {

struct PartialSuccess {
  std::uint64_t rejected_items = 0;  // a negative count reads as 0
  std::string error_message;         // printable()
};
[[nodiscard]] std::optional<PartialSuccess> read_partial_success(std::span<const std::byte> body);

struct RpcStatus {
  std::string message;  // printable()
  std::optional<std::chrono::milliseconds> retry_delay;
};
[[nodiscard]] std::optional<RpcStatus> read_rpc_status(std::span<const std::byte> body);

// The same from ProtoJSON: {"partialSuccess":{"rejectedSpans":"1","errorMessage":""}} and
// {"code":3,"message":"..."}.
[[nodiscard]] std::optional<PartialSuccess> read_partial_success_json(std::string_view body);
[[nodiscard]] std::optional<RpcStatus> read_rpc_status_json(std::string_view body);

}  // namespace gateway::exporter
