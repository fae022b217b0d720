// What a sender gets to read: success, partial success, and every refusal, in gRPC, in protobuf and
// in JSON.
//
// Limits:  kErrorMessageSizeBytesMax bounds every message, so no response comes near the 4 MiB that
//          clients accept (G-15, H-32).
// Errors:  none; messages are made here and hold no byte of the sender (H-13).
// Threads: pure functions.
// Source:  conformance lines G-13 to G-19, H-07 to H-15, H-27, H-29, P-01 to P-08.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/signal.h"
#include "net/exchange.h"
#include "otlpview/check.h"
#include "pipeline/status.h"
#include "receiver/otlp/routes.h"

namespace gateway::receiver::otlp {

inline constexpr std::size_t kErrorMessageSizeBytesMax = 1024;

// An Export response with partial_success set.
[[nodiscard]] std::string partial_success_proto(std::uint32_t rejected_count,
                                                std::string_view message);
[[nodiscard]] std::string partial_success_json(Signal signal, std::uint32_t rejected_count,
                                               std::string_view message);
// "3 of 10 spans rejected; the first, at byte 120 of the body: trace_id is not ..."
[[nodiscard]] std::string partial_success_message(Signal signal,
                                                  const otlpview::CheckReport& report);

// The form a request is answered in.
enum class AnswerForm : std::uint8_t { grpc, protobuf, json };
[[nodiscard]] constexpr AnswerForm form_of(Encoding encoding) noexcept {
  return encoding == Encoding::json ? AnswerForm::json : AnswerForm::protobuf;
}

// Smaller bodies are sent as they are.
inline constexpr std::size_t kGzipAnswerSizeBytesMin = 96;
[[nodiscard]] std::string gzipped(std::string_view body);

[[nodiscard]] net::GrpcReply grpc_refusal(const pipeline::Status& status);
[[nodiscard]] net::HttpReply http_refusal(const pipeline::Status& status, AnswerForm form);

// What people call the items of a signal: "spans", "data points", "log records", "profiles".
[[nodiscard]] std::string_view items_of(Signal signal) noexcept;

}  // namespace gateway::receiver::otlp
