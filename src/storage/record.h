// How one record lies in a segment file, and nothing else.
//
//   record  := header payload tenant [context] padding
//   header  : kRecordHeaderSizeBytes, begins on a multiple of 8; see docs/formats/segment.md
//   payload : `payload_size` bytes, opaque here
//   tenant  : `tenant_size` bytes
//   context : where kRecordFlagContext says so; to an older reader it is padding
//   padding : zeroes, to the next header or the end of the commit group
//
// Errors:  damage comes back as a RecordErrc; nothing throws or logs; reading does not allocate.
// Threads: pure functions, safe from any thread.
// Source:  docs/formats/segment.md; CRC-32C as in RFC 3720, B.4.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "storage/log.h"

namespace gateway::storage {

// Everything durable begins and ends on a block, and a block is written once: O_DIRECT's unit.
inline constexpr std::size_t kBlockSizeBytes = kBufferAlignmentBytes;

inline constexpr std::size_t kRecordHeaderSizeBytes = kBufferHeadroomBytes;
inline constexpr std::size_t kRecordAlignmentBytes = 8;
inline constexpr std::uint32_t kRecordMagic = 0x4345524F;  // "OREC"

inline constexpr std::uint8_t kRecordFlagGroupEnd = 1;  // the last record of its commit group
inline constexpr std::uint8_t kRecordFlagProbe = 2;     // proves the write path; readers pass over
inline constexpr std::uint8_t kRecordFlagContext = 4;   // a context stands behind the tenant
inline constexpr std::size_t kContextHeadSizeBytes = 4 + 4;  // size and crc

struct RecordHeader {
  std::uint32_t payload_crc = 0;  // of payload and tenant
  std::uint32_t payload_size_bytes = 0;
  std::uint32_t extent_size_bytes = 0;  // from this header to the next
  std::uint32_t item_count = 0;
  std::uint64_t epoch = 0;         // of the segment's present life
  std::uint64_t items_before = 0;  // of this signal, over the log's life
  std::uint64_t record_sequence = 0;
  std::uint64_t received_unix_nano = 0;
  Signal signal = Signal::traces;
  ContentCoding coding = ContentCoding::identity;
  std::uint8_t tenant_size_bytes = 0;
  std::uint8_t flags = 0;
  std::uint32_t group_block = 0;  // the block of the file where its commit group begins

  bool operator==(const RecordHeader&) const = default;

  [[nodiscard]] std::size_t size_bytes() const noexcept {  // context and padding excluded
    return kRecordHeaderSizeBytes + payload_size_bytes + tenant_size_bytes;
  }
  [[nodiscard]] bool probe() const noexcept { return (flags & kRecordFlagProbe) != 0; }
  [[nodiscard]] bool has_context() const noexcept { return (flags & kRecordFlagContext) != 0; }
  // Up to here something of the record may stand: what is to be read to check it.
  [[nodiscard]] std::size_t readable_size_bytes() const noexcept {
    return has_context()
               ? std::min<std::size_t>(extent_size_bytes,
                                       size_bytes() + kContextHeadSizeBytes + kContextSizeBytesMax)
               : size_bytes();
  }
};

// Why bytes are not a record. The names are also metric labels: rename none.
enum class RecordErrc : std::uint8_t {
  truncated,
  bad_magic,
  checksum_mismatch,
  other_epoch,  // left over from an earlier life of a recycled file
  bad_field,
};

// Writes `header` into the first kRecordHeaderSizeBytes of `out`, its CRC included.
void encode_record_header(const RecordHeader& header, std::span<std::byte> out);

// Reads the header at the front of `bytes`, which must be of `epoch`.
[[nodiscard]] Result<RecordHeader, RecordErrc> decode_record_header(
    std::span<const std::byte> bytes, std::uint64_t epoch) noexcept;

// The header whatever its epoch: to find out which epoch a file without a header is of.
[[nodiscard]] Result<RecordHeader, RecordErrc> decode_record_header_any_epoch(
    std::span<const std::byte> bytes) noexcept;

// How many bytes `context` takes in a record: none for an empty one.
[[nodiscard]] constexpr std::size_t framed_context_size_bytes(std::string_view context) noexcept {
  return context.empty() ? 0 : kContextHeadSizeBytes + context.size();
}

// Writes a context to the front of `out`. Requires: it is not empty, and `out` has room.
void encode_record_context(std::string_view context, std::span<std::byte> out);

// The context of a record that was checked; empty where it has none.
[[nodiscard]] std::string_view record_context(const RecordHeader& header,
                                              std::span<const std::byte> record) noexcept;

// Whether the bytes behind the header are those that were written. `record` begins at the header,
// and has its readable_size_bytes().
[[nodiscard]] Result<void, RecordErrc> check_record_payload(
    const RecordHeader& header, std::span<const std::byte> record) noexcept;

}  // namespace gateway::storage
