#include "base/block_store.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/assert.h"

namespace gateway {
namespace {

// A sanitizer sees the use of a block that was freed only if it is freed.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeeps = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif
#else
constexpr bool kKeeps = true;
#endif

void release(Block* block) noexcept {
  std::free(block->bytes);
  delete block;
}

}  // namespace

BlockStore::~BlockStore() {
  for (Shelf& shelf : shelves_) {
    while (shelf.newest != nullptr) release(std::exchange(shelf.newest, shelf.newest->next));
  }
}

Block* BlockStore::pop(Shelf& shelf, std::size_t capacity_bytes) noexcept {
  Block* const block = shelf.newest;
  if (block == nullptr) return nullptr;
  shelf.newest = block->next;
  shelf.count_min = std::min(shelf.count_min, --shelf.count);
  kept_bytes_ -= capacity_bytes;
  return block;
}

Block* BlockStore::take(std::size_t capacity_bytes) {
  GATEWAY_ASSERT(capacity_bytes % kUnitSizeBytes == 0 && capacity_bytes != 0);
  if (kKeeps && capacity_bytes <= kKeptBlockSizeBytesMax) {
    const std::lock_guard lock(mutex_);
    if (Block* const block = pop(shelves_[capacity_bytes / kUnitSizeBytes - 1], capacity_bytes)) {
      block->references.store(1, std::memory_order_relaxed);
      block->size_bytes = 0;
      return block;
    }
  }
  auto* const block = new Block;
  block->bytes = static_cast<std::byte*>(std::aligned_alloc(kUnitSizeBytes, capacity_bytes));
  GATEWAY_ASSERT(block->bytes != nullptr);
  block->capacity_bytes = capacity_bytes;
  return block;
}

void BlockStore::give_back(Block* block) noexcept {
  const std::size_t capacity = block->capacity_bytes;
  if (kKeeps && capacity <= kKeptBlockSizeBytesMax) {
    const std::lock_guard lock(mutex_);
    if (kept_bytes_ + capacity <= kKeptSizeBytesMax) {
      Shelf& shelf = shelves_[capacity / kUnitSizeBytes - 1];
      block->next = std::exchange(shelf.newest, block);
      ++shelf.count;
      kept_bytes_ += capacity;
      return;
    }
  }
  release(block);
}

void BlockStore::trim() noexcept {
  Block* unneeded = nullptr;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < kShelfCount; ++i) {
      Shelf& shelf = shelves_[i];
      for (std::uint32_t excess = shelf.count_min; excess != 0; --excess) {
        Block* const block = pop(shelf, (i + 1) * kUnitSizeBytes);
        block->next = std::exchange(unneeded, block);
      }
      shelf.count_min = shelf.count;
    }
  }
  while (unneeded != nullptr) release(std::exchange(unneeded, unneeded->next));
}

std::size_t BlockStore::kept_bytes() const noexcept {
  const std::lock_guard lock(mutex_);
  return kept_bytes_;
}

BlockStore& block_store() noexcept {
  // Never destroyed: a thread of a library may let go of a Buffer while the process ends.
  static BlockStore* const store = new BlockStore;
  return *store;
}

}  // namespace gateway
