#include "base/buffer.h"

#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

namespace gateway {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Goal: O_DIRECT can write any buffer as it is. Method: sizes around the block boundary.
TEST(Buffer, EveryBlockBeginsAndEndsOnABlockBoundary) {
  for (const std::size_t size : {0UL, 1UL, 4031UL, 4032UL, 4033UL, 8128UL, 100'000UL}) {
    SCOPED_TRACE(size);
    Buffer buffer = Buffer::allocate(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.block().data()) % kBufferAlignmentBytes, 0U);
    EXPECT_EQ(buffer.block().size() % kBufferAlignmentBytes, 0U);
    EXPECT_GE(buffer.payload_capacity(), size);
    EXPECT_EQ(buffer.payload().size(), 0U);
  }
}

// Goal: a body of unknown length keeps its bytes while it grows. Method: append 10 bytes 1,000
// times.
TEST(Buffer, GrowsByAppendAndKeepsItsBytes) {
  Buffer buffer = Buffer::allocate(0);
  for (int i = 0; i < 1000; ++i) buffer.append(bytes_of("0123456789"));
  ASSERT_EQ(buffer.size(), 10'000U);
  for (std::size_t i = 0; i < buffer.size(); ++i) {
    ASSERT_EQ(static_cast<char>(buffer.payload()[i]), static_cast<char>('0' + i % 10));
  }
}

// Goal: a copy shares the bytes. Method: let the first holder go, read through the second.
TEST(Buffer, TheLastHolderFreesTheBlock) {
  Buffer second;
  {
    Buffer first = Buffer::allocate(16);
    first.append(bytes_of("resource_spans"));
    EXPECT_TRUE(first.unique());
    second = first;
    EXPECT_FALSE(first.unique());
  }
  EXPECT_TRUE(second.unique());
  EXPECT_EQ(second.size(), 14U);
}

// Goal: bytes can be produced in place. Method: write into writable(), claim with commit().
TEST(Buffer, CommitClaimsWhatWasWrittenInPlace) {
  Buffer buffer = Buffer::allocate(100);
  buffer.writable()[0] = std::byte{42};
  buffer.commit(1);
  ASSERT_EQ(buffer.size(), 1U);
  EXPECT_EQ(buffer.payload()[0], std::byte{42});
  buffer.resize_down(0);
  EXPECT_EQ(buffer.size(), 0U);
}

}  // namespace
}  // namespace gateway
