// Where the blocks of Buffers come from: slabs of one huge page each, so that a write without the
// page cache pins one page and not one for every 4 KiB, and a body of any usual size takes nothing
// from the process' allocator.
//
//   Block      : the bytes of one Buffer and what is known of them.
//   BlockStore : slabs, oldest first. A block is the first run of free units that is long enough.
//   slab       : kSlabSizeBytes of memory in units, a bit each, and the Blocks that may begin in it.
//
// A slab that is not needed goes back: whole once it is empty; else it is broken, its free pages go
// back at once, those of its blocks as these are let go, and no new block is put there.
//
// Units:   bytes. A block of more than kSlabBlockSizeBytesMax is the allocator's.
//          trim() lets go of slabs without which everything since the last trim() had its place.
// Errors:  none; memory that cannot be had aborts, as base/buffer.h says. Where the kernel has no
//          huge page the slab consists of small ones.
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
  Slab* slab = nullptr;            // nullptr: alone
};

class BlockStore {
 public:
  static constexpr std::size_t kUnitSizeBytes = 4096;
  static constexpr std::size_t kSlabSizeBytes = 2 * 1024 * 1024;
  static constexpr std::size_t kSlabBlockSizeBytesMax = kSlabSizeBytes / 2;

  BlockStore() noexcept;
  ~BlockStore();
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;

  // A block with one reference and no payload. Requires: a multiple of kUnitSizeBytes.
  [[nodiscard]] Block* take(std::size_t capacity_bytes);
  // Of a block that nobody refers to.
  void give_back(Block* block) noexcept;
  void trim() noexcept;

  // Of memory that is there: of a whole slab all, of a broken one its blocks.
  [[nodiscard]] std::size_t resident_bytes() const noexcept;

 private:
  void remove(Slab& slab) noexcept;
  [[nodiscard]] Slab* emptiest() noexcept;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::size_t free_units_ = 0;      // of whole slabs
  std::size_t free_units_min_ = 0;  // since the last trim()
};

// Of all Buffers.
[[nodiscard]] BlockStore& block_store() noexcept;

}  // namespace gateway
