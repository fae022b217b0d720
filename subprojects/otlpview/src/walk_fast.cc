// The straight-line code in front of the general walk.
#include "ascii.h"
#include "walk.h"

namespace otlpview::internal {

namespace {

constexpr Byte tag1(std::uint32_t number, WireType type) noexcept {
  return static_cast<Byte>(tag_of(number, type));
}

}  // namespace

// The usual key-value: a key, then a value of one scalar, each with a length of one byte, and the
// lengths add up. One mask says of all its bytes which are not ASCII; for a string none may be, for
// a varint the mask shows that exactly its last byte ends it.
//
//   at: tag size | 0a key_size key.. 12 value_size type ..
template <bool kFast>
const Byte* Walker<kFast>::usual_key_value(const Byte* at, const Byte* end) const noexcept {
  if (unlikely(size_of(at, end) < 8)) return nullptr;
  const std::size_t size = at[1];
  const Byte* const pair = at + 2;
  const Byte* const behind = pair + size;
  if (unlikely(size < 6 || size >= 0x80 || size > size_of(pair, end))) return nullptr;
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

template <bool kFast>
bool Walker<kFast>::walk_span(const Byte* at, const Byte* end, std::uint32_t depth) noexcept {
  if constexpr (!kFast) return walk(Kind::span, at, end, depth);
  if (depth + 2 > nesting_max_) return walk(Kind::span, at, end, depth);
  // Both ids at the head: 0a 10 <16 bytes> 12 08 <8 bytes>.
  if (likely(size_of(at, end) >= 28 && load_le<std::uint16_t>(at) == 0x100a &&
             load_le<std::uint16_t>(at + 18) == 0x0812)) {
    trace_id_good_ = !is_zero(at + 2, 16);
    span_id_good_ = !is_zero(at + 20, 8);
    at += 28;
  }
  while (at != end) {
    const Byte* behind = nullptr;
    const std::size_t left = size_of(at, end);
    switch (*at) {
      case tag1(9, WireType::len):  // attributes, which come in a row
        behind = usual_key_value(at, end);
        while (likely(behind != nullptr && behind != end && *behind == tag1(9, WireType::len))) {
          at = behind;
          behind = usual_key_value(at, end);
        }
        break;
      case tag1(4, WireType::len):  // parent_span_id
        if (left >= 10 && at[1] == 8) behind = at + 10;
        break;
      case tag1(5, WireType::len):  // name
      case tag1(3, WireType::len):  // trace_state
        if (left >= 2 && at[1] < 0x80 && left >= 2U + at[1] && is_ascii(at + 2, at[1])) {
          behind = at + 2 + at[1];
        }
        break;
      case tag1(6, WireType::varint):  // kind, and mostly both times behind it
        if (left >= 20 && at[1] < 0x80 && at[2] == tag1(7, WireType::i64) &&
            at[11] == tag1(8, WireType::i64)) {
          behind = at + 20;
        } else if (left >= 2 && at[1] < 0x80) {
          behind = at + 2;
        }
        break;
      case tag1(7, WireType::i64):  // start_time_unix_nano
      case tag1(8, WireType::i64):  // end_time_unix_nano
        if (left >= 9) behind = at + 9;
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
        behind = usual_key_value(at, end);
        while (likely(behind != nullptr && behind != end && *behind == tag1(6, WireType::len))) {
          at = behind;
          behind = usual_key_value(at, end);
        }
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
        if (left >= 2 && at[1] < 0x80 && left >= 2U + at[1] && is_ascii(at + 2, at[1])) {
          behind = at + 2 + at[1];
        }
        break;
      case tag1(5, WireType::len):  // body, a string: of less than 128 bytes, or of less than 16 Ki
        if (left >= 4 && at[1] < 0x80 && at[2] == 0x0a && at[3] + 2U == at[1] &&
            left >= 2U + at[1]) {
          if (is_ascii(at + 4, at[3])) behind = at + 2 + at[1];
        } else if (left >= 6 && at[1] >= 0x80 && at[2] < 0x80 && at[3] == 0x0a && at[4] >= 0x80 &&
                   at[5] < 0x80) {
          const std::size_t size = (at[1] & 0x7fU) | static_cast<std::size_t>(at[2]) << 7;
          const std::size_t text_size = (at[4] & 0x7fU) | static_cast<std::size_t>(at[5]) << 7;
          if (text_size + 3 == size && left >= 3 + size && is_ascii(at + 6, text_size)) {
            behind = at + 3 + size;
          }
        }
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
        behind = usual_key_value(at, end);
        while (likely(behind != nullptr && behind != end && *behind == tag1(7, WireType::len))) {
          at = behind;
          behind = usual_key_value(at, end);
        }
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

template class Walker<true>;
template class Walker<false>;

}  // namespace otlpview::internal
