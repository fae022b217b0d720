#include "base/crc32c.h"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace gateway {
namespace {

// Goal: our CRC is the world's. Method: the test patterns of RFC 3720, B.4.
TEST(Crc32c, AgreesWithThePublishedPatterns) {
  std::vector<std::byte> bytes(32);
  EXPECT_EQ(crc32c(bytes), 0x8A9136AAU);
  for (std::byte& byte : bytes) byte = std::byte{0xFF};
  EXPECT_EQ(crc32c(bytes), 0x62A8AB43U);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(bytes), 0x46DD794EU);
  EXPECT_EQ(crc32c(std::as_bytes(std::span(std::string_view("123456789")))), 0xE3069283U);
}

// Goal: folds, three lanes, tail and table give one answer. Method: every size over the bounds of
// steps and lanes, at every alignment, in one piece and in two.
TEST(Crc32c, IsTheSameByVectorsByInstructionByTableAndInPieces) {
  std::vector<std::byte> bytes(20'000);
  std::uint32_t state = 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24);
  }
  for (std::size_t size = 0; size < 13'000; size += size < 1600 ? 1 : 97) {
    const auto part = std::span(bytes).subspan(size % 8, size);
    const std::uint32_t whole = crc32c(part);
    ASSERT_EQ(whole, crc32c_portable(part)) << size;
    ASSERT_EQ(whole, crc32c_by_instruction(part)) << size;
    ASSERT_EQ(whole, crc32c(part.subspan(size / 3), crc32c(part.first(size / 3)))) << size;
  }
}

}  // namespace
}  // namespace gateway
