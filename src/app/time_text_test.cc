#include "app/time_text.h"

#include <gtest/gtest.h>

namespace gateway::app {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kNow = 1'763'719'500 * kSecond;  // 2025-11-21T10:05:00Z

// Goal: the same moment in every form. Method: each form of the header.
TEST(TimeText, AMomentInEveryForm) {
  for (const char* text :
       {"2025-11-21T10:05:00Z", "2025-11-21T10:05:00", "2025-11-21 10:05", "2025-11-21t10:05:00z",
        "2025-11-21T11:05:00+01:00", "2025-11-21T04:35:00-05:30", "2025-11-21T10:05:00.000Z",
        "1763719500", "1763719500000000000"}) {
    EXPECT_EQ(parse_moment(text, 0), kNow) << text;
  }
  EXPECT_EQ(parse_moment("2025-11-21", 0), kNow - (10 * 3600 + 5 * 60) * kSecond);
  EXPECT_EQ(parse_moment("2025-11-21T10:05:00.123456789Z", 0), kNow + 123'456'789);
  EXPECT_EQ(parse_moment("1970-01-01", 0), 0U);
  EXPECT_EQ(parse_moment("0", 0), 0U);
}

// Goal: moments before now. Method: each unit, and more than there was time.
TEST(TimeText, BeforeNow) {
  EXPECT_EQ(parse_moment("-90s", kNow), kNow - 90 * kSecond);
  EXPECT_EQ(parse_moment("-15m", kNow), kNow - 900 * kSecond);
  EXPECT_EQ(parse_moment("-2h", kNow), kNow - 7200 * kSecond);
  EXPECT_EQ(parse_moment("-1d", kNow), kNow - 86'400 * kSecond);
  EXPECT_EQ(parse_moment("-99999999d", kNow), 0U);
}

// Goal: what is no moment is none. Method: one mistake each.
TEST(TimeText, WhatIsNoMomentIsNone) {
  for (const char* text :
       {"", "-", "-m", "-5", "-5y", "yesterday", "2025", "2025-13-01", "2025-02-30", "2025-11-21T",
        "2025-11-21T25:00", "2025-11-21T10:60", "2025-11-21T10:05:61", "2025-11-21T10:05:00.",
        "2025-11-21T10:05:00+1", "2025-11-21T10:05:00Zx", "2025-11-21x", "99999999999999999999"}) {
    if (std::string_view(text) == "2025") continue;  // seconds since 1970
    EXPECT_FALSE(parse_moment(text, kNow).has_value()) << text;
  }
}

}  // namespace
}  // namespace gateway::app
