// Files of segments that are needed no more, on their way to be removed. To remove one takes the
// kernel some milliseconds (14 for 64 MiB on a disk that is told what is free), in which nothing is
// committed or read; so the writer hands them over, and they go step by step.
//
// A crash on the way leaves files of no use, which the next start removes (SegmentFiles).
//
// Units:   bytes; a step takes at most kRemoveStepSizeBytes off a file.
// Errors:  a file that cannot be removed is named in our own log, and left to the next start.
// Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "io/file_system.h"

namespace gateway::storage {

inline constexpr std::uint64_t kRemoveStepSizeBytes = 4 << 20;
// Between two steps the disk is for others: 4 MiB in some 5 ms are 800 MB/s, as fast as a backlog
// is delivered. With more than kRemoveBehindSizeBytes waiting there is no pause.
inline constexpr std::chrono::milliseconds kRemovePause{4};
inline constexpr std::uint64_t kRemoveBehindSizeBytes = 1ULL << 30;

// At once; a file that stays is named in our own log.
void remove_file(io::FileSystem& files, const std::string& path);

class SurplusFiles {
 public:
  explicit SurplusFiles(io::FileSystem& files) noexcept : files_(files) {}

  void add(std::string path, std::uint64_t size_bytes) {
    const std::lock_guard lock(mutex_);
    files_waiting_.push_back({std::move(path), size_bytes});
    size_bytes_ += size_bytes;
  }
  // What they still take of the disk.
  [[nodiscard]] std::uint64_t size_bytes() const {
    const std::lock_guard lock(mutex_);
    return size_bytes_;
  }
  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return files_waiting_.empty();
  }
  // One step. How long to wait before the next; nothing: there is none.
  [[nodiscard]] std::optional<std::chrono::milliseconds> remove_some();
  // All that were added before; when it returns they are gone, whoever removes them.
  void remove();

 private:
  struct Waiting {
    std::string path;
    std::uint64_t size_bytes = 0;  // what is left of it
    bool begun = false;
  };
  [[nodiscard]] bool shorten(const Waiting& file);

  io::FileSystem& files_;
  std::mutex remove_mutex_;
  mutable std::mutex mutex_;
  std::deque<Waiting> files_waiting_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace gateway::storage
