#include "net/socket.h"

#include <array>
#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "base/assert.h"

namespace gateway::net {

Socket::Socket(boost::asio::io_context& context, int descriptor, const TlsContext& tls)
    : descriptor_(context, descriptor) {
  if (tls == nullptr) return;
  tls_.reset(SSL_new(tls.get()));
  GATEWAY_ASSERT(tls_ != nullptr);
  SSL_set_fd(tls_.get(), descriptor);
  SSL_set_accept_state(tls_.get());
}

IoStatus Socket::tls_status(int result) noexcept {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return IoStatus::want_read;
    case SSL_ERROR_WANT_WRITE:
      return IoStatus::want_write;
    case SSL_ERROR_ZERO_RETURN:
      return IoStatus::closed;
    default:
      ERR_clear_error();
      return IoStatus::failed;
  }
}

IoStatus Socket::handshake() noexcept {
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  return result == 1 ? IoStatus::ok : tls_status(result);
}

bool Socket::negotiated_http2() const noexcept {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(tls_.get(), &name, &size);
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

std::string Socket::peer_address() {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  // A closed descriptor has number -1, which getpeername() refuses.
  if (::getpeername(descriptor_.native_handle(), reinterpret_cast<sockaddr*>(&from), &size) != 0) {
    return {};
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* address = nullptr;
  int family = from.ss_family;
  if (family == AF_INET) {
    address = &reinterpret_cast<const sockaddr_in*>(&from)->sin_addr;
  } else if (family == AF_INET6) {
    const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(&from)->sin6_addr;
    address = &six;
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
      family = AF_INET;
      address = &six.s6_addr[12];
    }
  }
  if (address == nullptr || ::inet_ntop(family, address, text.data(), text.size()) == nullptr) {
    return {};
  }
  return text.data();
}

IoResult Socket::read(std::span<std::byte> into) noexcept {
  if (tls_ != nullptr) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(tls_.get(), into.data(), into.size(), &size);
    if (result == 1) return {IoStatus::ok, size};
    return {tls_status(result), 0};
  }
  ssize_t size = 0;
  do {
    size = ::recv(descriptor_.native_handle(), into.data(), into.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size > 0) return {IoStatus::ok, static_cast<std::size_t>(size)};
  if (size == 0) return {IoStatus::closed, 0};
  return {errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::want_read : IoStatus::failed, 0};
}

IoResult Socket::write(std::span<const std::byte> bytes) noexcept {
  if (tls_ != nullptr) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &size);
    if (result == 1) return {IoStatus::ok, size};
    return {tls_status(result), 0};
  }
  ssize_t size = 0;
  do {
    size = ::send(descriptor_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return {IoStatus::ok, static_cast<std::size_t>(size)};
  return {errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::want_write : IoStatus::failed, 0};
}

void Socket::shutdown_write() noexcept {
  if (tls_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  ::shutdown(descriptor_.native_handle(), SHUT_WR);
}

void Socket::close() noexcept {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

}  // namespace gateway::net
