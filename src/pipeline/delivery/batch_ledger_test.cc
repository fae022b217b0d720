#include "pipeline/delivery/batch_ledger.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace gateway::pipeline::delivery {
namespace {

storage::Position at(std::uint64_t offset) { return {.segment = 1, .offset_bytes = offset}; }

// Goal: the cursor moves over the contiguous prefix only. Method: the middle, then the front.
TEST(BatchLedger, AdvancesOverTheContiguousPrefixOnly) {
  BatchLedger ledger(at(0), 100);
  const auto first = ledger.open(at(10), 110);
  const auto second = ledger.open(at(20), 130);
  const auto third = ledger.open(at(30), 160);
  ledger.settle(second, {.delivered = 20});
  EXPECT_TRUE(ledger.settled(second));
  EXPECT_FALSE(ledger.take_advance().has_value());
  ledger.settle(first, {.delivered = 7, .dead_lettered = 3});
  const auto advance = ledger.take_advance();
  ASSERT_TRUE(advance.has_value());
  EXPECT_EQ(advance->to, at(20));
  EXPECT_EQ(advance->items_at, 130U);
  EXPECT_EQ(advance->delta.delivered, 27U);
  EXPECT_EQ(advance->delta.dead_lettered, 3U);
  EXPECT_EQ(ledger.items_done(), 130U);
  EXPECT_FALSE(ledger.settled(third));
  EXPECT_FALSE(ledger.take_advance().has_value());
}

// Goal: a batch that was split is done when all its parts are. Method: settle in parts.
TEST(BatchLedger, PartsSettleBitByBit) {
  BatchLedger ledger(at(0), 0);
  const auto batch = ledger.open(at(10), 10);
  ledger.settle(batch, {.delivered = 4});
  EXPECT_FALSE(ledger.take_advance().has_value());
  ledger.settle(batch, {.dead_lettered = 1});
  ledger.settle(batch, {.delivered = 5});
  EXPECT_EQ(ledger.take_advance()->delta.sum(), 10U);
  EXPECT_TRUE(ledger.settled(batch));
  EXPECT_TRUE(ledger.empty());
}

// Goal: whatever the order of completion, what is booked adds up to what was read. Method: seeded
// random completions of random batches.
TEST(BatchLedger, AnyOrderOfCompletionAddsUp) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    BatchLedger ledger(at(0), 0);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> open;
    std::uint64_t items_read = 0;
    std::uint64_t items_booked = 0;
    std::uint64_t items_at = 0;
    const auto take = [&] {
      if (const auto advance = ledger.take_advance()) {
        EXPECT_EQ(advance->delta.sum(), advance->items_at - items_at);
        items_at = advance->items_at;
        items_booked += advance->delta.sum();
      }
    };
    for (int step = 0; step < 200; ++step) {
      if (open.empty() || random() % 2 == 0) {
        const std::uint64_t items = 1 + random() % 10;
        items_read += items;
        open.emplace_back(ledger.open(at(items_read), items_read), items);
      } else {
        const auto index = static_cast<std::ptrdiff_t>(random() % open.size());
        auto& [number, left] = open[static_cast<std::size_t>(index)];
        const std::uint64_t items = 1 + random() % left;
        ledger.settle(number, {.delivered = items});
        left -= items;
        if (left == 0) open.erase(open.begin() + index);
      }
      take();
    }
    for (const auto& [number, left] : open) ledger.settle(number, {.expired = left});
    take();
    EXPECT_EQ(items_booked, items_read);
    EXPECT_EQ(ledger.items_done(), ledger.items_read());
    EXPECT_TRUE(ledger.empty());
  }
}

}  // namespace
}  // namespace gateway::pipeline::delivery
