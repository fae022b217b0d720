// The bytes of one accepted connection, in clear or under TLS, never blocking.
//
// Reads and writes are tried at once; only when the kernel (or TLS) has nothing to give is
// readiness awaited, so no connection keeps a buffer while it waits.
//
// Errors:  IoStatus. A peer that is gone is `closed` or `failed`; neither is more than an end.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "net/tls.h"
#include "net/wait_memory.h"

namespace gateway::net {

enum class IoStatus : std::uint8_t { ok, want_read, want_write, closed, failed };

struct IoResult {
  IoStatus status = IoStatus::ok;
  std::size_t size_bytes = 0;
};

class Socket {
  using Descriptor =
      boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

 public:
  // Takes over `descriptor`, which must be non-blocking. `tls` may be null.
  Socket(boost::asio::io_context& context, int descriptor, const TlsContext& tls);

  [[nodiscard]] bool encrypted() const noexcept { return tls_ != nullptr; }
  // TLS only: `ok` when the handshake is done.
  [[nodiscard]] IoStatus handshake() noexcept;
  // Whether ALPN settled on HTTP/2.
  [[nodiscard]] bool negotiated_http2() const noexcept;

  // An IP address without port or zone; empty when the peer has gone.
  [[nodiscard]] std::string peer_address();

  [[nodiscard]] IoResult read(std::span<std::byte> into) noexcept;
  [[nodiscard]] IoResult write(std::span<const std::byte> bytes) noexcept;
  // Says that no more will be written; what was written is still delivered.
  void shutdown_write() noexcept;
  void close() noexcept;

  // handler(bool ok), once the descriptor is readable or writable, or the wait was cancelled.
  template <typename F>
  void async_wait(bool for_write, F&& handler) {
    descriptor_.async_wait(
        for_write ? Descriptor::wait_write : Descriptor::wait_read,
        boost::asio::bind_allocator(
            WaitMemory::Allocator<std::byte>{wait_memory_},
            [handler = std::forward<F>(handler)](const boost::system::error_code& error) mutable {
              handler(!error);
            }));
  }

 private:
  [[nodiscard]] IoStatus tls_status(int result) noexcept;
  WaitMemory wait_memory_;
  Descriptor descriptor_;
  TlsSession tls_;
};

}  // namespace gateway::net
