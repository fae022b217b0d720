// An append-only file that is renamed to `<path>.1` when it is full, as `.1` is to `.2` and so on;
// the oldest goes.
//
// Units:   bytes.
// Errors:  a failed call as a sentence with the path and the system's reason; what was written of
//          the entry is cut off again, as is at the next open() what a crash has left of one, so
//          that a file holds whole entries only.
// Threads: one holder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace gateway::exporter {

struct FileFailure {
  std::string message;
};

// Where the whole entries of a file end: behind them is nothing, or an entry that was cut off.
// Nothing if something else is there: such a file is put aside where backups are kept.
using EndOfEntries = std::function<std::optional<std::uint64_t>(const std::shared_ptr<io::File>&,
                                                                std::uint64_t size_bytes)>;

class RotatingFile {
 public:
  RotatingFile(io::FileSystem& files, std::string path, std::uint64_t size_bytes_max,
               std::uint32_t backup_count_max, EndOfEntries end_of_entries);

  // Opens or creates it, its folders included.
  [[nodiscard]] Result<void, FileFailure> open();
  // Appends the concatenation of `parts` as one entry that no rotation divides, and syncs it.
  [[nodiscard]] Result<void, FileFailure> append(std::span<const std::span<const std::byte>> parts);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }

 private:
  [[nodiscard]] Result<void, FileFailure> rotate();

  io::FileSystem& files_;
  const std::string path_;
  const std::string directory_;
  const std::uint64_t size_bytes_max_;
  const std::uint32_t backup_count_max_;
  const EndOfEntries end_of_entries_;
  std::shared_ptr<io::File> file_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace gateway::exporter
