#include "net/body.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/limits.h"

namespace gateway::net {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

// One body as a connection gathers it.
struct Body {
  Buffer bytes;
  ByteLease lease;
  BodyReader reader;

  [[nodiscard]] Result<void, RequestErrc> append(std::string_view text) {
    return reader.append(std::as_bytes(std::span(text)), bytes, lease);
  }
  [[nodiscard]] std::string text() const {
    const auto payload = std::as_const(bytes).payload();
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
  }
};

template <typename R>
std::optional<RequestErrc> error_of(const R& result) {
  return result ? std::nullopt : std::optional(result.error());
}

TEST(Body, ASmallKnownLengthIsLeasedAndAllocatedAtOnce) {
  ByteBudget budget(kMiB);
  {
    Body body;
    ASSERT_TRUE(body.reader.begin({kMiB, &budget}, 10'000, body.bytes, body.lease));
    EXPECT_EQ(budget.taken_bytes(), buffer_cost_bytes(10'000));
    EXPECT_EQ(budget.taken_bytes(), body.bytes.block().size());
    ASSERT_TRUE(body.append("hello "));
    EXPECT_EQ(error_of(body.reader.finish(body.bytes)), RequestErrc::truncated);
    ASSERT_TRUE(body.append(std::string(10'000 - 6, 'w')));
    EXPECT_TRUE(body.reader.finish(body.bytes));
    EXPECT_EQ(error_of(body.append("!")), RequestErrc::too_large);
    EXPECT_EQ(budget.taken_bytes(), buffer_cost_bytes(10'000));
  }
  EXPECT_EQ(budget.taken_bytes(), 0U);
}

// Goal: what is only announced takes a first block; the lease is what the block takes, at each
// moment. Method: a large body in the pieces of a socket.
TEST(Body, ALargeKnownLengthIsLeasedAsItComes) {
  constexpr std::size_t kSize = 12 * kMiB;
  ByteBudget budget(32 * kMiB);
  Body body;
  ASSERT_TRUE(body.reader.begin({kSize, &budget}, kSize, body.bytes, body.lease));
  EXPECT_EQ(budget.taken_bytes(), kBodyFirstBlockSizeBytes);
  std::string sent;
  std::vector<std::size_t> leases = {budget.taken_bytes()};
  while (sent.size() < kSize) {
    const std::string more(16'384, static_cast<char>('a' + sent.size() / 16'384 % 26));
    ASSERT_TRUE(body.append(more));
    sent += more;
    if (budget.taken_bytes() != leases.back()) leases.push_back(budget.taken_bytes());
    ASSERT_EQ(budget.taken_bytes(), body.bytes.block().size());
  }
  EXPECT_EQ(body.text(), sent);
  EXPECT_EQ(leases, (std::vector{kBodyFirstBlockSizeBytes, kBodySecondBlockSizeBytes,
                                 buffer_cost_bytes(kSize)}));
  EXPECT_TRUE(body.reader.finish(body.bytes));
  EXPECT_EQ(error_of(body.append("!")), RequestErrc::too_large);
}

TEST(Body, AKnownLengthThatFindsNoRoomOnItsWayIsLater) {
  ByteBudget budget(8 * kMiB);
  Body body;
  ASSERT_TRUE(body.reader.begin({4 * kMiB, &budget}, 3 * kMiB, body.bytes, body.lease));
  ByteLease others;
  ASSERT_TRUE(others.try_grow(budget, 8 * kMiB - kBodyFirstBlockSizeBytes));
  ASSERT_TRUE(body.append(std::string(kBodyFirstBlockSizeBytes - kBufferHeadroomBytes, 'x')));
  EXPECT_EQ(error_of(body.append("x")), RequestErrc::over_budget);
  others.release();
  EXPECT_TRUE(body.append("x"));
}

// Goal: a body that fits alone is never told "later" by its own moves. Method: every budget from one
// that just holds it to one that holds it twice, and nobody else.
TEST(Body, AKnownLengthThatFitsAloneComesThrough) {
  constexpr std::size_t kSize = kMiB + 4096;
  for (std::size_t limit = buffer_cost_bytes(kSize); limit <= 3 * kSize; limit += 64 * 1024) {
    SCOPED_TRACE(limit);
    ByteBudget budget(limit);
    Body body;
    ASSERT_TRUE(body.reader.begin({4 * kMiB, &budget}, kSize, body.bytes, body.lease));
    for (std::size_t sent = 0; sent < kSize; sent += 4096) {
      ASSERT_TRUE(body.append(std::string(4096, 'x')));
    }
    EXPECT_TRUE(body.reader.finish(body.bytes));
    EXPECT_LE(budget.taken_bytes(), limit);
  }
}

// Goal: the place of the one that goes beyond the budget is for bytes that come. Method: two bodies
// larger than a small budget; the first is only announced.
TEST(Body, ALengthThatIsOnlyAnnouncedDoesNotGoAlone) {
  constexpr std::size_t kSize = 6 * kMiB;
  ByteBudget budget(kMiB);
  int one = 0;
  int other = 0;
  Body silent;
  ASSERT_TRUE(silent.reader.begin({.size_bytes_max = kSize, .budget = &budget, .holder = &one},
                                  kSize, silent.bytes, silent.lease));
  Body coming;
  ASSERT_TRUE(coming.reader.begin({.size_bytes_max = kSize, .budget = &budget, .holder = &other},
                                  kSize, coming.bytes, coming.lease));
  for (std::size_t sent = 0; sent < kSize; sent += 65'536) {
    ASSERT_TRUE(coming.append(std::string(65'536, 'x')));
  }
  EXPECT_TRUE(coming.reader.finish(coming.bytes));
  EXPECT_TRUE(silent.append(std::string(1'000, 'x')));
}

TEST(Body, NoBytesTakeNoRoom) {
  ByteBudget budget(kMiB);
  Body body;
  ASSERT_TRUE(body.reader.begin({kMiB, &budget}, 0, body.bytes, body.lease));
  ASSERT_TRUE(body.append(""));
  EXPECT_TRUE(body.reader.finish(body.bytes));
  EXPECT_EQ(budget.taken_bytes(), 0U);
}

TEST(Body, TheLimitIsInclusive) {
  Body at;
  EXPECT_TRUE(at.reader.begin({1000, nullptr}, 1000, at.bytes, at.lease));
  Body over;
  EXPECT_EQ(error_of(over.reader.begin({1000, nullptr}, 1001, over.bytes, over.lease)),
            RequestErrc::too_large);
  EXPECT_EQ(error_of(over.reader.begin({1000, nullptr}, UINT64_MAX, over.bytes, over.lease)),
            RequestErrc::too_large);

  Body unknown;
  ASSERT_TRUE(unknown.reader.begin({1000, nullptr}, {}, unknown.bytes, unknown.lease));
  EXPECT_TRUE(unknown.append(std::string(1000, 'x')));
  EXPECT_EQ(error_of(unknown.append("x")), RequestErrc::too_large);
  EXPECT_TRUE(unknown.reader.finish(unknown.bytes));
}

TEST(Body, AnUnknownLengthGrowsInStepsThatDouble) {
  ByteBudget budget(8 * kMiB);
  Body body;
  ASSERT_TRUE(body.reader.begin({2 * kMiB, &budget}, {}, body.bytes, body.lease));
  EXPECT_EQ(budget.taken_bytes(), 0U);
  std::string sent;
  std::size_t blocks = 0;
  const std::byte* block = nullptr;
  while (sent.size() < 2 * kMiB) {
    const std::string more(4096, static_cast<char>('a' + sent.size() / 4096 % 26));
    ASSERT_TRUE(body.append(more));
    sent += more;
    if (body.bytes.block().data() != block) {
      block = body.bytes.block().data();
      ++blocks;
    }
    ASSERT_EQ(budget.taken_bytes(), body.bytes.block().size());
  }
  EXPECT_EQ(body.text(), sent);
  EXPECT_EQ(blocks, 8U);  // 16 KiB, 32, ... 2 MiB
  EXPECT_LT(body.bytes.block().size(), 2 * kMiB + 2 * kBufferAlignmentBytes);
}

// Goal: "later" is said only of what may succeed later. Method: a budget that others use, then one
// that is too small for anybody.
TEST(Body, WhatOthersHoldIsLaterAndWhatNobodyCouldHaveIsTooLarge) {
  ByteBudget budget(kMiB);
  ByteLease others;
  ASSERT_TRUE(others.try_grow(budget, 600 * 1024));
  const BodyPlan plan{4 * kMiB, &budget};
  Body known;
  EXPECT_EQ(error_of(known.reader.begin(plan, 600 * 1024, known.bytes, known.lease)),
            RequestErrc::over_budget);
  EXPECT_EQ(error_of(known.reader.begin(plan, kMiB, known.bytes, known.lease)),
            RequestErrc::too_large);
  EXPECT_EQ(budget.taken_bytes(), 600U * 1024);

  Body unknown;
  ASSERT_TRUE(unknown.reader.begin(plan, {}, unknown.bytes, unknown.lease));
  std::optional<RequestErrc> why;
  while (!why) why = error_of(unknown.append(std::string(4096, 'x')));
  EXPECT_EQ(why, RequestErrc::over_budget);
  EXPECT_EQ(budget.taken_bytes(), 600U * 1024 + unknown.bytes.block().size());
  others.release();
  for (why.reset(); !why;) why = error_of(unknown.append(std::string(4096, 'x')));
  EXPECT_EQ(why, RequestErrc::too_large);
}

// Goal: a body of unknown length gets as far as one can: while bytes move it holds the old room and
// the new, so the last step is smaller than a doubling. Method: a budget between two doublings.
TEST(Body, TheLastStepTakesWhatIsLeftOfTheBudget) {
  ByteBudget budget(900 * 1024);
  Body body;
  ASSERT_TRUE(body.reader.begin({4 * kMiB, &budget}, {}, body.bytes, body.lease));
  std::optional<RequestErrc> why;
  while (!why) why = error_of(body.append(std::string(1024, 'x')));
  EXPECT_EQ(why, RequestErrc::too_large);
  EXPECT_GE(body.bytes.size(), 500U * 1024);
  EXPECT_EQ(budget.taken_bytes(), body.bytes.block().size());
}

// Goal: a second buffer of one request counts the first. Method: held_bytes, as an inflating step
// gives it.
TEST(Body, WhatTheRequestItselfHoldsCounts) {
  ByteBudget budget(kMiB);
  ByteLease first;
  ASSERT_TRUE(first.try_grow(budget, 600 * 1024));
  Buffer bytes;
  ByteLease lease;
  const BodyPlan plan{.size_bytes_max = 4 * kMiB, .budget = &budget, .held_bytes = first.bytes()};
  EXPECT_EQ(error_of(allocate_body(plan, 500 * 1024, bytes, lease)), RequestErrc::too_large);
  EXPECT_TRUE(allocate_body(plan, 300 * 1024, bytes, lease));
  Buffer grown;
  ByteLease grown_lease;
  EXPECT_EQ(error_of(grow_body(plan, 500 * 1024, grown, grown_lease)), RequestErrc::too_large);
  EXPECT_EQ(error_of(grow_body(plan, 200 * 1024, grown, grown_lease)), RequestErrc::over_budget);
}

}  // namespace
}  // namespace gateway::net
