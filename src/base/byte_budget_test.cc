#include "base/byte_budget.h"

#include <limits>

#include <gtest/gtest.h>

namespace gateway {
namespace {

// Goal: never more than the limit. Method: take to the limit, then one byte more.
TEST(ByteBudget, RefusesTheFirstByteOverItsLimit) {
  ByteBudget budget(10);
  EXPECT_TRUE(budget.try_take(10));
  EXPECT_FALSE(budget.try_take(1));
  budget.give_back(1);
  EXPECT_TRUE(budget.try_take(1));
}

// Goal: a lying length cannot wrap the sum. Method: ask for the greatest size while some is taken.
TEST(ByteBudget, RefusesASumThatWouldWrap) {
  ByteBudget budget(std::numeric_limits<std::size_t>::max());
  EXPECT_TRUE(budget.try_take(2));
  EXPECT_FALSE(budget.try_take(std::numeric_limits<std::size_t>::max()));
  EXPECT_EQ(budget.taken_bytes(), 2U);
}

// Goal: every byte comes back. Method: grow, shrink, move and drop leases.
TEST(ByteLease, GivesBackWhatItTookWhenItGoes) {
  ByteBudget budget(100);
  {
    ByteLease lease;
    EXPECT_TRUE(lease.try_grow(budget, 60));
    EXPECT_FALSE(lease.try_grow(budget, 60));
    lease.shrink_to(50);
    EXPECT_EQ(budget.taken_bytes(), 50U);
    ByteLease moved = std::move(lease);
    EXPECT_EQ(moved.bytes(), 50U);
    EXPECT_EQ(budget.taken_bytes(), 50U);
  }
  EXPECT_EQ(budget.taken_bytes(), 0U);
}

// Goal: one large holder at a time passes the limit, and no small step does. Method: two holders.
TEST(ByteLease, OneLargeHolderGoesAlone) {
  ByteBudget budget(100);
  const int first = 0, second = 0;
  ByteLease small;
  EXPECT_TRUE(small.try_grow(budget, 60));
  EXPECT_FALSE(small.try_grow(budget, kAloneSizeBytesMin - 61, &first));
  EXPECT_FALSE(small.try_grow(budget, kAloneSizeBytesMin));
  {
    ByteLease large, more, other;
    EXPECT_TRUE(large.try_grow(budget, kAloneSizeBytesMin, &first));
    EXPECT_TRUE(more.try_grow(budget, 2 * kAloneSizeBytesMin, &first));
    EXPECT_FALSE(other.try_grow(budget, kAloneSizeBytesMin, &second));
    EXPECT_TRUE(other.try_grow(budget, 40, &second));  // what fits is not concerned
    EXPECT_EQ(budget.taken_bytes(), 100 + 3 * kAloneSizeBytesMin);
    large.release();
    EXPECT_FALSE(other.try_grow(budget, kAloneSizeBytesMin, &second));
    more.shrink_to(0);
    EXPECT_TRUE(other.try_grow(budget, kAloneSizeBytesMin, &second));
    const ByteLease moved = std::move(other);
    EXPECT_EQ(moved.bytes(), 40 + kAloneSizeBytesMin);
  }
  EXPECT_EQ(budget.taken_bytes(), 60U);
  EXPECT_TRUE(budget.could_take(100, 0, nullptr));
  EXPECT_FALSE(budget.could_take(100, 1, &first));
  EXPECT_FALSE(budget.could_take(kAloneSizeBytesMin, 0, nullptr));
  EXPECT_TRUE(budget.could_take(kAloneSizeBytesMin - 1, 1, &first));
}

}  // namespace
}  // namespace gateway
