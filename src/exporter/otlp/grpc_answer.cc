#include "exporter/otlp/grpc_answer.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include <grpcpp/support/slice.h>

#include "exporter/response.h"
#include "pipeline/status.h"

namespace gateway::exporter {

namespace {

using pipeline::GrpcCode;
using pipeline::Verdict;

constexpr std::string_view code_name(GrpcCode code) {
  switch (code) {
    case GrpcCode::ok:
      return "OK";
    case GrpcCode::cancelled:
      return "CANCELLED";
    case GrpcCode::unknown:
      return "UNKNOWN";
    case GrpcCode::invalid_argument:
      return "INVALID_ARGUMENT";
    case GrpcCode::deadline_exceeded:
      return "DEADLINE_EXCEEDED";
    case GrpcCode::not_found:
      return "NOT_FOUND";
    case GrpcCode::already_exists:
      return "ALREADY_EXISTS";
    case GrpcCode::permission_denied:
      return "PERMISSION_DENIED";
    case GrpcCode::resource_exhausted:
      return "RESOURCE_EXHAUSTED";
    case GrpcCode::failed_precondition:
      return "FAILED_PRECONDITION";
    case GrpcCode::aborted:
      return "ABORTED";
    case GrpcCode::out_of_range:
      return "OUT_OF_RANGE";
    case GrpcCode::unimplemented:
      return "UNIMPLEMENTED";
    case GrpcCode::internal:
      return "INTERNAL";
    case GrpcCode::unavailable:
      return "UNAVAILABLE";
    case GrpcCode::data_loss:
      return "DATA_LOSS";
    case GrpcCode::unauthenticated:
      return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

Answer delivered(const grpc::ByteBuffer& response) {
  Answer answer{.kind = AnswerKind::delivered};
  std::vector<grpc::Slice> slices;
  if (response.Length() == 0 || !response.Dump(&slices).ok()) return answer;
  std::string body;
  for (const grpc::Slice& slice : slices) {
    body.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  if (auto partial = read_partial_success(bytes_of(body))) {
    answer.rejected_items = partial->rejected_items;
    answer.message = std::move(partial->error_message);
  }
  return answer;
}

// Some servers say when to come back in gRPC's own metadata instead of RetryInfo.
std::optional<std::chrono::milliseconds> pushback(const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find("grpc-retry-pushback-ms");
  if (found == trailers.end()) return std::nullopt;
  std::int64_t delay_ms = -1;
  const char* end = found->second.data() + found->second.size();
  const auto parsed = std::from_chars(found->second.data(), end, delay_ms);
  if (parsed.ec != std::errc() || parsed.ptr != end || delay_ms < 0) return std::nullopt;
  return std::chrono::milliseconds(std::min<std::int64_t>(delay_ms, 24LL * 3600 * 1000));
}

bool answer_is_too_large(const grpc::Status& status) {
  static const std::string kLimit = " vs. " + std::to_string(kGrpcReceiveSizeBytesMax) + ")";
  return status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
         status.error_message().find("eceived message larger than max") != std::string::npos &&
         status.error_message().find(kLimit) != std::string::npos;
}

std::string describe(GrpcCode code, std::string_view message, const std::string& endpoint) {
  if (code == GrpcCode::unavailable) {
    if (message.find("Connection refused") != std::string_view::npos) {
      return "connection refused by " + endpoint;
    }
    if (message.find("DNS resolution failed") != std::string_view::npos) {
      return "no address found for " + endpoint;
    }
  }
  std::string text(code_name(code));
  text += " from " + endpoint;
  if (!message.empty()) text.append(": ").append(message);
  return printable(text);
}

}  // namespace

Answer answer_of(const grpc::Status& status, const grpc::ByteBuffer& response,
                 const grpc::ClientContext& context, const std::string& endpoint) {
  if (status.ok()) return delivered(response);
  if (answer_is_too_large(status)) {
    // not read, not retried. Only a request that was taken is answered by a message (P-11).
    return {.kind = AnswerKind::delivered,
            .message = printable("the answer from " + endpoint + " is too large and was not read")};
  }
  const int number = static_cast<int>(status.error_code());
  const GrpcCode code =
      number >= 0 && number <= 16 ? static_cast<GrpcCode>(number) : GrpcCode::unknown;
  std::optional<std::chrono::milliseconds> retry_in;
  if (const auto details = read_rpc_status(bytes_of(status.error_details()))) {
    retry_in = details->retry_delay;
  }
  if (!retry_in) retry_in = pushback(context);

  Answer answer{.retry_in = retry_in, .message = describe(code, status.error_message(), endpoint)};
  if (pipeline::verdict_of_grpc(code, retry_in.has_value()) == Verdict::retry) {
    answer.kind = AnswerKind::retry;
    return answer;
  }
  answer.retry_in.reset();
  const bool data = code == GrpcCode::invalid_argument || code == GrpcCode::resource_exhausted;
  answer.kind = data ? AnswerKind::data_refused : AnswerKind::refused;
  return answer;
}

}  // namespace gateway::exporter
