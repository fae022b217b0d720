#include "net/server.h"

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "net/connection.h"
#include "net/limits.h"
#include "telemetry/log.h"

namespace gateway::net {
namespace {

using boost::asio::ip::tcp;

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

// "host:port", "[v6]:port", ":port" (every address).
std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Endpoint endpoint;
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  endpoint.host = host.empty() ? "::" : std::string(host);
  const std::string_view port = text.substr(colon + 1);
  if (port.empty() || port.size() > 5) return std::nullopt;
  unsigned value = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > UINT16_MAX) return std::nullopt;
  endpoint.port = static_cast<std::uint16_t>(value);
  return endpoint;
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

template <typename F>
class Call final : public Task {
 public:
  explicit Call(F& f) : f_(f) {}
  void run() noexcept override { f_(); }

 private:
  F& f_;
};

}  // namespace

struct Server::Impl final : ConnectionObserver, std::enable_shared_from_this<Server::Impl> {
  Impl(IoThreads& threads_in, Handler& handler_in, const config::Listener& settings_in,
       std::string name_in)
      : threads(threads_in),
        handler(handler_in),
        settings(settings_in),
        name(std::move(name_in)),
        acceptor(threads_in[0].impl().context) {}

  Result<void, ListenFailure> start();
  Result<void, ListenFailure> update(const config::Listener& wanted);
  void accept_some() noexcept;
  void await_accept() noexcept;
  void admit(int descriptor) noexcept;
  void close_acceptor();
  void on_connection_closed() noexcept override;
  [[nodiscard]] bool wait_until_empty(std::chrono::steady_clock::time_point deadline);
  void begin_drain();
  void stop();

  template <typename F>
  void on_thread(IoThread& thread, F f) {
    Call<F> call(f);
    threads.run_and_wait(thread, call);
  }

  IoThreads& threads;
  Handler& handler;
  config::Listener settings;  // thread 0's once it runs, as is `tls`
  const std::string name;
  ServerCounters counters;
  tcp::acceptor acceptor;  // lives on thread 0
  TlsContext tls;
  std::string address;
  std::vector<std::unique_ptr<Shard>> shards;  // by thread index
  bool running = false;
  std::atomic<std::uint32_t> open_connections{0};
  std::atomic<bool> closing{false};
  std::atomic<bool> draining{false};
  std::mutex mutex;
  std::condition_variable emptied;
};

Result<void, ListenFailure> Server::Impl::start() {
  const auto refuse = [&](const std::string& why) {
    return fail(ListenFailure{"cannot listen on " + settings.endpoint + ": " + why});
  };
  if (settings.tls) {
    auto context = make_tls_context(*settings.tls);
    if (!context) return refuse(context.error());
    tls = *context;
  }
  const auto endpoint = parse_endpoint(settings.endpoint);
  if (!endpoint) return refuse("it is not host:port");

  boost::system::error_code error;
  tcp::resolver resolver(threads[0].impl().context);
  const auto found =
      resolver.resolve(endpoint->host, std::to_string(endpoint->port),
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return refuse(error.message());
  for (const auto& entry : found) {
    acceptor.close(error);
    acceptor.open(entry.endpoint().protocol(), error);
    if (error) continue;
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    acceptor.bind(entry.endpoint(), error);
    if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    if (!error) break;
  }
  if (!error) acceptor.non_blocking(true, error);
  if (error) {
    const std::string why = error.message();
    acceptor.close(error);
    return refuse(why);
  }
  address = text_of(acceptor.local_endpoint());

  for (std::size_t i = 0; i < threads.count(); ++i) {
    shards.push_back(std::make_unique<Shard>(threads[i], handler, settings, counters, *this));
    on_thread(threads[i], [&] { threads[i].add_tick(*shards[i]); });
  }
  running = true;
  on_thread(threads[0], [&] { await_accept(); });
  telemetry::log_debug("net", "bound",
                       {{"listener", name}, {"address", address}, {"tls", tls != nullptr}});
  return {};
}

Result<void, ListenFailure> Server::Impl::update(const config::Listener& wanted) {
  TlsContext context;
  if (wanted.tls) {
    auto made = make_tls_context(*wanted.tls);
    if (!made) return fail(ListenFailure{"listener " + name + ": " + made.error()});
    context = *made;
  }
  on_thread(threads[0], [&] {
    settings = wanted;
    tls.swap(context);
  });
  for (const auto& shard : shards) on_thread(shard->thread, [&] { shard->settings = wanted; });
  return {};
}

void Server::Impl::await_accept() noexcept {
  acceptor.async_wait(tcp::acceptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (error || self->closing.load()) return;
                        self->accept_some();
                      });
}

