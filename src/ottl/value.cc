#include "ottl/value.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "base/base64.h"
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

// The Collector has two ways of writing values: OTTL's keeps JSON fit for HTML, and its exponents
// have two digits at least.
enum class Style : std::uint8_t { plain, ottl };

// The shortest digits that are this number again; with an exponent where JavaScript has one.
void append_real(double number, Style style, std::string& out) {
  std::array<char, 32> written;  // NOLINT: written before read
  const auto end = std::to_chars(written.data(), written.data() + written.size(), number,
                                 std::chars_format::scientific)
                       .ptr;
  std::string_view text(written.data(), static_cast<std::size_t>(end - written.data()));
  const std::size_t mark = text.find('e');
  if (mark == std::string_view::npos) {
    out += std::isnan(number) ? "NaN" : number < 0 ? "-Inf" : "+Inf";
    return;
  }
  int exponent = 0;
  std::from_chars(text.data() + mark + (text[mark + 1] == '+' ? 2 : 1), end, exponent);
  constexpr int kExponentMax = 20;
  constexpr int kExponentMin = -6;
  if (exponent > kExponentMax || exponent < kExponentMin) {
    out += text.substr(0, mark + 2);  // with the sign
    out += text.substr(mark + 2 + (style == Style::plain && text[mark + 2] == '0' ? 1 : 0));
    return;
  }
  if (text[0] == '-') out += '-';
  text = text.substr(text[0] == '-' ? 1 : 0, mark - (text[0] == '-' ? 1 : 0));
  std::string digits(text.substr(0, 1));
  if (text.size() > 2) digits += text.substr(2);
  if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    return;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    out.append(digits).append(whole - digits.size(), '0');
  } else {
    out.append(digits, 0, whole).append(".").append(digits, whole);
  }
}

void append_integer(std::int64_t number, std::string& out) {
  std::array<char, 32> digits;  // NOLINT: written before read
  out.append(digits.data(),
             std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void append_base64(Bytes bytes, std::string& out) {
  out += base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, Padding::full);
}

void append_quoted(std::string_view text, Style style, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::string_view kNamed = "\"\\\n\r\t\b\f";
  constexpr std::string_view kNames = "\"\\nrtbf";
  constexpr std::string_view kLineEnd = "\xE2\x80\xA8";  // and the paragraph's, one further
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (const std::size_t at = kNamed.find(c); at != std::string_view::npos) {
      out.append("\\").append(1, kNames[at]);
    } else if (static_cast<unsigned char>(c) < 0x20 ||
               (style == Style::ottl && (c == '<' || c == '>' || c == '&'))) {
      out.append("\\u00").append(1, kDigits[static_cast<unsigned char>(c) >> 4U]);
      out.append(1, kDigits[static_cast<unsigned char>(c) & 15U]);
    } else if (text.substr(i, 2) == kLineEnd.substr(0, 2) && i + 2 < text.size() &&
               (text[i + 2] == '\xA8' || text[i + 2] == '\xA9')) {
      out += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
  out += '"';
}

// The keys of maps are sorted; of equal ones the last holds.
void append_json(const otlpview::AnyValueView& value, Style style, std::string& out) {
  char separator = '[';
  switch (value.kind()) {
    case ValueKind::empty:
      out += "null";
      return;
    case ValueKind::string:
      append_quoted(value.as_string(), style, out);
      return;
    case ValueKind::boolean:
      out += value.as_boolean() ? "true" : "false";
      return;
    case ValueKind::integer:
      append_integer(value.as_integer(), out);
      return;
    case ValueKind::real:
      append_real(value.as_real(), style, out);
      return;
    case ValueKind::bytes:
      out += '"';
      append_base64(value.as_bytes(), out);
      out += '"';
      return;
    case ValueKind::array:
      for (const otlpview::AnyValueView item : value.as_array()) {
        out += std::exchange(separator, ',');
        append_json(item, style, out);
      }
      out += separator == '[' ? "[]" : "]";
      return;
    case ValueKind::map: {
      std::map<std::string_view, otlpview::AnyValueView> entries;
      for (const otlpview::KeyValueView entry : value.as_map()) {
        entries.insert_or_assign(entry.key(), entry.value());
      }
      separator = '{';
      for (const auto& [key, inner] : entries) {
        out += std::exchange(separator, ',');
        append_quoted(key, style, out);
        out += ':';
        append_json(inner, style, out);
      }
      out += separator == '{' ? "{}" : "}";
      return;
    }
  }
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

namespace {

[[nodiscard]] bool append(const Value& value, Style style, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (value.kind) {
    case Value::Kind::nil:
      return false;
    case Value::Kind::list:
    case Value::Kind::map:
      append_json(otlpview::AnyValueView(value.bytes), style, out);
      return true;
    case Value::Kind::boolean:
      out += value.boolean ? "true" : "false";
      return true;
    case Value::Kind::integer:
      append_integer(value.integer, out);
      return true;
    case Value::Kind::real:
      append_real(value.real, style, out);
      return true;
    case Value::Kind::text:
      out += value.text;
      return true;
    case Value::Kind::bytes:
      if (style == Style::plain) {
        append_base64(value.bytes, out);
        return true;
      }
      for (const std::byte byte : value.bytes) {
        out += kDigits[std::to_integer<std::size_t>(byte >> 4)];
        out += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
      }
      return true;
  }
  return false;
}

}  // namespace

bool append_text(const Value& value, std::string& out) { return append(value, Style::ottl, out); }

void append_plain(const Value& value, std::string& out) {
  static_cast<void>(append(value, Style::plain, out));
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
