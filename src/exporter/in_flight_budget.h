// The bytes one exporter holds in memory, shared by its lanes so that no lane can starve another: a
// part of the limit is each lane's own, the rest belongs to whoever comes first.
//
// Units:   bytes.
// Errors:  a take that does not fit is refused; a lane that holds nothing is never refused, so a
//          record larger than the limit is still delivered, alone.
// Threads: the exporter's loop thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/assert.h"
#include "base/signal.h"

namespace gateway::exporter {

class InFlightBudget {
 public:
  InFlightBudget(std::uint64_t limit_bytes, std::size_t lane_count) noexcept
      : limit_bytes_(limit_bytes),
        own_bytes_(limit_bytes / 2 / std::max<std::size_t>(lane_count, 1)),
        lane_count_(std::max<std::size_t>(lane_count, 1)) {}

  [[nodiscard]] bool try_take(Signal signal, std::uint64_t bytes) noexcept {
    std::uint64_t& mine = taken_bytes_[index_of(signal)];
    if (mine != 0) {
      // What the others hold or have a right to.
      std::uint64_t others = own_bytes_ * (lane_count_ - 1);
      for (const Signal other : kSignals) {
        if (other == signal) continue;
        const std::uint64_t taken = taken_bytes_[index_of(other)];
        if (taken > own_bytes_) others += taken - own_bytes_;
      }
      if (mine + bytes + others > limit_bytes_) return false;
    }
    mine += bytes;
    return true;
  }
  // Takes what cannot be refused.
  void force_take(Signal signal, std::uint64_t bytes) noexcept {
    taken_bytes_[index_of(signal)] += bytes;
  }
  void give_back(Signal signal, std::uint64_t bytes) noexcept {
    std::uint64_t& mine = taken_bytes_[index_of(signal)];
    GATEWAY_ASSERT(mine >= bytes);
    mine -= bytes;
  }
  [[nodiscard]] std::uint64_t taken_bytes(Signal signal) const noexcept {
    return taken_bytes_[index_of(signal)];
  }

 private:
  std::uint64_t limit_bytes_;
  std::uint64_t own_bytes_;
  std::uint64_t lane_count_;
  std::array<std::uint64_t, kSignalCount> taken_bytes_{};
};

}  // namespace gateway::exporter
