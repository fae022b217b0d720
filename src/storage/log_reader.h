// The Reader of log.h: from the tail cache where that reaches, else from the segment files.
//
// Units:   bytes; it holds one window (scanner.h) while it is behind, nothing when it keeps up.
// Errors:  a read that fails is reported kReadAttemptsMax - 1 times, so that the caller can wait;
//          then the blocks that still do not answer count as damage.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "storage/catalog.h"
#include "storage/damage.h"
#include "storage/log.h"
#include "storage/scanner.h"
#include "storage/tail_cache.h"

namespace gateway::storage {

class LogReader final : public Reader {
 public:
  struct Source {
    io::FileSystem& files;
    std::string directory;
    bool direct_io = true;
    const Catalog& catalog;
    TailCache& cache;
    DamageLog& damage;
  };
  LogReader(const Source& source, std::uint32_t signals, Position from)
      : source_(source),
        signals_(signals),
        follower_(source.cache),
        position_(from),
        scanned_(from) {}

  [[nodiscard]] Result<std::optional<Record>, ReadErrc> next() override;
  void seek(Position to) override;
  void skip_to_memory() override;
  [[nodiscard]] Position position() const override { return position_; }
  void set_awaited(bool awaited) noexcept override { follower_.set_awaited(awaited); }

 private:
  [[nodiscard]] Result<std::optional<Record>, ReadErrc> next_from_disk(const Segment& segment);
  [[nodiscard]] bool open_segment(const Segment& segment);
  [[nodiscard]] bool still_there(const Segment& segment) const;
  [[nodiscard]] ReadErrc failed();
  Record take(Record record);

  const Source source_;
  const std::uint32_t signals_;
  TailCache::Follower follower_;
  Position position_;         // of the record that next() returns next, as far as it is known
  Position scanned_;          // where the search goes on, behind what is in batch_
  std::deque<Record> batch_;  // from the tail cache
  Head head_;                 // as last seen
  bool expired_before_ = false;
  std::optional<SegmentScanner> scanner_;
  Segment open_;  // what scanner_ reads
  int failed_attempts_ = 0;
  std::uint64_t passed_bytes_ = 0;  // on disk, by this next()
};

}  // namespace gateway::storage
