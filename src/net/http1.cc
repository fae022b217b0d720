#include "net/http1.h"

#include <algorithm>
#include <charconv>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/assert.h"
#include "net/limits.h"
#include "net/text.h"

namespace gateway::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BeastText = boost::beast::string_view;

std::string_view text_of(BeastText text) noexcept { return {text.data(), text.size()}; }

std::span<const std::byte> bytes_of(BeastText text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

// Feeds the session with what Beast finds. It lives as long as one request.
struct Http1Session::Parser final : http::basic_parser<true> {
  Parser(Http1Session& session_in, std::uint32_t header_size_bytes_max) : session(session_in) {
    header_limit(header_size_bytes_max);
    body_limit(boost::none);  // held by BodyReader
  }

  void on_request_impl(http::verb, BeastText method, BeastText target, int version,
                       error_code&) override {
    session.method_ = session.keep(text_of(method));
    session.keep_target(text_of(target));
    session.http_1_0_ = version < 11;
  }
  void on_response_impl(int, BeastText, int, error_code&) override {}
  void on_field_impl(http::field, BeastText name, BeastText value, error_code& error) override {
    if (is_header_done()) return;  // trailers of a chunked body say nothing to us
    if (session.headers_.size() >= kHeaderCountMax) {
      error = http::error::header_limit;
      return;
    }
    session.keep_header(text_of(name), text_of(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastText body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, BeastText, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastText body, error_code&) override {
    session.on_chunk(bytes_of(body));
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Http1Session& session;
};

Http1Session::Http1Session(Connection& connection)
    : connection_(connection), shard_(connection.shard()) {
  thread_ = &shard_.thread;
  transport_ = Transport::http1;
  begin_request();
}

Http1Session::~Http1Session() = default;

void Http1Session::begin_request() noexcept {
  clear_head();
  body_.reset();
  lease_.release();
  // A Parser cannot be reset, and is made anew in place.
  if (parser_ == nullptr) {
    parser_ = std::make_unique<Parser>(*this, shard_.settings.max_header_size_bytes);
  } else {
    std::destroy_at(parser_.get());
    std::construct_at(parser_.get(), *this, shard_.settings.max_header_size_bytes);
  }
  state_ = State::head;
  is_head_method_ = awaiting_continue_ = chunked_ = body_complete_ = head_begun_ = false;
  remaining_bytes_ = received_bytes_ = discarded_bytes_ = 0;
  state_since_ = std::chrono::steady_clock::now();
}

std::span<std::byte> Http1Session::read_target() noexcept {
  if (state_ != State::length || !leftover_.empty()) return {};
  const std::span<std::byte> room = body_.writable();
  return room.first(std::min<std::size_t>(room.size(), remaining_bytes_));
}

void Http1Session::on_target_filled(std::size_t size_bytes) noexcept {
  body_.commit(size_bytes);
  remaining_bytes_ -= size_bytes;
  received_bytes_ += size_bytes;
  if (remaining_bytes_ == 0) finish_body();
}

std::size_t Http1Session::read_size_bytes_max() const noexcept {
  return state_ == State::head ? kHttp1HeadReadSizeBytes : kReadBufferSizeBytes;
}

bool Http1Session::wants_read() const noexcept {
  return state_ != State::waiting && state_ != State::done && state_ != State::ended &&
         !connection_.output_blocked();
}

void Http1Session::on_bytes(std::span<const std::byte> bytes) noexcept {
  if (leftover_.empty()) {
    const std::size_t used = process(bytes);
    const auto rest = bytes.subspan(used);
    if (state_ != State::ended) {
      leftover_.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
    }
  } else {
    leftover_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    leftover_.erase(0, process(std::as_bytes(std::span(leftover_))));
  }
}

void Http1Session::proceed() noexcept {
  if (state_ != State::done) return;
  if (!keep_alive_ || draining_) {
    state_ = State::ended;
    return;
  }
  // One answer after the other: a peer that sent many requests at once reads the first one first.
  // produce() comes back when it is out.
  if (!leftover_.empty() && (connection_.output_blocked() || !out_.empty())) return;
  begin_request();
  if (leftover_.empty()) {
    leftover_ = {};
    return;
  }
  leftover_.erase(0, process(std::as_bytes(std::span(leftover_))));
  if (state_ == State::done) connection_.schedule();
}

std::size_t Http1Session::process(std::span<const std::byte> bytes) noexcept {
  std::size_t used = 0;
  for (;;) {
    const auto rest = bytes.subspan(used);
    const State before = state_;
    switch (state_) {
      case State::head:
        used += process_head(rest);
        break;
      case State::length:
        used += process_length(rest);
        break;
      case State::chunked:
        used += process_chunks(rest);
        break;
      case State::discard:
        used += chunked_ ? process_chunks(rest) : process_length(rest);
        break;
      case State::waiting:
      case State::done:
        return used;
      case State::ended:
        return bytes.size();
    }
    if (state_ == before) return used;
  }
}

std::size_t Http1Session::process_head(std::span<const std::byte> bytes) noexcept {
  std::size_t skipped = 0;
  if (!head_begun_) {
    // An empty line or two ahead of a request is a habit of old clients (RFC 9112, 2.2).
    constexpr std::size_t kEmptyLineBytesMax = 4;
    while (skipped < std::min(bytes.size(), kEmptyLineBytesMax) &&
           (bytes[skipped] == std::byte{'\r'} || bytes[skipped] == std::byte{'\n'})) {
      ++skipped;
    }
    if (skipped == bytes.size()) return skipped;
    head_begun_ = true;
    began_ = std::chrono::steady_clock::now();
    state_since_ = began_;
    bytes = bytes.subspan(skipped);
  }
  error_code error;
  const std::size_t used = parser_->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::need_more) return skipped + used;
  if (error) {
    keep_alive_ = false;
    fail_request(error == http::error::header_limit ? RequestErrc::headers_too_large
                                                    : RequestErrc::malformed);
    return skipped + used;
  }
  if (parser_->is_header_done()) on_head();
  return skipped + used;
}

bool Http1Session::head_is_sound(RequestErrc& why) const noexcept {
  why = RequestErrc::malformed;
  if (!http_1_0_ && header_count("host") != 1) return false;
  const std::string_view target = path();
  if (target.empty() || (target.front() != '/' && target != "*")) return false;
  if (has_header("transfer-encoding")) {
    // Beast has refused it beside a Content-Length; HTTP/1.0 knows no chunks.
    if (http_1_0_) return false;
    if (header_count("transfer-encoding") != 1 ||
        !equals_ignoring_case(header("transfer-encoding"), "chunked")) {
      why = RequestErrc::unsupported_transfer;
      return false;
    }
  }
  if (has_header("expect") && !equals_ignoring_case(header("expect"), "100-continue")) {
    why = RequestErrc::unsupported_expect;
    return false;
  }
  return true;
}

void Http1Session::on_head() noexcept {
  keep_alive_ = parser_->keep_alive();
  is_head_method_ = method() == "HEAD";
  RequestErrc why{};
  if (!head_is_sound(why)) {
    keep_alive_ = false;
    return fail_request(why);
  }
  chunked_ = parser_->chunked();
  const auto length = parser_->content_length();
  remaining_bytes_ = !chunked_ && length ? *length : 0;
  body_complete_ = !chunked_ && remaining_bytes_ == 0;
  awaiting_continue_ = !http_1_0_ && !body_complete_ && has_header("expect");

  with_handler_ = true;
  const std::optional<BodyPlan> plan = shard_.handler.on_head(*this);
  if (!plan) {
    GATEWAY_ASSERT(!with_handler_);
    return;
  }
  begin_body(*plan);
}

void Http1Session::begin_body(const BodyPlan& plan) noexcept {
  const auto size = chunked_ ? std::nullopt : std::optional<std::uint64_t>(remaining_bytes_);
  if (auto room = reader_.begin(plan, size, body_, lease_); !room) {
    return fail_request(room.error());
  }
  if (awaiting_continue_) {
    awaiting_continue_ = false;
    out_.append(kContinue);
    connection_.schedule();
  }
  if (body_complete_) return finish_body();
  state_ = chunked_ ? State::chunked : State::length;
}

std::size_t Http1Session::process_length(std::span<const std::byte> bytes) noexcept {
  const auto taken = bytes.first(std::min<std::size_t>(bytes.size(), remaining_bytes_));
  remaining_bytes_ -= taken.size();
  received_bytes_ += taken.size();
  if (state_ == State::length) {
    if (auto kept = reader_.append(taken, body_, lease_); !kept) {
      fail_request(kept.error());
    }
  }
  if (remaining_bytes_ == 0) {
    if (state_ == State::discard) {
      state_ = State::done;
      connection_.schedule();
    } else if (state_ == State::length) {
      finish_body();
    }
  }
  return taken.size();
}

std::size_t Http1Session::process_chunks(std::span<const std::byte> bytes) noexcept {
  std::size_t used = 0;
  while (used < bytes.size() && !parser_->is_done()) {
    error_code error;
    const auto rest = bytes.subspan(used);
    const std::size_t taken = parser_->put(boost::asio::buffer(rest.data(), rest.size()), error);
    used += taken;
    received_bytes_ += taken;
    if (state_ == State::ended) return bytes.size();
    // A chunk's head or trailer that is not whole is kept, but not for ever.
    const bool endless = rest.size() - taken > shard_.settings.max_header_size_bytes;
    if ((error && error != http::error::need_more) || (error && endless)) {
      keep_alive_ = false;
      if (state_ == State::discard) {
        state_ = State::ended;
      } else {
        fail_request(error == http::error::header_limit ? RequestErrc::headers_too_large
                                                        : RequestErrc::malformed);
      }
      return bytes.size();
    }
    if (error) break;
  }
  if (parser_->is_done()) {
    if (state_ == State::discard) {
      state_ = State::done;
      connection_.schedule();
    } else if (state_ == State::chunked) {
      finish_body();
    }
  }
  return used;
}

void Http1Session::on_chunk(std::span<const std::byte> bytes) noexcept {
  if (state_ == State::discard) {
    discarded_bytes_ += bytes.size();
    if (discarded_bytes_ > kDiscardSizeBytesMax) state_ = State::ended;
    return;
  }
  if (state_ != State::chunked) return;
  if (auto kept = reader_.append(bytes, body_, lease_); !kept) fail_request(kept.error());
}

void Http1Session::finish_body() noexcept {
  body_complete_ = true;
  if (auto whole = reader_.finish(body_); !whole) return fail_request(whole.error());
  state_ = State::waiting;
  shard_.handler.on_request(*this);
}

void Http1Session::fail_request(RequestErrc why) noexcept {
  with_handler_ = true;
  if (began_ == TimePoint{}) began_ = std::chrono::steady_clock::now();
  shard_.handler.on_failure(*this, why);
  GATEWAY_ASSERT(!with_handler_);
}

void Http1Session::on_end_of_input() noexcept {
  switch (state_) {
    case State::length:
    case State::chunked:
      // Half a body: there may still be someone who reads the answer.
      keep_alive_ = false;
      return fail_request(RequestErrc::truncated);
    case State::waiting:
    case State::done:
      keep_alive_ = false;
      return;
    case State::head:
    case State::discard:
    case State::ended:
      state_ = State::ended;
      return;
  }
}

void Http1Session::reply(HttpReply&& answer) noexcept {
  GATEWAY_ASSERT(with_handler_);
  with_handler_ = false;
  user = nullptr;

  // Can the connection go on behind the rest of the body, if there is any?
  bool discard = false;
  if (state_ == State::head && !parser_->is_header_done()) keep_alive_ = false;
  if (!body_complete_ && keep_alive_) {
    discard = !awaiting_continue_ && (chunked_ || remaining_bytes_ <= kDiscardSizeBytesMax);
    keep_alive_ = discard;
  }
  if (draining_) keep_alive_ = false;

  std::array<char, 24> digits{};
  const auto number = [&](std::uint64_t value) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  };
  out_.append("HTTP/1.1 ").append(number(answer.status)).append(" ");
  out_.append(reason_phrase(answer.status)).append("\r\ndate: ").append(shard_.date());
  if (!answer.content_type.empty()) {
    out_.append("\r\ncontent-type: ").append(answer.content_type);
  }
  if (answer.status != 204 && answer.status != 304) {
    out_.append("\r\ncontent-length: ").append(number(answer.body.size()));
  }
  for (const auto& [name, value] : answer.headers) {
    out_.append("\r\n").append(name).append(": ").append(value);
  }
  if (!keep_alive_) {
    out_.append("\r\nconnection: close");
  } else if (http_1_0_) {
    out_.append("\r\nconnection: keep-alive");
  }
  out_.append("\r\n\r\n");
  if (!is_head_method_) out_.append(answer.body);

  body_.reset();
  lease_.release();
  if (discard && keep_alive_) {
    state_ = State::discard;
  } else {
    state_ = keep_alive_ ? State::done : State::ended;
  }
  state_since_ = std::chrono::steady_clock::now();
  connection_.schedule();
}

void Http1Session::reply(GrpcReply&&) noexcept {
  GATEWAY_ASSERT(transport_ == Transport::grpc);  // never, on HTTP/1.1
}

void Http1Session::reply_empty_message() noexcept { GATEWAY_ASSERT(transport_ == Transport::grpc); }

bool Http1Session::send_message(std::string_view) noexcept { return false; }

void Http1Session::produce(std::vector<std::byte>& out) noexcept {
  const auto bytes = std::as_bytes(std::span(out_));
  out.insert(out.end(), bytes.begin(), bytes.end());
  out_.clear();
  if (out_.capacity() > kHeadKeptSizeBytesMax) out_.shrink_to_fit();
  if (state_ == State::done && !leftover_.empty()) connection_.schedule();
}

bool Http1Session::finished() const noexcept { return state_ == State::ended && out_.empty(); }

bool Http1Session::on_tick(TimePoint now) noexcept {
  const auto& settings = shard_.settings;
  switch (state_) {
    case State::head:
      if (!head_begun_) {
        if (now - state_since_ <= settings.idle_timeout) return true;
        state_ = State::ended;  // nobody waits for anything: not an error
        connection_.schedule();
        return true;
      }
      return now - state_since_ <= settings.read_header_timeout;
    case State::length:
    case State::chunked: {
      const auto allowed =
          settings.read_body_timeout +
          std::chrono::milliseconds(received_bytes_ * 1000 / kBodyRateBytesPerSecondMin);
      if (now - began_ <= allowed) return true;
      shard_.counters.timeouts_total.fetch_add(1, std::memory_order_relaxed);
      keep_alive_ = false;
      fail_request(RequestErrc::body_timeout);
      return true;
    }
    case State::discard:
      return now - state_since_ <= settings.read_body_timeout;
    case State::waiting:
    case State::done:
    case State::ended:
      return true;
  }
  return true;
}

void Http1Session::start_drain() noexcept {
  draining_ = true;
  if (state_ == State::head && !head_begun_) state_ = State::ended;
}

void Http1Session::abandon() noexcept {
  state_ = State::ended;
  if (with_handler_) {
    with_handler_ = false;
    shard_.handler.on_abandoned(*this);
    user = nullptr;
  }
  body_.reset();
  lease_.release();
}

}  // namespace gateway::net
