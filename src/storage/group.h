// One commit group: records gathered, laid out, and given their headers.
//
//   group := packed records, in blocks of their own; then large records, each from a block on
//
// A large record is written from the very Buffer that it was received into: the header goes into
// its headroom. Small ones are copied together, so that they do not each take a block.
//
// Units:   bytes; a group is a multiple of a block.
// Errors:  none; whether a record fits is asked first.
// Threads: the writer's.
// Source:  docs/formats/segment.md, "Commit group".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "storage/log.h"
#include "storage/record.h"
#include "storage/tail_cache.h"

namespace gateway::storage {

// Records of up to this size are packed; the copy costs less than the block that it saves.
inline constexpr std::size_t kPackedRecordSizeBytesMax = 8 << 10;
// A packing Buffer lives as long as any record in it is held: small, so that one keeps little.
inline constexpr std::size_t kPackSizeBytesMax = 64 << 10;

// Blocks that a record takes when it stands alone.
[[nodiscard]] std::uint64_t record_size_bytes(const Append& append) noexcept;

class GroupBuilder {
 public:
  explicit GroupBuilder(std::uint64_t size_bytes_max) noexcept : size_bytes_max_(size_bytes_max) {}

  // Adds `append` if it still fits; the first always does, so the caller knows its size.
  [[nodiscard]] bool add(Append& append);

  [[nodiscard]] bool empty() const noexcept { return packed_.empty() && large_.empty(); }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }

  // Places the records from `head` on, in a segment of `epoch`: fills in positions, headers,
  // checksums and padding, and moves `head` behind them.
  void lay_out(std::uint64_t epoch, Head& head);

  // What to write, one part after the other.
  [[nodiscard]] std::span<const std::span<const std::byte>> parts() const noexcept {
    return parts_;
  }
  // For the tail cache.
  [[nodiscard]] std::vector<TailCache::Entry>& entries() noexcept { return entries_; }
  // All appends, in the order of the log.
  [[nodiscard]] std::span<Append* const> appends() const noexcept { return ordered_; }

 private:
  void place(Append& append, Buffer& block, std::size_t offset_in_block, std::size_t extent,
             std::size_t charge, Head& head);

  const std::uint64_t size_bytes_max_;
  std::uint64_t size_bytes_ = 0;
  std::vector<std::size_t> pack_sizes_;   // filled bytes of each
  std::vector<std::size_t> pack_counts_;  // records in each
  std::vector<Append*> packed_;
  std::vector<Append*> large_;
  std::vector<Append*> ordered_;
  std::vector<Buffer> packs_;
  std::vector<std::span<const std::byte>> parts_;
  std::vector<TailCache::Entry> entries_;
  std::uint64_t epoch_ = 0;
  std::uint32_t group_block_ = 0;
};

}  // namespace gateway::storage
