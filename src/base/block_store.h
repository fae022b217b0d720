// Where the blocks of Buffers come from: memory of their own in huge pages, so that a write without
// the page cache pins few of them, and a body takes nothing from the process' allocator.
//
//   Block      : the bytes of one Buffer and what is known of them.
//   slab       : kSlabSizeBytes in units, a bit each, and the Blocks that may begin there.
//   BlockStore : slabs, oldest first, and free blocks that are too large for a slab. A block is the
//                first run of free units that is long enough.
//
// A slab is whole, one huge page; or broken: small pages, each there only while a block needs it.
// The first is broken, so that a service at rest takes a few pages; a whole one becomes it when it
// is hardly used, so that a few blocks do not keep it. New blocks go to whole ones; where there is
// none, to a broken one with little in it.
//
// Units:   bytes. A block of more than kSlabBlockSizeBytesMax is mapped alone.
//          trim() lets go of what was not needed since the last trim().
// Errors:  none; memory that cannot be had aborts, as base/buffer.h says. Where the kernel has no
//          huge page there are small ones.
// Threads: any.
// Source:  docs/decisions/0006-jemalloc.md has what was measured.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace gateway {

struct Slab;

// Kept apart from the bytes, so that these begin on a block boundary.
struct Block {
  std::atomic<std::uint32_t> references{1};
  std::byte* bytes = nullptr;
  std::size_t capacity_bytes = 0;  // headroom included
  std::size_t size_bytes = 0;      // of the payload
  Slab* slab = nullptr;            // nullptr: mapped alone
  std::size_t mapped_bytes = 0;    // alone: at least the capacity
  std::uint64_t free_since = 0;    // alone and free: how often had been trimmed
};

class BlockStore {
 public:
  static constexpr std::size_t kUnitSizeBytes = 4096;
  static constexpr std::size_t kSlabSizeBytes = 2 * 1024 * 1024;
  static constexpr std::size_t kSlabBlockSizeBytesMax = kSlabSizeBytes / 2;
  // So much of a broken slab may be taken by new blocks.
  static constexpr std::size_t kBrokenSizeBytesMax = kSlabSizeBytes / 4;
  // With more than this free in slabs an empty one goes back at once; so do blocks mapped alone.
  static constexpr std::size_t kFreeSizeBytesMax = 4 * kSlabSizeBytes;

  BlockStore();
  ~BlockStore();
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;

  // A block with one reference and no payload. Requires: a multiple of kUnitSizeBytes.
  [[nodiscard]] Block* take(std::size_t capacity_bytes);
  // Of a block that nobody refers to.
  void give_back(Block* block) noexcept;
  void trim() noexcept;

  // What may be in memory: of a whole slab all, of a broken one its blocks; and what is alone.
  [[nodiscard]] std::size_t resident_bytes() const noexcept;

 private:
  [[nodiscard]] Block* take_alone(std::size_t capacity_bytes);
  void give_back_alone(Block* block) noexcept;
  void trim_alone() noexcept;
  void remove(Slab& slab) noexcept;
  [[nodiscard]] Slab* emptiest() noexcept;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::size_t whole_count_ = 0;
  std::size_t free_units_ = 0;      // of whole slabs
  std::size_t free_units_min_ = 0;  // since the last trim()
  std::vector<Block*> free_alone_;
  std::size_t free_alone_bytes_ = 0;
  std::size_t alone_bytes_ = 0;  // free or not
  std::uint64_t trim_count_ = 0;
};

// Of all Buffers.
[[nodiscard]] BlockStore& block_store() noexcept;

}  // namespace gateway
