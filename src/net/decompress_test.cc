#include "net/decompress.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "net/coding_for_tests.h"

namespace gateway::net {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

struct Inflated {
  std::optional<DecompressErrc> error;
  std::string text;
  std::size_t leased_bytes = 0;
};

Inflated inflate(ContentCoding coding, std::string_view bytes, const BodyPlan& plan = {kMiB}) {
  Buffer out;
  ByteLease lease;
  const auto done = decompress(coding, std::as_bytes(std::span(bytes)), plan, out, lease);
  if (!done) return {done.error(), {}, lease.bytes()};
  const auto payload = std::as_const(out).payload();
  return {{}, {reinterpret_cast<const char*>(payload.data()), payload.size()}, lease.bytes()};
}

// Text with a little to find in it, so that both codings have work.
std::string sample(std::size_t size) {
  std::minstd_rand random(7);
  std::string out;
  while (out.size() < size) out += "span-" + std::to_string(random() % 1000) + ";";
  out.resize(size);
  return out;
}

std::string packed(ContentCoding coding, std::string_view bytes) {
  return coding == ContentCoding::gzip ? gzip(bytes) : zstd(bytes);
}

class Decompress : public ::testing::TestWithParam<ContentCoding> {};
INSTANTIATE_TEST_SUITE_P(Codings, Decompress,
                         ::testing::Values(ContentCoding::gzip, ContentCoding::zstd),
                         [](const auto& coding) {
                           return coding.param == ContentCoding::gzip ? "gzip" : "zstd";
                         });

TEST(ContentCodingName, NamesHaveNoCase) {
  EXPECT_EQ(parse_coding(""), ContentCoding::identity);
  EXPECT_EQ(parse_coding(" Identity "), ContentCoding::identity);
  EXPECT_EQ(parse_coding("GZIP"), ContentCoding::gzip);
  EXPECT_EQ(parse_coding("x-gzip"), ContentCoding::gzip);
  EXPECT_EQ(parse_coding("zstd"), ContentCoding::zstd);
  for (const std::string_view name :
       {"deflate", "br", "gzip, gzip", "snappy", "gzi", "zstandard"}) {
    EXPECT_FALSE(parse_coding(name)) << name;
  }
}

TEST_P(Decompress, WhatWentInComesOut) {
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 100'000U, 1'048'576U}) {
    SCOPED_TRACE(size);
    const std::string text = sample(size);
    const Inflated out = inflate(GetParam(), packed(GetParam(), text));
    EXPECT_FALSE(out.error);
    EXPECT_EQ(out.text, text);
  }
}

// Goal: members and frames are one payload. Method: two, an empty one between, and many small ones.
TEST_P(Decompress, SeveralMembersAreOnePayload) {
  const std::string one = packed(GetParam(), sample(5000));
  const std::string none = packed(GetParam(), "");
  EXPECT_EQ(inflate(GetParam(), one + none + one + none).text, sample(5000) + sample(5000));
  std::string many, text;
  for (int i = 0; i < 500; ++i) {
    many += packed(GetParam(), std::to_string(i));
    text += std::to_string(i);
  }
  EXPECT_EQ(inflate(GetParam(), many).text, text);
}

TEST_P(Decompress, EveryShorterPrefixIsCorrupt) {
  const std::string whole = packed(GetParam(), sample(3000));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(inflate(GetParam(), whole.substr(0, size)).error, DecompressErrc::corrupt) << size;
    EXPECT_EQ(inflate(GetParam(), whole + whole.substr(0, size)).error.has_value(), size != 0)
        << size;
  }
}

TEST_P(Decompress, WhatFollowsThatIsNoMemberIsCorrupt) {
  const std::string whole = packed(GetParam(), sample(3000));
  for (const std::string_view junk : {"x", "junk", "and more junk than a header has"}) {
    EXPECT_EQ(inflate(GetParam(), whole + std::string(junk)).error, DecompressErrc::corrupt);
  }
  EXPECT_EQ(inflate(GetParam(), whole + std::string(20, '\0')).error, DecompressErrc::corrupt);
}

// Goal: no byte crashes it, and a checksum is looked at. Method: every byte of a body flipped; what
// is accepted is what went in. A frame of zstd has no checksum by default: there only no crash.
TEST_P(Decompress, AFlippedByteIsNeverTakenForData) {
  const std::string text = sample(2000);
  const std::string whole = packed(GetParam(), text);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x41);
    const Inflated out = inflate(GetParam(), flipped);
    if (GetParam() == ContentCoding::gzip && !out.error) {
      EXPECT_EQ(out.text, text) << at;
    }
  }
}

