// One request and its answer, whatever protocol carries them, and the Handler that answers.
//
//   head  --> Handler::on_head     says how large a body may be, or answers at once
//   body  --> Handler::on_request  the whole body lies in exchange.body(); answers now or later
//   else  --> Handler::on_failure  the protocol was broken or a limit passed; answers now
//   gone  --> Handler::on_abandoned  the sender left, or its deadline passed, before the answer
//
// A gRPC request that is a stream of messages (BodyPlan::stream) gives each of them to
// Handler::on_message(), and then, without a body, on_request().
//
// An Exchange is valid until it has been answered (or abandoned, or its handler destroyed); after
// that call the handler forgets it. Header names are lower case; views borrow from the exchange.
//
// Units:   bytes; steady time.
// Errors:  RequestErrc, given to the handler, which alone knows what an error body looks like.
// Threads: an exchange and the calls about it belong to its IoThread. A Handler that serves several
//          threads gets calls from each of them.
// Source:  RFC 9110 (HTTP), RFC 9112 (HTTP/1.1), RFC 9113 (HTTP/2), grpc PROTOCOL-HTTP2.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/byte_budget.h"
#include "net/io_threads.h"

namespace gateway::net {

enum class Transport : std::uint8_t { http1, http2, grpc };

// Why a request could not be read whole.
enum class RequestErrc : std::uint8_t {
  malformed,             // not HTTP, or a head that contradicts itself
  headers_too_large,     //
  too_large,             // over BodyPlan::size_bytes_max
  over_budget,           // no room in the budget now
  body_timeout,          // the body did not come in time
  truncated,             // the body ended before its announced length
  trailing_bytes,        // gRPC: more after the one message
  bad_frame,             // gRPC: no message, or a compressed flag that is neither 0 nor 1
  unsupported_transfer,  // a transfer coding other than chunked
  unsupported_expect,    // an Expect other than 100-continue
};

// How the body of a request may be gathered.
struct BodyPlan {
  std::size_t size_bytes_max = 0;
  ByteBudget* budget = nullptr;  // bytes are leased from it before they are buffered; or none
  std::size_t held_bytes = 0;    // leased already for the same request, beside this body
  const void* holder = nullptr;  // whose bytes they are: it may go alone (base/byte_budget.h)
  bool stream = false;           // gRPC: any number of messages, each of at most size_bytes_max
};

using Header = std::pair<std::string, std::string>;

struct HttpReply {
  std::uint16_t status = 200;
  std::string_view content_type;  // of static life; none when empty
  std::string body;
  std::vector<Header> headers;  // names in lower case
};

struct GrpcReply {
  std::uint32_t code = 0;  // google.rpc.Code
  std::string message;     // valid UTF-8; percent-encoded on its way
  // The response message, sent when code is 0; empty is a message of no bytes.
  std::string payload;
  std::vector<Header> trailers;  // values of names in "-bin" are raw; base64 on their way
};

class Exchange {
 public:
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] Transport transport() const noexcept { return transport_; }
  [[nodiscard]] std::string_view method() const noexcept { return view(method_); }
  [[nodiscard]] std::string_view path() const noexcept { return view(path_); }  // without query
  [[nodiscard]] std::string_view query() const noexcept { return view(query_); }
  // The value, empty when there is none; of several equal names the first. `name` in lower case.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  [[nodiscard]] bool has_header(std::string_view name) const noexcept;
  // Of several equal names all values in their order, `;` between them; nothing: there is none.
  [[nodiscard]] std::optional<std::string> joined_header(std::string_view name) const;
  // How many headers of that name there are.
  [[nodiscard]] std::size_t header_count(std::string_view name) const noexcept;

  [[nodiscard]] IoThread& thread() const noexcept { return *thread_; }
  [[nodiscard]] std::chrono::steady_clock::time_point began() const noexcept { return began_; }

  // Who sends: an IP address without port or zone, an IPv4 address as such; empty when the
  // connection is gone. It asks the kernel.
  [[nodiscard]] virtual std::string peer_address() const = 0;

  // The same for all exchanges of one connection, and for no other that is open; for comparing.
  [[nodiscard]] virtual const void* connection() const noexcept = 0;

  // The body, whole from on_request() on, and the bytes leased for it. The handler may take both.
  [[nodiscard]] Buffer& body() noexcept { return body_; }
  [[nodiscard]] ByteLease& lease() noexcept { return lease_; }
  // Whether the gRPC message came with its compressed flag set.
  [[nodiscard]] bool message_compressed() const noexcept { return message_compressed_; }

  // Exactly one of these ends the exchange. A gRPC exchange may be answered by either.
  virtual void reply(HttpReply&& answer) noexcept = 0;
  virtual void reply(GrpcReply&& answer) noexcept = 0;
  // The most frequent answer, without a thing to allocate: OK with a message of no bytes.
  virtual void reply_empty_message() noexcept = 0;
  // gRPC only: one message of an answer that stays open; reply(GrpcReply) ends it, its payload
  // unsent. False when the sender reads too slowly and the message was not taken.
  [[nodiscard]] virtual bool send_message(std::string_view payload) noexcept = 0;

  void* user = nullptr;  // the handler's own

 protected:
  Exchange() = default;
  ~Exchange() = default;

  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };
  struct HeaderRange {
    Range name, value;
  };
  [[nodiscard]] std::string_view view(Range range) const noexcept {
    return std::string_view(text_).substr(range.begin, range.size);
  }
  Range keep(std::string_view text);
  Range keep_lower(std::string_view text);
  void keep_target(std::string_view target);
  void keep_header(std::string_view name, std::string_view value);  // lower-cases the name
  void clear_head() noexcept;

  Transport transport_ = Transport::http1;
  bool message_compressed_ = false;
  IoThread* thread_ = nullptr;
  std::chrono::steady_clock::time_point began_{};
  std::string text_;  // all names and values, one after the other
  Range method_, path_, query_;
  std::vector<HeaderRange> headers_;
  Buffer body_;
  ByteLease lease_;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // The head is whole. Nothing: the handler has replied, and the body, if any, is discarded.
  [[nodiscard]] virtual std::optional<BodyPlan> on_head(Exchange& exchange) noexcept = 0;
  virtual void on_request(Exchange& exchange) noexcept = 0;
  // One message of a stream lies in exchange.body(), until the return. It may reply().
  virtual void on_message(Exchange& /*exchange*/) noexcept {}
  // Must reply. After `malformed` and `headers_too_large` the head is as far as it was read.
  virtual void on_failure(Exchange& exchange, RequestErrc why) noexcept = 0;
  // No reply is possible any more. Called only between on_head() and the reply.
  virtual void on_abandoned(Exchange& exchange) noexcept = 0;
};

}  // namespace gateway::net
