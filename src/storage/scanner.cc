#include "storage/scanner.h"

#include <algorithm>

namespace gateway::storage {
namespace {

// Whether `header` can stand at `offset_bytes` of a file that ends at `limit_bytes`.
[[nodiscard]] bool fits(const RecordHeader& header, std::uint64_t offset_bytes,
                        std::uint64_t limit_bytes) noexcept {
  return header.extent_size_bytes <= limit_bytes - offset_bytes &&
         header.group_block * std::uint64_t{kBlockSizeBytes} <= offset_bytes;
}

}  // namespace

io::IoResult<std::size_t> SegmentScanner::read(std::uint64_t offset_bytes,
                                               std::span<std::byte> into) {
  auto got = file_->read_at(offset_bytes, into);
  if (got || !tolerant_) return got;
  // Block by block: what the disk does not give is zero, and so no record.
  std::fill(into.begin(), into.end(), std::byte{0});
  const auto size = file_->size();
  if (!size) return fail(size.error());
  const std::size_t there = static_cast<std::size_t>(
      std::min<std::uint64_t>(into.size(), *size > offset_bytes ? *size - offset_bytes : 0));
  for (std::size_t at = 0; at < there; at += kBlockSizeBytes) {
    const auto block = into.subspan(at, std::min(kBlockSizeBytes, into.size() - at));
    if (!file_->read_at(offset_bytes + at, block)) {
      std::fill(block.begin(), block.end(), std::byte{0});
      unreadable_to_bytes_ = std::max(unreadable_to_bytes_, offset_bytes + at + block.size());
    }
  }
  return there;
}

io::IoResult<std::span<const std::byte>> SegmentScanner::load(std::uint64_t offset_bytes,
                                                              std::size_t size_bytes,
                                                              std::uint64_t limit_bytes) {
  if (offset_bytes >= limit_bytes) return std::span<const std::byte>{};
  size_bytes =
      static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, limit_bytes - offset_bytes));
  const bool inside = offset_bytes >= window_offset_bytes_ &&
                      offset_bytes + size_bytes <= window_offset_bytes_ + window_size_bytes_;
  if (!inside) {
    const std::uint64_t begin = offset_bytes / kBlockSizeBytes * kBlockSizeBytes;
    const std::uint64_t end = std::min<std::uint64_t>(
        std::max<std::uint64_t>(begin + kReadWindowSizeBytes,
                                align_up(offset_bytes + size_bytes, kBlockSizeBytes)),
        align_up(limit_bytes, kBlockSizeBytes));
    const auto wanted = static_cast<std::size_t>(end - begin);
    window_size_bytes_ = 0;
    if (!window_.unique() || window_.block().size() < wanted) {
      window_ = Buffer::allocate(wanted - kBufferHeadroomBytes);
    }
    const auto got = read(begin, window_.block().first(wanted));
    if (!got) return fail(got.error());
    window_offset_bytes_ = begin;
    window_size_bytes_ = *got;
  }
  const std::uint64_t window_end = window_offset_bytes_ + window_size_bytes_;
  if (offset_bytes >= window_end) return std::span<const std::byte>{};
  const Buffer& window = window_;
  return window.block().subspan(
      static_cast<std::size_t>(offset_bytes - window_offset_bytes_),
      static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, window_end - offset_bytes)));
}

io::IoResult<std::optional<SegmentScanner::Found>> SegmentScanner::find(std::uint64_t offset_bytes,
                                                                        std::uint64_t limit_bytes) {
  Found found;
  std::uint64_t at = align_up(offset_bytes, kRecordAlignmentBytes);
  for (; at + kRecordHeaderSizeBytes <= limit_bytes; at += kRecordAlignmentBytes) {
    const auto bytes = load(at, kRecordHeaderSizeBytes, limit_bytes);
    if (!bytes) return fail(bytes.error());
    if (bytes->size() < kRecordHeaderSizeBytes) break;  // the file is shorter than its limit
    const auto header = decode_record_header(*bytes, epoch_);
    if (header && fits(*header, at, limit_bytes)) {
      found.offset_bytes = at;
      found.header = *header;
      return found;
    }
    found.after_damage = true;
  }
  return std::nullopt;
}

io::IoResult<std::optional<SegmentScanner::Content>> SegmentScanner::content(
    const Found& found, std::uint64_t limit_bytes) {
  const auto bytes = load(found.offset_bytes, found.header.readable_size_bytes(), limit_bytes);
  if (!bytes) return fail(bytes.error());
  if (!check_record_payload(found.header, *bytes)) return std::nullopt;
  const auto behind = bytes->subspan(kRecordHeaderSizeBytes);
  const auto tenant =
      behind.subspan(found.header.payload_size_bytes, found.header.tenant_size_bytes);
  Content content;
  content.payload = Slice{window_, behind.first(found.header.payload_size_bytes)};
  content.tenant.assign(reinterpret_cast<const char*>(tenant.data()), tenant.size());
  content.context = record_context(found.header, *bytes);
  return content;
}

}  // namespace gateway::storage
