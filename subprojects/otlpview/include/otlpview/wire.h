// The protobuf wire format: tags, varints, fields in place, and the writers that make them.
//
//   message := field*
//   field   := tag payload
//   tag     : varint, number << 3 | wire type; number 1 .. kFieldNumberMax
//   varint  : 1 .. kVarintSizeBytesMax bytes, 7 bits each, least first; padded forms are legal
//   payload : varint | 8 bytes | length bytes | field* end-group tag | 4 bytes
//
// A Field borrows from the bytes given to its FieldReader.
//
// Errors:  next() returns false at the end and on damage; failed() tells which. Nothing throws,
//          readers do not allocate.
// Threads: pure values.
// Source:  the protobuf encoding guide.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace otlpview {

using Bytes = std::span<const std::byte>;

// What would be gone before a view of it could be used: views delete their constructors from it.
template <typename T>
concept OwningTemporary =
    !std::is_lvalue_reference_v<T> && !std::ranges::borrowed_range<std::remove_cvref_t<T>> &&
    std::ranges::contiguous_range<T>;

enum class WireType : std::uint8_t {
  varint = 0,
  i64 = 1,
  len = 2,
  start_group = 3,
  end_group = 4,
  i32 = 5,
};

inline constexpr std::uint32_t kFieldNumberMax = (1U << 29) - 1;
inline constexpr std::size_t kVarintSizeBytesMax = 10;
// Groups inside groups that a reader follows; protobuf's own readers stop at the same depth.
inline constexpr std::size_t kGroupNestingMax = 100;

[[nodiscard]] constexpr std::uint32_t tag_of(std::uint32_t number, WireType type) noexcept {
  return number << 3 | static_cast<std::uint32_t>(type);
}

// ZigZag, as sint32 and sint64 use it.
[[nodiscard]] constexpr std::int64_t zigzag_decode(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}
[[nodiscard]] constexpr std::uint64_t zigzag_encode(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

// Little-endian loads; no alignment needed.
template <typename T>
[[nodiscard]] inline T load_le(const void* from) noexcept {
  static_assert(std::endian::native == std::endian::little, "the wire is little-endian");
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Reads a varint at `at`; the byte behind it, or nullptr when it does not end before `end` or is
// longer than kVarintSizeBytesMax. Bits beyond the 64th are dropped.
[[nodiscard]] inline const std::byte* read_varint(const std::byte* at, const std::byte* end,
                                                  std::uint64_t& value) noexcept {
  std::uint64_t result = 0;
  for (unsigned shift = 0; shift < 7 * kVarintSizeBytesMax && at != end; shift += 7) {
    const auto byte = std::to_integer<std::uint64_t>(*at++);
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      value = result;
      return at;
    }
  }
  return nullptr;
}

// One field, in place.
struct Field {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t value = 0;  // of varint, i64 and i32: the bits, unsigned
  Bytes payload;            // of len: what the length counts; of a group: its fields
  Bytes raw;                // tag and all

  [[nodiscard]] std::uint32_t tag() const noexcept { return tag_of(number, type); }
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
  }
};

// Walks the fields of one message; a group is one field.
class FieldReader {
 public:
  explicit FieldReader(Bytes message) noexcept
      : at_(message.data()), end_(message.data() + message.size()) {}
  template <OwningTemporary T>
  explicit FieldReader(T&&) = delete;

  // The next field; false at the end, or when the rest is not a field.
  [[nodiscard]] bool next(Field& field) noexcept;
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  // What next() has not read yet.
  [[nodiscard]] Bytes rest() const noexcept { return {at_, end_}; }

 private:
  [[nodiscard]] bool next_unusual(Field& field) noexcept;
  [[nodiscard]] bool read_group(Field& field) noexcept;

  const std::byte* at_;
  const std::byte* end_;
  bool failed_ = false;
};

// Nearly every field has a tag of one byte, and nearly every varint and length too.
inline bool FieldReader::next(Field& field) noexcept {
  if (at_ == end_ || failed_) return false;
  const std::byte* const begin = at_;
  const auto tag = std::to_integer<std::uint32_t>(*begin);
  const auto left = static_cast<std::size_t>(end_ - begin);
  const auto take = [&](std::size_t size) {
    field.number = tag >> 3;
    field.type = static_cast<WireType>(tag & 7);
    field.raw = Bytes(begin, size);
    at_ = begin + size;
    return true;
  };
  if (tag < 8 || tag >= 0x80 || left < 2) return next_unusual(field);
  const auto second = std::to_integer<std::size_t>(begin[1]);
  switch (static_cast<WireType>(tag & 7)) {
    case WireType::varint:
      if (second >= 0x80) break;
      field.value = second;
      field.payload = {};
      return take(2);
    case WireType::len:
      if (second >= 0x80 || second > left - 2) break;
      field.value = 0;
      field.payload = Bytes(begin + 2, second);
      return take(2 + second);
    case WireType::i64:
      if (left < 9) break;
      field.value = load_le<std::uint64_t>(begin + 1);
      field.payload = {};
      return take(9);
    default:
      break;
  }
  return next_unusual(field);
}

// Writers. Sizes first, then the same calls that append.
[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  return static_cast<std::size_t>(std::bit_width(value | 1) + 6) / 7;
}
// Tag, length and payload of a length-delimited field.
[[nodiscard]] constexpr std::size_t len_field_size(std::uint32_t number,
                                                   std::size_t payload_size) noexcept {
  return varint_size(tag_of(number, WireType::len)) + varint_size(payload_size) + payload_size;
}

// Writes a varint to `to`, which has room for kVarintSizeBytesMax bytes; the byte behind it.
inline std::byte* write_varint(std::byte* to, std::uint64_t value) noexcept {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<std::byte>(value | 0x80);
  *to++ = static_cast<std::byte>(value);
  return to;
}

inline void append_bytes(Bytes bytes, std::vector<std::byte>& out) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
inline void append_varint(std::uint64_t value, std::vector<std::byte>& out) {
  std::byte buffer[kVarintSizeBytesMax];
  out.insert(out.end(), buffer, write_varint(buffer, value));
}
inline void append_tag(std::uint32_t number, WireType type, std::vector<std::byte>& out) {
  append_varint(tag_of(number, type), out);
}
inline void append_varint_field(std::uint32_t number, std::uint64_t value,
                                std::vector<std::byte>& out) {
  append_tag(number, WireType::varint, out);
  append_varint(value, out);
}
inline void append_fixed32_field(std::uint32_t number, std::uint32_t value,
                                 std::vector<std::byte>& out) {
  append_tag(number, WireType::i32, out);
  append_bytes(std::as_bytes(std::span(&value, 1)), out);
}
inline void append_fixed64_field(std::uint32_t number, std::uint64_t value,
                                 std::vector<std::byte>& out) {
  append_tag(number, WireType::i64, out);
  append_bytes(std::as_bytes(std::span(&value, 1)), out);
}
inline void append_len_field(std::uint32_t number, Bytes payload, std::vector<std::byte>& out) {
  append_tag(number, WireType::len, out);
  append_varint(payload.size(), out);
  append_bytes(payload, out);
}
inline void append_len_field(std::uint32_t number, std::string_view payload,
                             std::vector<std::byte>& out) {
  append_len_field(number, std::as_bytes(std::span(payload)), out);
}
// A sub-message whose length is not known before it is written: everything behind `begin` in `out`
// becomes the payload of field `number`. Moves those bytes once.
void wrap_len_field(std::uint32_t number, std::size_t begin, std::vector<std::byte>& out);

}  // namespace otlpview
