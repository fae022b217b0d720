// A part of the gateway with a life of its own; pipeline/service_manager.h drives it.
//
//   start() -> drain() -> stop() -> start() ...
//
// Errors:  a start that fails says why, and leaves nothing running.
// Threads: start(), drain(), stop() one after the other, not always on the same thread; health(),
//          stats() and failed() from any, at any time, and they never wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gateway::pipeline {

enum class HealthState : std::uint8_t { healthy, degraded, unhealthy };
[[nodiscard]] std::string_view name_of(HealthState state) noexcept;

struct Health {
  HealthState state = HealthState::healthy;
  std::string reason;  // empty when healthy
};

struct ServiceFailure {
  std::string message;
};

// Numbers a service shows in the health page and the API, by name.
using ServiceStats = std::map<std::string, double>;

class Service {
 public:
  virtual ~Service() = default;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  [[nodiscard]] virtual std::vector<std::string> depends_on() const { return {}; }
  [[nodiscard]] virtual Result<void, ServiceFailure> start() = 0;
  // Takes in nothing new and finishes what is in flight, until `deadline` at most.
  virtual void drain(std::chrono::steady_clock::time_point deadline) = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual Health health() const = 0;
  // Whether it has ended by itself and wants stop() and start() again. Bad health alone is no
  // failure: an exporter whose destination is down works as it should.
  [[nodiscard]] virtual bool failed() const noexcept { return false; }
  [[nodiscard]] virtual ServiceStats stats() const { return {}; }
};

}  // namespace gateway::pipeline
