// How long a refused sender is told to wait: as long as what stands in its way takes to go.
//
//   the log is full    : bytes_ahead / the rate at which the log frees room
//   the budget is taken : how long a request holds its share, as measured lately (by Little's law
//                         the whole budget turns over in that time)
//
// Both within kRetryDelayMin .. kRetryDelayMax.
//
// Units:   bytes, bytes a second, milliseconds.
// Errors:  none.
// Threads: retry_delay() is pure; a DrainMeter is sampled by one thread and read by any.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace gateway::receiver::otlp {

inline constexpr std::chrono::milliseconds kRetryDelayMin{250};
inline constexpr std::chrono::milliseconds kRetryDelayMax{30'000};
// After a failed write, or while stopping: nothing is known but that it is not now.
inline constexpr std::chrono::milliseconds kRetryDelayUnavailable{5'000};

[[nodiscard]] constexpr std::chrono::milliseconds retry_delay(
    std::chrono::nanoseconds residence) noexcept {
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(residence), kRetryDelayMin,
                    kRetryDelayMax);
}

// A rate of zero is a drain that stands still.
[[nodiscard]] constexpr std::chrono::milliseconds retry_delay(std::uint64_t bytes_ahead,
                                                              double bytes_per_second) noexcept {
  if (!(bytes_per_second > 0)) return kRetryDelayMax;
  const double millis = static_cast<double>(bytes_ahead) * 1000.0 / bytes_per_second;
  if (!(millis < static_cast<double>(kRetryDelayMax.count()))) return kRetryDelayMax;
  return std::max(kRetryDelayMin, std::chrono::milliseconds(static_cast<std::int64_t>(millis)));
}

// A rate out of a growing total, smoothed over about ten samples.
class DrainMeter {
 public:
  void sample(std::uint64_t total_bytes, std::chrono::steady_clock::time_point now) noexcept {
    if (sampled_at_ != std::chrono::steady_clock::time_point{} && now > sampled_at_) {
      const std::chrono::duration<double> passed = now - sampled_at_;
      const double grown =
          total_bytes > total_bytes_ ? static_cast<double>(total_bytes - total_bytes_) : 0.0;
      constexpr double kWeight = 0.1;
      const double before = rate_.load(std::memory_order_relaxed);
      const double latest = grown / passed.count();
      rate_.store(before == 0 ? latest : before + kWeight * (latest - before),
                  std::memory_order_relaxed);
    }
    total_bytes_ = total_bytes;
    sampled_at_ = now;
  }
  [[nodiscard]] double bytes_per_second() const noexcept {
    return rate_.load(std::memory_order_relaxed);
  }

 private:
  std::uint64_t total_bytes_ = 0;
  std::chrono::steady_clock::time_point sampled_at_{};
  std::atomic<double> rate_{0};
};

}  // namespace gateway::receiver::otlp
