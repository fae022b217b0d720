// Whether a destination is asked at all. It opens after failures in a row, lets one probe through
// after a jittered wait, and closes when the probe succeeds; each probe that fails makes the next
// wait longer.
//
//   closed --failures--> open --wait over--> half_open --success--> closed
//                          ^---------------- failure --'
//
// Errors:  none.
// Threads: one holder.
#pragma once

#include <cstdint>

#include "pipeline/delivery/instant.h"

namespace gateway::pipeline::delivery {

inline constexpr double kBreakerGrowth = 2.0;
inline constexpr double kBreakerRandomizationFactor = 0.2;

struct CircuitBreakerSettings {
  bool enabled = true;
  std::uint32_t failure_threshold = 5;
  Duration open_interval = std::chrono::seconds(5);
  Duration open_interval_max = std::chrono::seconds(60);
};

class CircuitBreaker {
 public:
  // The numbers are the values of a metric: renumber none.
  enum class State : std::uint8_t { closed = 0, open = 1, half_open = 2 };

  explicit CircuitBreaker(const CircuitBreakerSettings& settings) noexcept;

  // Whether a request may go now. In state open, once the wait is over, true means that this
  // request is the probe: its outcome must be reported, or abandon_probe() called.
  [[nodiscard]] bool try_pass(Instant now) noexcept;
  void on_success() noexcept;
  void on_failure(Instant now, Jitter& jitter) noexcept;
  // The probe ended without an answer that tells anything (it was cancelled).
  void abandon_probe() noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  // When the next probe may go; meaningful while open.
  [[nodiscard]] Instant probe_at() const noexcept { return probe_at_; }
  // When it left `closed`; meaningful while it is not closed.
  [[nodiscard]] Instant opened_at() const noexcept { return opened_at_; }
  [[nodiscard]] std::uint32_t failure_count() const noexcept { return failure_count_; }

 private:
  void open(Instant now, Jitter& jitter) noexcept;

  CircuitBreakerSettings settings_;
  State state_ = State::closed;
  std::uint32_t failure_count_ = 0;  // in a row
  Duration interval_;
  Instant probe_at_{};
  Instant opened_at_{};
};

}  // namespace gateway::pipeline::delivery
