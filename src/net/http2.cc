#include "net/http2.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/assert.h"
#include "net/limits.h"
#include "net/text.h"

namespace gateway::net {
namespace {

// Sent with the first GOAWAY; its acknowledgement shows that the peer has read it.
constexpr std::array<std::uint8_t, 8> kDrainPing = {'d', 'r', 'a', 'i', 'n', 'i', 'n', 'g'};

std::string_view text_of(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

const nghttp2_option* options() {
  static nghttp2_option* const made = [] {
    nghttp2_option* option = nullptr;
    GATEWAY_ASSERT(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_peer_max_concurrent_streams(option, 0);
    nghttp2_option_set_no_closed_streams(option, 1);
    // Resets are counted here (on_reset), so that the reason can be named.
    nghttp2_option_set_stream_reset_rate_limit(option, kHttp2ResetBurstMax * 2,
                                               kHttp2ResetsPerSecondMax * 2);
    return option;
  }();
  return made;
}

}  // namespace

struct Http2Session::Callbacks {
  static Http2Session& self(void* user_data) noexcept {
    return *static_cast<Http2Session*>(user_data);
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    return self(user_data).on_begin_headers(frame->hd.stream_id);
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user_data) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // trailers say nothing to us
    Http2Stream* const stream = self(user_data).find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    return self(user_data).on_header(*stream, text_of(name, name_size), text_of(value, value_size));
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    Http2Session& session = self(user_data);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA: {
        Http2Stream* stream = session.find(frame->hd.stream_id);
        if (stream == nullptr) return 0;
        if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
          stream->request_ended_ = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
          session.on_head(*stream);
        } else if (frame->hd.type == NGHTTP2_DATA && frame->hd.length == 0 &&
                   (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 &&
                   ++stream->empty_frames_ > kHttp2EmptyDataFramesMax) {
          session.calm_down("too_many_empty_frames");
        }
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) session.on_request_end(*stream);
        return 0;
      }
      case NGHTTP2_PING:
        session.on_ping(*frame);
        return 0;
      case NGHTTP2_RST_STREAM:
        session.on_reset(std::chrono::steady_clock::now());
        return 0;
      default:
        return 0;
    }
  }

  static int on_data_chunk(nghttp2_session*, std::uint8_t, std::int32_t id,
                           const std::uint8_t* data, std::size_t size_bytes, void* user_data) {
    self(user_data).on_data(id, {reinterpret_cast<const std::byte*>(data), size_bytes});
    return 0;
  }

  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
      return 0;
    }
    Http2Stream* const stream = self(user_data).find(frame->hd.stream_id);
    if (stream != nullptr) self(user_data).on_end_sent(*stream);
    return 0;
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user_data) {
    Http2Stream* const stream = self(user_data).find(id);
    if (stream != nullptr) self(user_data).on_stream_close(*stream);
    return 0;
  }

  static const nghttp2_session_callbacks* table() {
    static nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      GATEWAY_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0);
      nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
      nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
      return callbacks;
    }();
    return made;
  }
};

Http2Session::Http2Session(Connection& connection)
    : connection_(connection),
      shard_(connection.shard()),
      idle_since_(std::chrono::steady_clock::now()),
      reset_tokens_(static_cast<double>(kHttp2ResetBurstMax)),
      reset_tokens_since_(idle_since_) {
  nghttp2_session* made = nullptr;
  GATEWAY_ASSERT(nghttp2_session_server_new3(&made, Callbacks::table(), this, options(),
                                             shard_.http2_memory.callbacks()) == 0);
  session_.reset(made);
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, shard_.settings.max_concurrent_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kHttp2StreamWindowSizeBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, shard_.settings.max_header_size_bytes},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  }};
  nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0,
                                        kHttp2ConnectionWindowSizeBytes);
  connection_.schedule();
}

Http2Session::~Http2Session() {
  abandon();
  while (!streams_.empty()) release_stream(*streams_.back());
}

