// How many threads wake one that sleeps, without a lock and, while it is awake, without a system
// call.
//
// Errors:  none; wake-ups may be spurious, and are never lost.
// Threads: wake() from any; wait() from one.
// Source:  futex(2).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace gateway::io {

class Wakeup {
 public:
  // The waiter returns from its present or its next wait().
  void wake() noexcept;
  // Until wake(), or until `timeout` has passed.
  void wait(std::chrono::nanoseconds timeout) noexcept;

 private:
  enum State : std::uint32_t { kAwake, kAsleep, kWoken };
  std::atomic<std::uint32_t> state_{kAwake};
};

}  // namespace gateway::io
