// The one writer: turns what was submitted into commit groups, opens and seals segments, and lets
// old ones go. Driven by the log's thread, or step by step by a test.
//
// A group that could not be written or synced is refused as a whole, and its segment abandoned
// where it was last committed: after a failed fsync nobody knows what is on disk. The next group
// goes to a new segment, whose header says how much of the old one counts.
//
// Units:   bytes, nanoseconds.
// Errors:  every append is answered through its sink; nothing else fails.
// Threads: the writer's; what WriterState holds, from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "storage/catalog.h"
#include "storage/cursor_set.h"
#include "storage/group.h"
#include "storage/log.h"
#include "storage/segment_files.h"
#include "storage/surplus_files.h"
#include "storage/tail_cache.h"

namespace gateway::storage {

// After a failed write the disk is left alone for this long; what arrives meanwhile is refused.
inline constexpr std::chrono::milliseconds kWriteRetryInterval{100};
// Old segments are looked for at least this often.
inline constexpr std::chrono::milliseconds kRetentionInterval{1000};
// And this often while there is no room for one more.
inline constexpr std::chrono::milliseconds kTightRetentionInterval{20};
// Records expire by whole segments, so one that is begun is ended after this part of age_max.
inline constexpr int kSegmentsPerAgeMax = 8;

// What retention and admission ask for anew each time.
class LiveLimits {
 public:
  explicit LiveLimits(const Limits& limits) : limits_(limits) {}
  [[nodiscard]] Limits get() const {
    const std::lock_guard lock(mutex_);
    return limits_;
  }
  void set(const Limits& limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
  }

 private:
  mutable std::mutex mutex_;
  Limits limits_;
};

// What other threads see of the writer.
struct WriterState {
  std::atomic<std::uint64_t> commit_count{0};
  std::atomic<std::uint64_t> commit_failure_count{0};
  std::atomic<std::uint64_t> append_refused_count{0};
  std::atomic<std::uint64_t> admissible_bytes{0};  // that would be stored now
  std::atomic<std::int64_t> commit_started{0};     // monotonic; 0: none runs
  std::atomic<std::int64_t> last_commit{0};        // how long it took
  std::atomic<std::int64_t> commit_time{0};        // of all of them together
  std::atomic<std::int64_t> pace_time{0};          // waited for readers between groups
  std::atomic<std::int64_t> last_commit_at{0};     // monotonic
  std::atomic<bool> direct_io{false};
  std::atomic<bool> write_path_ok{true};
};

class Listeners {
 public:
  void add(CommitListener& listener);
  void remove(CommitListener& listener);
  void tell(const Head& head);

 private:
  std::mutex mutex_;
  std::vector<CommitListener*> listeners_;
};

class Writer {
 public:
  struct Parts {
    io::FileSystem& files;
    io::Clock& clock;
    io::Random& random;
    const Options& options;
    const LiveLimits& limits;
    Catalog& catalog;
    TailCache& cache;
    SurplusFiles& surplus;
    CursorSet& cursors;
    Listeners& listeners;
    WriterState& state;
  };
  Writer(const Parts& parts, SegmentFiles segment_files, std::uint64_t next_sequence);

  // Takes over a chain (or nothing), and commits one group of what is waiting. False when nothing
  // was.
  bool commit_once(Append* arrived);
  // The same without end: answers everything.
  void commit_all(Append* arrived) {
    while (commit_once(std::exchange(arrived, nullptr))) {
    }
  }
  [[nodiscard]] bool waiting() const noexcept { return waiting_first_ != nullptr; }
  // Refuses everything that waits.
  void refuse_all(Append* arrived, AppendErrc error);

  // What is due by the clock: the sync of `durability: interval`, retention.
  void maintain(bool retention_due);
  // Until when nothing is due.
  [[nodiscard]] std::chrono::nanoseconds idle_time() const;
  // Syncs, and gives back what of the newest segment is not used.
  void close();

 private:
  struct Active {
    SegmentHeader header;
    std::shared_ptr<io::File> file;
  };

  void take(Append* arrived);
  Append* pop();
  [[nodiscard]] bool write_group(GroupBuilder& group);
  void finish_group(GroupBuilder& group, const Head& head);
  [[nodiscard]] std::optional<AppendErrc> save_new_cursors();
  [[nodiscard]] std::optional<AppendErrc> open_segment();
  AppendErrc fail_write(const char* what, const io::IoError& error);
  [[nodiscard]] bool make_room();
  void abandon_segment(const char* what, const io::IoError& error);
  void seal_segment(bool truncate);
  void sync_if_due(bool now);
  void apply_retention(bool one_more);
  void end_old_segment();
  [[nodiscard]] std::uint64_t unix_nano_for_age() const;
  void publish_admissible();
  void answer(std::span<Append* const> appends, std::optional<AppendErrc> error);
  [[nodiscard]] std::uint64_t remaining_bytes() const;

  const Parts parts_;
  const std::uint64_t started_unix_nano_;
  const std::chrono::nanoseconds started_;
  SegmentFiles segment_files_;
  std::uint64_t next_sequence_;
  std::optional<Active> active_;
  Append* waiting_first_ = nullptr;
  Append* waiting_last_ = nullptr;
  std::chrono::nanoseconds retry_at_{0};
  std::chrono::nanoseconds retention_at_{0};
  std::chrono::nanoseconds tight_retention_at_{0};
  std::optional<std::chrono::nanoseconds> unsynced_since_;  // durability interval
};

}  // namespace gateway::storage
