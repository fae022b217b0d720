// How a segment file begins, and what files are called.
//
//   segment : one header block, then commit groups; each group begins and ends on a block
//   header  : kSegmentHeaderSizeBytes, then zeroes to the end of the block
//
//   segment-<sequence>  a live segment, 16 hexadecimal digits
//   free-<sequence>     a segment's file, waiting to be written anew
//   damaged-<sequence>  a segment whose header cannot be read, set aside for a person to look at
//   cursors, LOCK
//
// Errors:  damage comes back as a SegmentErrc; nothing throws or logs.
// Threads: pure functions, safe from any thread.
// Source:  docs/formats/segment.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/log.h"
#include "storage/record.h"

namespace gateway::storage {

inline constexpr std::uint64_t kSegmentMagic = 0x00474553504C544F;  // "OTLPSEG\0"
inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kSegmentHeaderSizeBytes = 128;
inline constexpr std::uint64_t kSegmentSizeBytesMin = 4 * kBlockSizeBytes;
inline constexpr std::uint64_t kSegmentSizeBytesMax = 4ULL << 30;

// Where the first record of a segment begins.
inline constexpr std::uint64_t kFirstRecordOffsetBytes = kBlockSizeBytes;

struct SegmentHeader {
  std::uint64_t sequence = 0;
  std::uint64_t epoch = 0;  // drawn at random for this life of the file
  std::uint64_t size_bytes = 0;
  std::uint64_t created_unix_nano = 0;
  std::uint64_t record_sequence = 0;     // of its first record
  std::uint64_t previous_sequence = 0;   // the segment before it; 0: none
  std::uint64_t previous_end_bytes = 0;  // what of that was committed; bytes beyond are void
  ItemTotals items{};                    // before its first record

  bool operator==(const SegmentHeader&) const = default;
};

// Why a block is not the beginning of a segment.
enum class SegmentErrc : std::uint8_t { truncated, bad_magic, other_version, checksum_mismatch };

// Writes the header into the front of `block`, and zeroes behind it. Requires: one block.
void encode_segment_header(const SegmentHeader& header, std::span<std::byte> block);
[[nodiscard]] Result<SegmentHeader, SegmentErrc> decode_segment_header(
    std::span<const std::byte> block) noexcept;

inline constexpr std::string_view kSegmentPrefix = "segment-";
inline constexpr std::string_view kFreePrefix = "free-";
inline constexpr std::string_view kDamagedPrefix = "damaged-";
inline constexpr std::string_view kCursorsFileName = "cursors";
inline constexpr std::string_view kCursorsTemporaryName = "cursors.new";
inline constexpr std::string_view kLockFileName = "LOCK";

[[nodiscard]] std::string file_path(const std::string& directory, std::string_view name);
[[nodiscard]] std::string segment_file_name(std::string_view prefix, std::uint64_t sequence);
// The sequence, if `name` is `prefix` and 16 hexadecimal digits.
[[nodiscard]] std::optional<std::uint64_t> parse_segment_file_name(std::string_view prefix,
                                                                   std::string_view name) noexcept;

}  // namespace gateway::storage
