#include "base/block_store.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace gateway {
namespace {

constexpr std::size_t kSizeBytes = 8 * BlockStore::kUnitSizeBytes;

// Whether this build keeps blocks at all: AddressSanitizer's does not.
bool keeps() {
  BlockStore store;
  store.give_back(store.take(kSizeBytes));
  return store.kept_bytes() != 0;
}

class BlockStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!keeps()) GTEST_SKIP() << "built with AddressSanitizer, which wants blocks freed";
  }
  BlockStore store_;
};

// Goal: the block that was let go last comes first, as new. Method: two go, two come.
TEST_F(BlockStoreTest, GivesTheNewestOfASizeAgain) {
  Block* const first = store_.take(kSizeBytes);
  Block* const second = store_.take(kSizeBytes);
  first->size_bytes = second->size_bytes = 17;
  second->references = 0;
  store_.give_back(first);
  store_.give_back(second);
  EXPECT_EQ(store_.kept_bytes(), 2 * kSizeBytes);
  Block* const again = store_.take(kSizeBytes);
  EXPECT_EQ(again, second);
  EXPECT_EQ(again->size_bytes, 0U);
  EXPECT_EQ(again->references.load(), 1U);
  EXPECT_EQ(store_.take(kSizeBytes), first);
  EXPECT_EQ(store_.kept_bytes(), 0U);
  store_.give_back(first);
  store_.give_back(second);
}

// Goal: a size is served by its own blocks alone. Method: one is kept, its neighbours are wanted.
TEST_F(BlockStoreTest, KeepsSizesApart) {
  store_.give_back(store_.take(kSizeBytes));
  Block* const smaller = store_.take(kSizeBytes - BlockStore::kUnitSizeBytes);
  Block* const larger = store_.take(kSizeBytes + BlockStore::kUnitSizeBytes);
  EXPECT_EQ(smaller->capacity_bytes, kSizeBytes - BlockStore::kUnitSizeBytes);
  EXPECT_EQ(larger->capacity_bytes, kSizeBytes + BlockStore::kUnitSizeBytes);
  EXPECT_EQ(store_.kept_bytes(), kSizeBytes);
  store_.give_back(smaller);
  store_.give_back(larger);
}

// Goal: what is kept is bounded, in all and for one block. Method: one more than fits, and one too
// large.
TEST_F(BlockStoreTest, KeepsNoMoreThanItsLimits) {
  std::vector<Block*> blocks;
  for (std::size_t i = 0; i <= BlockStore::kKeptSizeBytesMax / kSizeBytes; ++i) {
    blocks.push_back(store_.take(kSizeBytes));
  }
  for (Block* block : blocks) store_.give_back(block);
  EXPECT_EQ(store_.kept_bytes(), BlockStore::kKeptSizeBytesMax);

  BlockStore other;
  other.give_back(other.take(BlockStore::kKeptBlockSizeBytesMax + BlockStore::kUnitSizeBytes));
  EXPECT_EQ(other.kept_bytes(), 0U);
  other.give_back(other.take(BlockStore::kKeptBlockSizeBytesMax));
  EXPECT_EQ(other.kept_bytes(), BlockStore::kKeptBlockSizeBytesMax);
}

// Goal: memory follows the need. Method: four are kept, one of them was needed since the last
// trim().
TEST_F(BlockStoreTest, TrimLetsGoOfWhatWasNotNeeded) {
  std::vector<Block*> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(store_.take(kSizeBytes));
  for (Block* block : blocks) store_.give_back(block);
  store_.trim();
  EXPECT_EQ(store_.kept_bytes(), 4 * kSizeBytes) << "they have just been needed";
  store_.give_back(store_.take(kSizeBytes));
  store_.trim();
  EXPECT_EQ(store_.kept_bytes(), kSizeBytes);
  store_.trim();
  EXPECT_EQ(store_.kept_bytes(), 0U);
}

// Goal: blocks may go by another thread than they came by. Method: threads that take and give back.
TEST_F(BlockStoreTest, ServesManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int round = 0; round < 10'000; ++round) {
        Block* const one = store_.take(kSizeBytes);
        Block* const other = store_.take(kSizeBytes);
        ASSERT_NE(one, other);
        one->bytes[0] = other->bytes[0] = std::byte{1};
        store_.give_back(one);
        store_.give_back(other);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(store_.kept_bytes(), 8 * kSizeBytes);
}

}  // namespace
}  // namespace gateway
