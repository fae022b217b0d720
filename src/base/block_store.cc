#include "base/block_store.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <new>

#include <sys/mman.h>

#include "base/assert.h"

// A sanitizer knows the blocks of the process' allocator; of ours it is told.
#if defined(__SANITIZE_ADDRESS__)
#define GATEWAY_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GATEWAY_POISONS 1
#endif
#endif
#ifdef GATEWAY_POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) static_cast<void>(0)
#endif

namespace gateway {
namespace {

constexpr std::size_t kUnitCount = BlockStore::kSlabSizeBytes / BlockStore::kUnitSizeBytes;
constexpr std::size_t kFreeUnitsMax = BlockStore::kFreeSizeBytesMax / BlockStore::kUnitSizeBytes;
constexpr std::size_t kBrokenUnitsMax =
    BlockStore::kBrokenSizeBytesMax / BlockStore::kUnitSizeBytes;
constexpr std::size_t kWordBits = 64;
static_assert(kUnitCount % kWordBits == 0);

// The units of a slab that are taken.
class UnitSet {
 public:
  // The first run of `count` free units, or kUnitCount.
  [[nodiscard]] std::size_t find_free(std::size_t count) const noexcept {
    for (std::size_t begin = next(0, false); begin + count <= kUnitCount;) {
      const std::size_t end = next(begin, true);
      if (end - begin >= count) return begin;
      begin = next(end, false);
    }
    return kUnitCount;
  }
  // The first unit from `at` on that is taken, or is not; kUnitCount when there is none.
  [[nodiscard]] std::size_t next(std::size_t at, bool taken) const noexcept {
    while (at < kUnitCount) {
      const std::uint64_t word = taken ? words_[at / kWordBits] : ~words_[at / kWordBits];
      const std::uint64_t rest = word >> at % kWordBits;
      if (rest != 0) return at + static_cast<std::size_t>(std::countr_zero(rest));
      at = (at / kWordBits + 1) * kWordBits;
    }
    return kUnitCount;
  }
  // Turns `count` units round.
  void flip(std::size_t at, std::size_t count) noexcept {
    while (count != 0) {
      const std::size_t bits = std::min(count, kWordBits - at % kWordBits);
      words_[at / kWordBits] ^= std::numeric_limits<std::uint64_t>::max() >> (kWordBits - bits)
                                                                                 << at % kWordBits;
      at += bits;
      count -= bits;
    }
  }

