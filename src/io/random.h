// Randomness, so that tests can repeat it from a seed.
//
// Errors:  none; a kernel without getrandom() aborts.
// Threads: real_random() any; a SimRandom belongs to one thread.
// Source:  SimRandom is splitmix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cstdint>

namespace gateway::io {

class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
  // Uniform enough in 0 .. bound-1. Requires: bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return next() % bound; }
};

// The kernel's; not to be guessed by a sender.
[[nodiscard]] Random& real_random() noexcept;

class SimRandom final : public Random {
 public:
  explicit SimRandom(std::uint64_t seed) noexcept : state_(seed) {}
  [[nodiscard]] std::uint64_t next() override {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

}  // namespace gateway::io
