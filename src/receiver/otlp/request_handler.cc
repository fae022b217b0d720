#include "receiver/otlp/request_handler.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/assert.h"
#include "config/processor_settings.h"
#include "net/body.h"
#include "net/limits.h"
#include "net/text.h"
#include "otlpview/json_to_wire.h"
#include "otlpview/rewrite.h"
#include "pipeline/request_context.h"
#include "telemetry/json_text.h"

namespace gateway::receiver::otlp {
namespace {

using pipeline::Status;
using pipeline::StatusKind;  // NOLINT(misc-unused-using-decls): it is used

otlpview::Signal view_signal(Signal signal) noexcept {
  return static_cast<otlpview::Signal>(index_of(signal));
}

TransportLabel label_of(const net::Exchange& exchange) noexcept {
  return exchange.transport() == net::Transport::grpc ? TransportLabel::grpc : TransportLabel::http;
}

// Of a plain request, whatever came of it; JSON when its media type is unknown (H-15).
AnswerForm form_of(const net::Exchange& exchange) noexcept {
  if (exchange.transport() == net::Transport::grpc) return AnswerForm::grpc;
  return form_of(encoding_of(exchange.header("content-type")).value_or(Encoding::json));
}

Request* request_of(const net::Exchange& exchange) noexcept {
  return static_cast<Request*>(exchange.user);
}

std::size_t announced_size(const net::Exchange& exchange) noexcept {
  const std::string_view text = exchange.header("content-length");
  std::size_t size = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), size);
  return parsed.ec == std::errc{} ? size : 0;
}

std::uint64_t unix_nano_now() noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

// ---- head ---------------------------------------------------------------------------------------

bool serves(Signal signal, const config::OtlpReceiver& settings,
            std::uint32_t signals_enabled) noexcept {
  return ((signals_enabled & settings.signals) >> index_of(signal) & 1U) != 0;
}

const Terms& RequestHandler::terms_of(const net::Exchange& exchange) const noexcept {
  return *shared_.terms[exchange.thread().index()];
}

const config::Listener& RequestHandler::listener_of(const net::Exchange& exchange) const noexcept {
  return terms_of(exchange).settings.*listener_;
}

bool RequestHandler::enabled(const net::Exchange& exchange, Signal signal) const noexcept {
  const Terms& terms = terms_of(exchange);
  return serves(signal, terms.settings, terms.signals_enabled);
}

net::BodyPlan RequestHandler::plan(const net::Exchange& exchange, const Request* request,
                                   std::size_t held_bytes) const noexcept {
  return {.size_bytes_max = static_cast<std::size_t>(listener_of(exchange).max_recv_msg_size_bytes),
          .budget = shared_.dependencies.budget,
          .held_bytes = held_bytes,
          .holder = request};
}

std::size_t RequestHandler::bytes_left(const Request& request) const noexcept {
  const ByteBudget* const budget = shared_.dependencies.budget;
  if (budget == nullptr) return std::numeric_limits<std::size_t>::max();
  return budget->limit_bytes() - std::min(budget->limit_bytes(), request.lease.bytes());
}

bool RequestHandler::could_take(const Request& request, std::size_t bytes) const noexcept {
  const ByteBudget* const budget = shared_.dependencies.budget;
  return budget == nullptr || budget->could_take(bytes, request.lease.bytes(), &request);
}

Lane& RequestHandler::lane_of(const net::Exchange& exchange) const noexcept {
  return *shared_.lanes[exchange.thread().index()];
}

std::optional<net::BodyPlan> RequestHandler::on_head(net::Exchange& exchange) noexcept {
  return exchange.transport() == net::Transport::grpc ? on_grpc_head(exchange)
                                                      : on_http_head(exchange);
}

