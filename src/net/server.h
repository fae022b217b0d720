// A listener and its connections: HTTP/1.1, HTTP/2 and gRPC on one port, in clear or under TLS. A
// connection says by its first bytes (under TLS by ALPN) which protocol it speaks.
//
// Limits:  connections, streams, header bytes, time for head, body and idling, age: all from
//          config::Listener; those no operator needs are constants in net/limits.h.
// Errors:  start() says which address or certificate it could not use, and why.
// Threads: start(), update(), drain(), stop() on the application's thread; the getters from any.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "config/settings.h"
#include "net/exchange.h"
#include "net/io_threads.h"

namespace gateway::net {

struct ListenFailure {
  std::string message;  // for a person: what, which address or file, why
};

// Counted over the life of a server; any thread may read.
struct ServerCounters {
  std::atomic<std::uint32_t> http1_connections{0};  // open now
  std::atomic<std::uint32_t> http2_connections{0};
  std::atomic<std::uint32_t> new_connections{0};  // open, protocol not known yet
  std::atomic<std::uint64_t> accepted_total{0};
  std::atomic<std::uint64_t> refused_total{0};          // over max_connections
  std::atomic<std::uint64_t> tls_failures_total{0};     // handshakes
  std::atomic<std::uint64_t> protocol_errors_total{0};  // connections ended for broken framing
  std::atomic<std::uint64_t> timeouts_total{0};         // connections ended for slowness
  std::atomic<std::uint64_t> floods_total{0};           // connections ended for abuse
};

class Server {
 public:
  // `handler` and `threads` outlive the server. `name` is for the log lines.
  Server(IoThreads& threads, Handler& handler, const config::Listener& settings, std::string name);
  ~Server();  // as stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] Result<void, ListenFailure> start();
  // The bound address with the real port; empty before start().
  [[nodiscard]] std::string address() const;

  // Other limits and certificates, from the next connection, request or deadline on; the files of
  // TLS are read anew. The address, and whether there is TLS at all, stay. On failure nothing
  // changes.
  [[nodiscard]] Result<void, ListenFailure> update(const config::Listener& settings);

  // Accepts nothing new and tells the peers to go elsewhere.
  void begin_drain();
  // As begin_drain(), then waits for requests in flight, at most until `deadline`. True when all
  // had been answered.
  bool drain(std::chrono::steady_clock::time_point deadline);
  // Cuts what is left. Idempotent.
  void stop();

  [[nodiscard]] const ServerCounters& counters() const noexcept;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace gateway::net
