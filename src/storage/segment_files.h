// Makes, recycles and removes the files of segments. A segment's file appears under its name whole:
// preallocated, its header synced; a crash at any moment leaves either no segment or an empty one.
//
// Units:   bytes.
// Errors:  IoError; a file that cannot be kept is removed, and left to the next start if that fails
//          too.
// Threads: the writer's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "io/file_system.h"
#include "storage/segment.h"
#include "storage/surplus_files.h"

namespace gateway::storage {

// Files kept for rewriting: overwriting is several times cheaper than allocating.
inline constexpr std::size_t kFreeFileCountMax = 2;

class SegmentFiles {
 public:
  SegmentFiles(io::FileSystem& files, SurplusFiles& surplus, std::string directory,
               std::uint64_t segment_size_bytes, bool direct_io)
      : files_(files),
        surplus_(surplus),
        directory_(std::move(directory)),
        segment_size_bytes_(segment_size_bytes),
        direct_io_(direct_io) {}

  // A file of that name found at the start: kept if it can be used, else removed.
  void adopt_free(std::uint64_t sequence);

  [[nodiscard]] io::IoResult<std::shared_ptr<io::File>> create(const SegmentHeader& header);

  // The segment's records are needed no more: its file is kept for rewriting, or is surplus.
  void retire(std::uint64_t sequence, std::uint64_t file_size_bytes);

  [[nodiscard]] std::uint64_t segment_size_bytes() const noexcept { return segment_size_bytes_; }

 private:
  [[nodiscard]] io::IoResult<std::unique_ptr<io::File>> open_free(std::uint64_t sequence);
  void keep_free(std::uint64_t sequence);

  io::FileSystem& files_;
  SurplusFiles& surplus_;
  const std::string directory_;
  const std::uint64_t segment_size_bytes_;
  const bool direct_io_;
  std::deque<std::uint64_t> free_;
};

}  // namespace gateway::storage
