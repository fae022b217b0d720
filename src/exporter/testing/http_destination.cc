#include "exporter/testing/http_destination.h"

#include <algorithm>
#include <chrono>
#include <list>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

namespace gateway::exporter::testing {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;

HttpReply reply(int status, std::string_view body, std::string_view content_type,
                std::string_view more_headers) {
  std::string bytes = "HTTP/1.1 " + std::to_string(status) +
                      " Status\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  bytes.append("Content-Type: ").append(content_type).append("\r\n");
  bytes.append(more_headers).append("\r\n").append(body);
  return {.bytes = std::move(bytes)};
}

struct HttpDestination::Impl {
  Impl(Answer answer_in, const std::optional<HttpDestinationTls>& tls_in)
      : answer(std::move(answer_in)),
        tls(context_of(tls_in)),
        acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        port(acceptor.local_endpoint().port()),
        accepting([this] { accept(); }) {}

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      boost::system::error_code ignored;
      for (tcp::socket& socket : sockets) socket.shutdown(tcp::socket::shutdown_both, ignored);
    }
    // Wakes the accepting thread.
    boost::system::error_code ignored;
    tcp::socket last(loop);
    last.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), ignored);
    accepting.join();
    for (std::thread& thread : threads) thread.join();
  }

  void accept() {
    for (std::size_t number = 0;; ++number) {
      boost::system::error_code error;
      tcp::socket socket(loop);
      acceptor.accept(socket, error);
      const std::lock_guard lock(mutex);
      if (stopping || error) return;
      tcp::socket& kept = sockets.emplace_back(std::move(socket));
      threads.emplace_back([this, &kept, number] { serve(kept, number); });
    }
  }

  static std::optional<ssl::context> context_of(const std::optional<HttpDestinationTls>& files) {
    if (!files) return std::nullopt;
    ssl::context context(ssl::context::tls_server);
    context.use_certificate_chain_file(files->cert_file);
    context.use_private_key_file(files->key_file, ssl::context::pem);
    if (!files->client_ca_file.empty()) {
      context.load_verify_file(files->client_ca_file);
      context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    }
    return context;
  }

  void serve(tcp::socket& socket, std::size_t number) {
    if (tls) {
      ssl::stream<tcp::socket&> stream(socket, *tls);
      boost::system::error_code error;
      stream.handshake(ssl::stream_base::server, error);
      if (!error) converse(stream, number);
    } else {
      converse(socket, number);
    }
    const std::lock_guard lock(mutex);
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
  }

  template <typename Stream>
  void converse(Stream& stream, std::size_t number) {
    boost::beast::flat_buffer in;
    for (;;) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(1U << 30U);
      boost::system::error_code error;
      http::read(stream, in, parser, error);
      if (error) break;
      HttpCall call{.target = std::string(parser.get().target()),
                    .headers = {},
                    .body = parser.get().body(),
                    .connection = number};
      for (const auto& field : parser.get()) {
        std::string name(field.name_string());
        std::transform(name.begin(), name.end(), name.begin(), [](char c) {
          return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        call.headers[name] = std::string(field.value());
      }
      HttpReply given;
      {
        const std::lock_guard lock(mutex);
        given = answer(call);
        calls.push_back(std::move(call));
        changed.notify_all();
      }
      if (given.never) continue;
      asio::write(stream, asio::buffer(given.bytes), error);
      if (error || given.close) break;
    }
  }

  Answer answer;
  std::optional<ssl::context> tls;
  asio::io_context loop;
  tcp::acceptor acceptor;
  const std::uint16_t port;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::list<tcp::socket> sockets;
  std::list<std::thread> threads;
  std::vector<HttpCall> calls;
  std::thread accepting;
};

HttpDestination::HttpDestination(Answer answer, const std::optional<HttpDestinationTls>& tls)
    : impl_(std::make_unique<Impl>(std::move(answer), tls)) {}
HttpDestination::~HttpDestination() = default;

std::string HttpDestination::endpoint() const {
  return "http://127.0.0.1:" + std::to_string(impl_->port);
}
int HttpDestination::port() const { return impl_->port; }
std::size_t HttpDestination::call_count() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->calls.size();
}
HttpCall HttpDestination::call(std::size_t index) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->calls.at(index);
}
bool HttpDestination::wait_for_calls(std::size_t count) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, std::chrono::seconds(10),
                                 [&] { return impl_->calls.size() >= count; });
}

}  // namespace gateway::exporter::testing