std::optional<net::BodyPlan> RequestHandler::on_grpc_head(net::Exchange& exchange) noexcept {
  if (exchange.method() != "POST" || !is_grpc_proto(exchange.header("content-type"))) {
    const StatusKind kind =
        exchange.method() != "POST" ? StatusKind::method_not_allowed : StatusKind::unsupported_type;
    shared_.metrics.on_stray_answer(TransportLabel::grpc, kind);
    net::HttpReply answer;
    answer.status = pipeline::http_status(kind);
    if (kind == StatusKind::method_not_allowed) answer.headers.emplace_back("allow", "POST");
    exchange.reply(std::move(answer));
    return std::nullopt;
  }
  const auto signal = export_signal(exchange.path());
  if (!signal && health_method(exchange.path())) {
    return net::BodyPlan{kHealthRequestSizeBytesMax, shared_.dependencies.budget};
  }
  if (!signal && is_reflection(exchange.path())) {
    return net::BodyPlan{.size_bytes_max = kReflectionRequestSizeBytesMax,
                         .budget = shared_.dependencies.budget,
                         .stream = true};
  }
  if (!signal || !enabled(exchange, *signal)) {
    refuse_stray(exchange, {StatusKind::not_found, "no such method is served here", {}});
    return std::nullopt;
  }
  const auto coding = net::parse_coding(exchange.header("grpc-encoding"));
  if (!coding || exchange.header_count("grpc-encoding") > 1) {
    refuse_stray(exchange,
                 {StatusKind::unsupported_coding, "grpc-encoding must be gzip or zstd", {}});
    return std::nullopt;
  }
  return admit(exchange, *signal, AnswerForm::grpc, *coding);
}

std::optional<net::BodyPlan> RequestHandler::on_http_head(net::Exchange& exchange) noexcept {
  const auto stray = [&](StatusKind kind, std::string message) -> std::optional<net::BodyPlan> {
    refuse_stray(exchange, {kind, std::move(message), {}});
    return std::nullopt;
  };
  const auto signal = http_signal(exchange.path(), listener_of(exchange));
  if (!signal && export_signal(exchange.path()) && exchange.method() == "POST") {
    return stray(StatusKind::unsupported_type, "content-type must be application/grpc");
  }
  if (!signal || !enabled(exchange, *signal)) return stray(StatusKind::not_found, "no such path");
  if (exchange.method() == "OPTIONS" && !listener_of(exchange).cors_allowed_origins.empty()) {
    preflight(exchange);
    return std::nullopt;
  }
  if (exchange.method() != "POST") {
    return stray(StatusKind::method_not_allowed, "only POST is allowed on this path");
  }
  const auto encoding = encoding_of(exchange.header("content-type"));
  if (!encoding || exchange.header_count("content-type") > 1) {
    return stray(StatusKind::unsupported_type,
                 "content-type must be application/x-protobuf or application/json");
  }
  const auto coding = net::parse_coding(exchange.header("content-encoding"));
  if (!coding || exchange.header_count("content-encoding") > 1) {
    return stray(StatusKind::unsupported_coding,
                 "content-encoding must be one of gzip, zstd, identity");
  }
  return admit(exchange, *signal, form_of(*encoding), *coding);
}

std::optional<net::BodyPlan> RequestHandler::admit(net::Exchange& exchange, Signal signal,
                                                   AnswerForm form, ContentCoding coding) noexcept {
  Request& request = lane_of(exchange).take();
  request.handler = this;
  request.exchange = &exchange;
  request.transport = label_of(exchange);
  request.form = form;
  request.coding = coding;
  request.began = exchange.began();
  request.info = {};
  request.info.signal = signal;
  exchange.user = &request;
  const std::size_t size = announced_size(exchange);
  if (size <= listener_of(exchange).max_recv_msg_size_bytes &&
      !shared_.dependencies.log->admits(size)) {
    shared_.dependencies.log->note_refused();
    refuse(request, log_full(size));
    return std::nullopt;
  }
  return plan(exchange, &request);
}

// ---- body ---------------------------------------------------------------------------------------

void RequestHandler::on_request(net::Exchange& exchange) noexcept {
  if (request_of(exchange) == nullptr) return on_service_request(exchange);
  Request& request = *request_of(exchange);
  request.payload = std::move(exchange.body());
  request.lease = std::move(exchange.lease());
  request.info.received_unix_nano = unix_nano_now();
  shared_.metrics.on_received(request.info.signal, request.transport, request.payload.size());

  Step step = inflate(request, exchange);
  if (step && request.form == AnswerForm::json) step = transcode(request);
  if (step) step = check(request);
  if (step && request.report.needs_rewrite) step = rewrite(request);
  if (!step) return refuse(request, step.error());

  if (request.report.item_count == request.report.rejected_count) {
    // Nothing to keep: an empty request, or one without a single valid item (P-07).
    acknowledge(request);
    return request.lane->release(request);
  }
  if (request.compressed) {
    if (!request.report.needs_rewrite) {
      request.payload = std::move(request.compressed);
      request.lease = std::move(request.compressed_lease);
      request.info.coding = request.coding;
    } else {
      request.compressed.reset();
      request.compressed_lease.release();
    }
  }
  request.info.item_count = request.report.item_count - request.report.rejected_count;
  if (!listener_of(exchange).context_keys.empty()) keep_context(request, exchange);
  request.lane->submit(request);
}

