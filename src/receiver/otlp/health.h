// grpc.health.v1: the two messages, by hand, and the calls of Watch that are open on one thread.
//
//   HealthCheckRequest  { string service = 1 }
//   HealthCheckResponse { ServingStatus status = 1 }
//
// Limits:  kWatchersMax open Watch calls a thread, kWatchersOfConnectionMax of them from one peer;
//          a service name of kServiceNameSizeBytesMax.
// Errors:  a request that does not parse is std::nullopt.
// Threads: HealthWatchers belongs to its I/O thread.
// Source:  grpc/health/v1/health.proto.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/exchange.h"
#include "receiver/otlp/receiver.h"

namespace gateway::receiver::otlp {

inline constexpr std::size_t kHealthRequestSizeBytesMax = 1024;
inline constexpr std::size_t kServiceNameSizeBytesMax = 256;
inline constexpr std::size_t kWatchersMax = 1024;
inline constexpr std::size_t kWatchersOfConnectionMax = 16;

[[nodiscard]] std::optional<std::string> parse_health_request(std::span<const std::byte> message);
[[nodiscard]] std::string health_response(ServingStatus status);

using ServingFunction = std::function<ServingStatus(std::string_view service)>;

// Tells watchers when their service's state has changed; asked at each tick.
class HealthWatchers final : public net::Task {
 public:
  explicit HealthWatchers(const ServingFunction& serving) : serving_(serving) {}

  // The server begins, maybe not for the first time.
  void begin() noexcept { finished_ = false; }
  // False: there are too many, or the server goes away. Sends the state of now.
  [[nodiscard]] bool add(net::Exchange& exchange, std::string service);
  void remove(const net::Exchange& exchange) noexcept;
  // Ends every call, and takes no more: the server goes away.
  void finish() noexcept;
  void run() noexcept override;

 private:
  struct Watcher {
    net::Exchange* exchange;
    std::string service;
    ServingStatus told;
  };
  const ServingFunction& serving_;
  std::vector<Watcher> watchers_;
  bool finished_ = false;
};

}  // namespace gateway::receiver::otlp
