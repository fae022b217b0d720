// How cursors lie in their file, and how the file is replaced.
//
//   file  := magic version crc count reserved entry*
//   entry := signal, name, position, totals, outcomes; see docs/formats/cursors.md
//
// Errors:  damage comes back as a CursorFileErrc; file errors as IoError.
// Threads: pure functions; save and load by one thread at a time.
// Source:  docs/formats/cursors.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "storage/log.h"

namespace gateway::storage {

inline constexpr std::uint64_t kCursorsMagic = 0x00525543504C544F;  // "OTLPCUR\0"
inline constexpr std::uint32_t kCursorsVersion = 1;
inline constexpr std::size_t kCursorNameSizeBytesMax = 1024;
inline constexpr std::uint32_t kCursorCountMax = 65'536;

struct StoredCursor {
  std::string name;
  Signal signal = Signal::traces;
  Position position;
  std::uint64_t items_at = 0;
  std::uint64_t items_start = 0;
  Outcomes outcomes;
};

// Why bytes are not a cursor file.
enum class CursorFileErrc : std::uint8_t {
  missing,
  unreadable,   // the disk does not give it
  unavailable,  // it may be sound, and cannot be had now
  truncated,
  bad_magic,
  other_version,
  checksum_mismatch,
  bad_field,
};
[[nodiscard]] std::string_view name_of(CursorFileErrc error) noexcept;

[[nodiscard]] std::vector<std::byte> encode_cursors(const std::vector<StoredCursor>& cursors);
[[nodiscard]] Result<std::vector<StoredCursor>, CursorFileErrc> decode_cursors(
    std::span<const std::byte> bytes);

// Replaces the file: either all of the new one is there afterwards, or all of the old one. The next
// one's blocks are taken at once, so that a disk without room does not keep it from being saved.
[[nodiscard]] io::IoResult<void> save_cursors(io::FileSystem& files, const std::string& directory,
                                              const std::vector<StoredCursor>& cursors);
[[nodiscard]] Result<std::vector<StoredCursor>, CursorFileErrc> load_cursors(
    io::FileSystem& files, const std::string& directory);

}  // namespace gateway::storage