std::size_t Http2Session::read_size_bytes_max() const noexcept { return kReadBufferSizeBytes; }

bool Http2Session::wants_read() const noexcept {
  // A peer that does not read its answers is not read from: what it is owed stays bounded.
  return !dead_ && !calming_ && !connection_.output_blocked() &&
         nghttp2_session_get_outbound_queue_size(session_.get()) <= kHttp2QueuedFramesMax &&
         nghttp2_session_want_read(session_.get()) != 0;
}

bool Http2Session::finished() const noexcept {
  return dead_ || (nghttp2_session_want_read(session_.get()) == 0 &&
                   nghttp2_session_want_write(session_.get()) == 0);
}

void Http2Session::on_bytes(std::span<const std::byte> bytes) noexcept {
  if (dead_) return;
  const ssize_t used = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (used >= 0) return;
  auto& counter = used == NGHTTP2_ERR_FLOODED ? shard_.counters.floods_total
                                              : shard_.counters.protocol_errors_total;
  counter.fetch_add(1, std::memory_order_relaxed);
  dead_ = true;
}

void Http2Session::on_end_of_input() noexcept { dead_ = true; }

void Http2Session::produce(std::vector<std::byte>& out) noexcept {
  if (dead_) return;
  if (goaway_due_) send_goaway();
  while (out.size() < kWriteSizeBytes) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    if (size < 0 || (size == 0 && calming_)) dead_ = true;
    if (size <= 0) return;
    const auto* const first = reinterpret_cast<const std::byte*>(data);
    out.insert(out.end(), first, first + size);
  }
}

Http2Stream* Http2Session::find(std::int32_t id) const noexcept {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session_.get(), id));
}

Http2Stream& Http2Session::open_stream(std::int32_t id) {
  auto& pool = shard_.stream_pool;
  if (pool.empty()) {
    streams_.push_back(std::make_unique<Http2Stream>());
  } else {
    streams_.push_back(std::move(pool.back()));
    pool.pop_back();
  }
  Http2Stream& stream = *streams_.back();
  stream.index_ = streams_.size() - 1;
  stream.session_ = this;
  stream.id_ = id;
  stream.thread_ = &shard_.thread;
  stream.transport_ = Transport::http2;
  stream.began_ = stream.stalled_since_ = std::chrono::steady_clock::now();
  return stream;
}

void Http2Session::release_stream(Http2Stream& stream) noexcept {
  const std::size_t index = stream.index_;
  stream.clear();
  std::swap(streams_[index], streams_.back());
  streams_[index]->index_ = index;
  auto& pool = shard_.stream_pool;
  if (pool.size() < kStreamPoolMax) pool.push_back(std::move(streams_.back()));
  streams_.pop_back();
  if (streams_.empty()) idle_since_ = std::chrono::steady_clock::now();
}

// Nothing of it has been looked at: the peer may send it again, at once.
int Http2Session::refuse_stream(std::int32_t id) noexcept {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Http2Session::on_begin_headers(std::int32_t id) noexcept {
  if (queued_size_bytes_ > kHttp2QueuedSizeBytesMax) return refuse_stream(id);
  Http2Stream& stream = open_stream(id);
  nghttp2_session_set_stream_user_data(session_.get(), id, &stream);
  return 0;
}

int Http2Session::on_header(Http2Stream& stream, std::string_view name,
                            std::string_view value) noexcept {
  constexpr std::uint32_t kOverheadSizeBytes = 32;  // RFC 9113, 6.5.2
  const std::uint32_t limit = shard_.settings.max_header_size_bytes;
  const std::uint64_t size =
      stream.header_size_bytes_ + name.size() + value.size() + kOverheadSizeBytes;
  heads_size_bytes_ += static_cast<std::uint32_t>(size) - stream.header_size_bytes_;
  stream.header_size_bytes_ = static_cast<std::uint32_t>(size);
  if (heads_size_bytes_ > kHttp2HeadsSizeBytesMax) return refuse_stream(stream.id_);
  if (size > limit || stream.headers_.size() >= kHeaderCountMax) {
    stream.too_many_headers_ = true;
    if (size > std::uint64_t{limit} * kHttp2HeaderExcessFactorMax) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // RST_STREAM
    }
    // Still let the few be kept that decide the form of the refusal.
    if (name != ":path" && name != "content-type" && name != ":method") return 0;
    if (name.size() + value.size() > limit) return 0;
  }
  if (name == ":method") {
    stream.method_ = stream.keep(value);
  } else if (name == ":path") {
    stream.keep_target(value);
  } else if (name == ":authority") {
    stream.keep_header("host", value);
  } else if (name.front() != ':') {
    stream.keep_header(name, value);
  }
  return 0;
}