// What processors will ask for, when the request's head is long gone.
void RequestHandler::keep_context(Request& request, const net::Exchange& exchange) const noexcept {
  for (const std::string& key : listener_of(exchange).context_keys) {
    std::optional<std::string> value;
    if (key == config::kContextClientAddress) {
      value = exchange.peer_address();
    } else {
      value = exchange.joined_header(std::string_view(key).substr(config::kContextMetadata.size()));
    }
    if (!value) continue;
    std::string text;
    telemetry::append_utf8(text, *value);  // an attribute must be
    if (!pipeline::append_context_value(key, text, request.info.context)) {
      shared_.metrics.context_left_out.add();
    }
  }
}

RequestHandler::Step RequestHandler::inflate(Request& request, net::Exchange& exchange) noexcept {
  ContentCoding coding = request.coding;
  if (request.form == AnswerForm::grpc) {
    if (!exchange.message_compressed()) {
      coding = ContentCoding::identity;
    } else if (coding == ContentCoding::identity) {
      return fail(Status{StatusKind::internal,
                         "the message is marked compressed, but grpc-encoding names no coding",
                         {}});
    }
  }
  if (coding == ContentCoding::identity) return {};
  Buffer inflated;
  ByteLease lease;
  auto done = net::decompress(coding, std::as_const(request.payload).payload(),
                              plan(exchange, &request, request.lease.bytes()), inflated, lease);
  if (!done) {
    switch (done.error()) {
      case net::DecompressErrc::corrupt:
        return fail(Status{StatusKind::bad_data, "the body is not what its coding says", {}});
      case net::DecompressErrc::too_large:
        return fail(status_of(net::RequestErrc::too_large, exchange));
      case net::DecompressErrc::over_budget:
        return fail(overload(exchange));
    }
  }
  if (keeps(request, coding, inflated.size())) {
    request.compressed = std::move(request.payload);
    request.compressed_lease = std::move(request.lease);
  }
  request.payload = std::move(inflated);
  request.lease = std::move(lease);
  return {};
}

// Whoever reads it later must be able to tell from the bytes what they inflate to.
bool RequestHandler::keeps(const Request& request, ContentCoding coding,
                           std::size_t inflated_bytes) const noexcept {
  const auto& kept = terms_of(*request.exchange).settings.kept_codings;
  const std::uint32_t codings = kept[index_of(request.info.signal)];
  return (codings >> static_cast<unsigned>(coding) & 1U) != 0 && request.form != AnswerForm::json &&
         inflated_bytes <= storage::kInflatedSizeBytesMax &&
         net::announced_size(coding, std::as_const(request.payload).payload()) == inflated_bytes;
}

// The usual request is no larger in protobuf than in JSON. Where it is, a second attempt gets all
// the room there may be.
RequestHandler::Step RequestHandler::transcode(Request& request) noexcept {
  // A count in two characters becomes eight bytes; nothing grows more.
  constexpr std::size_t kJsonGrowthMax = 4;
  // Leased and reserved beside the room, so that the bytes never move.
  constexpr std::size_t kSlack = otlpview::kJsonSlackSizeBytes;
  ByteBudget* const budget = shared_.dependencies.budget;
  const Terms& terms = terms_of(*request.exchange);
  const auto json = std::as_const(request.payload).payload();
  std::size_t limit =
      std::min(plan(*request.exchange).size_bytes_max,
               std::max(kJsonGrowthMax * json.size(), net::kBodyFirstStepSizeBytes));
  if (!could_take(request, limit + kSlack)) {
    const std::size_t left = bytes_left(request);
    limit = std::min(limit, left - std::min(left, kSlack));
  }
  for (std::size_t room = std::min(limit, std::max(json.size(), net::kBodyFirstStepSizeBytes));;
       room = limit) {
    if (!could_take(request, room + kSlack)) room = limit;
    ByteLease scratch_lease;
    if (budget != nullptr &&
        !scratch_lease.try_grow(*budget, room + kSlack, &request, request.lease.bytes())) {
      return fail(overload(*request.exchange));
    }
    std::vector<std::byte> wire;
    wire.reserve(room + kSlack);
    otlpview::JsonLimits limits;
    limits.nesting_max = terms.settings.max_nesting_levels;
    limits.wire_size_bytes_max = room;
    limits.accept_proto_names = terms.settings.accept_proto_names;
    limits.accept_enum_names = terms.settings.accept_enum_names;
    const auto stats = otlpview::json_to_wire(view_signal(request.info.signal), json, limits, wire);
    if (!stats) {
      if (stats.error().code != otlpview::JsonErrc::too_large) {
        return fail(Status{StatusKind::bad_data, stats.error().message, {}});
      }
      if (room == limit) return fail(status_of(net::RequestErrc::too_large, *request.exchange));
      continue;
    }
    shared_.metrics.on_json(*stats);
    // The JSON has been read: its room serves for what becomes of it.
    request.payload.reset();
    request.lease.release();
    const net::BodyPlan room_of_body = plan(*request.exchange, &request, scratch_lease.bytes());
    auto allocated = net::allocate_body(room_of_body, wire.size(), request.payload, request.lease);
    if (!allocated) return fail(status_of(allocated.error(), *request.exchange));
    if (!wire.empty()) request.payload.append(wire);
    return {};
  }
}

