#include "receiver/otlp/health.h"

#include <algorithm>

namespace gateway::receiver::otlp {

std::optional<std::string> parse_health_request(std::span<const std::byte> message) {
  std::string service;
  // Tag 0x0a (field 1, length-delimited) with a length of one or two bytes, any number of times:
  // the last one counts. Nothing else is in this message, and nobody sends it more.
  while (!message.empty()) {
    if (message[0] != std::byte{0x0a} || message.size() < 2) return std::nullopt;
    std::size_t length = std::to_integer<std::size_t>(message[1]);
    std::size_t head = 2;
    if (length >= 0x80) {
      if (message.size() < 3) return std::nullopt;
      length = (length & 0x7f) | std::to_integer<std::size_t>(message[2]) << 7;
      head = 3;
    }
    if (length > kServiceNameSizeBytesMax || length > message.size() - head) return std::nullopt;
    service.assign(reinterpret_cast<const char*>(message.data()) + head, length);
    message = message.subspan(head + length);
  }
  return service;
}

std::string health_response(ServingStatus status) {
  if (status == ServingStatus::unknown) return {};
  return {'\x08', static_cast<char>(status)};
}

bool HealthWatchers::add(net::Exchange& exchange, std::string service) {
  if (finished_ || watchers_.size() >= kWatchersMax) return false;
  const auto of_connection = std::count_if(
      watchers_.begin(), watchers_.end(),
      [&](const Watcher& w) { return w.exchange->connection() == exchange.connection(); });
  if (static_cast<std::size_t>(of_connection) >= kWatchersOfConnectionMax) return false;
  const ServingStatus now = serving_(service);
  if (!exchange.send_message(health_response(now))) return false;
  watchers_.push_back({&exchange, std::move(service), now});
  return true;
}

void HealthWatchers::remove(const net::Exchange& exchange) noexcept {
  std::erase_if(watchers_, [&](const Watcher& w) { return w.exchange == &exchange; });
}

void HealthWatchers::finish() noexcept {
  finished_ = true;
  constexpr std::uint32_t kUnavailable = 14;
  for (const Watcher& watcher : watchers_) {
    watcher.exchange->reply(net::GrpcReply{kUnavailable, "the server is shutting down", {}, {}});
  }
  watchers_.clear();
}

void HealthWatchers::run() noexcept {
  for (Watcher& watcher : watchers_) {
    const ServingStatus now = serving_(watcher.service);
    // One that reads too slowly is told at a later tick.
    if (now != watcher.told && watcher.exchange->send_message(health_response(now))) {
      watcher.told = now;
    }
  }
}

}  // namespace gateway::receiver::otlp
