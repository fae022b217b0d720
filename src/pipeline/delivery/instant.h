// The time that delivery policy reasons in, and the source of its randomness. Policy never asks for
// either: the caller hands in `now`, and a Jitter made from a seed, so tests run in virtual time.
//
// Units:   monotonic nanoseconds.
// Errors:  none.
// Threads: a Jitter belongs to one holder.
// Source:  SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
#pragma once

#include <chrono>
#include <cstdint>

namespace gateway::pipeline::delivery {

using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// Spreads waits, so that many senders do not come back at the same moment.
class Jitter {
 public:
  explicit Jitter(std::uint64_t seed) noexcept : state_(seed) {}

  // Evenly spread over [0, 1).
  [[nodiscard]] double next() noexcept {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
    mixed ^= mixed >> 31U;
    return static_cast<double>(mixed >> 11U) * 0x1.0p-53;
  }

  // `base` made longer or shorter by at most `factor` of it.
  [[nodiscard]] Duration spread(Duration base, double factor) noexcept {
    const double scale = 1.0 + factor * (2.0 * next() - 1.0);
    return Duration(static_cast<Duration::rep>(static_cast<double>(base.count()) * scale));
  }

 private:
  std::uint64_t state_;
};

}  // namespace gateway::pipeline::delivery
