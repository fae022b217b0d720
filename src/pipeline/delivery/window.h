// How many requests may be in flight to one destination: found by what comes back, not configured.
// It grows by one a round while the destination keeps up, doubles a round at the start and after an
// outage, halves when a request fails for overload or time, and gives way by a tenth when answers
// become slower than they use to be.
//
//   1 <= limit() <= limit_max
//
// Errors:  none.
// Threads: one holder.
// Source:  AIMD as in TCP (RFC 5681); slower-than-usual by mean and mean deviation (RFC 6298).
#pragma once

#include <cstdint>

#include "pipeline/delivery/instant.h"

namespace gateway::pipeline::delivery {

class Window {
 public:
  explicit Window(std::uint32_t limit_max) noexcept;

  [[nodiscard]] std::uint32_t limit() const noexcept { return static_cast<std::uint32_t>(limit_); }
  // A request sent at `sent_at` was answered at `now`; `in_flight` counts it.
  void on_success(Instant now, Instant sent_at, std::uint32_t in_flight) noexcept;
  // The destination was too slow, overloaded or gone. Requests sent before the last decrease tell
  // nothing new.
  void on_congestion(Instant now, Instant sent_at) noexcept;
  // After an outage: from one request on, as at the start.
  void reset() noexcept;

 private:
  void decrease(Instant now, double factor) noexcept;

  double limit_max_;
  double limit_ = 1;
  bool doubling_ = true;
  Instant decreased_at_{};
  double latency_mean_s_ = 0;
  double latency_deviation_s_ = 0;
  std::uint32_t sample_count_ = 0;
};

}  // namespace gateway::pipeline::delivery
