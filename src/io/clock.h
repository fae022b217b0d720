// Time, so that tests can hold it still.
//
// Units:   nanoseconds; unix_nano since 1970-01-01 UTC, monotonic since some fixed moment.
// Errors:  none.
// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace gateway::io {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::uint64_t unix_nano() const = 0;
  [[nodiscard]] virtual std::chrono::nanoseconds monotonic() const = 0;
};

[[nodiscard]] Clock& real_clock() noexcept;

// Moves only when told to.
class SimClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t unix_nano() const override {
    return unix_nano_start_ + static_cast<std::uint64_t>(monotonic().count());
  }
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override {
    return std::chrono::nanoseconds(elapsed_.load(std::memory_order_relaxed));
  }
  void advance(std::chrono::nanoseconds by) noexcept {
    elapsed_.fetch_add(by.count(), std::memory_order_relaxed);
  }
  // The time of day is set.
  void step(std::chrono::nanoseconds by) noexcept {
    unix_nano_start_.fetch_add(static_cast<std::uint64_t>(by.count()), std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> unix_nano_start_{1'700'000'000'000'000'000ULL};
  std::atomic<std::int64_t> elapsed_{1};
};

}  // namespace gateway::io
