#include "storage/segment.h"

#include <algorithm>
#include <charconv>

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/little_endian.h"

namespace gateway::storage {
namespace {

// Offsets in the header: docs/formats/segment.md, "Segment header".
constexpr std::size_t kMagicAt = 0;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kCrcAt = 12;
constexpr std::size_t kSequenceAt = 16;  // the CRC covers from here on
constexpr std::size_t kEpochAt = 24;
constexpr std::size_t kSizeAt = 32;
constexpr std::size_t kCreatedAt = 40;
constexpr std::size_t kRecordSequenceAt = 48;
constexpr std::size_t kPreviousSequenceAt = 56;
constexpr std::size_t kPreviousEndAt = 64;
constexpr std::size_t kItemsAt = 72;
constexpr std::size_t kHexDigits = 16;

[[nodiscard]] std::uint32_t header_crc(std::span<const std::byte> block) noexcept {
  return crc32c(block.first(kSegmentHeaderSizeBytes).subspan(kSequenceAt));
}

}  // namespace

void encode_segment_header(const SegmentHeader& header, std::span<std::byte> block) {
  GATEWAY_ASSERT(block.size() == kBlockSizeBytes);
  std::fill(block.begin(), block.end(), std::byte{0});
  store_little_endian(block, kMagicAt, kSegmentMagic);
  store_little_endian(block, kVersionAt, kSegmentVersion);
  store_little_endian(block, kSequenceAt, header.sequence);
  store_little_endian(block, kEpochAt, header.epoch);
  store_little_endian(block, kSizeAt, header.size_bytes);
  store_little_endian(block, kCreatedAt, header.created_unix_nano);
  store_little_endian(block, kRecordSequenceAt, header.record_sequence);
  store_little_endian(block, kPreviousSequenceAt, header.previous_sequence);
  store_little_endian(block, kPreviousEndAt, header.previous_end_bytes);
  for (std::size_t i = 0; i < kSignalCount; ++i) {
    store_little_endian(block, kItemsAt + i * sizeof(std::uint64_t), header.items[i]);
  }
  store_little_endian(block, kCrcAt, header_crc(block));
}

Result<SegmentHeader, SegmentErrc> decode_segment_header(
    std::span<const std::byte> block) noexcept {
  if (block.size() < kSegmentHeaderSizeBytes) return fail(SegmentErrc::truncated);
  if (load_little_endian<std::uint64_t>(block, kMagicAt) != kSegmentMagic) {
    return fail(SegmentErrc::bad_magic);
  }
  if (load_little_endian<std::uint32_t>(block, kVersionAt) != kSegmentVersion) {
    return fail(SegmentErrc::other_version);
  }
  if (load_little_endian<std::uint32_t>(block, kCrcAt) != header_crc(block)) {
    return fail(SegmentErrc::checksum_mismatch);
  }
  SegmentHeader header;
  header.sequence = load_little_endian<std::uint64_t>(block, kSequenceAt);
  header.epoch = load_little_endian<std::uint64_t>(block, kEpochAt);
  header.size_bytes = load_little_endian<std::uint64_t>(block, kSizeAt);
  header.created_unix_nano = load_little_endian<std::uint64_t>(block, kCreatedAt);
  header.record_sequence = load_little_endian<std::uint64_t>(block, kRecordSequenceAt);
  header.previous_sequence = load_little_endian<std::uint64_t>(block, kPreviousSequenceAt);
  header.previous_end_bytes = load_little_endian<std::uint64_t>(block, kPreviousEndAt);
  for (std::size_t i = 0; i < kSignalCount; ++i) {
    header.items[i] =
        load_little_endian<std::uint64_t>(block, kItemsAt + i * sizeof(std::uint64_t));
  }
  return header;
}

std::string file_path(const std::string& directory, std::string_view name) {
  std::string path = directory;
  path += '/';
  path += name;
  return path;
}

std::string segment_file_name(std::string_view prefix, std::uint64_t sequence) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name(prefix);
  for (std::size_t i = 0; i < kHexDigits; ++i) {
    name += kDigits[sequence >> (4 * (kHexDigits - 1 - i)) & 0xFU];
  }
  return name;
}

std::optional<std::uint64_t> parse_segment_file_name(std::string_view prefix,
                                                     std::string_view name) noexcept {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + kHexDigits) return std::nullopt;
  std::uint64_t sequence = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + prefix.size(), end, sequence, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return sequence;
}

}  // namespace gateway::storage
