// Clients for tests, made of plain sockets, so that every byte and every cut is the test's own.
//
//   RawClient   : bytes out and in, blocking, with a limit on every wait.
//   Http2Client : nghttp2's client side over a RawClient.
//
// Errors:  what goes wrong shows in the results (empty texts, `closed`), for EXPECT to see.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace gateway::net {

struct TestResponse {
  int status = 0;
  std::multimap<std::string, std::string> headers;
  std::string body;

  // Empty when there is none.
  [[nodiscard]] std::string header(const std::string& name) const;
};

class RawClient {
 public:
  // `address` is host:port. Every wait fails the read after `patience_ms`.
  explicit RawClient(const std::string& address, int patience_ms = 5'000);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False: the peer has closed.
  bool send(std::string_view bytes);
  void shutdown_write();
  void reset();  // closes with RST
  // What is there, at least one byte; empty at the end, on a reset, or when patience is over.
  [[nodiscard]] std::string read();
  // All until the peer closes.
  std::string read_all();
  // True when the peer closes (or resets) before it sends anything more.
  [[nodiscard]] bool closed_by_peer();
  // One HTTP/1.1 response; status 0 when none came whole. Keeps what follows it.
  [[nodiscard]] TestResponse response(bool without_body = false);

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_ = -1;
  std::string buffered_;
};

// "POST path HTTP/1.1" with Host, Content-Length and the given header lines.
[[nodiscard]] std::string http1_post(std::string_view path, std::string_view content_type,
                                     std::string_view body,
                                     const std::vector<std::string>& header_lines = {});

using TestHeaders = std::vector<std::pair<std::string, std::string>>;

struct Http2Result : TestResponse {
  std::multimap<std::string, std::string> trailers;
  bool closed = false;
  std::uint32_t reset_code = 0;
  // grpc-status from the trailers, or from the head of a Trailers-Only answer; -1 when absent.
  [[nodiscard]] int grpc_status() const;
  [[nodiscard]] std::string trailer(const std::string& name) const;
};

// The headers of a gRPC call; `extra` behind them.
[[nodiscard]] TestHeaders grpc_head(std::string_view path, TestHeaders extra = {},
                                    std::string content_type = "application/grpc");
// The prefix of a gRPC message and its bytes.
[[nodiscard]] std::string grpc_framed(std::string_view message, bool compressed = false);

class Http2Client {
 public:
  explicit Http2Client(const std::string& address, int patience_ms = 5'000);
  ~Http2Client();

  // Sends a request with a whole body. Nothing goes out before run().
  std::int32_t request(const TestHeaders& headers, std::string body, bool end_stream = true);
  std::int32_t grpc(std::string_view path, std::string_view message, TestHeaders extra = {});
  // More body on a stream left open.
  void append(std::int32_t id, std::string_view bytes, bool end_stream);
  void reset(std::int32_t id, std::uint32_t code = NGHTTP2_CANCEL);
  void ping();
  void flush();

  // Exchanges frames until the stream is closed; false when patience was over or the peer left.
  bool wait(std::int32_t id);
  bool wait_until(bool (*done)(const Http2Client&));
  [[nodiscard]] Http2Result& result(std::int32_t id) { return *results_[id]; }
  // request, run, result
  Http2Result& call(const TestHeaders& headers, std::string body);
  Http2Result& call_grpc(std::string_view path, std::string_view message, TestHeaders extra = {});

  [[nodiscard]] std::optional<std::uint32_t> goaway_code() const noexcept { return goaway_code_; }
  [[nodiscard]] int goaway_count() const noexcept { return goaway_count_; }
  [[nodiscard]] int ping_acks() const noexcept { return ping_acks_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] RawClient& raw() noexcept { return raw_; }
  [[nodiscard]] nghttp2_session* session() noexcept { return session_; }
  // The bytes that would be sent now, instead of sending them.
  [[nodiscard]] std::string take_output();
  bool step();  // reads once; false at the end

 private:
  struct Upload {
    std::string bytes;
    std::size_t sent = 0;
    bool end_stream = true;
  };
  RawClient raw_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::unique_ptr<Http2Result>> results_;
  std::map<std::int32_t, std::unique_ptr<Upload>> uploads_;
  std::optional<std::uint32_t> goaway_code_;
  int goaway_count_ = 0;
  int ping_acks_ = 0;
  bool ended_ = false;
};

}  // namespace gateway::net