void Http2Session::on_head(Http2Stream& stream) noexcept {
  const std::string_view content_type = stream.header("content-type");
  if (is_grpc_content_type(content_type)) stream.transport_ = Transport::grpc;
  if (stream.too_many_headers_) return fail_request(stream, RequestErrc::headers_too_large);
  if (stream.transport_ == Transport::grpc && stream.has_header("grpc-timeout")) {
    const auto timeout = parse_grpc_timeout(stream.header("grpc-timeout"));
    if (!timeout) return fail_request(stream, RequestErrc::malformed);
    stream.deadline_ = stream.began_ + *timeout;
  }
  stream.with_handler_ = true;
  const std::optional<BodyPlan> plan = shard_.handler.on_head(stream);
  if (!plan) {
    GATEWAY_ASSERT(!stream.with_handler_ || stream.head_sent_);
    return;
  }
  begin_body(stream, *plan);
}

void Http2Session::begin_body(Http2Stream& stream, const BodyPlan& plan) noexcept {
  stream.state_ = Http2Stream::State::body;
  if (stream.transport_ == Transport::grpc) {
    stream.message_reader_.begin(plan);
    if (plan.stream) stream.stream_plan_ = plan;
    return;
  }
  std::optional<std::uint64_t> size;
  if (stream.request_ended_) {
    size = 0;
  } else if (stream.has_header("content-length")) {
    // nghttp2 has checked that it is a number, and holds the body against it.
    const std::string_view text = stream.header("content-length");
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{}) return fail_request(stream, RequestErrc::too_large);
    size = value;
  }
  auto begun = stream.body_reader_.begin(plan, size, stream.body_, stream.lease_);
  if (!begun) fail_request(stream, begun.error());
}

void Http2Session::on_data(std::int32_t id, std::span<const std::byte> bytes) noexcept {
  Http2Stream* const stream = find(id);
  if (stream != nullptr && stream->state_ == Http2Stream::State::body) {
    stream->received_bytes_ += bytes.size();
    if (stream->stream_plan_) [[unlikely]] {
      on_stream_data(*stream, bytes);
      nghttp2_session_consume(session_.get(), id, bytes.size());
      return;
    }
    auto kept = stream->transport_ == Transport::grpc
                    ? stream->message_reader_.append(bytes, stream->body_, stream->lease_)
                    : stream->body_reader_.append(bytes, stream->body_, stream->lease_);
    if (!kept) fail_request(*stream, kept.error());
  }
  nghttp2_session_consume(session_.get(), id, bytes.size());
}

void Http2Session::on_stream_data(Http2Stream& stream, std::span<const std::byte> bytes) noexcept {
  GrpcMessageReader& reader = stream.message_reader_;
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), reader.missing_bytes(stream.body_)));
    bytes = bytes.subspan(part.size());
    if (auto kept = reader.append(part, stream.body_, stream.lease_); !kept) {
      return fail_request(stream, kept.error());
    }
    if (reader.missing_bytes(stream.body_) != 0) continue;
    stream.message_compressed_ = reader.compressed();
    shard_.handler.on_message(stream);
    if (!stream.with_handler_) return;  // it has replied: the rest says nothing to anyone
    stream.body_.reset();
    stream.lease_.release();
    reader.begin(*stream.stream_plan_);
  }
}

