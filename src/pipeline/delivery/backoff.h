// How long one request waits before it is tried again: exponential, jittered, capped, and never
// shorter than what the destination asked for.
//
//   wait(n) := max(spread(min(initial * multiplier^n, max), randomization), asked for)
//
// Units:   durations.
// Errors:  none; settings out of range are clamped (an interval of 0 becomes kBackoffIntervalMin).
// Threads: one holder.
// Source:  OTLP specification, "Retryable response codes"; of docs/conformance.md.
#pragma once

#include <cstdint>
#include <optional>

#include "pipeline/delivery/instant.h"

namespace gateway::pipeline::delivery {

// Below this a retry is a busy loop.
inline constexpr Duration kBackoffIntervalMin = std::chrono::milliseconds(1);
// A destination that asks for more is not believed: it would be an outage by one header.
inline constexpr Duration kBackoffAskedMax = std::chrono::minutes(10);

struct BackoffSettings {
  Duration initial_interval = std::chrono::seconds(5);
  Duration max_interval = std::chrono::seconds(30);
  double multiplier = 1.5;
  double randomization_factor = 0.5;
};

class Backoff {
 public:
  explicit Backoff(const BackoffSettings& settings) noexcept;

  // The wait after one more failure. `asked` is RetryInfo or Retry-After, if the destination gave
  // one.
  [[nodiscard]] Duration next(std::optional<Duration> asked, Jitter& jitter) noexcept;
  void reset() noexcept;
  [[nodiscard]] std::uint32_t failure_count() const noexcept { return failure_count_; }

 private:
  BackoffSettings settings_;
  Duration base_;
  std::uint32_t failure_count_ = 0;
};

}  // namespace gateway::pipeline::delivery
