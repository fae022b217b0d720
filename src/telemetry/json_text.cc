#include "telemetry/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace gateway::telemetry {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

[[nodiscard]] bool is_continuation(std::string_view text, std::size_t index) noexcept {
  return index < text.size() && (static_cast<unsigned char>(text[index]) & 0xC0U) == 0x80U;
}

// Bytes of the UTF-8 sequence at `index`; 0 when there is none.
[[nodiscard]] std::size_t sequence_size(std::string_view text, std::size_t index) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(index);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (!is_continuation(text, index + 1)) return 0;
  const unsigned char second = at(index + 1);
  if (lead < 0xE0) return 2;
  if (!is_continuation(text, index + 2)) return 0;
  if (lead < 0xF0) {
    if (lead == 0xE0 && second < 0xA0) return 0;   // overlong
    if (lead == 0xED && second >= 0xA0) return 0;  // a surrogate
    return 3;
  }
  if (lead > 0xF4 || !is_continuation(text, index + 3)) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;   // overlong
  if (lead == 0xF4 && second >= 0x90) return 0;  // beyond U+10FFFF
  return 4;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (byte >= 0x20 && byte != 0x7F) {
    out += c;
    return;
  }
  out += "\\u00";
  out += kHex[byte >> 4U];
  out += kHex[byte & 0xFU];
}

template <typename T>
void append_chars(std::string& out, T value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end.ptr);
}

}  // namespace

void append_utf8(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = sequence_size(text, i);
    if (size == 0) {
      out += kReplacement;
      ++i;
    } else {
      out.append(text, i, size);
      i += size;
    }
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = sequence_size(text, i);
    if (size == 1) {
      append_escaped(out, text[i]);
    } else if (size == 0) {
      out += kReplacement;
    } else {
      out.append(text, i, size);
    }
    i += size == 0 ? 1 : size;
  }
  out += '"';
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  append_chars(out, value);
}
void append_json_number(std::string& out, std::int64_t value) { append_chars(out, value); }
void append_json_number(std::string& out, std::uint64_t value) { append_chars(out, value); }

}  // namespace gateway::telemetry
