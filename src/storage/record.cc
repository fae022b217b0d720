#include "storage/record.h"

#include "base/crc32c.h"
#include "base/little_endian.h"

namespace gateway::storage {
namespace {

// Offsets in the header: docs/formats/segment.md, "Record".
constexpr std::size_t kMagicAt = 0;
constexpr std::size_t kHeaderCrcAt = 4;
constexpr std::size_t kPayloadCrcAt = 8;  // the header's CRC covers from here on
constexpr std::size_t kPayloadSizeAt = 12;
constexpr std::size_t kExtentSizeAt = 16;
constexpr std::size_t kItemCountAt = 20;
constexpr std::size_t kEpochAt = 24;
constexpr std::size_t kItemsBeforeAt = 32;
constexpr std::size_t kRecordSequenceAt = 40;
constexpr std::size_t kReceivedAt = 48;
constexpr std::size_t kSignalAt = 56;
constexpr std::size_t kCodingAt = 57;
constexpr std::size_t kTenantSizeAt = 58;
constexpr std::size_t kFlagsAt = 59;
constexpr std::size_t kGroupBlockAt = 60;

[[nodiscard]] std::uint32_t header_crc(std::span<const std::byte> header) noexcept {
  return crc32c(header.first(kRecordHeaderSizeBytes).subspan(kPayloadCrcAt));
}

// Offsets in a context; its crc covers the size and the bytes.
constexpr std::size_t kContextSizeAt = 0;
constexpr std::size_t kContextCrcAt = 4;

[[nodiscard]] std::uint32_t context_crc(std::span<const std::byte> framed,
                                        std::size_t size) noexcept {
  return crc32c(framed.subspan(kContextHeadSizeBytes, size), crc32c(framed.first(kContextCrcAt)));
}

[[nodiscard]] Result<void, RecordErrc> check_context(std::span<const std::byte> framed) noexcept {
  if (framed.size() < kContextHeadSizeBytes) return fail(RecordErrc::truncated);
  const std::size_t size = load_little_endian<std::uint32_t>(framed, kContextSizeAt);
  if (size == 0 || size > kContextSizeBytesMax) return fail(RecordErrc::bad_field);
  if (size > framed.size() - kContextHeadSizeBytes) return fail(RecordErrc::truncated);
  if (load_little_endian<std::uint32_t>(framed, kContextCrcAt) != context_crc(framed, size)) {
    return fail(RecordErrc::checksum_mismatch);
  }
  return {};
}

}  // namespace

void encode_record_header(const RecordHeader& header, std::span<std::byte> out) {
  store_little_endian(out, kMagicAt, kRecordMagic);
  store_little_endian(out, kPayloadCrcAt, header.payload_crc);
  store_little_endian(out, kPayloadSizeAt, header.payload_size_bytes);
  store_little_endian(out, kExtentSizeAt, header.extent_size_bytes);
  store_little_endian(out, kItemCountAt, header.item_count);
  store_little_endian(out, kEpochAt, header.epoch);
  store_little_endian(out, kItemsBeforeAt, header.items_before);
  store_little_endian(out, kRecordSequenceAt, header.record_sequence);
  store_little_endian(out, kReceivedAt, header.received_unix_nano);
  out[kSignalAt] = static_cast<std::byte>(header.signal);
  out[kCodingAt] = static_cast<std::byte>(header.coding);
  out[kTenantSizeAt] = std::byte{header.tenant_size_bytes};
  out[kFlagsAt] = std::byte{header.flags};
  store_little_endian(out, kGroupBlockAt, header.group_block);
  store_little_endian(out, kHeaderCrcAt, header_crc(out));
}

Result<RecordHeader, RecordErrc> decode_record_header_any_epoch(
    std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kRecordHeaderSizeBytes) return fail(RecordErrc::truncated);
  if (load_little_endian<std::uint32_t>(bytes, kMagicAt) != kRecordMagic) {
    return fail(RecordErrc::bad_magic);
  }
  if (load_little_endian<std::uint32_t>(bytes, kHeaderCrcAt) != header_crc(bytes)) {
    return fail(RecordErrc::checksum_mismatch);
  }
  const auto signal = static_cast<std::uint8_t>(bytes[kSignalAt]);
  const auto coding = static_cast<std::uint8_t>(bytes[kCodingAt]);
  if (signal >= kSignalCount || coding > static_cast<std::uint8_t>(ContentCoding::zstd)) {
    return fail(RecordErrc::bad_field);
  }
  RecordHeader header;
  header.payload_crc = load_little_endian<std::uint32_t>(bytes, kPayloadCrcAt);
  header.payload_size_bytes = load_little_endian<std::uint32_t>(bytes, kPayloadSizeAt);
  header.extent_size_bytes = load_little_endian<std::uint32_t>(bytes, kExtentSizeAt);
  header.item_count = load_little_endian<std::uint32_t>(bytes, kItemCountAt);
  header.epoch = load_little_endian<std::uint64_t>(bytes, kEpochAt);
  header.items_before = load_little_endian<std::uint64_t>(bytes, kItemsBeforeAt);
  header.record_sequence = load_little_endian<std::uint64_t>(bytes, kRecordSequenceAt);
  header.received_unix_nano = load_little_endian<std::uint64_t>(bytes, kReceivedAt);
  header.signal = static_cast<Signal>(signal);
  header.coding = static_cast<ContentCoding>(coding);
  header.tenant_size_bytes = static_cast<std::uint8_t>(bytes[kTenantSizeAt]);
  header.flags = static_cast<std::uint8_t>(bytes[kFlagsAt]);
  header.group_block = load_little_endian<std::uint32_t>(bytes, kGroupBlockAt);
  if (header.tenant_size_bytes > kTenantSizeBytesMax ||
      header.extent_size_bytes % kRecordAlignmentBytes != 0 ||
      header.extent_size_bytes <
          header.size_bytes() + (header.has_context() ? kContextHeadSizeBytes : 0)) {
    return fail(RecordErrc::bad_field);
  }
  return header;
}

Result<RecordHeader, RecordErrc> decode_record_header(std::span<const std::byte> bytes,
                                                      std::uint64_t epoch) noexcept {
  auto header = decode_record_header_any_epoch(bytes);
  if (header && header->epoch != epoch) return fail(RecordErrc::other_epoch);
  return header;
}

Result<void, RecordErrc> check_record_payload(const RecordHeader& header,
                                              std::span<const std::byte> record) noexcept {
  if (record.size() < header.size_bytes()) return fail(RecordErrc::truncated);
  const auto covered = record.first(header.size_bytes()).subspan(kRecordHeaderSizeBytes);
  if (crc32c(covered) != header.payload_crc) return fail(RecordErrc::checksum_mismatch);
  if (header.has_context()) return check_context(record.subspan(header.size_bytes()));
  return {};
}

void encode_record_context(std::string_view context, std::span<std::byte> out) {
  const auto bytes = std::as_bytes(std::span(context));
  store_little_endian(out, kContextSizeAt, static_cast<std::uint32_t>(bytes.size()));
  std::copy(bytes.begin(), bytes.end(),
            out.begin() + static_cast<std::ptrdiff_t>(kContextHeadSizeBytes));
  store_little_endian(out, kContextCrcAt, context_crc(out, bytes.size()));
}

std::string_view record_context(const RecordHeader& header,
                                std::span<const std::byte> record) noexcept {
  if (!header.has_context()) return {};
  const auto framed = record.subspan(header.size_bytes());
  const auto bytes = framed.subspan(kContextHeadSizeBytes,
                                    load_little_endian<std::uint32_t>(framed, kContextSizeAt));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace gateway::storage
