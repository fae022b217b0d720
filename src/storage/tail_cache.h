// The newest committed records, as they lie in memory since they were received: what a reader that
// keeps up is served from, without touching the disk.
//
// Units:   bytes of Buffers held; bounded by `size_bytes_max`, the oldest go first.
// Errors:  none; what is not here is on disk.
// Threads: any; one writer adds.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "storage/log.h"

namespace gateway::storage {

class TailCache {
 public:
  explicit TailCache(std::size_t size_bytes_max) noexcept : size_bytes_max_(size_bytes_max) {}

  struct Entry {
    Record record;
    std::size_t charge_bytes = 0;  // what holding it costs
    bool probe = false;
  };

  // The entries of one committed group, in the order of the log. `from` is where the group begins
  // and what follows all that was added before.
  void add(Position from, std::vector<Entry>&& entries);

  // Where the log stood when it was opened, or when something was committed that is not here.
  void restart_at(Position position);

  struct Found {
    bool covered = false;  // false: `from` is older than what is here
    Position scanned_to;   // nothing wanted is left before this
  };
  // Appends to `out` the records of `signals` in [from, head), a bounded number.
  [[nodiscard]] Found read(Position from, Position head, std::uint32_t signals,
                           std::deque<Record>& out) const;

  [[nodiscard]] std::size_t size_bytes() const noexcept {
    return size_bytes_.load(std::memory_order_relaxed);
  }

 private:
  const std::size_t size_bytes_max_;
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  Position covered_from_;
  std::atomic<std::size_t> size_bytes_{0};
};

}  // namespace gateway::storage