RequestHandler::Step RequestHandler::check(Request& request) noexcept {
  const auto report = otlpview::check(view_signal(request.info.signal),
                                      std::as_const(request.payload).payload(), limits(request));
  if (!report) {
    std::string message = "the body is not a valid request: ";
    message += otlpview::describe(report.error().code);
    message += ", at byte " + std::to_string(report.error().offset);
    return fail(Status{StatusKind::bad_data, std::move(message), {}});
  }
  request.report = *report;
  return {};
}

RequestHandler::Step RequestHandler::rewrite(Request& request) noexcept {
  // No larger than the original.
  const std::size_t size = request.payload.size();
  ByteBudget* const budget = shared_.dependencies.budget;
  ByteLease scratch_lease;
  if (!could_take(request, size)) {
    return fail(status_of(net::RequestErrc::too_large, *request.exchange));
  }
  if (budget != nullptr &&
      !scratch_lease.try_grow(*budget, size, &request, request.lease.bytes())) {
    return fail(overload(*request.exchange));
  }
  std::vector<std::byte> rewritten;
  rewritten.reserve(size);
  otlpview::rewrite(view_signal(request.info.signal), std::as_const(request.payload).payload(),
                    limits(request), rewritten);
  GATEWAY_ASSERT(rewritten.size() <= size);
  request.payload.resize_down(0);
  if (!rewritten.empty()) request.payload.append(rewritten);
  return {};
}

void RequestHandler::on_service_request(net::Exchange& exchange) noexcept {
  if (const auto method = health_method(exchange.path())) return on_health(exchange, *method);
  exchange.reply(net::GrpcReply{});  // the questions to reflection have ended
}

void RequestHandler::on_message(net::Exchange& exchange) noexcept {
  const auto said = terms_of(exchange).reflection->answer(std::as_const(exchange.body()).payload());
  if (!said || exchange.message_compressed()) {
    return exchange.reply(
        grpc_refusal({StatusKind::bad_data, "not a ServerReflectionRequest", {}}));
  }
  if (exchange.send_message(*said)) return;
  exchange.reply(
      grpc_refusal({StatusKind::unavailable, "the answers are not read", kRetryDelayUnavailable}));
}

void RequestHandler::on_health(net::Exchange& exchange, HealthMethod method) noexcept {
  const auto service = parse_health_request(std::as_const(exchange.body()).payload());
  if (!service || exchange.message_compressed()) {
    return exchange.reply(grpc_refusal({StatusKind::bad_data, "not a HealthCheckRequest", {}}));
  }
  if (method == HealthMethod::watch) {
    if (shared_.watchers[exchange.thread().index()]->add(exchange, *service)) return;
    return exchange.reply(grpc_refusal(
        {StatusKind::unavailable, "no more watchers are taken now", kRetryDelayUnavailable}));
  }
  const ServingStatus status = shared_.dependencies.serving(*service);
  if (status == ServingStatus::service_unknown) {
    constexpr std::uint32_t kNotFound = 5;
    return exchange.reply(net::GrpcReply{kNotFound, "no such service", {}, {}});
  }
  exchange.reply(net::GrpcReply{0, {}, health_response(status), {}});
}

// ---- answers ------------------------------------------------------------------------------------

