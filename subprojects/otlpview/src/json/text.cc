#include "text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include "utf8.h"

namespace otlpview::json {
namespace {

constexpr std::uint8_t kBad = 0xff;

consteval std::array<std::uint8_t, 256> make_hex_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kBad);
  for (std::uint8_t i = 0; i < 10; ++i) values['0' + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    values['a' + i] = static_cast<std::uint8_t>(10 + i);
    values['A' + i] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}

constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

consteval std::array<std::uint8_t, 256> make_base64_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kBad);
  for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<std::uint8_t>(kBase64Alphabet[i])] = i;
  values['-'] = 62;
  values['_'] = 63;
  return values;
}

constexpr std::array<std::uint8_t, 256> kHexValues = make_hex_values();
constexpr std::array<std::uint8_t, 256> kBase64Values = make_base64_values();
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

[[nodiscard]] unsigned hex_value(char c) noexcept {
  return kHexValues[static_cast<std::uint8_t>(c)];
}

[[nodiscard]] std::uint32_t read_hex4(const char* at) noexcept {
  return hex_value(at[0]) << 12 | hex_value(at[1]) << 8 | hex_value(at[2]) << 4 | hex_value(at[3]);
}

[[nodiscard]] char* write_utf8(char* to, std::uint32_t point) noexcept {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (point < 0x80) {
    *to++ = byte(point);
  } else if (point < 0x800) {
    *to++ = byte(0xc0 | point >> 6);
    *to++ = byte(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    *to++ = byte(0xe0 | point >> 12);
    *to++ = byte(0x80 | (point >> 6 & 0x3f));
    *to++ = byte(0x80 | (point & 0x3f));
  } else {
    *to++ = byte(0xf0 | point >> 18);
    *to++ = byte(0x80 | (point >> 12 & 0x3f));
    *to++ = byte(0x80 | (point >> 6 & 0x3f));
    *to++ = byte(0x80 | (point & 0x3f));
  }
  return to;
}

[[nodiscard]] constexpr char escaped_letter(char c) noexcept {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

// The whole of a number whose digits, exponent or size are beyond the simple case.
[[nodiscard]] NumberErrc parse_whole_slow(std::string_view text, WholeNumber& number) noexcept {
  constexpr std::int64_t kExponentMax = 1'000'000'000'000;  // far beyond what any text can balance
  constexpr std::uint64_t kTenthOfMax = UINT64_MAX / 10;
  std::size_t i = 0;
  if (text[i] == '-') ++i;
  std::uint64_t magnitude = 0;
  bool overflow = false;
  std::int64_t zeros = 0;     // behind the last digit that is not zero
  std::int64_t fraction = 0;  // digits behind the point
  bool in_fraction = false;
  const auto append = [&](unsigned digit) {
    if (magnitude > kTenthOfMax || (magnitude == kTenthOfMax && digit > UINT64_MAX % 10)) {
      overflow = true;
    } else {
      magnitude = magnitude * 10 + digit;
    }
  };
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      in_fraction = true;
      continue;
    }
    if (in_fraction) ++fraction;
    const auto digit = static_cast<unsigned>(text[i] - '0');
    if (digit == 0) {
      ++zeros;
      continue;
    }
    // Zeros that turn out to stand inside. In front of the first digit they mean nothing.
    for (; zeros > 0 && magnitude != 0 && !overflow; --zeros) append(0);
    zeros = 0;
    append(digit);
  }
  std::int64_t exponent = 0;
  if (i < text.size()) {
    ++i;
    const bool negative = text[i] == '-';
    if (text[i] == '-' || text[i] == '+') ++i;
    for (; i < text.size(); ++i) {
      if (exponent < kExponentMax) exponent = exponent * 10 + (text[i] - '0');
    }
    if (negative) exponent = -exponent;
  }
  number = {};
  if (magnitude == 0 && !overflow) return NumberErrc::none;
  std::int64_t shift = exponent - fraction + zeros;
  if (shift < 0) return NumberErrc::not_whole;
  for (; shift > 0 && !overflow; --shift) append(0);
  if (overflow) return NumberErrc::out_of_range;
  number.magnitude = magnitude;
  number.is_negative = text.front() == '-';
  return NumberErrc::none;
}

// Whether a number that from_chars finds out of range is too large rather than too small.
[[nodiscard]] bool is_large(std::string_view text) noexcept {
  constexpr std::int64_t kExponentMax = 1'000'000'000'000;
  std::int64_t point = 0;  // digits in front of the point, counted from the first that is not zero
  bool seen = false;
  bool in_fraction = false;
  std::size_t i = text.front() == '-' ? 1 : 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      in_fraction = true;
      continue;
    }
    seen = seen || text[i] != '0';
    if (seen && !in_fraction) ++point;
    if (!seen && in_fraction) --point;
  }
  std::int64_t exponent = 0;
  if (i < text.size()) {
    ++i;
    const bool negative = text[i] == '-';
    if (text[i] == '-' || text[i] == '+') ++i;
    for (; i < text.size(); ++i) {
      if (exponent < kExponentMax) exponent = exponent * 10 + (text[i] - '0');
    }
    if (negative) exponent = -exponent;
  }
  return point + exponent > 0;
}

}  // namespace

char* unescape(std::string_view text, char* to, std::uint32_t& half_surrogate_count) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    // Between escapes there is little: a log body that is JSON itself has one every few bytes.
    if (*at != '\\') {
      *to++ = *at++;
      continue;
    }
    if (at[1] != 'u') {
      *to++ = escaped_letter(at[1]);
      at += 2;
      continue;
    }
    std::uint32_t point = read_hex4(at + 2);
    at += 6;
    if (point >= 0xd800 && point < 0xe000) {
      const bool is_pair = point < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' &&
                           read_hex4(at + 2) >= 0xdc00 && read_hex4(at + 2) < 0xe000;
      if (is_pair) {
        point = 0x10000 + ((point - 0xd800) << 10 | (read_hex4(at + 2) - 0xdc00));
        at += 6;
      } else {
        point = 0xfffd;
        ++half_surrogate_count;
      }
    }
    to = write_utf8(to, point);
  }
  return to;
}

