// The newest committed records, as they lie in memory since they were received: what a reader that
// keeps up is served from, without touching the disk.
//
// A reader that falls out of it costs twice as much, for it reads the disk. So the writer waits a
// moment for a reader that is about to, and for one that lies not far behind (wait_for_followers).
//
// Units:   bytes of Buffers held; bounded by `size_bytes_max`, the oldest go first. A reader keeps
//          what it has taken: kReadChargeBytesMax and one record at most.
// Errors:  none; what is not here is on disk.
// Threads: any; one writer adds.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "io/clock.h"
#include "storage/log.h"

namespace gateway::storage {

inline constexpr std::size_t kReadChargeBytesMax = 1U << 20U;

class TailCache {
 public:
  // `segment_size_bytes`: of the log, to tell how far apart two positions are.
  TailCache(std::size_t size_bytes_max, std::uint64_t segment_size_bytes,
            const io::Clock& clock) noexcept
      : size_bytes_max_(size_bytes_max), segment_size_bytes_(segment_size_bytes), clock_(clock) {}

  struct Entry {
    Record record;
    std::size_t charge_bytes = 0;  // what holding it costs
    bool probe = false;
  };

  // How far one reader has come, for the writer to see.
  class Follower {
   public:
    explicit Follower(TailCache& cache);
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;
    // Whether it is worth waiting for, in the next kAwaitedTimeMax. From any thread.
    void set_awaited(bool awaited) noexcept;

   private:
    friend class TailCache;
    TailCache& cache_;
    std::atomic<std::int64_t> awaited_until_{0};  // monotonic nanoseconds
    Position read_to_;
  };

  // The entries of one committed group, in the order of the log. `from` is where the group begins.
  void add(Position from, std::vector<Entry>&& entries);

  // Where the log stood when it was opened, or when something was committed that is not here.
  void restart_at(Position position);

  // Where the oldest record that is here lies, or the next one will.
  [[nodiscard]] Position covered_from() const;

  struct Found {
    bool covered = false;  // false: `from` is older than what is here
    Position scanned_to;   // nothing wanted is left before this
  };
  // Appends to `out` the records of `signals` in [from, head), as many as are taken in one go.
  [[nodiscard]] Found read(Position from, Position head, std::uint32_t signals, Follower& follower,
                           std::deque<Record>& out);

  // While an awaited follower has half of the cache unread, or has fallen out of it and is not far
  // behind, for at most `time_max`. Returns whether it waited.
  bool wait_for_followers(std::chrono::nanoseconds time_max);

  [[nodiscard]] std::size_t size_bytes() const noexcept {
    return size_bytes_.load(std::memory_order_relaxed);
  }

 private:
  // A reader is waited for from half a cache behind the head on, up to so many sizes of it.
  static constexpr std::uint64_t kUnreadShare = 2;
  static constexpr std::uint64_t kFollowedSizesMax = 4;

  [[nodiscard]] bool is_waited_for(const Follower& follower) const noexcept;

  const std::size_t size_bytes_max_;
  const std::uint64_t segment_size_bytes_;
  const io::Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable read_on_;
  bool writer_waits_ = false;
  std::vector<Follower*> followers_;
  std::deque<Entry> entries_;
  Position covered_from_;
  Position covered_to_;
  std::atomic<std::size_t> size_bytes_{0};
};

}  // namespace gateway::storage
