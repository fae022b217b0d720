// Files of segments that are needed no more, on their way to be removed. To remove one takes the
// kernel some milliseconds, in which nothing would be committed; so the writer hands them over.
//
// A crash on the way leaves segments that were retired: the next start retires them again.
//
// Units:   bytes.
// Errors:  a file that cannot be removed is named in our own log, and left to the next start.
// Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/file_system.h"

namespace gateway::storage {

// At once; a file that stays is named in our own log.
void remove_file(io::FileSystem& files, const std::string& path);

class SurplusFiles {
 public:
  explicit SurplusFiles(io::FileSystem& files) noexcept : files_(files) {}

  void add(std::string path, std::uint64_t size_bytes) {
    const std::lock_guard lock(mutex_);
    paths_.push_back(std::move(path));
    size_bytes_ += size_bytes;
  }
  // What they still take of the disk.
  [[nodiscard]] std::uint64_t size_bytes() const {
    const std::lock_guard lock(mutex_);
    return size_bytes_;
  }
  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return paths_.empty();
  }
  // All that were added before; when it returns they are gone, whoever removes them.
  void remove();

 private:
  io::FileSystem& files_;
  std::mutex remove_mutex_;
  mutable std::mutex mutex_;
  std::vector<std::string> paths_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace gateway::storage
