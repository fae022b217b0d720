#include "base/block_store.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace gateway {
namespace {

constexpr std::size_t kUnit = BlockStore::kUnitSizeBytes;
constexpr std::size_t kSlab = BlockStore::kSlabSizeBytes;

// Goal: a block is new whatever it was. Method: one that was used is let go and taken again.
TEST(BlockStore, GivesWhatWasLetGoAgainAsNew) {
  BlockStore store;
  Block* const first = store.take(8 * kUnit);
  EXPECT_EQ(first->capacity_bytes, 8 * kUnit);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first->bytes) % kUnit, 0U);
  first->size_bytes = 17;
  first->references = 0;
  store.give_back(first);
  Block* const again = store.take(3 * kUnit);
  EXPECT_EQ(again, first);
  EXPECT_EQ(again->capacity_bytes, 3 * kUnit);
  EXPECT_EQ(again->size_bytes, 0U);
  EXPECT_EQ(again->references.load(), 1U);
  store.give_back(again);
}

// A store whose first slab, which is broken, has so much in it that what comes goes to whole ones.
class BlockStoreTest : public ::testing::Test {
 protected:
  BlockStoreTest() : first_(store_.take(BlockStore::kBrokenSizeBytesMax)) {}
  ~BlockStoreTest() override { store_.give_back(first_); }
  // Beside the first.
  [[nodiscard]] std::size_t resident() const {
    return store_.resident_bytes() - BlockStore::kBrokenSizeBytesMax;
  }
  // Takes and gives back `slabs` full of blocks.
  void fill(std::size_t slabs) {
    std::vector<Block*> blocks;
    for (std::size_t i = 0; i < 4 * slabs; ++i) blocks.push_back(store_.take(kSlab / 4));
    for (Block* block : blocks) store_.give_back(block);
  }
  BlockStore store_;
  Block* const first_;
};

// Goal: at rest only what is used is there. Method: one block comes and goes.
TEST(BlockStore, AtRestTakesSinglePages) {
  BlockStore store;
  EXPECT_EQ(store.resident_bytes(), 0U);
  Block* const one = store.take(kUnit);
  Block* const other = store.take(2 * kUnit);
  EXPECT_EQ(store.resident_bytes(), 3 * kUnit);
  store.give_back(one);
  EXPECT_EQ(store.resident_bytes(), 2 * kUnit);
  store.give_back(other);
  EXPECT_EQ(store.resident_bytes(), 0U);
}

// Goal: what is free side by side is one run, over words of the set too. Method: a slab full of
// single units; two far apart go, then what lies between.
TEST_F(BlockStoreTest, FreeNeighboursAreOneRun) {
  std::vector<Block*> blocks;
  for (std::size_t i = 0; i < kSlab / kUnit; ++i) blocks.push_back(store_.take(kUnit));
  EXPECT_EQ(resident(), kSlab);
  std::byte* const begin = blocks[60]->bytes;
  for (const std::size_t i : {60U, 129U}) store_.give_back(std::exchange(blocks[i], nullptr));
  Block* const elsewhere = store_.take(2 * kUnit);
  EXPECT_EQ(resident(), 2 * kSlab) << "no two free units lie side by side";
  for (std::size_t i = 61; i < 129; ++i) store_.give_back(std::exchange(blocks[i], nullptr));
  Block* const run = store_.take(70 * kUnit);
  EXPECT_EQ(run->bytes, begin);
  store_.give_back(run);
  store_.give_back(elsewhere);
  for (Block* block : blocks) {
    if (block != nullptr) store_.give_back(block);
  }
}

// Goal: memory follows the need. Method: four slabs are filled, then one is in use, then none.
TEST_F(BlockStoreTest, TrimLetsGoOfWhatWasNotNeeded) {
  fill(4);
  EXPECT_EQ(resident(), 4 * kSlab);
  store_.trim();
  EXPECT_EQ(resident(), 4 * kSlab) << "they have just been needed";
  fill(1);
  store_.trim();
  EXPECT_EQ(resident(), kSlab);
  store_.trim();
  EXPECT_EQ(resident(), 0U);
}

// Goal: what is kept for the next is bounded at once. Method: three slabs more than are kept.
TEST_F(BlockStoreTest, EmptySlabsBeyondTheLimitGoBackAtOnce) {
  fill(BlockStore::kFreeSizeBytesMax / kSlab + 3);
  EXPECT_EQ(resident(), BlockStore::kFreeSizeBytesMax);
}

