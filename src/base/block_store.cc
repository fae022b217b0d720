#include "base/block_store.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <limits>

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

// Memory on the boundary of its own size, which is what makes it one huge page.
std::byte* map_slab() {
  constexpr std::size_t kSize = BlockStore::kSlabSizeBytes;
  void* const mapped =
      ::mmap(nullptr, 2 * kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  GATEWAY_ASSERT(mapped != MAP_FAILED);
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(begin) % kSize;
  const std::size_t before = beyond == 0 ? 0 : kSize - beyond;
  if (before != 0) ::munmap(begin, before);
  ::munmap(begin + before + kSize, kSize - before);
  ::madvise(begin + before, kSize, MADV_HUGEPAGE);  // refused: small pages do as well
  return begin + before;
}

}  // namespace

struct Slab {
  Slab() : memory(map_slab()) { ASAN_POISON_MEMORY_REGION(memory, BlockStore::kSlabSizeBytes); }
  ~Slab() {
    ASAN_UNPOISON_MEMORY_REGION(memory, BlockStore::kSlabSizeBytes);
    ::munmap(memory, BlockStore::kSlabSizeBytes);
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  // Pages that hold nothing go back to the kernel.
  void drop(std::size_t unit, std::size_t count) noexcept {
    ::madvise(memory + unit * BlockStore::kUnitSizeBytes, count * BlockStore::kUnitSizeBytes,
              MADV_DONTNEED);
  }
  // Else the kernel makes a huge page of what is left.
  void break_up() noexcept {
    broken = true;
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
  bool broken = false;
  std::array<Block, kUnitCount> blocks;  // by the unit in which they begin
};

BlockStore::BlockStore() noexcept = default;
BlockStore::~BlockStore() = default;

Block* BlockStore::take(std::size_t capacity_bytes) {
  GATEWAY_ASSERT(capacity_bytes % kUnitSizeBytes == 0 && capacity_bytes != 0);
  if (capacity_bytes > kSlabBlockSizeBytesMax) {
    auto* const block = new Block;
    block->bytes = static_cast<std::byte*>(std::aligned_alloc(kUnitSizeBytes, capacity_bytes));
    GATEWAY_ASSERT(block->bytes != nullptr);
    block->capacity_bytes = capacity_bytes;
    return block;
  }
  const std::size_t count = capacity_bytes / kUnitSizeBytes;
  const std::lock_guard lock(mutex_);
  Slab* slab = nullptr;
  std::size_t unit = kUnitCount;
  for (const auto& one : slabs_) {
    if (one->broken || one->free_units < count) continue;
    unit = one->taken.find_free(count);
    if (unit == kUnitCount) continue;
    slab = one.get();
    break;
  }
  if (slab == nullptr) {
    slab = slabs_.emplace_back(std::make_unique<Slab>()).get();
    unit = 0;
    free_units_ += kUnitCount;
  }
  slab->taken.flip(unit, count);
  slab->free_units -= count;
  free_units_ -= count;
  free_units_min_ = std::min(free_units_min_, free_units_);
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
  if (block->slab == nullptr) {
    std::free(block->bytes);
    delete block;
    return;
  }
  Slab& slab = *block->slab;
  ASAN_POISON_MEMORY_REGION(block->bytes, block->capacity_bytes);
  const auto unit = static_cast<std::size_t>(block - slab.blocks.data());
  const std::size_t count = block->capacity_bytes / kUnitSizeBytes;
  const std::lock_guard lock(mutex_);
  slab.taken.flip(unit, count);
  slab.free_units += count;
  if (!slab.broken) {
    free_units_ += count;
  } else if (slab.free_units == kUnitCount) {
    remove(slab);
  } else {
    slab.drop(unit, count);
  }
}

void BlockStore::remove(Slab& slab) noexcept {
  slabs_.erase(std::find_if(slabs_.begin(), slabs_.end(),
                            [&slab](const auto& one) { return one.get() == &slab; }));
}

// Of whole slabs; among equals the newest, where least is put.
Slab* BlockStore::emptiest() noexcept {
  Slab* found = nullptr;
  for (const auto& slab : slabs_) {
    if (slab->broken) continue;
    if (found == nullptr || slab->free_units >= found->free_units) found = slab.get();
  }
  return found;
}

// The last whole slab stays while it holds anything: a trickle would fill one after the other.
void BlockStore::trim() noexcept {
  const std::lock_guard lock(mutex_);
  auto whole = static_cast<std::size_t>(
      std::count_if(slabs_.begin(), slabs_.end(), [](const auto& slab) { return !slab->broken; }));
  while (Slab* const slab = emptiest()) {
    const std::size_t free = slab->free_units;
    if (free == 0 || free > free_units_min_ || (whole == 1 && free != kUnitCount)) break;
    free_units_min_ -= free;
    free_units_ -= free;
    --whole;
    if (free == kUnitCount) {
      remove(*slab);
    } else {
      slab->break_up();
    }
  }
  free_units_min_ = free_units_;
}

std::size_t BlockStore::resident_bytes() const noexcept {
  const std::lock_guard lock(mutex_);
  std::size_t units = 0;
  for (const auto& slab : slabs_)
    units += slab->broken ? kUnitCount - slab->free_units : kUnitCount;
  return units * kUnitSizeBytes;
}

BlockStore& block_store() noexcept {
  // Never destroyed: a thread of a library may let go of a Buffer while the process ends.
  static BlockStore* const store = new BlockStore;
  return *store;
}

}  // namespace gateway
