// How a stream answers: heads, trailers, messages. The session is in http2.cc.
#include <array>
#include <charconv>

#include "base/assert.h"
#include "base/base64.h"
#include "net/http2.h"
#include "net/limits.h"
#include "net/text.h"

namespace gateway::net {
namespace {

std::uint8_t* bytes_of(std::string_view text) noexcept {
  // nghttp2 takes a non-const pointer, and reads.
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

// Both texts outlive the frame: literals.
nghttp2_nv fixed(std::string_view name, std::string_view value) noexcept {
  return {bytes_of(name), bytes_of(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

nghttp2_nv copied(std::string_view name, std::string_view value) noexcept {
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

void Http2Stream::clear() noexcept {
  give_back_head();
  session_->queued_size_bytes_ -= out_.size() - out_sent_;
  body_.reset();
  lease_.release();
  session_ = nullptr;
  state_ = State::head;
  with_handler_ = request_ended_ = head_sent_ = deferred_ = too_many_headers_ = false;
  end_ = End::none;
  stream_plan_.reset();
  empty_frames_ = 0;
  received_bytes_ = sent_bytes_ = sent_bytes_seen_ = 0;
  deadline_ = TimePoint::max();
  out_.clear();
  if (out_.capacity() > kHeadKeptSizeBytesMax) out_.shrink_to_fit();
  out_sent_ = 0;
  trailers_ = {};
}

void Http2Stream::give_back_head() noexcept {
  session_->heads_size_bytes_ -= header_size_bytes_;
  header_size_bytes_ = 0;
  clear_head();
}

void Http2Stream::submit_headers(std::span<nghttp2_nv> headers, bool with_body) noexcept {
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* into,
                              std::size_t size_bytes, std::uint32_t* flags,
                              nghttp2_data_source* source, void* user_data) -> ssize_t {
    auto& stream = *static_cast<Http2Stream*>(source->ptr);
    return static_cast<Http2Session*>(user_data)->read_output(stream, {into, size_bytes}, *flags);
  };
  head_sent_ = true;
  // It can fail only if the stream or the connection is on its way out.
  nghttp2_submit_response(session_->session_.get(), id_, headers.data(), headers.size(),
                          with_body ? &provider : nullptr);
}

// The answer may wait for the peer's flow control: nothing of the request does.
void Http2Stream::finish_reply() noexcept {
  with_handler_ = false;
  give_back_head();
  state_ = State::answered;
  deadline_ = TimePoint::max();
  body_.reset();
  lease_.release();
  session_->ping_strikes_ = 0;
  session_->connection_.schedule();
}

void Http2Stream::reply(HttpReply&& answer) noexcept {
  GATEWAY_ASSERT(with_handler_ && !head_sent_);
  std::array<char, 8> status{};
  std::array<char, 24> length{};
  const auto text = [](auto& digits, std::uint64_t value) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  };
  const bool with_body = !answer.body.empty() && method() != "HEAD";
  std::vector<nghttp2_nv>& headers = session_->shard_.reply_headers;
  headers.clear();
  headers.push_back(copied(":status", text(status, answer.status)));
  headers.push_back(copied("date", session_->shard_.date()));
  if (!answer.content_type.empty()) headers.push_back(fixed("content-type", answer.content_type));
  if (answer.status != 204 && answer.status != 304) {
    headers.push_back(copied("content-length", text(length, answer.body.size())));
  }
  for (const auto& [name, value] : answer.headers) headers.push_back(copied(name, value));
  if (with_body) out_ = std::move(answer.body);
  session_->queued_size_bytes_ += out_.size();
  end_ = End::stream;
  submit_headers(headers, with_body);
  finish_reply();
}

void Http2Stream::submit_grpc_head(bool with_body) noexcept {
  std::array headers = {fixed(":status", "200"), fixed("content-type", "application/grpc"),
                        fixed("grpc-accept-encoding", "identity,gzip,zstd")};
  submit_headers(headers, with_body);
}

void Http2Stream::reply_empty_message() noexcept {
  GATEWAY_ASSERT(with_handler_ && transport_ == Transport::grpc);
  if (!head_sent_) {
    add_message({});
    end_ = End::trailers;
    submit_grpc_head(true);
    return finish_reply();
  }
  reply(GrpcReply{});
}

void Http2Stream::reply(GrpcReply&& answer) noexcept {
  GATEWAY_ASSERT(with_handler_ && transport_ == Transport::grpc);
  trailers_ = std::move(answer);
  if (trailers_.message.size() > kGrpcMessageSizeBytesMax) {
    std::size_t end = kGrpcMessageSizeBytesMax;  // not within a character
    while (end > 0 && (static_cast<unsigned char>(trailers_.message[end]) & 0xc0) == 0x80) --end;
    trailers_.message.resize(end);
  }
  end_ = End::trailers;
  if (head_sent_) {
    // A stream of messages ends: behind the last of them.
    if (deferred_) nghttp2_session_resume_data(session_->session_.get(), id_);
    deferred_ = false;
  } else if (trailers_.code == 0) {
    add_message(std::exchange(trailers_.payload, {}));
    submit_grpc_head(true);
  } else {
    submit_trailers();
  }
  finish_reply();
}

// Behind the body, or, when nothing has been sent, as the whole answer ("Trailers-Only").
void Http2Stream::submit_trailers() noexcept {
  std::array<char, 12> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), trailers_.code).ptr;
  const std::string_view code(digits.data(), static_cast<std::size_t>(end - digits.data()));
  nghttp2_session* const session = session_->session_.get();
  if (head_sent_ && trailers_.code == 0 && trailers_.message.empty() &&
      trailers_.trailers.empty()) {
    const nghttp2_nv ok = fixed("grpc-status", "0");
    nghttp2_submit_trailer(session, id_, &ok, 1);
    return;
  }
  std::vector<nghttp2_nv> headers;
  std::vector<std::string> encoded;
  encoded.reserve(trailers_.trailers.size());
  if (!head_sent_) {
    headers.push_back(fixed(":status", "200"));
    headers.push_back(fixed("content-type", "application/grpc"));
    headers.push_back(fixed("grpc-accept-encoding", "identity,gzip,zstd"));
  }
  headers.push_back(copied("grpc-status", code));
  const std::string message = percent_encode(trailers_.message);
  if (!message.empty()) headers.push_back(copied("grpc-message", message));
  for (const auto& [name, value] : trailers_.trailers) {
    encoded.push_back(name.ends_with("-bin") ? base64_encode(value) : value);
    headers.push_back(copied(name, encoded.back()));
  }
  if (head_sent_) {
    nghttp2_submit_trailer(session, id_, headers.data(), headers.size());
  } else {
    head_sent_ = true;
    nghttp2_submit_response(session, id_, headers.data(), headers.size(), nullptr);
  }
}

void Http2Stream::add_message(std::string_view payload) {
  const auto prefix = grpc_prefix(payload.size());
  out_.append(reinterpret_cast<const char*>(prefix.data()), prefix.size());
  out_.append(payload);
  session_->queued_size_bytes_ += prefix.size() + payload.size();
}

std::string Http2Stream::peer_address() const {
  return session_ == nullptr ? std::string() : session_->connection_.peer_address();
}

bool Http2Stream::send_message(std::string_view payload) noexcept {
  GATEWAY_ASSERT(with_handler_ && transport_ == Transport::grpc);
  if (out_.size() - out_sent_ + payload.size() > kStreamOutputSizeBytesMax ||
      session_->queued_size_bytes_ + payload.size() > kHttp2QueuedSizeBytesMax) {
    return false;
  }
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  }
  add_message(payload);
  if (!head_sent_) {
    submit_grpc_head(true);
  } else if (deferred_) {
    deferred_ = false;
    nghttp2_session_resume_data(session_->session_.get(), id_);
  }
  session_->ping_strikes_ = 0;
  session_->connection_.schedule();
  return true;
}

}  // namespace gateway::net
