#include "net/connection.h"

#include <gtest/gtest.h>

#include "net/limits.h"

namespace gateway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Goal: output is read, and fast enough. Method: one that stops, and one that trickles.
TEST(WritePace, AsksForProgressAndForARate) {
  const TimePoint begin = steady_clock::now();
  WritePace pace;
  pace.begin(begin);
  EXPECT_FALSE(pace.too_slow(begin + kWriteStallMax));
  EXPECT_TRUE(pace.too_slow(begin + kWriteStallMax + milliseconds(1)));
  const milliseconds step = kWriteStallMax / 2;
  TimePoint now = begin;
  for (int i = 0; i < 100; ++i) {
    now += step;
    pace.on_sent(now,
                 kWriteRateBytesPerSecondMin * static_cast<std::uint64_t>(step.count()) / 1000);
    EXPECT_FALSE(pace.too_slow(now));
  }
  EXPECT_TRUE(pace.too_slow(now + kWriteStallMax + milliseconds(1)));
  pace.begin(begin);
  pace.on_sent(begin + step, 1);
  EXPECT_FALSE(pace.too_slow(begin + step));
  pace.on_sent(begin + 2 * step, 1);
  pace.on_sent(begin + 3 * step, 1);
  EXPECT_TRUE(pace.too_slow(begin + 3 * step));
}

}  // namespace
}  // namespace gateway::net
