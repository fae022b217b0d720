#include "telemetry/repeat_limiter.h"

#include <gtest/gtest.h>

namespace gateway::telemetry {
namespace {

constexpr std::int64_t kWindowNano = std::chrono::nanoseconds(kRepeatWindow).count();

// Goal: an outage does not fill the log. Method: one text a thousand times in a window.
TEST(RepeatLimiter, RepeatsAreCountedAndSummedUpWhenTheWindowEnds) {
  RepeatLimiter limiter;
  std::size_t admitted = 0;
  for (int i = 0; i < 1000; ++i) {
    if (limiter.admit(LogLevel::warn, "exporter", "not delivered", i)) ++admitted;
  }
  EXPECT_EQ(admitted, kRepeatLinesMax);
  EXPECT_TRUE(limiter.take_due(kWindowNano - 1).empty());

  const auto sums = limiter.take_due(kWindowNano);
  ASSERT_EQ(sums.size(), 1U);
  EXPECT_EQ(sums[0].module, "exporter");
  EXPECT_EQ(sums[0].message, "not delivered");
  EXPECT_EQ(sums[0].count, 1000 - kRepeatLinesMax);
  EXPECT_TRUE(limiter.admit(LogLevel::warn, "exporter", "not delivered", kWindowNano));
}

// Goal: texts do not suppress each other. Method: two texts, one of them over its share.
TEST(RepeatLimiter, LevelsModulesAndMessagesAreToldApart) {
  RepeatLimiter limiter;
  for (std::size_t i = 0; i < kRepeatLinesMax; ++i) {
    EXPECT_TRUE(limiter.admit(LogLevel::warn, "a", "m", 0));
  }
  EXPECT_FALSE(limiter.admit(LogLevel::warn, "a", "m", 0));
  EXPECT_TRUE(limiter.admit(LogLevel::info, "a", "m", 0));
  EXPECT_TRUE(limiter.admit(LogLevel::warn, "b", "m", 0));
  EXPECT_TRUE(limiter.admit(LogLevel::warn, "a", "n", 0));
}

// Goal: memory stays bounded whatever is logged. Method: more texts than the limit.
TEST(RepeatLimiter, BeyondTheLimitOfTextsNothingIsSuppressed) {
  RepeatLimiter limiter;
  for (std::size_t i = 0; i < kRepeatTextsMax; ++i) {
    EXPECT_TRUE(limiter.admit(LogLevel::info, "m", std::to_string(i), 0));
  }
  for (std::size_t i = 0; i < 2 * kRepeatLinesMax; ++i) {
    EXPECT_TRUE(limiter.admit(LogLevel::info, "m", "one more", 0));
  }
}

// Goal: windows end each at its time. Method: two windows begun at different times.
TEST(RepeatLimiter, AWindowEndsAtItsOwnTime) {
  RepeatLimiter limiter;
  for (std::size_t i = 0; i <= kRepeatLinesMax; ++i) {
    (void)limiter.admit(LogLevel::info, "m", "first", 0);
    (void)limiter.admit(LogLevel::info, "m", "second", 5);
  }
  ASSERT_EQ(limiter.take_due(kWindowNano).size(), 1U);
  EXPECT_TRUE(limiter.take_due(kWindowNano + 4).empty());
  const auto sums = limiter.take_due(kWindowNano + 5);
  ASSERT_EQ(sums.size(), 1U);
  EXPECT_EQ(sums[0].message, "second");
}

// Goal: nothing counted is lost at exit. Method: take all before the window ends.
TEST(RepeatLimiter, AllTakesSumsBeforeTheirTime) {
  RepeatLimiter limiter;
  for (std::size_t i = 0; i < kRepeatLinesMax + 2; ++i) {
    (void)limiter.admit(LogLevel::info, "m", "text", 0);
  }
  const auto sums = limiter.take_due(1, true);
  ASSERT_EQ(sums.size(), 1U);
  EXPECT_EQ(sums[0].count, 2U);
}

}  // namespace
}  // namespace gateway::telemetry