void Http2Session::on_request_end(Http2Stream& stream) noexcept {
  stream.request_ended_ = true;
  if (stream.state_ != Http2Stream::State::body) return;
  if (stream.stream_plan_ && !stream.message_reader_.begun()) {
    stream.state_ = Http2Stream::State::waiting;
    return shard_.handler.on_request(stream);
  }
  auto whole = stream.transport_ == Transport::grpc ? stream.message_reader_.finish(stream.body_)
                                                    : stream.body_reader_.finish(stream.body_);
  if (!whole) return fail_request(stream, whole.error());
  stream.message_compressed_ =
      stream.transport_ == Transport::grpc && stream.message_reader_.compressed();
  stream.state_ = Http2Stream::State::waiting;
  shard_.handler.on_request(stream);
}

void Http2Session::fail_request(Http2Stream& stream, RequestErrc why) noexcept {
  stream.with_handler_ = true;
  shard_.handler.on_failure(stream, why);
  GATEWAY_ASSERT(!stream.with_handler_);
}

ssize_t Http2Session::read_output(Http2Stream& stream, std::span<std::uint8_t> into,
                                  std::uint32_t& flags) noexcept {
  const std::size_t size = std::min(into.size(), stream.out_.size() - stream.out_sent_);
  if (size != 0) std::memcpy(into.data(), stream.out_.data() + stream.out_sent_, size);
  stream.out_sent_ += size;
  stream.sent_bytes_ += size;
  queued_size_bytes_ -= size;
  if (stream.out_sent_ < stream.out_.size()) return static_cast<ssize_t>(size);
  switch (stream.end_) {
    case Http2Stream::End::none:
      if (size != 0) return static_cast<ssize_t>(size);
      stream.deferred_ = true;
      return NGHTTP2_ERR_DEFERRED;
    case Http2Stream::End::stream:
      flags |= NGHTTP2_DATA_FLAG_EOF;
      break;
    case Http2Stream::End::trailers:
      flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      stream.submit_trailers();
      break;
  }
  return static_cast<ssize_t>(size);
}

void Http2Session::on_end_sent(Http2Stream& stream) noexcept {
  // The answer came before the request was whole: the peer may stop sending it (RFC 9113, 8.1).
  if (!stream.request_ended_) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id_, NGHTTP2_NO_ERROR);
  }
}

void Http2Session::abandon_stream(Http2Stream& stream) noexcept {
  if (!stream.with_handler_) return;
  stream.with_handler_ = false;
  shard_.handler.on_abandoned(stream);
  stream.user = nullptr;
  stream.body_.reset();
  stream.lease_.release();
}

void Http2Session::on_stream_close(Http2Stream& stream) noexcept {
  abandon_stream(stream);
  nghttp2_session_set_stream_user_data(session_.get(), stream.id_, nullptr);
  release_stream(stream);
}

void Http2Session::deadline_passed(Http2Stream& stream) noexcept {
  abandon_stream(stream);
  constexpr std::uint32_t kDeadlineExceeded = 4;
  stream.with_handler_ = true;
  stream.reply(GrpcReply{kDeadlineExceeded, "the deadline of the call has passed", {}, {}});
}

void Http2Session::abandon() noexcept {
  dead_ = true;
  for (const auto& stream : streams_) abandon_stream(*stream);
}

void Http2Session::on_ping(const nghttp2_frame& frame) noexcept {
  if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    if (goaway_at_ != TimePoint::max() && !goaway_sent_ &&
        std::memcmp(frame.ping.opaque_data, kDrainPing.data(), kDrainPing.size()) == 0) {
      go_away();
    }
    return;
  }
  const TimePoint now = std::chrono::steady_clock::now();
  const bool too_soon = now - last_ping_ < shard_.settings.keepalive_ping_interval_min;
  last_ping_ = now;
  if (too_soon && ++ping_strikes_ > kPingStrikesMax) calm_down("too_many_pings");
}