void Server::Impl::accept_some() noexcept {
  for (int i = 0; i < kAcceptsPerTurnMax; ++i) {
    const int descriptor =
        ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      admit(descriptor);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    // Out of descriptors or memory: connections wait in the backlog until some are free.
    telemetry::log_warn("net", "cannot accept a connection",
                        {{"listener", name}, {"error", std::strerror(errno)}});
    auto timer = std::make_shared<boost::asio::steady_timer>(threads[0].impl().context);
    timer->expires_after(kTickInterval);
    timer->async_wait([self = shared_from_this(), timer](const boost::system::error_code&) {
      if (!self->closing.load()) self->accept_some();
    });
    return;
  }
  await_accept();
}

void Server::Impl::admit(int descriptor) noexcept {
  if (open_connections.load(std::memory_order_relaxed) >= settings.max_connections) {
    counters.refused_total.fetch_add(1, std::memory_order_relaxed);
    ::close(descriptor);
    return;
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  counters.accepted_total.fetch_add(1, std::memory_order_relaxed);
  open_connections.fetch_add(1, std::memory_order_relaxed);
  IoThread& thread = threads.least_loaded();
  thread.connection_count_.fetch_add(1, std::memory_order_relaxed);
  Shard& shard = *shards[thread.index()];
  if (thread.is_current()) return shard.adopt(descriptor, tls);
  boost::asio::post(thread.impl().context, [self = shared_from_this(), &shard, descriptor,
                                            context = tls] { shard.adopt(descriptor, context); });
}

void Server::Impl::on_connection_closed() noexcept {
  if (open_connections.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const std::lock_guard lock(mutex);
  emptied.notify_all();
}

bool Server::Impl::wait_until_empty(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex);
  return emptied.wait_until(lock, deadline, [&] { return open_connections.load() == 0; });
}

void Server::Impl::close_acceptor() {
  if (closing.exchange(true)) return;
  on_thread(threads[0], [&] {
    boost::system::error_code ignored;
    acceptor.close(ignored);
  });
}

void Server::Impl::begin_drain() {
  if (!running || draining.exchange(true)) return;
  close_acceptor();
  for (const auto& shard : shards) on_thread(shard->thread, [&] { shard->start_drain(); });
}

void Server::Impl::stop() {
  if (!running) return;
  running = false;
  close_acceptor();
  // A connection on its way to its thread may arrive behind the first call: ask until none is left.
  do {
    for (const auto& shard : shards) on_thread(shard->thread, [&] { shard->close_all(); });
  } while (!wait_until_empty(std::chrono::steady_clock::now() + kTickInterval));
  for (const auto& shard : shards) {
    on_thread(shard->thread, [&] {
      shard->thread.remove_tick(*shard);
      shard->clear_pool();
    });
  }
}

Server::Server(IoThreads& threads, Handler& handler, const config::Listener& settings,
               std::string name)
    : impl_(std::make_shared<Impl>(threads, handler, settings, std::move(name))) {}

Server::~Server() { impl_->stop(); }

Result<void, ListenFailure> Server::start() { return impl_->start(); }
Result<void, ListenFailure> Server::update(const config::Listener& settings) {
  GATEWAY_ASSERT(impl_->running && settings.tls.has_value() == (impl_->tls != nullptr));
  return impl_->update(settings);
}
std::string Server::address() const { return impl_->address; }
void Server::begin_drain() { impl_->begin_drain(); }
bool Server::drain(std::chrono::steady_clock::time_point deadline) {
  impl_->begin_drain();
  return !impl_->running || impl_->wait_until_empty(deadline);
}
void Server::stop() { impl_->stop(); }
const ServerCounters& Server::counters() const noexcept { return impl_->counters; }

}  // namespace gateway::net
