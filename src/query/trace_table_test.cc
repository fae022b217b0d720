#include "query/trace_table.h"

#include <gtest/gtest.h>

namespace gateway::query {
namespace {

TraceId id_of(std::uint64_t number) {
  TraceId id{};
  std::memcpy(id.data() + 8, &number, sizeof number);
  return id;
}

// Goal: requirement 1.2: traces are begun, completed, counted and found by id. Method: a trace of
// three spans, its root last.
TEST(TraceTable, ATraceIsActiveUntilItHasBeenSilentAfterItsRoot) {
  TraceTable table;
  table.observe(id_of(1), false, false, 0);
  table.observe(id_of(1), false, false, 10);
  table.observe(id_of(1), true, false, 20);
  EXPECT_EQ(table.counts().active, 1U);
  ASSERT_TRUE(table.find(id_of(1)).has_value());
  EXPECT_EQ(table.find(id_of(1))->span_count, 3U);
  table.sweep(20 + kIdleAfterRootMs - 1);
  EXPECT_EQ(table.counts().active, 1U);
  table.sweep(20 + kIdleAfterRootMs);
  EXPECT_EQ(table.counts().active, 0U);
  EXPECT_EQ(table.counts().completed, 1U);
  EXPECT_EQ(table.counts().total, 1U);
  EXPECT_EQ(table.counts().failed, 0U);
  EXPECT_FALSE(table.find(id_of(1)).has_value());
}

// Goal: a trace without a root is given longer. Method: sweep between the two idle times.
TEST(TraceTable, ATraceWithoutItsRootWaitsLonger) {
  TraceTable table;
  table.observe(id_of(1), false, false, 0);
  table.sweep(kIdleMs - 1);
  EXPECT_EQ(table.counts().active, 1U);
  table.sweep(kIdleMs);
  EXPECT_EQ(table.counts().active, 0U);
}

// Goal: one failed span makes a failed trace, counted once. Method: two failed spans in one trace.
TEST(TraceTable, AFailedTraceIsCountedOnceWhenItCompletes) {
  TraceTable table;
  table.observe(id_of(1), false, true, 0);
  table.observe(id_of(1), true, true, 0);
  EXPECT_EQ(table.counts().failed, 0U);
  table.sweep(kIdleMs);
  EXPECT_EQ(table.counts().failed, 1U);
}

// Goal: memory is bounded. Method: one trace more than the table holds; the one that has been
// silent longest goes, whichever list it is in.
TEST(TraceTable, TheTraceThatWasSilentLongestGivesWay) {
  TraceTable table(3);
  for (std::uint64_t i = 1; i <= 3; ++i) table.observe(id_of(i), false, false, 0);
  table.observe(id_of(1), false, false, 5);
  table.observe(id_of(4), false, false, 6);
  EXPECT_FALSE(table.find(id_of(2)).has_value());
  EXPECT_TRUE(table.find(id_of(1)).has_value());
  EXPECT_EQ(table.counts().active, 3U);
  EXPECT_EQ(table.counts().total, 4U);
}

// Goal: the lists stay whole under any order of events. Method: 100,000 random observations and
// sweeps; active = total - completed = what find() finds.
TEST(TraceTable, CountsAgreeWithTheTableAfterRandomTraffic) {
  TraceTable table(64);
  std::uint64_t random = 42;
  std::int64_t now = 0;
  for (int i = 0; i < 100'000; ++i) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    now += static_cast<std::int64_t>(random >> 60) * 50;
    table.observe(id_of(random >> 33 & 127), (random >> 40 & 3) == 0, false, now);
    if ((random >> 45 & 15) == 0) table.sweep(now);
  }
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < 128; ++i) found += table.find(id_of(i)) ? 1U : 0U;
  EXPECT_EQ(found, table.counts().active);
  EXPECT_EQ(table.counts().total - table.counts().completed, table.counts().active);
}

}  // namespace
}  // namespace gateway::query
