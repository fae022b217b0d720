#include "exporter/otlp_http/address_lookup.h"

#include <atomic>
#include <charconv>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/assert.h"

namespace gateway::exporter {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Threads that ask the system now; outlives all of them.
constinit std::atomic<int> lookups_running{0};

// The address that `host` is, where it is one in digits.
std::vector<tcp::endpoint> as_digits(const std::string& host, const std::string& port) {
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  std::uint16_t number = 0;
  const char* end = port.data() + port.size();
  const auto parsed = std::from_chars(port.data(), end, number);
  if (error || parsed.ec != std::errc() || parsed.ptr != end) return {};
  return {tcp::endpoint(address, number)};
}

}  // namespace

std::vector<tcp::endpoint> resolve_by_system(const std::string& host, const std::string& port) {
  asio::io_context own;  // has no thread: the call below blocks
  tcp::resolver resolver(own);
  boost::system::error_code error;
  std::vector<tcp::endpoint> addresses;
  for (const auto& entry : resolver.resolve(host, port, error)) addresses.push_back(entry);
  return addresses;
}

// Held by the lookup and by its thread: whoever is last.
struct AddressLookup::Shared {
  std::mutex mutex;
  asio::io_context* loop = nullptr;  // null: given up
  Done done;
};

void AddressLookup::start(const std::string& host, const std::string& port, Done done) {
  GATEWAY_ASSERT(shared_ == nullptr);
  shared_ = std::make_shared<Shared>();
  shared_->loop = &loop_;
  shared_->done = std::move(done);
  if (auto addresses = as_digits(host, port); !addresses.empty()) {
    return finish_later({.addresses = std::move(addresses), .error = {}});
  }
  if (lookups_running.fetch_add(1) >= kLookupsMax) {
    lookups_running.fetch_sub(1);
    return finish_later({.addresses = {}, .error = "too many name lookups hang"});
  }
  const auto ask = [this_shared = shared_, resolve = resolve_, host, port] {
    Found found{.addresses = resolve(host, port), .error = {}};
    if (found.addresses.empty()) found.error = "no address found";
    lookups_running.fetch_sub(1);
    const std::lock_guard lock(this_shared->mutex);
    if (this_shared->loop == nullptr) return;
    asio::post(*this_shared->loop, [this_shared, found = std::move(found)]() mutable {
      // On the loop's thread, as cancel() is: no lock is needed any more.
      if (auto answer = std::exchange(this_shared->done, nullptr)) answer(std::move(found));
    });
  };
  try {
    std::thread(ask).detach();
  } catch (const std::system_error&) {
    lookups_running.fetch_sub(1);
    finish_later({.addresses = {}, .error = "no thread for a name lookup"});
  }
}

void AddressLookup::finish_later(Found found) {
  asio::post(loop_, [shared = shared_, found = std::move(found)]() mutable {
    if (auto done = std::exchange(shared->done, nullptr)) done(std::move(found));
  });
}

void AddressLookup::cancel() {
  const auto shared = std::exchange(shared_, nullptr);
  if (!shared) return;
  const std::lock_guard lock(shared->mutex);
  shared->loop = nullptr;
  shared->done = nullptr;
}

}  // namespace gateway::exporter
