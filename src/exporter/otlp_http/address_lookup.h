// The addresses of a host, found without anybody having to wait for the system's resolver: that one
// can take half a minute and cannot be interrupted, so a lookup that is given up goes on by itself,
// and what it finds is dropped. Asio's own resolver would be joined when its loop goes.
//
// Limits:  kLookupsMax at once in the process, given up ones included.
// Errors:  Found::error, for a person; then there is no address.
// Threads: start() and cancel() on the loop's thread, where `done` is called too, later; a name is
//          looked up on a thread of its own, an address in digits on none.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace gateway::exporter {

// More are refused until one ends: a resolver that hangs must not eat all threads.
inline constexpr int kLookupsMax = 64;

// What the system's resolver says, at once or after a while; empty: nothing found.
[[nodiscard]] std::vector<boost::asio::ip::tcp::endpoint> resolve_by_system(
    const std::string& host, const std::string& port);

class AddressLookup {
 public:
  struct Found {
    std::vector<boost::asio::ip::tcp::endpoint> addresses;
    std::string error;
  };
  using Done = std::function<void(Found)>;
  using Resolve = decltype(&resolve_by_system);

  explicit AddressLookup(boost::asio::io_context& loop, Resolve resolve = resolve_by_system)
      : loop_(loop), resolve_(resolve) {}
  ~AddressLookup() { cancel(); }
  AddressLookup(const AddressLookup&) = delete;
  AddressLookup& operator=(const AddressLookup&) = delete;

  // One at a time.
  void start(const std::string& host, const std::string& port, Done done);
  // `done` will not be called any more.
  void cancel();

 private:
  struct Shared;
  void finish_later(Found found);

  boost::asio::io_context& loop_;
  const Resolve resolve_;
  std::shared_ptr<Shared> shared_;  // while one goes on
};

}  // namespace gateway::exporter
