#include "exporter/otlp_http/http_answer.h"

#include <algorithm>
#include <utility>

#include "exporter/otlp_http/retry_after.h"
#include "exporter/response.h"
#include "pipeline/status.h"

namespace gateway::exporter {

namespace {

enum class BodyType : std::uint8_t { protobuf, json, text };

BodyType type_of(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  std::transform(type.begin(), type.end(), type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  while (type.ends_with(' ')) type.pop_back();
  if (type == "application/x-protobuf") return BodyType::protobuf;
  if (type == "application/json") return BodyType::json;
  return BodyType::text;
}

}  // namespace

Answer answer_of(const HttpResponse& response, const std::string& endpoint,
                 std::int64_t now_unix_seconds) {
  const BodyType type = type_of(response.content_type);
  const auto bytes = std::as_bytes(std::span(response.body.data(), response.body.size()));
  const auto status = static_cast<std::uint16_t>(std::min(response.status, 999U));
  const pipeline::Verdict verdict = pipeline::verdict_of_http(status);
  Answer answer;
  if (verdict == pipeline::Verdict::delivered) {
    std::optional<PartialSuccess> partial;
    if (type == BodyType::protobuf) partial = read_partial_success(bytes);
    if (type == BodyType::json) partial = read_partial_success_json(response.body);
    if (partial) {
      answer.rejected_items = partial->rejected_items;
      answer.message = std::move(partial->error_message);
    }
    return answer;
  }

  std::optional<RpcStatus> details;
  if (type == BodyType::protobuf) details = read_rpc_status(bytes);
  if (type == BodyType::json) details = read_rpc_status_json(response.body);
  std::string text = "HTTP " + std::to_string(status) + " from " + endpoint;
  const std::string_view said = details                      ? std::string_view(details->message)
                                : type == BodyType::protobuf ? std::string_view()
                                                             : std::string_view(response.body);
  if (!said.empty()) text.append(": ").append(said.substr(0, kAnswerMessageSizeBytesMax));
  answer.message = printable(text);

  if (verdict == pipeline::Verdict::retry) {
    answer.kind = AnswerKind::retry;
    answer.retry_in = read_retry_after(response.retry_after, now_unix_seconds);
    if (!answer.retry_in && details) answer.retry_in = details->retry_delay;
    return answer;
  }
  const bool data = status == 400 || status == 413 || status == 422;
  answer.kind = data ? AnswerKind::data_refused : AnswerKind::refused;
  return answer;
}

Answer answer_of_unread(unsigned status, const std::string& endpoint) {
  const auto verdict =
      pipeline::verdict_of_http(static_cast<std::uint16_t>(std::min(status, 999U)));
  Answer answer;
  answer.kind =
      verdict == pipeline::Verdict::delivered ? AnswerKind::delivered : AnswerKind::refused;
  answer.message = printable("HTTP " + std::to_string(status) + " from " + endpoint +
                             ": the answer is too large and was not read");
  return answer;
}

}  // namespace gateway::exporter