 private:
  std::array<std::uint64_t, kUnitCount / kWordBits> words_{};
};

// Memory on the boundary of a huge page.
std::byte* map_memory(std::size_t size_bytes) {
  constexpr std::size_t kHuge = BlockStore::kSlabSizeBytes;
  void* const mapped = ::mmap(nullptr, size_bytes + kHuge, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  GATEWAY_ASSERT(mapped != MAP_FAILED);
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(begin) % kHuge;
  const std::size_t before = beyond == 0 ? 0 : kHuge - beyond;
  if (before != 0) ::munmap(begin, before);
  ::munmap(begin + before + size_bytes, kHuge - before);
  return begin + before;
}

// Refused, small pages do as well.
void want_huge_pages(std::byte* memory, std::size_t size_bytes) noexcept {
  ::madvise(memory, size_bytes, MADV_HUGEPAGE);
}
void drop_pages(std::byte* memory, std::size_t size_bytes) noexcept {
  ::madvise(memory, size_bytes, MADV_DONTNEED);
}

void unmap(Block* block) noexcept {
  ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->mapped_bytes);
  ::munmap(block->bytes, block->mapped_bytes);
  delete block;
}

}  // namespace

struct Slab {
  explicit Slab(bool starts_whole)
      : memory(map_memory(BlockStore::kSlabSizeBytes)), whole(starts_whole) {
    if (whole) want_huge_pages(memory, BlockStore::kSlabSizeBytes);
    ASAN_POISON_MEMORY_REGION(memory, BlockStore::kSlabSizeBytes);
  }
  ~Slab() {
    ASAN_UNPOISON_MEMORY_REGION(memory, BlockStore::kSlabSizeBytes);
    ::munmap(memory, BlockStore::kSlabSizeBytes);
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  [[nodiscard]] bool has_room(std::size_t count) const noexcept {
    return kUnitCount - free_units + count <= (whole ? kUnitCount : kBrokenUnitsMax);
  }
  void drop(std::size_t unit, std::size_t count) const noexcept {
    drop_pages(memory + unit * BlockStore::kUnitSizeBytes, count * BlockStore::kUnitSizeBytes);
  }
  void break_up() noexcept {
    whole = false;
    // Else the kernel makes a huge page of what is left.
    ::madvise(memory, BlockStore::kSlabSizeBytes, MADV_NOHUGEPAGE);
    for (std::size_t begin = taken.next(0, false); begin < kUnitCount;) {
      const std::size_t end = taken.next(begin, true);
      drop(begin, end - begin);
      begin = taken.next(end, false);
    }
  }

  std::byte* const memory;
  UnitSet taken;
  std::size_t free_units = kUnitCount;
  bool whole;
  std::array<Block, kUnitCount> blocks;  // by the unit in which they begin
};

BlockStore::BlockStore() { free_alone_.reserve(kFreeSizeBytesMax / kSlabBlockSizeBytesMax); }

BlockStore::~BlockStore() {
  for (Block* block : free_alone_) unmap(block);
}

Block* BlockStore::take(std::size_t capacity_bytes) {
  GATEWAY_ASSERT(capacity_bytes % kUnitSizeBytes == 0 && capacity_bytes != 0);
  if (capacity_bytes > kSlabBlockSizeBytesMax) return take_alone(capacity_bytes);
  const std::size_t count = capacity_bytes / kUnitSizeBytes;
  const std::lock_guard lock(mutex_);
  Slab* slab = nullptr;
  std::size_t unit = kUnitCount;
  for (const auto& one : slabs_) {
    if (one->whole != (whole_count_ != 0) || !one->has_room(count)) continue;
    unit = one->taken.find_free(count);
    if (unit == kUnitCount) continue;
    slab = one.get();
    break;
  }
  if (slab == nullptr) {
    const bool whole = !slabs_.empty() || count > kBrokenUnitsMax;
    slab = slabs_.emplace_back(std::make_unique<Slab>(whole)).get();
    unit = 0;
    if (whole) {
      ++whole_count_;
      free_units_ += kUnitCount;
    }
  }
  slab->taken.flip(unit, count);
  slab->free_units -= count;
  if (slab->whole) {
    free_units_ -= count;
    free_units_min_ = std::min(free_units_min_, free_units_);
  }
  Block& block = slab->blocks[unit];
  block.references.store(1, std::memory_order_relaxed);
  block.bytes = slab->memory + unit * kUnitSizeBytes;
  block.capacity_bytes = capacity_bytes;
  block.size_bytes = 0;
  block.slab = slab;
  ASAN_UNPOISON_MEMORY_REGION(block.bytes, capacity_bytes);
  return &block;
}

void BlockStore::give_back(Block* block) noexcept {
  ASAN_POISON_MEMORY_REGION(block->bytes, block->capacity_bytes);
  if (block->slab == nullptr) return give_back_alone(block);
  Slab& slab = *block->slab;
  const auto unit = static_cast<std::size_t>(block - slab.blocks.data());
  const std::size_t count = block->capacity_bytes / kUnitSizeBytes;
  const std::lock_guard lock(mutex_);
  slab.taken.flip(unit, count);
  slab.free_units += count;
  if (slab.whole) {
    free_units_ += count;
    if (slab.free_units == kUnitCount && free_units_ > kFreeUnitsMax) remove(slab);
  } else if (slab.free_units == kUnitCount && slabs_.size() > 1) {
    remove(slab);
  } else {
    slab.drop(unit, count);
  }
}

void BlockStore::remove(Slab& slab) noexcept {
  if (slab.whole) {
    --whole_count_;
    free_units_ -= kUnitCount;
    free_units_min_ = std::min(free_units_min_, free_units_);
  }
  slabs_.erase(std::find_if(slabs_.begin(), slabs_.end(),
                            [&slab](const auto& one) { return one.get() == &slab; }));
}

// Of whole slabs; among equals the newest, where least is put.
Slab* BlockStore::emptiest() noexcept {
  Slab* found = nullptr;
  for (const auto& slab : slabs_) {
    if (!slab->whole) continue;
    if (found == nullptr || slab->free_units >= found->free_units) found = slab.get();
  }
  return found;
}

void BlockStore::trim() noexcept {
  trim_alone();
  const std::lock_guard lock(mutex_);
  while (Slab* const slab = emptiest()) {
    const std::size_t free = slab->free_units;
    if (free == 0 || free > free_units_min_) break;
    // The last stays while there is much in it: what comes next would want another.
    if (whole_count_ == 1 && kUnitCount - free > kBrokenUnitsMax) break;
    free_units_min_ -= free;
    if (free == kUnitCount && slabs_.size() > 1) {
      remove(*slab);
    } else {
      --whole_count_;
      free_units_ -= free;
      slab->break_up();
    }
  }
  free_units_min_ = free_units_;
}

// A free block of that size or little more serves; the pages beyond go back.
Block* BlockStore::take_alone(std::size_t capacity_bytes) {
  Block* block = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto best = free_alone_.end();
    for (auto at = free_alone_.begin(); at != free_alone_.end(); ++at) {
      const std::size_t mapped = (*at)->mapped_bytes;
      if (mapped < capacity_bytes || mapped > capacity_bytes + capacity_bytes / 4) continue;
      if (best == free_alone_.end() || mapped < (*best)->mapped_bytes) best = at;
    }
    if (best != free_alone_.end()) {
      block = *best;
      free_alone_.erase(best);
      free_alone_bytes_ -= block->mapped_bytes;
    } else {
      alone_bytes_ += capacity_bytes;
    }
  }
  if (block == nullptr) {
    block = new Block;
    block->bytes = map_memory(capacity_bytes);
    block->mapped_bytes = capacity_bytes;
    want_huge_pages(block->bytes, capacity_bytes);
  } else if (capacity_bytes < block->mapped_bytes) {
    drop_pages(block->bytes + capacity_bytes, block->mapped_bytes - capacity_bytes);
  }
  block->references.store(1, std::memory_order_relaxed);
  block->capacity_bytes = capacity_bytes;
  block->size_bytes = 0;
  ASAN_UNPOISON_MEMORY_REGION(block->bytes, capacity_bytes);
  return block;
}

void BlockStore::give_back_alone(Block* block) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (free_alone_bytes_ + block->mapped_bytes <= kFreeSizeBytesMax) {
      block->free_since = trim_count_;
      free_alone_bytes_ += block->mapped_bytes;
      free_alone_.push_back(block);
      return;
    }
    alone_bytes_ -= block->mapped_bytes;
  }
  unmap(block);
}

void BlockStore::trim_alone() noexcept {
  const std::lock_guard lock(mutex_);
  std::erase_if(free_alone_, [this](Block* block) {
    if (block->free_since == trim_count_) return false;
    free_alone_bytes_ -= block->mapped_bytes;
    alone_bytes_ -= block->mapped_bytes;
    unmap(block);
    return true;
  });
  ++trim_count_;
}

std::size_t BlockStore::resident_bytes() const noexcept {
  const std::lock_guard lock(mutex_);
  std::size_t units = 0;
  for (const auto& slab : slabs_) units += slab->whole ? kUnitCount : kUnitCount - slab->free_units;
  return units * kUnitSizeBytes + alone_bytes_;
}

BlockStore& block_store() noexcept {
  // Never destroyed: a thread of a library may let go of a Buffer while the process ends.
  alignas(BlockStore) static std::array<std::byte, sizeof(BlockStore)> memory;
  static auto* const store = new (memory.data()) BlockStore;
  return *store;
}

}  // namespace gateway
