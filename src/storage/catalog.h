// What the writer, the readers and retention share: which segments there are, and how far the log
// is committed.
//
// Units:   bytes; item totals are cumulative over the log's life.
// Errors:  none; it touches no file.
// Threads: any; one writer changes it. Everything comes out by value.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "io/file_system.h"
#include "storage/log.h"
#include "storage/segment.h"

namespace gateway::storage {

struct Segment {
  SegmentHeader header;
  std::uint64_t end_bytes = kFirstRecordOffsetBytes;  // committed so far
  std::uint64_t file_size_bytes = 0;                  // what it takes on disk
  std::shared_ptr<io::File> file;                     // open while it is written, else null

  [[nodiscard]] Position begin() const noexcept {
    return {header.sequence, kFirstRecordOffsetBytes};
  }
  [[nodiscard]] Position end() const noexcept { return {header.sequence, end_bytes}; }
};

class Catalog {
 public:
  [[nodiscard]] Head head() const;
  // Where the oldest segment begins; the head when there is none.
  [[nodiscard]] Position oldest() const;
  [[nodiscard]] ItemTotals oldest_items() const;
  // The segment of that sequence, or the first after it.
  [[nodiscard]] std::optional<Segment> at_or_after(std::uint64_t sequence) const;
  [[nodiscard]] std::optional<Segment> newest() const;
  [[nodiscard]] std::vector<Segment> segments() const;
  [[nodiscard]] std::uint64_t size_bytes() const;
  [[nodiscard]] std::size_t segment_count() const;

  void add(Segment segment);
  void set_head(const Head& head);
  // A group has been committed: the head, which ends the newest segment, is there now.
  void commit(const Head& head);
  // The newest segment takes no more; its file has this size.
  void seal(std::uint64_t file_size_bytes);
  // Removes the oldest segment. Requires: there are two at least.
  Segment remove_oldest();

 private:
  mutable std::mutex mutex_;
  std::deque<Segment> segments_;
  Head head_;
};

}  // namespace gateway::storage