// Goal: a few blocks do not keep whole slabs, and keep their bytes. Method: every 64th unit of
// three slabs stays; the others are not needed.
TEST_F(BlockStoreTest, ASlabThatIsHardlyUsedGivesItsFreePagesBack) {
  std::vector<Block*> all;
  for (std::size_t i = 0; i < 3 * kSlab / kUnit; ++i) {
    all.push_back(store_.take(kUnit));
    std::memset(all.back()->bytes, static_cast<int>(i % 251), kUnit);
  }
  std::vector<Block*> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 64 == 0) {
      kept.push_back(all[i]);
    } else {
      store_.give_back(all[i]);
    }
  }
  store_.trim();
  store_.trim();
  EXPECT_EQ(resident(), 3 * 8 * kUnit);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto expected = static_cast<std::byte>(i * 64 % 251);
    EXPECT_TRUE(std::all_of(kept[i]->bytes, kept[i]->bytes + kUnit, [expected](std::byte byte) {
      return byte == expected;
    })) << i;
  }
  // A trickle is put beside them, and more into a whole slab.
  Block* const next = store_.take(kUnit);
  EXPECT_EQ(resident(), (3 * 8 + 1) * kUnit);
  Block* const more = store_.take(kSlab / 2);
  EXPECT_EQ(resident(), kSlab + (3 * 8 + 1) * kUnit);
  // Half used, the last whole slab stays.
  store_.trim();
  store_.trim();
  EXPECT_EQ(resident(), kSlab + (3 * 8 + 1) * kUnit);
  store_.give_back(more);
  store_.give_back(next);
  for (Block* block : kept) store_.give_back(block);
  store_.trim();
  store_.trim();
  EXPECT_EQ(resident(), 0U);
}

// Goal: the largest block of a slab, and one beyond, which is none of a slab; the latter serves
// again where little is left over, and goes back when nobody wants it.
TEST_F(BlockStoreTest, ABlockTooLargeForASlabStandsAlone) {
  constexpr std::size_t kLarge = 4 * BlockStore::kSlabBlockSizeBytesMax;
  Block* const largest = store_.take(BlockStore::kSlabBlockSizeBytesMax);
  EXPECT_EQ(resident(), kSlab);
  Block* const alone = store_.take(kLarge);
  EXPECT_EQ(alone->capacity_bytes, kLarge);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(alone->bytes) % kUnit, 0U);
  std::memset(alone->bytes, 1, alone->capacity_bytes);
  EXPECT_EQ(resident(), kSlab + kLarge);
  std::byte* const bytes = alone->bytes;
  store_.give_back(alone);
  Block* const much_smaller = store_.take(kLarge / 2);
  EXPECT_NE(much_smaller->bytes, bytes);
  Block* const smaller = store_.take(kLarge - kUnit);
  EXPECT_EQ(smaller->bytes, bytes);
  EXPECT_EQ(smaller->capacity_bytes, kLarge - kUnit);
  EXPECT_EQ(smaller->references.load(), 1U);
  store_.give_back(smaller);
  store_.give_back(much_smaller);
  store_.give_back(largest);
  store_.trim();
  EXPECT_EQ(resident(), kSlab + kLarge + kLarge / 2);
  store_.trim();
  EXPECT_EQ(resident(), 0U);
}

// Goal: what is kept of large blocks is bounded. Method: one more than fits.
TEST_F(BlockStoreTest, LargeBlocksBeyondTheLimitGoBackAtOnce) {
  constexpr std::size_t kLarge = BlockStore::kFreeSizeBytesMax / 2;
  std::vector<Block*> blocks;
  for (int i = 0; i < 3; ++i) blocks.push_back(store_.take(kLarge));
  EXPECT_EQ(resident(), 3 * kLarge);
  for (Block* block : blocks) store_.give_back(block);
  EXPECT_EQ(resident(), 2 * kLarge);
}

// Goal: no two blocks share a byte, whatever comes and goes. Method: seeded, each block filled with
// a number of its own that is looked at when it goes.
TEST(BlockStore, BlocksAreApart) {
  constexpr std::uint32_t kSeed = 20260;
  std::mt19937 random(kSeed);
  BlockStore store;
  struct Held {
    Block* block;
    std::uint64_t number;
  };
  std::vector<Held> held;
  const auto ends_are = [](const Held& one) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::memcpy(&first, one.block->bytes, sizeof first);
    std::memcpy(&last, one.block->bytes + one.block->capacity_bytes - sizeof last, sizeof last);
    return first == one.number && last == one.number;
  };
  for (std::uint64_t round = 0; round < 20'000; ++round) {
    if (held.size() < 300 && random() % 5 < 3) {
      const std::size_t units = random() % 16 == 0 ? 1 + random() % 300 : 1 + random() % 12;
      Block* const block = store.take(units * kUnit);
      for (std::size_t at = 0; at < block->capacity_bytes; at += sizeof round) {
        std::memcpy(block->bytes + at, &round, sizeof round);
      }
      held.push_back({block, round});
    } else if (!held.empty()) {
      std::swap(held[random() % held.size()], held.back());
      ASSERT_TRUE(ends_are(held.back())) << "round " << round << ", seed " << kSeed;
      store.give_back(held.back().block);
      held.pop_back();
    }
    if (random() % 500 == 0) store.trim();
  }
  for (const Held& one : held) {
    EXPECT_TRUE(ends_are(one));
    store.give_back(one.block);
  }
  store.trim();
  store.trim();
  EXPECT_EQ(store.resident_bytes(), 0U);
}

// Goal: blocks may go by another thread than they came by. Method: threads that take, one trims.
TEST(BlockStore, ServesManyThreads) {
  BlockStore store;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&store] {
      for (int round = 0; round < 10'000; ++round) {
        Block* const one = store.take(8 * kUnit);
        Block* const other = store.take(9 * kUnit);
        ASSERT_NE(one, other);
        one->bytes[0] = other->bytes[0] = std::byte{1};
        store.give_back(one);
        store.give_back(other);
        if (round % 100 == 0) store.trim();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(store.resident_bytes(), kSlab);
}

}  // namespace
}  // namespace gateway