void Http2Session::on_reset(TimePoint now) noexcept {
  const std::chrono::duration<double> passed = now - reset_tokens_since_;
  reset_tokens_since_ = now;
  reset_tokens_ = std::min(static_cast<double>(kHttp2ResetBurstMax),
                           reset_tokens_ + passed.count() * kHttp2ResetsPerSecondMax);
  reset_tokens_ -= 1;
  if (reset_tokens_ < 0) calm_down("too_many_resets");
}

// The last that is sent: what is under way is answered no more, as grpc's own servers do it.
void Http2Session::calm_down(std::string_view why) noexcept {
  if (calming_) return;
  calming_ = goaway_sent_ = true;
  shard_.counters.floods_total.fetch_add(1, std::memory_order_relaxed);
  nghttp2_submit_goaway(
      session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
      NGHTTP2_ENHANCE_YOUR_CALM, reinterpret_cast<const std::uint8_t*>(why.data()), why.size());
  connection_.schedule();
}

bool Http2Session::is_stalled(Http2Stream& stream, TimePoint now) const noexcept {
  if (stream.out_sent_ == stream.out_.size() || stream.sent_bytes_ != stream.sent_bytes_seen_ ||
      connection_.output_blocked()) {  // held back by the socket, which has its own limit
    stream.sent_bytes_seen_ = stream.sent_bytes_;
    stream.stalled_since_ = now;
    return false;
  }
  return now - stream.stalled_since_ > kWriteStallMax;
}

bool Http2Session::on_tick(TimePoint now) noexcept {
  const auto& settings = shard_.settings;
  // Answers may end streams, but only when frames are sent: the list stands still here.
  for (const auto& stream : streams_) {
    if (now >= stream->deadline_ && stream->with_handler_ && !stream->head_sent_) {
      deadline_passed(*stream);
      continue;
    }
    if (is_stalled(*stream, now)) {
      if (++stalled_streams_ > kHttp2StalledStreamsMax) return false;
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream->id_, NGHTTP2_CANCEL);
      connection_.schedule();
      continue;
    }
    if (stream->state_ == Http2Stream::State::head &&
        now - stream->began_ > settings.read_header_timeout) {
      return false;
    }
    if (stream->state_ == Http2Stream::State::body) {
      const auto allowed =
          settings.read_body_timeout +
          std::chrono::milliseconds(stream->received_bytes_ * 1000 / kBodyRateBytesPerSecondMin);
      if (now - stream->began_ > allowed) {
        shard_.counters.timeouts_total.fetch_add(1, std::memory_order_relaxed);
        fail_request(*stream, RequestErrc::body_timeout);
      }
    }
  }
  if (now >= goaway_at_ && !goaway_sent_) go_away();
  if (streams_.empty() && now - idle_since_ > settings.idle_timeout) connection_.start_drain();
  return true;
}

// First "no new requests, please" with the highest stream id, so that those under way are still
// taken; when the peer has seen that, or had time to, the GOAWAY that names the last one.
void Http2Session::start_drain() noexcept {
  if (goaway_at_ != TimePoint::max()) return;
  goaway_at_ = std::chrono::steady_clock::now() + kGoawayRoundTripMax;
  nghttp2_submit_shutdown_notice(session_.get());
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, kDrainPing.data());
  connection_.schedule();
}

void Http2Session::go_away() noexcept {
  goaway_sent_ = goaway_due_ = true;
  connection_.schedule();
}

// Not before everything that was read is taken: what comes between naming the last request and
// telling its number would be served here, and sent again by the peer.
void Http2Session::send_goaway() noexcept {
  goaway_due_ = false;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

}  // namespace gateway::net
