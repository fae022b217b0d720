// Files in RAM, for `durability: memory`: gone with the process, taking what is written to them and
// no more.
//
// Units:   bytes, in chunks of kMemoryChunkSizeBytes.
// Errors:  ENOENT, EBADF, EWOULDBLOCK as of a disk; it is never full: the log bounds itself.
// Threads: as file_system.h says.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "io/file_system.h"

namespace gateway::io {

inline constexpr std::size_t kMemoryChunkSizeBytes = 256 << 10;

class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  ~MemoryFileSystem() override;
  [[nodiscard]] IoResult<std::unique_ptr<File>> open(const std::string& path,
                                                     OpenOptions options) override;
  [[nodiscard]] IoResult<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] IoResult<void> remove(const std::string& path) override;
  [[nodiscard]] IoResult<void> create_directories(const std::string& path) override;
  [[nodiscard]] IoResult<void> sync_directory(const std::string& path) override;
  [[nodiscard]] IoResult<std::vector<std::string>> list(const std::string& path) override;
  [[nodiscard]] IoResult<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  class Content;
  class OpenFile;
  class Lock;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Content>> files_;
  std::set<std::string> locks_;
};

}  // namespace gateway::io
