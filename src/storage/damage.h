// Where the log has been found damaged: each place is counted and told once, however many readers
// come by.
//
// Errors:  none.
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>

#include "storage/log.h"

namespace gateway::storage {

class DamageLog {
 public:
  // Records at `from` and after are no longer there; reading goes on at `resumed_at`.
  void note(Position from, Position resumed_at);
  [[nodiscard]] std::uint64_t count() const noexcept {
    return count_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kPlacesMax = 4096;  // remembered; beyond, a place counts again
  std::mutex mutex_;
  std::set<Position> places_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace gateway::storage
