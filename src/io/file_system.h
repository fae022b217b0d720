// Files, as storage needs them: whole reads and writes at an offset, syncs that say what became of
// them, directory entries that are synced on their own.
//
//   FileSystem : opens, lists, renames, removes, locks.
//   File       : one open file; positional, so it has no state that threads could share by mistake.
//
// The real one (`real_file_system`) is POSIX, and handles EINTR and short transfers, here and
// nowhere else; the twins are MemoryFileSystem (RAM, `durability: memory`) and SimFileSystem
// (tests: forgets what was not synced, fails on demand).
//
// Units:   bytes.
// Errors:  IoError carries errno; a failed write or sync may have had any part of its effect.
// Threads: FileSystem from any thread; a File is safe for concurrent reads and for reads beside one
//          writer.
// Source:  POSIX; open(2) on O_DIRECT; fsync(2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace gateway::io {

struct IoError {
  int code = 0;  // errno
  [[nodiscard]] std::string message() const;
};

template <typename T>
using IoResult = Result<T, IoError>;

// Offsets, sizes and memory of a direct file are multiples of this.
inline constexpr std::size_t kDirectAlignmentBytes = 4096;

class File {
 public:
  virtual ~File() = default;
  // Fills `into` from `offset` on; fewer bytes only where the file ends.
  [[nodiscard]] virtual IoResult<std::size_t> read_at(std::uint64_t offset,
                                                      std::span<std::byte> into) = 0;
  // Writes all parts, one after the other, from `offset` on; all or an error.
  [[nodiscard]] virtual IoResult<void> write_at(
      std::uint64_t offset, std::span<const std::span<const std::byte>> parts) = 0;
  // What was written, and the size that makes it readable, is on disk after this.
  [[nodiscard]] virtual IoResult<void> sync() = 0;
  // The file has at least this size, and its blocks are taken: later writes meet no ENOSPC.
  [[nodiscard]] virtual IoResult<void> preallocate(std::uint64_t size_bytes) = 0;
  [[nodiscard]] virtual IoResult<void> truncate(std::uint64_t size_bytes) = 0;
  [[nodiscard]] virtual IoResult<std::uint64_t> size() = 0;
  // Transfers bypass the page cache, and must be aligned.
  [[nodiscard]] virtual bool direct() const noexcept = 0;
};

struct OpenOptions {
  bool write = false;
  bool create = false;
  bool direct = false;  // as a wish: File::direct() says what came of it
};

// Held until it goes. A process that dies lets go.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  [[nodiscard]] virtual IoResult<std::unique_ptr<File>> open(const std::string& path,
                                                             OpenOptions options) = 0;
  // Replaces `to` at once. Durable after sync_directory().
  [[nodiscard]] virtual IoResult<void> rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual IoResult<void> remove(const std::string& path) = 0;
  [[nodiscard]] virtual IoResult<void> create_directories(const std::string& path) = 0;
  [[nodiscard]] virtual IoResult<void> sync_directory(const std::string& path) = 0;
  // Names of the plain files in a directory, sorted.
  [[nodiscard]] virtual IoResult<std::vector<std::string>> list(const std::string& path) = 0;
  // EWOULDBLOCK while somebody else holds it.
  [[nodiscard]] virtual IoResult<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

[[nodiscard]] FileSystem& real_file_system() noexcept;

}  // namespace gateway::io
