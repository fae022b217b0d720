#include "ottl/value.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "otlpview/wire.h"

namespace gateway::ottl {
namespace {

using otlpview::tag_of;
using otlpview::ValueKind;
using otlpview::WireType;

template <typename T>
[[nodiscard]] int three_way(const T& a, const T& b) noexcept {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

Value Value::of(const otlpview::AnyValueView& view, Bytes encoded) noexcept {
  switch (view.kind()) {
    case ValueKind::empty:
      return {};
    case ValueKind::string:
      return of(view.as_string());
    case ValueKind::boolean:
      return of(view.as_boolean());
    case ValueKind::integer:
      return of(view.as_integer());
    case ValueKind::real:
      return of(view.as_real());
    case ValueKind::bytes:
      return of(view.as_bytes());
    case ValueKind::array:
      return {.kind = Kind::list, .bytes = encoded};
    case ValueKind::map:
      return {.kind = Kind::map, .bytes = encoded};
  }
  return {};
}

int order(const Value& a, const Value& b) noexcept {
  constexpr int kNone = 2;
  if (a.is_number() && b.is_number()) {
    if (a.kind == b.kind && a.kind == Value::Kind::integer) return three_way(a.integer, b.integer);
    const double x = a.as_real();
    const double y = b.as_real();
    return std::isnan(x) || std::isnan(y) ? kNone : three_way(x, y);
  }
  if (a.kind != b.kind) return kNone;
  switch (a.kind) {
    case Value::Kind::boolean:
      return three_way(a.boolean, b.boolean);
    case Value::Kind::text:
      return three_way(a.text, b.text);
    case Value::Kind::bytes:
      return std::lexicographical_compare(a.bytes.begin(), a.bytes.end(), b.bytes.begin(),
                                          b.bytes.end())
                 ? -1
             : std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end()) ? 0
                                                                                          : 1;
    default:
      return kNone;
  }
}

bool equal(const Value& a, const Value& b) noexcept {
  if (a.kind == Value::Kind::text && b.kind == Value::Kind::text) return a.text == b.text;
  if (a.is_nil() || b.is_nil()) return a.is_nil() && b.is_nil();
  const bool is_tree = a.kind == Value::Kind::list || a.kind == Value::Kind::map;
  if (is_tree && a.kind == b.kind) {
    return std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end());
  }
  return order(a, b) == 0;
}

bool append_text(const Value& value, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 32> digits;  // NOLINT: written before read
  switch (value.kind) {
    case Value::Kind::nil:
    case Value::Kind::list:
    case Value::Kind::map:
      return false;
    case Value::Kind::boolean:
      out += value.boolean ? "true" : "false";
      return true;
    case Value::Kind::integer:
      out.append(digits.data(),
                 std::to_chars(digits.data(), digits.data() + digits.size(), value.integer).ptr);
      return true;
    case Value::Kind::real:
      out.append(digits.data(),
                 std::to_chars(digits.data(), digits.data() + digits.size(), value.real).ptr);
      return true;
    case Value::Kind::text:
      out += value.text;
      return true;
    case Value::Kind::bytes:
      for (const std::byte byte : value.bytes) {
        out += kDigits[std::to_integer<std::size_t>(byte >> 4)];
        out += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
      }
      return true;
  }
  return false;
}

Bytes encode(const Value& value, otlpview::Arena& arena) {
  // Tag and the longest varint.
  constexpr std::size_t kScalarSizeBytesMax = 1 + otlpview::kVarintSizeBytesMax;
  const auto scalar = [&arena](std::uint32_t number, WireType type, auto write) {
    std::byte* const begin = arena.take(kScalarSizeBytesMax);
    *begin = static_cast<std::byte>(tag_of(number, type));
    std::byte* const end = write(begin + 1);
    arena.shrink_last(begin, static_cast<std::size_t>(end - begin));
    return Bytes(begin, end);
  };
  switch (value.kind) {
    case Value::Kind::nil:
      return {};
    case Value::Kind::text:
      return arena.len_field(1, std::as_bytes(std::span(value.text)));
    case Value::Kind::bytes:
      return arena.len_field(7, value.bytes);
    case Value::Kind::boolean:
      return scalar(2, WireType::varint, [&](std::byte* to) {
        return otlpview::write_varint(to, value.boolean ? 1 : 0);
      });
    case Value::Kind::integer:
      return scalar(3, WireType::varint, [&](std::byte* to) {
        return otlpview::write_varint(to, static_cast<std::uint64_t>(value.integer));
      });
    case Value::Kind::real:
      return scalar(4, WireType::i64, [&](std::byte* to) {
        std::memcpy(to, &value.real, sizeof value.real);
        return to + sizeof value.real;
      });
    case Value::Kind::list:
    case Value::Kind::map:
      return value.bytes;
  }
  return {};
}

}  // namespace gateway::ottl
