// One HTTP/1.1 connection to a destination: connects when it must, sends one request at a time,
// reads its response, and stays open for the next.
//
// Units:   bytes, milliseconds.
// Errors:  an Outcome without a response says why; `stale` means that a kept connection was closed
//          before any byte of the answer, so that the request may go out again on a new one.
// Threads: the exporter's loop thread.
// Source:  RFC 9112; interim answers (1xx) are skipped, redirects are answers like any other.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exporter/otlp_http/http_target.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace gateway::exporter {

inline constexpr std::size_t kResponseHeaderSizeBytesMax = 64U << 10U;
inline constexpr int kInterimResponsesMax = 16;

struct HttpResponse {
  unsigned status = 0;
  std::string content_type;
  std::string retry_after;
  std::string body;
};

class HttpConnection {
 public:
  struct Outcome {
    std::optional<HttpResponse> response;
    bool stale = false;
    std::optional<unsigned> too_large;  // the status of an answer that was not read
    std::string error;                  // "connection refused", "timed out", ...
  };
  using Done = std::function<void(Outcome)>;

  virtual ~HttpConnection() = default;
  // Sends the concatenation of `parts`, whose bytes live until `done`. Zero: no time limit.
  virtual void exchange(std::vector<std::span<const std::byte>> parts,
                        std::chrono::milliseconds timeout, Done done) = 0;
  // Whether it is open for another request.
  [[nodiscard]] virtual bool reusable() const noexcept = 0;
  // Ends what goes on; its `done` is called later, with an error.
  virtual void close() = 0;
};

// `tls` null: in the clear.
[[nodiscard]] std::shared_ptr<HttpConnection> make_http_connection(boost::asio::io_context& loop,
                                                                   boost::asio::ssl::context* tls,
                                                                   const HttpTarget& target,
                                                                   const std::string& server_name);

}  // namespace gateway::exporter
