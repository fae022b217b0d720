#include "storage/group.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/crc32c.h"

namespace gateway::storage {
namespace {

[[nodiscard]] std::size_t bare_size_bytes(const Append& append) noexcept {
  return kRecordHeaderSizeBytes + append.payload.size() + append.info.tenant.size() +
         framed_context_size_bytes(append.info.context);
}

[[nodiscard]] bool is_packed(const Append& append) noexcept {
  return bare_size_bytes(append) <= kPackedRecordSizeBytesMax;
}

}  // namespace

std::uint64_t record_size_bytes(const Append& append) noexcept {
  return align_up(bare_size_bytes(append), kBlockSizeBytes);
}

bool GroupBuilder::add(Append& append) {
  std::uint64_t grown = size_bytes_;
  std::size_t fill = 0;
  bool new_pack = false;
  if (is_packed(append)) {
    const std::size_t size = align_up(bare_size_bytes(append), kRecordAlignmentBytes);
    new_pack = pack_sizes_.empty() || pack_sizes_.back() + size > kPackSizeBytesMax;
    const std::size_t before = new_pack ? 0 : pack_sizes_.back();
    fill = before + size;
    grown += align_up(fill, kBlockSizeBytes) - align_up(before, kBlockSizeBytes);
  } else {
    grown += record_size_bytes(append);
  }
  if (grown > size_bytes_max_ && !empty()) return false;
  size_bytes_ = grown;
  if (!is_packed(append)) {
    large_.push_back(&append);
    return true;
  }
  if (new_pack) {
    pack_sizes_.push_back(0);
    pack_counts_.push_back(0);
  }
  pack_sizes_.back() = fill;
  ++pack_counts_.back();
  packed_.push_back(&append);
  return true;
}

void GroupBuilder::place(Append& append, Buffer& block, std::size_t offset_in_block,
                         std::size_t extent, std::size_t charge, Head& head) {
  const RecordInfo& info = append.info;
  const std::size_t payload_size = append.payload.size();
  const auto record = block.block().subspan(offset_in_block, extent);
  const auto tenant = std::as_bytes(std::span(info.tenant));
  std::copy(tenant.begin(), tenant.end(),
            record.begin() + static_cast<std::ptrdiff_t>(kRecordHeaderSizeBytes + payload_size));
  if (!info.context.empty()) {
    encode_record_context(info.context,
                          record.subspan(kRecordHeaderSizeBytes + payload_size + tenant.size()));
  }
  const std::size_t size = bare_size_bytes(append);
  std::memset(record.data() + size, 0, extent - size);

  std::uint64_t& items = head.items[index_of(info.signal)];
  RecordHeader header;
  const auto payload = record.subspan(kRecordHeaderSizeBytes, payload_size);
  header.payload_crc = crc32c(tenant, append.payload_crc ? *append.payload_crc : crc32c(payload));
  header.payload_size_bytes = static_cast<std::uint32_t>(payload_size);
  header.extent_size_bytes = static_cast<std::uint32_t>(extent);
  header.item_count = info.item_count;
  header.epoch = epoch_;
  header.items_before = items;
  header.record_sequence = head.record_count;
  header.received_unix_nano = info.received_unix_nano;
  header.signal = info.signal;
  header.coding = info.coding;
  header.tenant_size_bytes = static_cast<std::uint8_t>(tenant.size());
  const bool probe = payload_size == 0 && info.item_count == 0;
  if (probe) header.flags |= kRecordFlagProbe;
  if (!info.context.empty()) header.flags |= kRecordFlagContext;
  if (ordered_.size() + 1 == packed_.size() + large_.size()) header.flags |= kRecordFlagGroupEnd;
  header.group_block = group_block_;
  encode_record_header(header, record);

  TailCache::Entry entry;
  entry.probe = probe;
  entry.charge_bytes = charge + info.context.size() + sizeof entry;
  entry.record.position = append.position = head.position;
  head.position.offset_bytes += extent;
  entry.record.next = head.position;
  entry.record.info = info;
  entry.record.items_before[index_of(info.signal)] = items;
  entry.record.payload = Slice{block, record.subspan(kRecordHeaderSizeBytes, payload_size)};
  entries_.push_back(std::move(entry));

  items += info.item_count;
  ++head.record_count;
  ordered_.push_back(&append);
}

void GroupBuilder::lay_out(std::uint64_t epoch, Head& head) {
  GATEWAY_ASSERT(head.position.offset_bytes % kBlockSizeBytes == 0);
  epoch_ = epoch;
  group_block_ = static_cast<std::uint32_t>(head.position.offset_bytes / kBlockSizeBytes);
  std::size_t next = 0;
  for (std::size_t pack = 0; pack < pack_sizes_.size(); ++pack) {
    const std::size_t pack_size = align_up(pack_sizes_[pack], kBlockSizeBytes);
    Buffer block = Buffer::allocate(pack_size - kBufferHeadroomBytes);
    std::size_t at = 0;
    for (std::size_t i = 0; i < pack_counts_[pack]; ++i) {
      Append& append = *packed_[next++];
      const auto payload = append.payload.payload();
      if (!payload.empty()) {
        std::memcpy(block.block().data() + at + kRecordHeaderSizeBytes, payload.data(),
                    payload.size());
      }
      const bool last = i + 1 == pack_counts_[pack];
      const std::size_t extent =
          last ? pack_size - at : align_up(bare_size_bytes(append), kRecordAlignmentBytes);
      place(append, block, at, extent, extent, head);
      at += extent;
    }
    parts_.push_back(block.block().first(pack_size));
    packs_.push_back(std::move(block));
  }
  for (Append* append : large_) {
    // What stands behind the payload; seldom is there no room for it in the last block.
    append->payload.reserve(bare_size_bytes(*append) - kRecordHeaderSizeBytes);
    const auto extent = static_cast<std::size_t>(record_size_bytes(*append));
    place(*append, append->payload, 0, extent, append->payload.block().size(), head);
    parts_.push_back(append->payload.block().first(extent));
  }
}

}  // namespace gateway::storage
