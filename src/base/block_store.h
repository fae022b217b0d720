// Blocks of Buffers that nobody holds any more, kept for the next Buffer of their size: in steady
// state a body takes nothing from the process' allocator, and gets the block that was let go last.
//
//   Block      : the bytes of one Buffer and what is known of them.
//   BlockStore : free blocks by size, newest first.
//
// Units:   bytes; at most kKeptSizeBytesMax, in blocks of at most kKeptBlockSizeBytesMax each.
//          trim() lets go of what was not needed since the last trim().
// Errors:  none; memory that cannot be had aborts, as base/buffer.h says.
// Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace gateway {

// Kept apart from the bytes, so that these begin on a block boundary.
struct Block {
  std::atomic<std::uint32_t> references{1};
  std::byte* bytes = nullptr;
  std::size_t capacity_bytes = 0;  // headroom included
  std::size_t size_bytes = 0;      // of the payload
  Block* next = nullptr;           // in the store
};

class BlockStore {
 public:
  static constexpr std::size_t kUnitSizeBytes = 4096;
  static constexpr std::size_t kKeptBlockSizeBytesMax = 256 * 1024;
  static constexpr std::size_t kKeptSizeBytesMax = 4 * 1024 * 1024;

  constexpr BlockStore() noexcept = default;
  ~BlockStore();
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;

  // A block with one reference and no payload. Requires: a multiple of kUnitSizeBytes.
  [[nodiscard]] Block* take(std::size_t capacity_bytes);
  // Of a block that nobody refers to.
  void give_back(Block* block) noexcept;
  void trim() noexcept;

  [[nodiscard]] std::size_t kept_bytes() const noexcept;

 private:
  struct Shelf {
    Block* newest = nullptr;
    std::uint32_t count = 0;
    std::uint32_t count_min = 0;  // since the last trim(): so many were not needed
  };
  static constexpr std::size_t kShelfCount = kKeptBlockSizeBytesMax / kUnitSizeBytes;

  [[nodiscard]] Block* pop(Shelf& shelf, std::size_t capacity_bytes) noexcept;

  mutable std::mutex mutex_;
  std::array<Shelf, kShelfCount> shelves_{};
  std::size_t kept_bytes_ = 0;
};

// Of all Buffers.
[[nodiscard]] BlockStore& block_store() noexcept;

}  // namespace gateway