void RequestHandler::on_stored(Request& request) noexcept {
  if (!request.error) return acknowledge(request);
  if (request.exchange == nullptr) return;
  Status status;
  switch (*request.error) {
    case storage::AppendErrc::full:
      status = log_full(request.payload.size());
      break;
    case storage::AppendErrc::io_error:
      status = {StatusKind::unavailable, "the disk does not take writes now",
                kRetryDelayUnavailable};
      break;
    case storage::AppendErrc::stopped:
      status = {StatusKind::unavailable, "the gateway is stopping", kRetryDelayUnavailable};
      break;
    case storage::AppendErrc::too_large:
      status = {StatusKind::too_large, "the request is larger than a segment of the log", {}};
      break;
  }
  shared_.metrics.on_items_refused(request.info.signal, request.info.item_count);
  shared_.metrics.on_answer(request.info.signal, request.transport, status.kind,
                            std::chrono::steady_clock::now() - request.began);
  net::Exchange& exchange = *std::exchange(request.exchange, nullptr);
  reply(exchange, request.form, status);
}

void RequestHandler::acknowledge(Request& request) noexcept {
  const otlpview::CheckReport& report = request.report;
  const Signal signal = request.info.signal;
  shared_.metrics.on_items(signal, report.item_count - report.rejected_count, report.rejected_count,
                           report.first_reason);
  if (request.exchange == nullptr) return;  // stored, but nobody is there to be told
  shared_.metrics.on_answer(signal, request.transport, StatusKind::ok,
                            std::chrono::steady_clock::now() - request.began);
  trace(request, StatusKind::ok);
  net::Exchange& exchange = *std::exchange(request.exchange, nullptr);
  const bool partial = report.rejected_count != 0;
  switch (request.form) {
    case AnswerForm::grpc: {
      if (!partial) return exchange.reply_empty_message();
      net::GrpcReply answer;
      answer.payload =
          partial_success_proto(report.rejected_count, partial_success_message(signal, report));
      return exchange.reply(std::move(answer));
    }
    case AnswerForm::protobuf:
    case AnswerForm::json: {
      const bool json = request.form == AnswerForm::json;
      net::HttpReply answer;
      answer.content_type = json ? kMediaJson : kMediaProtobuf;
      if (partial) {
        const std::string message = partial_success_message(signal, report);
        answer.body = json ? partial_success_json(signal, report.rejected_count, message)
                           : partial_success_proto(report.rejected_count, message);
      } else if (json) {
        answer.body = "{}";
      }
      return reply_http(exchange, std::move(answer));
    }
  }
}

void RequestHandler::trace(const Request& request, StatusKind kind) const noexcept {
  telemetry::SpanBuffer* const spans = shared_.dependencies.spans;
  if (spans == nullptr || !spans->sample()) return;
  const net::Exchange& exchange = *request.exchange;
  if (exchange.has_header(telemetry::kOwnTelemetryHeader)) return;
  telemetry::RequestSpan span{.began = request.began,
                              .ended = std::chrono::steady_clock::now(),
                              .signal = request.info.signal,
                              .grpc = request.transport == TransportLabel::grpc,
                              .failed = kind != StatusKind::ok,
                              .status = status_name(kind),
                              .item_count = request.report.item_count,
                              .size_bytes = request.payload ? request.payload.size() : 0};
  telemetry::read_traceparent(exchange.header("traceparent"), span);
  spans->add(span);
}

void RequestHandler::refuse(Request& request, const Status& status) noexcept {
  shared_.metrics.on_answer(request.info.signal, request.transport, status.kind,
                            std::chrono::steady_clock::now() - request.began);
  trace(request, status.kind);
  net::Exchange& exchange = *request.exchange;
  const AnswerForm form = request.form;
  request.lane->release(request);
  exchange.user = nullptr;
  reply(exchange, form, status);
}

void RequestHandler::refuse_stray(net::Exchange& exchange, const Status& status) noexcept {
  shared_.metrics.on_stray_answer(label_of(exchange), status.kind);
  reply(exchange, form_of(exchange), status);
}

void RequestHandler::reply(net::Exchange& exchange, AnswerForm form,
                           const Status& status) noexcept {
  if (form == AnswerForm::grpc) return exchange.reply(grpc_refusal(status));
  reply_http(exchange, http_refusal(status, form));
}

