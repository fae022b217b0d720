#include "base/block_store.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>
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

// Goal: what is free side by side is one run, over words of the set too. Method: a slab full of
// single units; two far apart go, then what lies between.
TEST(BlockStore, FreeNeighboursAreOneRun) {
  BlockStore store;
  std::vector<Block*> blocks;
  for (std::size_t i = 0; i < kSlab / kUnit; ++i) blocks.push_back(store.take(kUnit));
  EXPECT_EQ(store.resident_bytes(), kSlab);
  std::byte* const begin = blocks[60]->bytes;
  for (const std::size_t i : {60U, 129U}) store.give_back(std::exchange(blocks[i], nullptr));
  Block* const elsewhere = store.take(2 * kUnit);
  EXPECT_EQ(store.resident_bytes(), 2 * kSlab) << "no two free units lie side by side";
  for (std::size_t i = 61; i < 129; ++i) store.give_back(std::exchange(blocks[i], nullptr));
  Block* const run = store.take(70 * kUnit);
  EXPECT_EQ(run->bytes, begin);
  store.give_back(run);
  store.give_back(elsewhere);
  for (Block* block : blocks) {
    if (block != nullptr) store.give_back(block);
  }
}

// Goal: the largest block of a slab, and one beyond, which is none of a slab.
TEST(BlockStore, ABlockTooLargeForASlabStandsAlone) {
  BlockStore store;
  Block* const largest = store.take(BlockStore::kSlabBlockSizeBytesMax);
  EXPECT_EQ(store.resident_bytes(), kSlab);
  Block* const alone = store.take(BlockStore::kSlabBlockSizeBytesMax + kUnit);
  EXPECT_EQ(alone->capacity_bytes, BlockStore::kSlabBlockSizeBytesMax + kUnit);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(alone->bytes) % kUnit, 0U);
  std::memset(alone->bytes, 1, alone->capacity_bytes);
  EXPECT_EQ(store.resident_bytes(), kSlab);
  store.give_back(alone);
  store.give_back(largest);
}

// Goal: memory follows the need. Method: four slabs are filled, then one is in use, then none.
TEST(BlockStore, TrimLetsGoOfWhatWasNotNeeded) {
  BlockStore store;
  const auto fill = [&store](std::size_t slabs) {
    std::vector<Block*> blocks;
    for (std::size_t i = 0; i < 2 * slabs; ++i) blocks.push_back(store.take(kSlab / 2));
    for (Block* block : blocks) store.give_back(block);
  };
  fill(4);
  store.trim();
  EXPECT_EQ(store.resident_bytes(), 4 * kSlab) << "they have just been needed";
  fill(1);
  store.trim();
  EXPECT_EQ(store.resident_bytes(), kSlab);
  store.trim();
  EXPECT_EQ(store.resident_bytes(), 0U);
}

// Goal: a few blocks do not keep whole slabs, and keep their bytes. Method: every 64th unit of
// three slabs stays; the others are not needed.
TEST(BlockStore, ASlabThatIsHardlyUsedGivesItsFreePagesBack) {
  BlockStore store;
  std::vector<Block*> all;
  for (std::size_t i = 0; i < 3 * kSlab / kUnit; ++i) {
    all.push_back(store.take(kUnit));
    std::memset(all.back()->bytes, static_cast<int>(i % 251), kUnit);
  }
  std::vector<Block*> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 64 == 0) {
      kept.push_back(all[i]);
    } else {
      store.give_back(all[i]);
    }
  }
  store.trim();
  store.trim();
  EXPECT_EQ(store.resident_bytes(), kSlab + 2 * 8 * kUnit) << "one stays whole, for what comes";
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto expected = static_cast<std::byte>(i * 64 % 251);
    EXPECT_TRUE(std::all_of(kept[i]->bytes, kept[i]->bytes + kUnit, [expected](std::byte byte) {
      return byte == expected;
    })) << i;
  }
  // What comes is put into the whole one.
  Block* const next = store.take(kUnit);
  EXPECT_EQ(store.resident_bytes(), kSlab + 2 * 8 * kUnit);
  store.give_back(next);
  for (Block* block : kept) store.give_back(block);
  store.trim();
  store.trim();
  EXPECT_EQ(store.resident_bytes(), 0U);
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
      const std::size_t units = random() % 16 == 0 ? 1 + random() % 256 : 1 + random() % 12;
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
