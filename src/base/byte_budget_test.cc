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

}  // namespace
}  // namespace gateway