void RequestHandler::reply_http(net::Exchange& exchange, net::HttpReply&& answer) noexcept {
  if (!listener_of(exchange).cors_allowed_origins.empty()) {
    const std::string_view origin = exchange.header("origin");
    if (!origin.empty() && origin_allowed(origin, listener_of(exchange).cors_allowed_origins)) {
      answer.headers.emplace_back("access-control-allow-origin", origin);
      answer.headers.emplace_back("access-control-expose-headers", "retry-after");
    }
    answer.headers.emplace_back("vary", "Origin");
  }
  if (answer.body.size() >= kGzipAnswerSizeBytesMin &&
      accepts_gzip(exchange.header("accept-encoding"))) {
    answer.body = gzipped(answer.body);
    answer.headers.emplace_back("content-encoding", "gzip");
    answer.headers.emplace_back("vary", "Accept-Encoding");
  }
  exchange.reply(std::move(answer));
}

void RequestHandler::preflight(net::Exchange& exchange) noexcept {
  net::HttpReply answer;
  answer.status = 204;
  if (origin_allowed(exchange.header("origin"), listener_of(exchange).cors_allowed_origins)) {
    answer.headers.emplace_back("access-control-allow-methods", "POST");
    answer.headers.emplace_back("access-control-allow-headers",
                                "authorization, content-encoding, content-type");
    answer.headers.emplace_back("access-control-max-age", "7200");
  }
  reply_http(exchange, std::move(answer));
}

// ---- failures -----------------------------------------------------------------------------------

Status RequestHandler::overload(const net::Exchange& exchange) const {
  return {StatusKind::overload, "too many bytes are in memory now",
          retry_delay(lane_of(exchange).residence())};
}

Status RequestHandler::log_full(std::size_t size_bytes) const {
  // At least this much has to go before it is worth coming again.
  constexpr std::size_t kRoomWantedBytes = 1024 * 1024;
  return {StatusKind::overload, "the log on disk is full",
          retry_delay(std::max(size_bytes, kRoomWantedBytes), shared_.freed.bytes_per_second())};
}

Status RequestHandler::status_of(net::RequestErrc why, const net::Exchange& exchange) const {
  switch (why) {
    case net::RequestErrc::malformed:
      return {StatusKind::bad_data, "the request head is malformed", {}};
    case net::RequestErrc::headers_too_large:
      return {StatusKind::headers_too_large, "the request head is too large", {}};
    case net::RequestErrc::too_large: {
      std::string message =
          "the request is larger than " + std::to_string(plan(exchange).size_bytes_max) + " bytes";
      if (const ByteBudget* const budget = shared_.dependencies.budget) {
        message += ", or takes more than the " + std::to_string(budget->limit_bytes()) +
                   " bytes of memory that all requests share";
      }
      return {StatusKind::too_large, std::move(message), {}};
    }
    case net::RequestErrc::over_budget:
      return overload(exchange);
    case net::RequestErrc::body_timeout:
      // Not 408: clients would drop the data (H-31).
      return {StatusKind::unavailable, "the body did not come in time", kRetryDelayUnavailable};
    case net::RequestErrc::truncated:
      return {StatusKind::bad_data, "the body ended before its announced length", {}};
    case net::RequestErrc::trailing_bytes:
      return {StatusKind::bad_data, "more than one message in a unary call", {}};
    case net::RequestErrc::bad_frame:
      return {StatusKind::bad_data, "the call has no well-formed message", {}};
    case net::RequestErrc::unsupported_transfer:
      return {StatusKind::bad_data, "the only transfer-encoding supported is chunked", {}};
    case net::RequestErrc::unsupported_expect:
      return {StatusKind::bad_data, "the only expectation supported is 100-continue", {}};
  }
  return {StatusKind::internal, "unknown failure", {}};
}

void RequestHandler::on_failure(net::Exchange& exchange, net::RequestErrc why) noexcept {
  const Status status = status_of(why, exchange);
  if (Request* const request = request_of(exchange)) return refuse(*request, status);
  refuse_stray(exchange, status);
}

void RequestHandler::on_abandoned(net::Exchange& exchange) noexcept {
  if (exchange.transport() == net::Transport::grpc && health_method(exchange.path())) {
    return shared_.watchers[exchange.thread().index()]->remove(exchange);
  }
  Request* const request = request_of(exchange);
  if (request == nullptr) return;
  shared_.metrics.abandoned.add();
  request->exchange = nullptr;
  if (!request->submitted) request->lane->release(*request);
}

}  // namespace gateway::receiver::otlp
