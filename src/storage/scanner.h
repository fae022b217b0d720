// Finds the records of one segment file, in order, whatever state the file is in: through large
// aligned reads, past damage to the next valid record of the same epoch.
//
// Units:   bytes; a window of kReadWindowSizeBytes is held, and grows for a larger record.
// Errors:  IoError where the disk does not answer; with `tolerant` such blocks read as zeroes, and
//          so as damage.
// Threads: one at a time. Slices keep their window alive on their own.
// Source:  docs/formats/segment.md, "Reading".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "io/file_system.h"
#include "storage/record.h"

namespace gateway::storage {

inline constexpr std::size_t kReadWindowSizeBytes = 1U << 20;
// So often is a disk asked before it counts as damaged.
inline constexpr int kReadAttemptsMax = 3;

class SegmentScanner {
 public:
  SegmentScanner(std::shared_ptr<io::File> file, std::uint64_t epoch) noexcept
      : file_(std::move(file)), epoch_(epoch) {}
  SegmentScanner(const SegmentScanner&) = delete;
  SegmentScanner& operator=(const SegmentScanner&) = delete;

  struct Found {
    std::uint64_t offset_bytes = 0;
    RecordHeader header;
    bool after_damage = false;  // bytes between where the search began and here are no records
  };
  // The first valid header at or after `offset_bytes`, its record wholly before `limit_bytes`;
  // nothing when there is none.
  [[nodiscard]] io::IoResult<std::optional<Found>> find(std::uint64_t offset_bytes,
                                                        std::uint64_t limit_bytes);

  struct Content {
    Slice payload;
    std::string tenant, context;
  };
  // What the record holds; nothing when its checksum says that it is damaged.
  [[nodiscard]] io::IoResult<std::optional<Content>> content(const Found& found,
                                                             std::uint64_t limit_bytes);

  void set_tolerant(bool tolerant) noexcept { tolerant_ = tolerant; }
  // Where the last block ends that the disk did not give; 0: it gave all that was asked for.
  [[nodiscard]] std::uint64_t unreadable_to_bytes() const noexcept { return unreadable_to_bytes_; }

 private:
  // Up to `size_bytes` at `offset_bytes`, from the window; fewer only at `limit_bytes` or at the
  // end of the file.
  [[nodiscard]] io::IoResult<std::span<const std::byte>> load(std::uint64_t offset_bytes,
                                                              std::size_t size_bytes,
                                                              std::uint64_t limit_bytes);
  [[nodiscard]] io::IoResult<std::size_t> read(std::uint64_t offset_bytes,
                                               std::span<std::byte> into);

  std::shared_ptr<io::File> file_;
  std::uint64_t epoch_;
  bool tolerant_ = false;
  std::uint64_t unreadable_to_bytes_ = 0;
  Buffer window_;
  std::uint64_t window_offset_bytes_ = 0;
  std::size_t window_size_bytes_ = 0;  // filled
};

}  // namespace gateway::storage
