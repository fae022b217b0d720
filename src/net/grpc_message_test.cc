#include "net/grpc_message.h"

#include <string>

#include <gtest/gtest.h>

namespace gateway::net {
namespace {

using Outcome = std::optional<RequestErrc>;

std::string framed(std::string_view message, char flag = 0) {
  const auto prefix = grpc_prefix(message.size());
  std::string out(reinterpret_cast<const char*>(prefix.data()), prefix.size());
  out[0] = flag;
  return out.append(message);
}

struct Call {
  explicit Call(std::size_t limit = 1000, ByteBudget* budget = nullptr) {
    reader.begin({limit, budget});
  }
  // Appends, and finishes: the first failure, or none.
  Outcome take(std::string_view bytes) {
    const auto appended = append(bytes);
    if (appended) return appended;
    const auto finished = reader.finish(body);
    return finished ? Outcome() : Outcome(finished.error());
  }
  Outcome append(std::string_view bytes) {
    const auto done = reader.append(std::as_bytes(std::span(bytes)), body, lease);
    return done ? Outcome() : Outcome(done.error());
  }
  [[nodiscard]] std::string text() const {
    const auto payload = std::as_const(body).payload();
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
  }
  GrpcMessageReader reader;
  Buffer body;
  ByteLease lease;
};

TEST(GrpcMessage, ThePrefixIsBigEndian) {
  const auto prefix = grpc_prefix(0x01020304);
  for (std::size_t i = 0; i < prefix.size(); ++i)
    EXPECT_EQ(std::to_integer<std::size_t>(prefix[i]), i);
}

// Goal: no cut confuses the reader. Method: one message in two pieces at every place, and in bytes.
TEST(GrpcMessage, AMessageMayComeInAnyCut) {
  const std::string whole = framed("resource_spans");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    Call call;
    ASSERT_EQ(call.append(std::string_view(whole).substr(0, cut)), Outcome());
    ASSERT_EQ(call.take(std::string_view(whole).substr(cut)), Outcome());
    EXPECT_EQ(call.text(), "resource_spans");
    EXPECT_FALSE(call.reader.compressed());
  }
  Call call;
  for (const char& c : whole) ASSERT_EQ(call.append({&c, 1}), Outcome());
  EXPECT_EQ(call.take(""), Outcome());
  EXPECT_EQ(call.text(), "resource_spans");
}

TEST(GrpcMessage, EveryShorterPrefixIsTruncatedAndNoneIsABadFrame) {
  const std::string whole = framed("resource_spans");
  EXPECT_EQ(Call().take(""), RequestErrc::bad_frame);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(Call().take(std::string_view(whole).substr(0, size)), RequestErrc::truncated) << size;
  }
}

TEST(GrpcMessage, AMessageOfNoBytesIsOne) {
  ByteBudget budget(1);
  Call call(1000, &budget);
  EXPECT_EQ(call.take(framed("")), Outcome());
  EXPECT_EQ(call.text(), "");
}

TEST(GrpcMessage, TheFlagIsZeroOrOne) {
  Call compressed;
  EXPECT_EQ(compressed.take(framed("x", 1)), Outcome());
  EXPECT_TRUE(compressed.reader.compressed());
  for (int flag = 2; flag < 256; ++flag) {
    EXPECT_EQ(Call().take(framed("x", static_cast<char>(flag))), RequestErrc::bad_frame) << flag;
  }
}

TEST(GrpcMessage, OneByteMoreIsTrailing) {
  EXPECT_EQ(Call().take(framed("x") + "y"), RequestErrc::trailing_bytes);
  EXPECT_EQ(Call().take(framed("") + "y"), RequestErrc::trailing_bytes);
  EXPECT_EQ(Call().take(framed("x") + framed("y")), RequestErrc::trailing_bytes);
  Call later;
  EXPECT_EQ(later.append(framed("x")), Outcome());
  EXPECT_EQ(later.append("y"), RequestErrc::trailing_bytes);
}

// Goal: a length is judged before a byte is kept. Method: only the prefix is sent.
TEST(GrpcMessage, ALengthIsHeldAgainstTheLimitAndTheBudget) {
  const std::string thousand = framed(std::string(1000, 'x')).substr(0, kGrpcPrefixSizeBytes);
  EXPECT_EQ(Call(1000).append(thousand), Outcome());
  EXPECT_EQ(Call(999).append(thousand), RequestErrc::too_large);
  EXPECT_EQ(Call(SIZE_MAX).append(std::string("\0\0\0\0\0", 5)), Outcome());

  ByteBudget budget(16 * 1024);
  EXPECT_EQ(Call(SIZE_MAX, &budget).append(std::string("\0\xff\xff\xff\xff", 5)),
            RequestErrc::too_large);
  ByteLease others;
  ASSERT_TRUE(others.try_grow(budget, 14 * 1024));
  EXPECT_EQ(Call(1000, &budget).append(thousand), RequestErrc::over_budget);
  others.release();
  {
    Call call(1000, &budget);
    EXPECT_EQ(call.append(thousand), Outcome());
    EXPECT_EQ(budget.taken_bytes(), kBufferAlignmentBytes);
  }
  EXPECT_EQ(budget.taken_bytes(), 0U);
}

TEST(GrpcMessage, AReaderIsUsedAgain) {
  Call call;
  EXPECT_EQ(call.take(framed("first", 1)), Outcome());
  call.body.reset();
  call.reader.begin({1000, nullptr});
  EXPECT_FALSE(call.reader.compressed());
  EXPECT_EQ(call.take(framed("second")), Outcome());
  EXPECT_EQ(call.text(), "second");
}

}  // namespace
}  // namespace gateway::net
