// HTTP/1.1 over a Connection: one request after the other, answered in order.
//
//   head -> length | chunked -> waiting -> (discard ->) head ...      or, at any point, -> ended
//
// Heads and chunks are parsed by Beast. The body of a request with Content-Length is read from the
// socket straight into its Buffer. While a request is with its handler nothing is read, so what a
// peer sends ahead (pipelining) stays in the kernel but for the rest of one small read.
//
// Errors:  a broken head is answered (Handler::on_failure) and ends the connection.
// Threads: one.
// Source:  RFC 9112; RFC 9110, 10.1.1 (Expect).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/body.h"
#include "net/connection.h"

namespace gateway::net {

class Http1Session final : public Session, public Exchange {
 public:
  explicit Http1Session(Connection& connection);
  ~Http1Session() override;

  [[nodiscard]] std::span<std::byte> read_target() noexcept override;
  void on_target_filled(std::size_t size_bytes) noexcept override;
  [[nodiscard]] std::size_t read_size_bytes_max() const noexcept override;
  void on_bytes(std::span<const std::byte> bytes) noexcept override;
  void on_end_of_input() noexcept override;
  [[nodiscard]] bool wants_read() const noexcept override;
  void proceed() noexcept override;
  void produce(std::vector<std::byte>& out) noexcept override;
  [[nodiscard]] bool finished() const noexcept override;
  [[nodiscard]] bool on_tick(TimePoint now) noexcept override;
  void start_drain() noexcept override;
  void abandon() noexcept override;

  void reply(HttpReply&& answer) noexcept override;
  void reply(GrpcReply&& answer) noexcept override;
  void reply_empty_message() noexcept override;
  [[nodiscard]] bool send_message(std::string_view payload) noexcept override;
  [[nodiscard]] std::string peer_address() const override { return connection_.peer_address(); }
  [[nodiscard]] const void* connection() const noexcept override { return &connection_; }

 private:
  struct Parser;
  enum class State : std::uint8_t { head, length, chunked, waiting, discard, done, ended };

  void begin_request() noexcept;
  [[nodiscard]] std::size_t process(std::span<const std::byte> bytes) noexcept;
  [[nodiscard]] std::size_t process_head(std::span<const std::byte> bytes) noexcept;
  [[nodiscard]] std::size_t process_length(std::span<const std::byte> bytes) noexcept;
  [[nodiscard]] std::size_t process_chunks(std::span<const std::byte> bytes) noexcept;
  void on_head() noexcept;
  void begin_body(const BodyPlan& plan) noexcept;
  void finish_body() noexcept;
  void fail_request(RequestErrc why) noexcept;
  [[nodiscard]] bool head_is_sound(RequestErrc& why) const noexcept;
  void on_chunk(std::span<const std::byte> bytes) noexcept;

  Connection& connection_;
  Shard& shard_;
  std::unique_ptr<Parser> parser_;
  State state_ = State::head;
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool is_head_method_ = false;
  bool awaiting_continue_ = false;  // the peer waits for 100 before it sends the body
  bool chunked_ = false;
  bool body_complete_ = false;
  bool with_handler_ = false;  // on_head() was called, no reply yet
  bool head_begun_ = false;
  bool draining_ = false;
  std::uint64_t remaining_bytes_ = 0;  // of a body with Content-Length
  std::uint64_t received_bytes_ = 0;
  std::uint64_t discarded_bytes_ = 0;
  TimePoint state_since_;
  BodyReader reader_;
  std::string leftover_;
  std::string out_;
};

}  // namespace gateway::net
