#include "receiver/otlp/answers.h"

#include <array>
#include <memory>

#include <libdeflate.h>

#include "base/assert.h"

namespace gateway::receiver::otlp {
namespace {

struct SignalWords {
  std::string_view items;
  std::string_view rejected_key;
};
constexpr std::array<SignalWords, kSignalCount> kWords = {{
    {"spans", "rejectedSpans"},
    {"data points", "rejectedDataPoints"},
    {"log records", "rejectedLogRecords"},
    {"profiles", "rejectedProfiles"},
}};

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::string_view bounded(std::string_view message) noexcept {
  return message.substr(0, kErrorMessageSizeBytesMax);  // our messages are ASCII
}

}  // namespace

std::string_view items_of(Signal signal) noexcept { return kWords[index_of(signal)].items; }

std::string partial_success_proto(std::uint32_t rejected_count, std::string_view message) {
  message = bounded(message);
  std::string partial;
  if (rejected_count != 0) {
    partial.push_back('\x08');
    append_varint(partial, rejected_count);
  }
  partial.push_back('\x12');
  append_varint(partial, message.size());
  partial.append(message);
  std::string out(1, '\x0a');
  append_varint(out, partial.size());
  return out + partial;
}

std::string partial_success_json(Signal signal, std::uint32_t rejected_count,
                                 std::string_view message) {
  std::string out = "{\"partialSuccess\":{\"";
  out += kWords[index_of(signal)].rejected_key;
  out += "\":\"";
  out += std::to_string(rejected_count);
  out += "\",\"errorMessage\":\"";
  for (const char c : bounded(message)) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out += "\"}}";
  return out;
}

std::string partial_success_message(Signal signal, const otlpview::CheckReport& report) {
  std::string out =
      std::to_string(report.rejected_count) + " of " + std::to_string(report.item_count) + " ";
  out += items_of(signal);
  out += " rejected; the first, at byte " + std::to_string(report.first_offset);
  out += " of the body: ";
  out += otlpview::describe(report.first_reason);
  return out;
}

std::string gzipped(std::string_view body) {
  constexpr int kLevel = 1;
  thread_local const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)>
      compressor(libdeflate_alloc_compressor(kLevel), libdeflate_free_compressor);
  GATEWAY_ASSERT(compressor != nullptr);
  std::string out(libdeflate_gzip_compress_bound(compressor.get(), body.size()), '\0');
  out.resize(
      libdeflate_gzip_compress(compressor.get(), body.data(), body.size(), out.data(), out.size()));
  GATEWAY_ASSERT(!out.empty());
  return out;
}

net::GrpcReply grpc_refusal(const pipeline::Status& status) {
  net::GrpcReply reply;
  reply.code = static_cast<std::uint32_t>(pipeline::grpc_code(status.kind));
  reply.message = status.message;
  reply.trailers.emplace_back("grpc-status-details-bin", pipeline::status_proto(status));
  if (status.retry_in) {
    reply.trailers.emplace_back("google.rpc.retryinfo-bin",
                                pipeline::retry_info_proto(*status.retry_in));
  }
  return reply;
}

net::HttpReply http_refusal(const pipeline::Status& status, AnswerForm form) {
  net::HttpReply reply;
  reply.status = pipeline::http_status(status.kind);
  const bool protobuf = form == AnswerForm::protobuf;
  reply.content_type = protobuf ? kMediaProtobuf : kMediaJson;
  reply.body = protobuf ? pipeline::status_proto(status) : pipeline::status_json(status);
  if (status.retry_in) {
    reply.headers.emplace_back("retry-after",
                               std::to_string(pipeline::retry_after_seconds(*status.retry_in)));
  }
  if (status.kind == pipeline::StatusKind::method_not_allowed) {
    reply.headers.emplace_back("allow", "POST");
  }
  if (status.kind == pipeline::StatusKind::unsupported_coding) {
    reply.headers.emplace_back("accept-encoding", "gzip, zstd");
  }
  if (status.kind == pipeline::StatusKind::unauthenticated) {
    reply.headers.emplace_back("www-authenticate", "Bearer");
  }
  return reply;
}

}  // namespace gateway::receiver::otlp
