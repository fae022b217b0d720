#include "net/http_get.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace gateway::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

// The steps of one exchange, each started by the one before; runs on the caller's io_context.
class Get {
 public:
  Get(asio::io_context& context, const std::string& path, const std::string& host)
      : stream_(context), resolver_(context), request_(http::verb::get, path, 11) {
    request_.set(http::field::host, host);
    request_.set(http::field::connection, "close");
    parser_.body_limit(kHttpGetAnswerSizeBytesMax);
  }

  void start(const std::string& host, const std::string& port, std::chrono::milliseconds timeout) {
    stream_.expires_after(timeout);
    resolver_.async_resolve(host, port, [this](auto resolve_error, const auto& results) {
      if (resolve_error) return finish(resolve_error);
      stream_.async_connect(results, [this](auto connect_error, const auto&) {
        if (connect_error) return finish(connect_error);
        write();
      });
    });
  }

  boost::system::error_code error = asio::error::timed_out;
  [[nodiscard]] HttpAnswer answer() {
    return {static_cast<std::uint16_t>(parser_.get().result_int()), parser_.get().body()};
  }

 private:
  void write() {
    http::async_write(stream_, request_, [this](auto write_error, std::size_t) {
      if (write_error) return finish(write_error);
      http::async_read(stream_, buffer_, parser_,
                       [this](auto read_error, std::size_t) { finish(read_error); });
    });
  }
  void finish(boost::system::error_code outcome) { error = outcome; }

  beast::tcp_stream stream_;
  asio::ip::tcp::resolver resolver_;
  http::request<http::empty_body> request_;
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
};

}  // namespace

Result<HttpAnswer, std::string> http_get(const std::string& address, const std::string& path,
                                         std::chrono::milliseconds timeout) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return fail("\"" + address + "\" is not host:port");
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  asio::io_context context(1);
  Get get(context, path, address);
  get.start(host, address.substr(colon + 1), timeout);
  context.run_for(timeout);
  if (get.error) return fail("cannot ask " + address + path + ": " + get.error.message());
  return get.answer();
}

}  // namespace gateway::net
