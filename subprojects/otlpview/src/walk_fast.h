// The straight-line code in front of the general walk. Members of Walker; part of walk.cc.
//
// Errors:  as walk.h says.
// Threads: one Walker, one thread.
#pragma once

#include "ascii.h"
#include "walk.h"

namespace otlpview::internal {

constexpr Byte tag1(std::uint32_t number, WireType type) noexcept {
  return static_cast<Byte>(tag_of(number, type));
}

// A length of up to three bytes at `at`, and that many bytes behind it before `end`: where they
// begin, or nullptr.
[[gnu::always_inline]] inline const Byte* usual_length(const Byte* at, const Byte* end,
                                                       std::size_t& size) noexcept {
  if (unlikely(size_of(at, end) < 3)) return nullptr;
  size = *at++;
  if (size >= 0x80) {
    size = (size & 0x7f) | static_cast<std::size_t>(*at) << 7;
    if (*at++ >= 0x80) {
      size = (size & 0x3fff) | static_cast<std::size_t>(*at) << 14;
      if (*at++ >= 0x80) return nullptr;
    }
  }
  return size <= size_of(at, end) ? at : nullptr;
}

// The first four bytes of a usual value that is a string: 12 value_size 0a string_size.
constexpr std::uint32_t usual_string(std::size_t value_size) noexcept {
  return 0xfe0a0012U + static_cast<std::uint32_t>(value_size) * 0x01000100U;
}
static_assert(usual_string(5) == 0x030a0512U);

// The usual key-value: a key, then a value of one scalar, each with a length of one byte, and the
// lengths add up. One mask says of all its bytes which are not ASCII; for a string none may be, for
// a varint the mask shows that exactly its last byte ends it.
//
//   at: tag size | 0a key_size key.. 12 value_size type ..
template <bool kFast>
const Byte* Walker<kFast>::usual_key_value(const Byte* at, const Byte* end) const noexcept {
  if (unlikely(size_of(at, end) < 8)) return nullptr;
  const std::size_t size = at[1];
  if (size >= 0x80) return usual_long_string(at, end);
  const Byte* const pair = at + 2;
  const Byte* const behind = pair + size;
  if (unlikely(size < 6 || size > size_of(pair, end))) return nullptr;
  const std::size_t key_size = pair[1];
  if (unlikely(pair[0] != 0x0a || key_size + 6 > size)) return nullptr;
  const std::size_t value_size = pair[3 + key_size];
  const Byte* const value = pair + 4 + key_size;
  if (unlikely(pair[2 + key_size] != 0x12 || 4 + key_size + value_size != size)) return nullptr;
  const Byte type = value[0];
  if (likely(size < kMaskSizeBytes && size_of(pair, body_end_) >= kMaskSizeBytes)) {
    const std::uint64_t mask = ascii_mask64(pair);
    if (type == 0x0a) {
      const bool usual = value[1] + 2U == value_size && mask << (64 - size) == 0;
      return likely(usual) ? behind : nullptr;
    }
    if (type == 0x18 || type == 0x10) {
      // Of the bits from the key on to the last byte only those of the varint's leading bytes may
      // and must be set.
      const std::size_t varint_begin = 5 + key_size;
      const std::uint64_t leading =
          ((std::uint64_t{1} << (size - 1)) - 1) & (~std::uint64_t{0} << varint_begin);
      const bool usual = value_size <= 1 + kVarintSizeBytesMax &&
                         (mask & ((std::uint64_t{1} << size) - 1)) == leading;
      return likely(usual) ? behind : nullptr;
    }
    if (type == 0x21) {
      const bool usual = value_size == 9 && mask << (64 - 5 - key_size) == 0;
      return likely(usual) ? behind : nullptr;
    }
    return nullptr;
  }
  if (type == 0x0a && value[1] + 2U == value_size && is_ascii(pair, size)) return behind;
  if (type == 0x21 && value_size == 9 && is_ascii(pair, 4 + key_size)) return behind;
  if ((type == 0x18 || type == 0x10) && value_size == 2 && value[1] < 0x80 &&
      is_ascii(pair, 4 + key_size)) {
    return behind;
  }
  return nullptr;
}

// Taken together: the structure of each pair by two comparisons of four bytes, then all bytes
// between two numbers by one test for ASCII, tags and lengths among them. Where that fails, the
// same bytes are gone through once more, one by one, and never again.
//
//   at: tag size 0a key_size | key.. | 12 value_size type ..
template <bool kFast>
const Byte* Walker<kFast>::usual_key_values(const Byte* at, const Byte* end) noexcept {
  if (unlikely(at < one_by_one_until_)) return usual_key_value(at, end);
  const Byte* const begin = at;
  const Byte* text = at;  // from here on nothing was tested
  bool ascii = true;
  const std::uint32_t usual_head = 0x000a0000U | *at;
  while (size_of(at, end) >= 8) {
    const auto head = load_le<std::uint32_t>(at);
    const std::size_t size = head >> 8 & 0xff;
    const std::size_t key_size = head >> 24;
    if ((head & 0x80ff80ffU) != usual_head) break;
    if (size + 2 > size_of(at, end) || key_size + 6 > size) break;
    const Byte* const value = at + 4 + key_size;
    const std::size_t value_size = size - 4 - key_size;
    const Byte* const behind = at + 2 + size;
    const auto word = load_le<std::uint32_t>(value);
    if (word != usual_string(value_size)) {
      const Byte* const number = value + 3;
      if (!usual_number(word, value_size, number)) break;
      if (value_size != 2) {
        ascii &= is_ascii(text, size_of(text, number));
        text = behind;
      }
    }
    at = behind;
  }
  if (at == begin) return usual_key_value(at, end);
  if (likely(ascii && is_ascii(text, size_of(text, at)))) return at;
  one_by_one_until_ = at;
  return usual_key_value(begin, end);
}

// Of a value that is a number of `value_size` bytes with its tag. One of a single byte is ASCII
// when it is whole; longer ones are looked at.
template <bool kFast>
bool Walker<kFast>::usual_number(std::uint32_t word, std::size_t value_size,
                                 const Byte* number) const noexcept {
  if ((word & 0xffffU) != (0x12U | value_size << 8)) return false;
  switch (word >> 16 & 0xff) {
    case 0x21:  // double_value
      return value_size == 9;
    case 0x10:  // bool_value
    case 0x18:  // int_value
      break;
    default:
      return false;
  }
  if (value_size == 2) return true;
  const std::size_t size_bits = 8 * (value_size - 1);
  if (size_bits > 64 || size_of(number, body_end_) < 8) return false;
  constexpr std::uint64_t kMore = 0x8080808080808080U;
  const std::uint64_t more =
      load_le<std::uint64_t>(number) & kMore & ~std::uint64_t{0} >> (64 - size_bits);
  return more == (kMore & ~std::uint64_t{0} >> (72 - size_bits));
}

// A longer one, which is a string: 0a size string.. in 12 size .. in tag size 0a key_size key..
template <bool kFast>
const Byte* Walker<kFast>::usual_long_string(const Byte* at, const Byte* end) const noexcept {
  std::size_t size = 0;
  const Byte* const pair = usual_length(at + 1, end, size);
  if (pair == nullptr || size < 8 || pair[0] != 0x0a) return nullptr;
  const Byte* const behind = pair + size;
  const std::size_t key_size = pair[1];
  if (key_size >= 0x80 || key_size + 6 > size || pair[2 + key_size] != 0x12) return nullptr;
  if (!is_ascii(pair + 2, key_size)) return nullptr;
  return usual_string_value(pair + 2 + key_size, behind) == behind ? behind : nullptr;
}

template <bool kFast>
const Byte* Walker<kFast>::usual_items(Kind kind, const Byte* at, const Byte* end,
                                       std::uint32_t depth) noexcept {
  const Byte tag = *at;
  do {
    std::size_t size = 0;
    const Byte* const item = usual_length(at + 1, end, size);
    if (unlikely(item == nullptr)) break;
    at = item + size;
    if (unlikely(!walk_item(kind, item, at, depth))) return nullptr;
  } while (at != end && *at == tag);
  return at;
}

// A string field at `at` of fewer than 128 bytes, all ASCII: the byte behind it, or nullptr.
template <bool kFast>
const Byte* Walker<kFast>::usual_text(const Byte* at, const Byte* end) const noexcept {
  const std::size_t left = size_of(at, end);
  if (left < 2 || at[1] >= 0x80 || left < 2U + at[1] || !is_ascii(at + 2, at[1])) return nullptr;
  return at + 2 + at[1];
}

// An AnyValue field at `at` that is a string, all ASCII: the byte behind it, or nullptr.
template <bool kFast>
const Byte* Walker<kFast>::usual_string_value(const Byte* at, const Byte* end) const noexcept {
  std::size_t size = 0;
  const Byte* const value = usual_length(at + 1, end, size);
  if (value == nullptr || size < 4 || value[0] != 0x0a) return nullptr;
  const Byte* const behind = value + size;
  const Byte* const text = usual_length(value + 1, behind, size);
  return text != nullptr && text + size == behind && is_ascii(text, size) ? behind : nullptr;
}

// The fields that stand at the head of nearly every span, in the order of their numbers; the byte
// behind those that are there.
template <bool kFast>
const Byte* Walker<kFast>::usual_span_head(const Byte* at, const Byte* end) noexcept {
  // trace_id, span_id: 0a 10 <16 bytes> 12 08 <8 bytes>
  if (unlikely(size_of(at, end) < 28 || load_le<std::uint16_t>(at) != 0x100a ||
               load_le<std::uint16_t>(at + 18) != 0x0812)) {
    return at;
  }
  trace_id_good_ = !is_zero(at + 2, 16);
  span_id_good_ = !is_zero(at + 20, 8);
  at += 28;
  // parent_span_id: 22 08 <8 bytes>
  if (size_of(at, end) >= 10 && load_le<std::uint16_t>(at) == 0x0822) at += 10;
  if (at != end && *at == tag1(5, WireType::len)) {  // name
    const Byte* const behind = usual_text(at, end);
    if (unlikely(behind == nullptr)) return at;
    at = behind;
  }
  // kind, start_time_unix_nano, end_time_unix_nano: 30 .. 39 <8 bytes> 41 <8 bytes>
  if (likely(size_of(at, end) >= 20 && *at == tag1(6, WireType::varint) && at[1] < 0x80 &&
             at[2] == tag1(7, WireType::i64) && at[11] == tag1(8, WireType::i64))) {
    at += 20;
  }
  return at;
}

template <bool kFast>
bool Walker<kFast>::walk_span(const Byte* at, const Byte* end, std::uint32_t depth) noexcept {
  if constexpr (!kFast) return walk(Kind::span, at, end, depth);
  if (depth + 2 > nesting_max_) return walk(Kind::span, at, end, depth);
  at = usual_span_head(at, end);
  while (at != end) {
    const Byte* behind = nullptr;
    const std::size_t left = size_of(at, end);
    switch (*at) {
      case tag1(9, WireType::len):  // attributes, which come in a row
        behind = usual_key_values(at, end);
        break;
      case tag1(15, WireType::len):  // status: empty, or a code alone
        if (left >= 2 && at[1] == 0) {
          behind = at + 2;
        } else if (left >= 4 && at[1] == 2 && at[2] == tag1(3, WireType::varint) && at[3] < 0x80) {
          behind = at + 4;
        }
        break;
      case 0x85:  // flags, 16: a tag of two bytes
        if (left >= 6 && at[1] == 0x01) behind = at + 6;
        break;
      case tag1(4, WireType::len):  // parent_span_id
        if (left >= 10 && at[1] == 8) behind = at + 10;
        break;
      case tag1(5, WireType::len):  // name
      case tag1(3, WireType::len):  // trace_state
        behind = usual_text(at, end);
        break;
      case tag1(6, WireType::varint):  // kind
        if (left >= 2 && at[1] < 0x80) behind = at + 2;
        break;
      case tag1(7, WireType::i64):  // start_time_unix_nano
      case tag1(8, WireType::i64):  // end_time_unix_nano
        if (left >= 9) behind = at + 9;
        break;
      default:
        break;
    }
    if (unlikely(behind == nullptr)) {
      behind = field(Kind::span, at, end, depth);
      if (behind == nullptr) return false;
    }
    at = behind;
  }
  return true;
}

template <bool kFast>
bool Walker<kFast>::walk_log_record(const Byte* at, const Byte* end, std::uint32_t depth) noexcept {
  if constexpr (!kFast) return walk(Kind::log_record, at, end, depth);
  if (depth + 2 > nesting_max_) return walk(Kind::log_record, at, end, depth);
  while (at != end) {
    const Byte* behind = nullptr;
    const std::size_t left = size_of(at, end);
    switch (*at) {
      case tag1(6, WireType::len):  // attributes, which come in a row
        behind = usual_key_values(at, end);
        break;
      case tag1(1, WireType::i64):   // time_unix_nano
      case tag1(11, WireType::i64):  // observed_time_unix_nano
        if (left >= 9) behind = at + 9;
        break;
      case tag1(2, WireType::varint):  // severity_number
      case tag1(7, WireType::varint):  // dropped_attributes_count
        if (left >= 2 && at[1] < 0x80) behind = at + 2;
        break;
      case tag1(3, WireType::len):   // severity_text
      case tag1(12, WireType::len):  // event_name
        behind = usual_text(at, end);
        break;
      case tag1(5, WireType::len):  // body, a string
        behind = usual_string_value(at, end);
        break;
      case tag1(8, WireType::i32):  // flags
        if (left >= 5) behind = at + 5;
        break;
      case tag1(9, WireType::len):  // trace_id
        if (left >= 18 && at[1] == 16) behind = at + 18;
        break;
      case tag1(10, WireType::len):  // span_id
        if (left >= 10 && at[1] == 8) behind = at + 10;
        break;
      default:
        break;
    }
    if (unlikely(behind == nullptr)) {
      behind = field(Kind::log_record, at, end, depth);
      if (behind == nullptr) return false;
    }
    at = behind;
  }
  return true;
}

template <bool kFast>
bool Walker<kFast>::walk_number_point(const Byte* at, const Byte* end,
                                      std::uint32_t depth) noexcept {
  if constexpr (!kFast) return walk(Kind::number_point, at, end, depth);
  if (depth + 2 > nesting_max_) return walk(Kind::number_point, at, end, depth);
  while (at != end) {
    const Byte* behind = nullptr;
    switch (*at) {
      case tag1(7, WireType::len):  // attributes, which come in a row
        behind = usual_key_values(at, end);
        break;
      case tag1(2, WireType::i64):  // start_time_unix_nano
        if (size_of(at, end) >= 9) behind = at + 9;
        break;
      case tag1(3, WireType::i64):  // time_unix_nano
        if (size_of(at, end) >= 9) {
          point_.time_unix_nano = load_le<std::uint64_t>(at + 1);
          behind = at + 9;
        }
        break;
      case tag1(4, WireType::i64):  // as_double
      case tag1(6, WireType::i64):  // as_int
        if (size_of(at, end) >= 9) {
          point_.has_value = true;
          behind = at + 9;
        }
        break;
      default:
        break;
    }
    if (unlikely(behind == nullptr)) {
      behind = field(Kind::number_point, at, end, depth);
      if (behind == nullptr) return false;
    }
    at = behind;
  }
  return true;
}

}  // namespace otlpview::internal
