#include "otlpview/wire.h"

#include <array>

namespace otlpview {

bool FieldReader::next_unusual(Field& field) noexcept {
  failed_ = true;  // until the field is whole
  const std::byte* const begin = at_;
  std::uint64_t tag = 0;
  const std::byte* at = read_varint(begin, end_, tag);
  if (at == nullptr || tag > UINT32_MAX || tag < 8) return false;
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.type = static_cast<WireType>(tag & 7);
  field.value = 0;
  field.payload = {};
  const auto left = [&] { return static_cast<std::size_t>(end_ - at); };
  switch (field.type) {
    case WireType::varint:
      at = read_varint(at, end_, field.value);
      if (at == nullptr) return false;
      break;
    case WireType::i64:
      if (left() < 8) return false;
      field.value = load_le<std::uint64_t>(at);
      at += 8;
      break;
    case WireType::i32:
      if (left() < 4) return false;
      field.value = load_le<std::uint32_t>(at);
      at += 4;
      break;
    case WireType::len: {
      std::uint64_t size = 0;
      at = read_varint(at, end_, size);
      if (at == nullptr || size > left()) return false;
      field.payload = Bytes(at, static_cast<std::size_t>(size));
      at += size;
      break;
    }
    case WireType::start_group:
      at_ = at;
      if (!read_group(field)) return false;
      at = at_;
      break;
    default:
      return false;
  }
  at_ = at;
  field.raw = Bytes(begin, at);
  failed_ = false;
  return true;
}

// Follows a group to its end without recursion: the numbers of the open groups are on a stack.
bool FieldReader::read_group(Field& field) noexcept {
  std::array<std::uint32_t, kGroupNestingMax> open;  // NOLINT: written before read
  std::size_t depth = 0;
  open[depth++] = field.number;
  const std::byte* const begin = at_;
  const std::byte* at = at_;
  while (true) {
    const std::byte* const field_begin = at;
    std::uint64_t value = 0;
    at = read_varint(at, end_, value);
    if (at == nullptr || value > UINT32_MAX || value < 8) return false;
    const auto number = static_cast<std::uint32_t>(value >> 3);
    switch (static_cast<WireType>(value & 7)) {
      case WireType::varint:
        at = read_varint(at, end_, value);
        if (at == nullptr) return false;
        break;
      case WireType::i64:
        if (end_ - at < 8) return false;
        at += 8;
        break;
      case WireType::i32:
        if (end_ - at < 4) return false;
        at += 4;
        break;
      case WireType::len:
        at = read_varint(at, end_, value);
        if (at == nullptr || value > static_cast<std::size_t>(end_ - at)) return false;
        at += value;
        break;
      case WireType::start_group:
        if (depth == kGroupNestingMax) return false;
        open[depth++] = number;
        break;
      case WireType::end_group:
        if (open[--depth] != number) return false;
        if (depth == 0) {
          field.payload = Bytes(begin, field_begin);
          at_ = at;
          return true;
        }
        break;
      default:
        return false;
    }
  }
}

void wrap_len_field(std::uint32_t number, std::size_t begin, std::vector<std::byte>& out) {
  std::array<std::byte, 2 * kVarintSizeBytesMax> header;  // NOLINT: written before read
  std::byte* const behind =
      write_varint(write_varint(header.data(), tag_of(number, WireType::len)), out.size() - begin);
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(begin), header.data(), behind);
}

}  // namespace otlpview