TEST_P(Decompress, TheLimitIsInclusive) {
  const std::string at = packed(GetParam(), sample(100'000));
  EXPECT_FALSE(inflate(GetParam(), at, {100'000}).error);
  EXPECT_EQ(inflate(GetParam(), at, {99'999}).error, DecompressErrc::too_large);
  // The same when the size is not known beforehand: in two members.
  const std::string half = packed(GetParam(), sample(50'000));
  EXPECT_FALSE(inflate(GetParam(), half + half, {100'000}).error);
  EXPECT_EQ(inflate(GetParam(), half + half, {99'999}).error, DecompressErrc::too_large);
}

// Goal: a bomb takes what the limit allows. Method: a GiB of zeros in many members, 16 MiB in one,
// under a limit, and under a budget below the limit; all is given back.
TEST_P(Decompress, ABombStopsAtTheLimit) {
  std::string bomb;
  const std::string part = packed(GetParam(), std::string(16 * kMiB, '\0'));
  for (int i = 0; i < 64; ++i) bomb += part;
  ByteBudget budget(4 * kMiB);
  EXPECT_EQ(inflate(GetParam(), bomb, {kMiB, &budget}).error, DecompressErrc::too_large);
  EXPECT_EQ(inflate(GetParam(), part, {kMiB, &budget}).error, DecompressErrc::too_large);
  EXPECT_EQ(inflate(GetParam(), part, {64 * kMiB, &budget}).error, DecompressErrc::too_large);
  EXPECT_EQ(budget.taken_bytes(), 0U);
}

// Goal: a trailer that lies neither takes memory nor hides data. Method: the last four bytes of a
// gzip body, its size, say more and less than is true.
TEST(DecompressGzip, ATrailerThatLiesIsCorrupt) {
  ByteBudget budget(16 * kMiB);
  for (const std::string_view size : {std::string_view("\0\0\0\0", 4),
                                      {"\1\0\0\0", 4},
                                      {"\0\0\x10\0", 4},
                                      {"\xff\xff\xff\xff", 4}}) {
    std::string lying = gzip(sample(5000));
    lying.replace(lying.size() - 4, 4, size);
    EXPECT_EQ(inflate(ContentCoding::gzip, lying, {8 * kMiB, &budget}).error,
              DecompressErrc::corrupt);
  }
  EXPECT_EQ(budget.taken_bytes(), 0U);
}

// Goal: zstd's window is bounded. Method: frames without a size and with windows at the limit and
// one beyond; the data are the same.
TEST(DecompressZstd, AWindowBeyondTheLimitIsRefused) {
  const std::string text = sample(kMiB);
  const BodyPlan plan{2 * kMiB};
  EXPECT_EQ(inflate(ContentCoding::zstd, zstd(text, false, kZstdWindowLogMax), plan).text, text);
  EXPECT_EQ(inflate(ContentCoding::zstd, zstd(text, false, kZstdWindowLogMax + 1), plan).error,
            DecompressErrc::corrupt);
}

TEST(DecompressZstd, SkippableFramesAreSkipped) {
  const std::string skipped("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  EXPECT_EQ(inflate(ContentCoding::zstd, skipped + zstd("x") + skipped).text, "x");
}

// Goal: "later" only where later may help. Method: others hold the room that would do; then the
// request itself does.
TEST_P(Decompress, RoomThatOthersHoldIsLater) {
  ByteBudget budget(kMiB);
  const std::string body = packed(GetParam(), sample(700 * 1024));
  ByteLease others;
  ASSERT_TRUE(others.try_grow(budget, 600 * 1024));
  EXPECT_EQ(inflate(GetParam(), body, {4 * kMiB, &budget}).error, DecompressErrc::over_budget);
  const BodyPlan own{.size_bytes_max = 4 * kMiB, .budget = &budget, .held_bytes = 600 * 1024};
  EXPECT_EQ(inflate(GetParam(), body, own).error, DecompressErrc::too_large);
  others.release();
  const Inflated alone = inflate(GetParam(), body, {4 * kMiB, &budget});
  EXPECT_FALSE(alone.error);
  EXPECT_GE(alone.leased_bytes, 700U * 1024);
  EXPECT_EQ(budget.taken_bytes(), 0U);
}

}  // namespace
}  // namespace gateway::net
