#include "net/http_client.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace gateway::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

// Every step is started, and its loop run until it has ended or the time is over.
class HttpClient::Connection {
 public:
  Connection() : stream_(loop_), resolver_(loop_) {}

  [[nodiscard]] error_code connect(const std::string& host, const std::string& port,
                                   std::chrono::milliseconds timeout) {
    stream_.expires_after(timeout);
    error_code error = asio::error::timed_out;
    resolver_.async_resolve(host, port, [&](error_code resolve_error, const auto& found) {
      error = resolve_error;
      if (error) return;
      error = asio::error::timed_out;
      stream_.async_connect(found,
                            [&](error_code connect_error, const auto&) { error = connect_error; });
    });
    run(timeout);
    return error;
  }

  // Sends, and reads the answer into `answer`.
  [[nodiscard]] error_code exchange(http::request<http::string_body>& request,
                                    std::chrono::milliseconds timeout, HttpAnswer& answer) {
    stream_.expires_after(timeout);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kHttpAnswerSizeBytesMax);
    error_code error = asio::error::timed_out;
    http::async_write(stream_, request, [&](error_code write_error, std::size_t) {
      error = write_error;
      if (error) return;
      error = asio::error::timed_out;
      http::async_read(stream_, buffer_, parser,
                       [&](error_code read_error, std::size_t) { error = read_error; });
    });
    run(timeout);
    if (error) return error;
    keep_alive_ = parser.get().keep_alive();
    answer = {static_cast<std::uint16_t>(parser.get().result_int()),
              std::move(parser.get().body())};
    return {};
  }

  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }

 private:
  void run(std::chrono::milliseconds timeout) {
    loop_.restart();
    loop_.run_for(timeout);
    if (loop_.stopped()) return;
    // Handlers that refer to the caller's frame must have run before it goes.
    resolver_.cancel();
    stream_.close();
    loop_.run();
  }

  asio::io_context loop_{1};
  beast::tcp_stream stream_;
  asio::ip::tcp::resolver resolver_;
  beast::flat_buffer buffer_;
  bool keep_alive_ = true;
};

HttpClient::HttpClient(std::string address, std::chrono::milliseconds timeout)
    : address_(std::move(address)), timeout_(timeout) {}

HttpClient::~HttpClient() = default;

Result<HttpAnswer, std::string> HttpClient::request(std::string_view method,
                                                    std::string_view target,
                                                    std::string_view body) {
  const std::size_t colon = address_.rfind(':');
  if (colon == std::string::npos) return fail("\"" + address_ + "\" is not host:port");
  std::string host = address_.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);

  http::request<http::string_body> request;
  request.version(11);
  request.method_string(method);
  request.target(target);
  request.set(http::field::host, address_);
  request.body() = body;
  request.prepare_payload();
  const std::string what =
      "cannot ask " + address_ + std::string(target.substr(0, target.find('?')));

  // A kept connection may have been closed by the other side meanwhile: that is tried once more.
  for (bool kept = connection_ != nullptr;; kept = false) {
    if (!connection_) {
      connection_ = std::make_unique<Connection>();
      if (const auto error = connection_->connect(host, address_.substr(colon + 1), timeout_)) {
        connection_.reset();
        return fail(what + ": " + error.message());
      }
    }
    HttpAnswer answer;
    const auto error = connection_->exchange(request, timeout_, answer);
    if (error || !connection_->keep_alive()) connection_.reset();
    if (!error) return answer;
    const bool timed_out = error == asio::error::timed_out || error == beast::error::timeout ||
                           error == asio::error::operation_aborted;
    if (!kept || timed_out) return fail(what + ": " + error.message());
  }
}

}  // namespace gateway::net
