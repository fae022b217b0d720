#include "otlpview/wire.h"

#include <gtest/gtest.h>

#include "ascii.h"
#include "message_builder.h"

namespace otlpview {
namespace {

using testing::Message;

// Goal: writers and reader agree. Method: values around every size of a varint, there and back.
TEST(Wire, VarintsComeBackAsTheyWereWritten) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value : {(1ULL << bit) - 1, 1ULL << bit, (1ULL << bit) + 1}) {
      std::vector<std::byte> bytes;
      append_varint(value, bytes);
      EXPECT_EQ(bytes.size(), varint_size(value));
      std::uint64_t read = 0;
      EXPECT_EQ(read_varint(bytes.data(), bytes.data() + bytes.size(), read),
                bytes.data() + bytes.size());
      EXPECT_EQ(read, value);
    }
  }
}

// Goal: W-07. Method: a 1 padded to 10 bytes, and to 11.
TEST(Wire, W07PaddedVarintsAreReadUpToTenBytes) {
  std::vector<std::byte> bytes(1, std::byte{0x81});
  bytes.resize(9, std::byte{0x80});
  bytes.push_back(std::byte{0});
  std::uint64_t value = 0;
  EXPECT_NE(read_varint(bytes.data(), bytes.data() + bytes.size(), value), nullptr);
  EXPECT_EQ(value, 1U);
  bytes.back() = std::byte{0x80};
  bytes.push_back(std::byte{0});
  EXPECT_EQ(read_varint(bytes.data(), bytes.data() + bytes.size(), value), nullptr);
}

// Goal: zigzag as in the encoding guide. Method: its examples.
TEST(Wire, ZigzagFollowsTheEncodingGuide) {
  EXPECT_EQ(zigzag_decode(0), 0);
  EXPECT_EQ(zigzag_decode(1), -1);
  EXPECT_EQ(zigzag_decode(2), 1);
  EXPECT_EQ(zigzag_decode(4294967295U), -2147483648LL);
  for (const std::int64_t value : {std::int64_t{0}, INT64_MIN, INT64_MAX, std::int64_t{-7}}) {
    EXPECT_EQ(zigzag_decode(zigzag_encode(value)), value);
  }
}

// Goal: a group is one field. Method: nested groups around every wire type.
TEST(Wire, AGroupIsReadAsOneField) {
  const auto bytes = Message().raw("0b 08 01 13 5a 01 ff 14 0c 10 07").bytes();
  FieldReader reader(bytes);
  Field field;
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(field.number, 1U);
  EXPECT_EQ(field.type, WireType::start_group);
  EXPECT_EQ(field.raw.size(), 9U);
  EXPECT_EQ(field.payload.size(), 7U);
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(field.value, 7U);
  EXPECT_FALSE(reader.next(field));
  EXPECT_FALSE(reader.failed());
}

// Goal: damage is told from the end. Method: every proper prefix of a message of all wire types.
TEST(Wire, APrefixInsideAFieldFails) {
  const auto bytes = Message()
                         .varint(1, 300)
                         .fixed64(2, 7)
                         .text(3, "abc")
                         .raw("23 08 01 24")
                         .fixed32(5, 9)
                         .bytes();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    SCOPED_TRACE(size);
    FieldReader reader(Bytes(bytes).first(size));
    Field field;
    std::size_t read = 0;
    while (reader.next(field)) read += field.raw.size();
    EXPECT_EQ(reader.failed(), read != size);
  }
}

// Goal: a length is written in front of what it counts. Method: payloads around one and two bytes.
TEST(Wire, WrappingPutsTagAndLengthInFront) {
  for (const std::size_t size : {0UL, 1UL, 127UL, 128UL, 20'000UL}) {
    std::vector<std::byte> out(3, std::byte{1});
    out.resize(3 + size, std::byte{7});
    wrap_len_field(2, 3, out);
    EXPECT_EQ(out.size(), 3 + len_field_size(2, size));
    FieldReader reader(Bytes(out).subspan(3));
    Field field;
    ASSERT_TRUE(reader.next(field));
    EXPECT_EQ(field.payload.size(), size);
  }
}

// Goal: the ASCII test finds a byte anywhere. Method: every size up to 100, every place.
TEST(Ascii, FindsOneByteAtEveryPlace) {
  for (std::size_t size = 0; size <= 100; ++size) {
    std::vector<std::uint8_t> bytes(size, 'a');
    EXPECT_TRUE(internal::is_ascii(bytes.data(), size));
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = 0x80;
      EXPECT_FALSE(internal::is_ascii(bytes.data(), size)) << size << ' ' << i;
      bytes[i] = 'a';
    }
  }
}

// Goal: bit i of the mask is byte i. Method: one byte at a time.
TEST(Ascii, MaskHasABitForEachByte) {
  std::vector<std::uint8_t> bytes(internal::kMaskSizeBytes, 0x7f);
  EXPECT_EQ(internal::ascii_mask64(bytes.data()), 0U);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = 0xff;
    EXPECT_EQ(internal::ascii_mask64(bytes.data()), std::uint64_t{1} << i);
    bytes[i] = 0x7f;
  }
}

}  // namespace
}  // namespace otlpview
