// HTTP/2 over a Connection: many requests at once, plain HTTP and gRPC beside each other.
//
//   Http2Session : nghttp2's session, flow control, pings, GOAWAY, what a peer may not do too
//                  often, nor hold back.
//   Http2Stream  : one request. Reused by its thread, so that a request in steady state allocates
//                  nothing but its body.
//
// Flow control: a chunk counts as consumed when it has been copied into the request's Buffer, whose
// room was leased before, or thrown away because the request has been refused. So windows never
// stand for memory, and a refused request never blocks the others.
//
// Errors:  of a stream: Handler::on_failure, or RST_STREAM where HTTP/2 itself is broken; of the
//          connection: GOAWAY, and the end.
// Threads: one.
// Source:  RFC 9113; grpc PROTOCOL-HTTP2, keepalive.md (pings), http-grpc-status-mapping.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "net/body.h"
#include "net/connection.h"
#include "net/grpc_message.h"

namespace gateway::net {

class Http2Session;

class Http2Stream final  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final
    : public Exchange {
 public:
  Http2Stream() = default;
  ~Http2Stream() = default;

  void reply(HttpReply&& answer) noexcept override;
  void reply(GrpcReply&& answer) noexcept override;
  void reply_empty_message() noexcept override;
  [[nodiscard]] bool send_message(std::string_view payload) noexcept override;
  [[nodiscard]] std::string peer_address() const override;
  [[nodiscard]] const void* connection() const noexcept override { return session_; }

 private:
  friend class Http2Session;
  enum class State : std::uint8_t { head, body, waiting, answered };

  // What follows the body of an answer.
  enum class End : std::uint8_t { none, stream, trailers };

  void clear() noexcept;
  void submit_headers(std::span<nghttp2_nv> headers, bool with_body) noexcept;
  void submit_grpc_head(bool with_body) noexcept;
  void submit_trailers() noexcept;
  void finish_reply() noexcept;
  void add_message(std::string_view payload);
  void give_back_head() noexcept;

  Http2Session* session_ = nullptr;
  std::int32_t id_ = 0;
  std::size_t index_ = 0;  // in Http2Session::streams_
  State state_ = State::head;
  bool with_handler_ = false;
  bool request_ended_ = false;
  bool head_sent_ = false;
  bool deferred_ = false;  // the output is empty, and more may come
  bool too_many_headers_ = false;
  std::optional<BodyPlan> stream_plan_;  // of a request that is a stream of messages
  End end_ = End::none;
  std::uint32_t header_size_bytes_ = 0;
  std::uint32_t empty_frames_ = 0;
  std::uint64_t received_bytes_ = 0;
  TimePoint deadline_ = TimePoint::max();
  BodyReader body_reader_;
  GrpcMessageReader message_reader_;
  std::string out_;
  std::size_t out_sent_ = 0;
  std::uint64_t sent_bytes_ = 0;       // in all
  std::uint64_t sent_bytes_seen_ = 0;  // at the last tick
  TimePoint stalled_since_;
  GrpcReply trailers_;
};

class Http2Session final : public Session {
 public:
  explicit Http2Session(Connection& connection);
  ~Http2Session() override;

  [[nodiscard]] std::size_t read_size_bytes_max() const noexcept override;
  void on_bytes(std::span<const std::byte> bytes) noexcept override;
  void on_end_of_input() noexcept override;
  [[nodiscard]] bool wants_read() const noexcept override;
  void proceed() noexcept override {}
  void produce(std::vector<std::byte>& out) noexcept override;
  [[nodiscard]] bool finished() const noexcept override;
  [[nodiscard]] bool on_tick(TimePoint now) noexcept override;
  void start_drain() noexcept override;
  void abandon() noexcept override;

 private:
  friend class Http2Stream;
  struct Callbacks;
  struct SessionDeleter {
    void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
  };

  // nghttp2's callbacks, in the order of a request's life.
  int on_begin_headers(std::int32_t id) noexcept;
  int on_header(Http2Stream& stream, std::string_view name, std::string_view value) noexcept;
  void on_head(Http2Stream& stream) noexcept;
  void on_data(std::int32_t id, std::span<const std::byte> bytes) noexcept;
  void on_stream_data(Http2Stream& stream, std::span<const std::byte> bytes) noexcept;
  void on_request_end(Http2Stream& stream) noexcept;
  void on_end_sent(Http2Stream& stream) noexcept;
  void on_stream_close(Http2Stream& stream) noexcept;
  ssize_t read_output(Http2Stream& stream, std::span<std::uint8_t> into,
                      std::uint32_t& flags) noexcept;
  void on_ping(const nghttp2_frame& frame) noexcept;
  void on_reset(TimePoint now) noexcept;

  [[nodiscard]] Http2Stream* find(std::int32_t id) const noexcept;
  [[nodiscard]] Http2Stream& open_stream(std::int32_t id);
  void release_stream(Http2Stream& stream) noexcept;
  void begin_body(Http2Stream& stream, const BodyPlan& plan) noexcept;
  void fail_request(Http2Stream& stream, RequestErrc why) noexcept;
  void deadline_passed(Http2Stream& stream) noexcept;
  void abandon_stream(Http2Stream& stream) noexcept;
  [[nodiscard]] int refuse_stream(std::int32_t id) noexcept;
  [[nodiscard]] bool is_stalled(Http2Stream& stream, TimePoint now) const noexcept;
  void calm_down(std::string_view why) noexcept;
  void go_away() noexcept;
  void send_goaway() noexcept;

  Connection& connection_;
  Shard& shard_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  std::vector<std::unique_ptr<Http2Stream>> streams_;
  bool dead_ = false;     // nothing more is to be exchanged
  bool calming_ = false;  // ... once the GOAWAY that names the abuse is out
  TimePoint idle_since_;
  TimePoint goaway_at_ = TimePoint::max();  // when the final GOAWAY is due
  bool goaway_sent_ = false;
  bool goaway_due_ = false;  // with the next output
  TimePoint last_ping_;
  std::uint32_t ping_strikes_ = 0;
  std::uint32_t stalled_streams_ = 0;  // so far
  std::size_t heads_size_bytes_ = 0;   // of the requests without an answer
  std::size_t queued_size_bytes_ = 0;  // of answers, in Http2Stream::out_
  double reset_tokens_ = 0;
  TimePoint reset_tokens_since_;
};

}  // namespace gateway::net
