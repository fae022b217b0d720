#include "exporter/otlp_http/http_connection.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "exporter/otlp_http/address_lookup.h"
#include "exporter/transport.h"

namespace gateway::exporter {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

template <typename Stream>
class Connection final : public HttpConnection,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <typename... Arguments>
  Connection(asio::io_context& loop, const HttpTarget& target, std::string server_name,
             Arguments&... arguments)
      : target_(target),
        server_name_(std::move(server_name)),
        lookup_(loop),
        timer_(loop),
        stream_(loop, arguments...) {}

  void exchange(std::vector<std::span<const std::byte>> parts, std::chrono::milliseconds timeout,
                Done done) override {
    done_ = std::move(done);
    buffers_.clear();
    for (const auto& part : parts) buffers_.emplace_back(part.data(), part.size());
    interim_count_ = 0;
    if (timeout.count() > 0) {
      timer_.expires_after(timeout);
      timer_.async_wait([self = this->shared_from_this()](const error_code& error) {
        if (!error) self->finish_with("timed out");
      });
    }
    if (open_) {
      reused_ = true;
      write();
      return;
    }
    reused_ = false;
    // Weak: the lookup is part of this, and may hold its callee for long after it was given up.
    lookup_.start(target_.host, target_.port,
                  [weak = this->weak_from_this()](AddressLookup::Found found) {
                    const auto self = weak.lock();
                    if (!self || !self->done_) return;
                    self->lookup_.cancel();
                    if (found.addresses.empty()) return self->finish_with(std::move(found.error));
                    self->connect(found.addresses);
                  });
  }

  [[nodiscard]] bool reusable() const noexcept override { return open_ && !done_; }

  void close() override {
    if (done_) {
      asio::post(timer_.get_executor(),
                 [self = this->shared_from_this()] { self->finish_with("cancelled"); });
    }
    shut();
  }

 private:
  static constexpr bool kTls = !std::is_same_v<Stream, tcp::socket>;

  tcp::socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void connect(const std::vector<tcp::endpoint>& addresses) {
    asio::async_connect(socket(), addresses,
                        [self = this->shared_from_this()](const error_code& error, const auto&) {
                          if (!self->done_) return;
                          if (error) {
                            return self->finish_with(error == asio::error::connection_refused
                                                         ? "connection refused"
                                                         : "cannot connect: " + error.message());
                          }
                          error_code ignored;
                          self->socket().set_option(tcp::no_delay(true), ignored);
                          self->secure();
                        });
  }

  void secure() {
    if constexpr (kTls) {
      // The name for the certificate and, unless it is an address, for the server's choice of one.
      error_code is_name;
      static_cast<void>(asio::ip::make_address(server_name_, is_name));
      if (is_name && SSL_set_tlsext_host_name(stream_.native_handle(), server_name_.c_str()) != 1) {
        return finish_with("TLS: server name is not usable");
      }
      if ((SSL_get_verify_mode(stream_.native_handle()) & SSL_VERIFY_PEER) != 0) {
        stream_.set_verify_callback(asio::ssl::host_name_verification(server_name_));
      }
      stream_.async_handshake(asio::ssl::stream_base::client,
                              [self = this->shared_from_this()](const error_code& error) {
                                if (!self->done_) return;
                                if (error) return self->finish_with("TLS: " + error.message());
                                self->open_ = true;
                                self->write();
                              });
    } else {
      open_ = true;
      write();
    }
  }

  void write() {
    asio::async_write(stream_, buffers_,
                      [self = this->shared_from_this()](const error_code& error, std::size_t) {
                        if (!self->done_) return;
                        // An answer may have come although the body was not taken whole.
                        if (error && self->reused_) return self->finish_stale(error);
                        self->write_error_ = error;
                        self->read();
                      });
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(kResponseSizeBytesMax);
    parser_->header_limit(static_cast<std::uint32_t>(kResponseHeaderSizeBytesMax));
    http::async_read(stream_, in_, *parser_,
                     [self = this->shared_from_this()](const error_code& error, std::size_t size) {
                       if (self->done_) self->on_read(error, size);
                     });
  }

  void on_read(const error_code& error, std::size_t size) {
    if (error) {
      if (reused_ && size == 0 && interim_count_ == 0) return finish_stale(error);
      if (error == http::error::body_limit) {
        return finish({.response = {},
                       .too_large = parser_->get().result_int(),
                       .error = "answer is too large"});
      }
      if (write_error_) return finish_with("connection lost: " + write_error_.message());
      return finish_with(error == http::error::end_of_stream
                             ? "connection closed without an answer"
                             : "connection lost: " + error.message());
    }
    const auto& message = parser_->get();
    if (message.result_int() < 200) {
      if (++interim_count_ > kInterimResponsesMax) return finish_with("too many interim answers");
      return read();
    }
    const auto text = [&message](http::field name) {
      const auto value = message[name];
      return std::string(value.data(), value.size());
    };
    HttpResponse response{.status = message.result_int(),
                          .content_type = text(http::field::content_type),
                          .retry_after = text(http::field::retry_after)};
    const bool keep = message.keep_alive() && !write_error_ && in_.size() == 0;
    response.body = std::move(parser_->get().body());
    if (!keep) shut();
    finish({.response = std::move(response), .error = {}}, keep);
  }

  void finish_stale(const error_code& error) {
    finish({.response = {}, .stale = true, .error = "connection lost: " + error.message()});
  }
  void finish_with(std::string error) { finish({.response = {}, .error = std::move(error)}); }
  void finish(Outcome outcome, bool keep = false) {
    if (!done_) return;
    timer_.cancel();
    lookup_.cancel();
    if (!keep) shut();
    // Last: the callee may let go of this connection, or give it the next request.
    std::exchange(done_, nullptr)(std::move(outcome));
  }

  void shut() {
    open_ = false;
    error_code ignored;
    socket().close(ignored);
  }

  const HttpTarget target_;
  const std::string server_name_;
  AddressLookup lookup_;
  asio::steady_timer timer_;
  Stream stream_;
  std::vector<asio::const_buffer> buffers_;
  boost::beast::flat_buffer in_{kResponseHeaderSizeBytesMax + kResponseSizeBytesMax};
  std::optional<http::response_parser<http::string_body>> parser_;
  error_code write_error_;
  int interim_count_ = 0;
  bool open_ = false;
  bool reused_ = false;
  Done done_;
};

}  // namespace

std::shared_ptr<HttpConnection> make_http_connection(asio::io_context& loop,
                                                     asio::ssl::context* tls,
                                                     const HttpTarget& target,
                                                     const std::string& server_name) {
  if (tls != nullptr) {
    return std::make_shared<Connection<asio::ssl::stream<tcp::socket>>>(loop, target, server_name,
                                                                        *tls);
  }
  return std::make_shared<Connection<tcp::socket>>(loop, target, server_name);
}

}  // namespace gateway::exporter