bool decode_hex(std::string_view text, std::byte* to) noexcept {
  if (text.size() % 2 != 0) return false;
  unsigned bad = 0;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const unsigned high = hex_value(text[i]);
    const unsigned low = hex_value(text[i + 1]);
    bad |= high | low;
    *to++ = static_cast<std::byte>(high << 4 | low);
  }
  return bad < 16;
}

std::byte* decode_base64(std::string_view text, std::byte* to) noexcept {
  if (text.size() % 4 == 0) {
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return nullptr;
  unsigned bad = 0;
  const auto value = [&bad](char c) {
    const unsigned sextet = kBase64Values[static_cast<std::uint8_t>(c)];
    bad |= sextet;
    return sextet;
  };
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const unsigned bits = value(text[i]) << 18 | value(text[i + 1]) << 12 |
                          value(text[i + 2]) << 6 | value(text[i + 3]);
    *to++ = static_cast<std::byte>(bits >> 16);
    *to++ = static_cast<std::byte>(bits >> 8);
    *to++ = static_cast<std::byte>(bits);
  }
  const std::size_t rest = text.size() - i;
  if (rest >= 2) {
    unsigned bits = value(text[i]) << 18 | value(text[i + 1]) << 12;
    if (rest == 3) bits |= value(text[i + 2]) << 6;
    *to++ = static_cast<std::byte>(bits >> 16);
    if (rest == 3) *to++ = static_cast<std::byte>(bits >> 8);
  }
  return bad < 64 ? to : nullptr;
}

NumberErrc parse_whole(std::string_view text, WholeNumber& number) noexcept {
  constexpr std::size_t kDigitsSafe = 19;  // 10^19 - 1 fits into 64 bits
  const bool negative = text.front() == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.size() > kDigitsSafe) return parse_whole_slow(text, number);
  std::uint64_t magnitude = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return parse_whole_slow(text, number);
    magnitude = magnitude * 10 + static_cast<std::uint64_t>(c - '0');
  }
  number.magnitude = magnitude;
  number.is_negative = negative && magnitude != 0;
  return NumberErrc::none;
}

NumberErrc parse_double(std::string_view text, double& number) noexcept {
  const auto [behind, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    if (is_large(text)) return NumberErrc::out_of_range;
    number = text.front() == '-' ? -0.0 : 0.0;
    return NumberErrc::none;
  }
  if (error != std::errc{} || behind != text.data() + text.size()) return NumberErrc::not_a_number;
  return std::isfinite(number) ? NumberErrc::none : NumberErrc::out_of_range;
}

void append_hex(Bytes bytes, std::string& out) {
  for (const std::byte byte : bytes) {
    out.push_back(kHexDigits[std::to_integer<unsigned>(byte >> 4)]);
    out.push_back(kHexDigits[std::to_integer<unsigned>(byte & std::byte{15})]);
  }
}

void append_base64(Bytes bytes, std::string& out) {
  const auto at = [bytes](std::size_t i) {
    return i < bytes.size() ? std::to_integer<unsigned>(bytes[i]) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned bits = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out.push_back(kBase64Alphabet[bits >> 18]);
    out.push_back(kBase64Alphabet[bits >> 12 & 63]);
    out.push_back(i + 1 < bytes.size() ? kBase64Alphabet[bits >> 6 & 63] : '=');
    out.push_back(i + 2 < bytes.size() ? kBase64Alphabet[bits & 63] : '=');
  }
}

void append_escaped(std::string_view text, std::string& out) {
  out.push_back('"');
  while (!text.empty()) {
    std::size_t plain = plain_prefix_size(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const char c = text.front();
    if (static_cast<unsigned char>(c) >= 0x80) {
      const std::size_t size = utf8_sequence_size(text);
      out.append(size == 0 ? kReplacement : text.substr(0, size));
      text.remove_prefix(size == 0 ? 1 : size);
      continue;
    }
    out.push_back('\\');
    switch (c) {
      case '\b':
        out.push_back('b');
        break;
      case '\f':
        out.push_back('f');
        break;
      case '\n':
        out.push_back('n');
        break;
      case '\r':
        out.push_back('r');
        break;
      case '\t':
        out.push_back('t');
        break;
      case '"':
      case '\\':
        out.push_back(c);
        break;
      default:
        out.append("u00");
        out.push_back(kHexDigits[static_cast<unsigned char>(c) >> 4]);
        out.push_back(kHexDigits[static_cast<unsigned char>(c) & 15]);
    }
    text.remove_prefix(1);
  }
  out.push_back('"');
}

void append_double(double number, std::string& out) {
  if (std::isnan(number)) {
    out.append("\"NaN\"");
  } else if (std::isinf(number)) {
    out.append(number < 0 ? "\"-Infinity\"" : "\"Infinity\"");
  } else if (number == 0 && std::signbit(number)) {
    out.append("-0.0");  // protobuf reads -0 as a whole number and loses the sign
  } else {
    std::array<char, 32> buffer;  // the longest is 24: -1.7976931348623157e+308
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    out.append(buffer.data(), result.ptr);
  }
}

std::size_t utf8_prefix_size(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = utf8_sequence_size(text.substr(at));
    if (size == 0) return at;
    at += size;
  }
  return at;
}

}  // namespace otlpview::json
