// Which traces are under way: a bounded table of trace ids, fed with every span that was stored.
//
//   active    : a trace whose last span came less than its idle time ago
//   completed : idle for kIdleAfterRoot when its root span has come, else for kIdle
//   failed    : completed with at least one span of status ERROR
//
// Limits:  kTracesTrackedMax active traces; one more completes the one that has been
//          silent longest.
// Units:   milliseconds of any steady clock.
// Errors:  none.
// Threads: one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace gateway::query {

inline constexpr std::size_t kTracesTrackedMax = 65'536;
inline constexpr std::int64_t kIdleAfterRootMs = 2'000;
inline constexpr std::int64_t kIdleMs = 30'000;

using TraceId = std::array<std::byte, 16>;

struct TraceSummary {
  TraceId id{};
  std::int64_t first_seen_ms = 0;
  std::int64_t last_seen_ms = 0;
  std::uint64_t span_count = 0;
  bool root_seen = false;
  bool failed = false;
};

struct TraceCounts {
  std::uint64_t total = 0;      // ever begun
  std::uint64_t active = 0;     // now
  std::uint64_t failed = 0;     // ever completed with an error
  std::uint64_t completed = 0;  // ever completed
};

class TraceTable {
 public:
  explicit TraceTable(std::size_t tracked_max = kTracesTrackedMax);

  void observe(const TraceId& id, bool is_root, bool failed, std::int64_t now_ms);
  // Completes what has been silent long enough.
  void sweep(std::int64_t now_ms);
  [[nodiscard]] std::optional<TraceSummary> find(const TraceId& id) const;
  [[nodiscard]] TraceCounts counts() const noexcept { return counts_; }

 private:
  struct IdHash {
    // Trace ids are random by definition: eight of their bytes are a hash.
    std::size_t operator()(const TraceId& id) const noexcept {
      std::size_t value = 0;
      std::memcpy(&value, id.data() + 8, sizeof value);
      return value * 0x9e3779b97f4a7c15ULL;
    }
  };
  static constexpr std::uint32_t kNone = 0xffffffff;
  // Slots form two lists by last_seen (oldest first): with and without a root.
  struct Slot {
    TraceSummary trace;
    std::uint32_t previous = kNone, next = kNone;
  };
  struct Silence {
    std::uint32_t oldest = kNone, newest = kNone;
  };

  void unlink(std::uint32_t index);
  void link_newest(std::uint32_t index);
  void complete(std::uint32_t index);
  [[nodiscard]] Silence& list_of(const Slot& slot) { return lists_[slot.trace.root_seen ? 1 : 0]; }

  std::size_t tracked_max_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::array<Silence, 2> lists_;  // 0: root not seen, 1: root seen
  boost::unordered_flat_map<TraceId, std::uint32_t, IdHash> index_;
  TraceCounts counts_;
};

}  // namespace gateway::query
