#include "cursor.h"

#include <array>
#include <bit>
#include <cstring>

#include "otlpview/json_to_wire.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace otlpview::json {
namespace {

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_hex_digit(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
[[nodiscard]] constexpr bool ends_run(char c) noexcept {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

// The first quote, backslash or control character, or `end`.
[[nodiscard]] const char* end_of_run(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control_max = _mm_set1_epi8(0x1f);
  for (; end - at >= 16; at += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i special =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(text, quote), _mm_cmpeq_epi8(text, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(text, control_max), text));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  while (at != end && !ends_run(*at)) ++at;
  return at;
}

// Behind the number that begins at `at`, or nullptr.
[[nodiscard]] const char* end_of_number(const char* at, const char* end) noexcept {
  const auto digits = [end](const char* from) {
    while (from != end && is_digit(*from)) ++from;
    return from;
  };
  if (at != end && *at == '-') ++at;
  if (at == end || !is_digit(*at)) return nullptr;
  at = *at == '0' ? at + 1 : digits(at);
  if (at != end && *at == '.') {
    const char* const fraction = at + 1;
    at = digits(fraction);
    if (at == fraction) return nullptr;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    const char* const exponent = at;
    at = digits(exponent);
    if (at == exponent) return nullptr;
  }
  return at;
}

}  // namespace

bool is_number(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  return !text.empty() && end_of_number(text.data(), end) == end;
}

bool Cursor::take_literal(std::string_view literal) noexcept {
  if (rest_size() < literal.size() || std::memcmp(at_, literal.data(), literal.size()) != 0) {
    return refuse("not a JSON value");
  }
  at_ += literal.size();
  return true;
}

bool Cursor::skip_escape() noexcept {
  ++at_;
  switch (peek()) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      ++at_;
      return true;
    case 'u':
      ++at_;
      for (int i = 0; i < 4; ++i, ++at_) {
        if (!is_hex_digit(peek())) return refuse("\\u without four hex digits");
      }
      return true;
    default:
      return refuse("an escape that JSON does not have");
  }
}

bool Cursor::take_string(RawString& string) noexcept {
  const char* const begin = ++at_;
  bool has_escapes = false;
  for (;;) {
    at_ = end_of_run(at_, end_);
    if (at_ == end_) return refuse("a string without its closing quote");
    if (*at_ == '"') break;
    if (*at_ != '\\') return refuse("a control character in a string");
    has_escapes = true;
    if (!skip_escape()) return false;
  }
  string.text = {begin, static_cast<std::size_t>(at_ - begin)};
  string.has_escapes = has_escapes;
  ++at_;
  return true;
}

bool Cursor::take_number(std::string_view& number) noexcept {
  const char* const behind = end_of_number(at_, end_);
  if (behind == nullptr) return refuse("not a JSON number");
  number = {at_, static_cast<std::size_t>(behind - at_)};
  at_ = behind;
  return true;
}

bool Cursor::take_separator(char close, bool& more) noexcept {
  skip_whitespace();
  if (take(',')) {
    more = true;
    return true;
  }
  more = false;
  if (take(close)) return true;
  return refuse(close == '}' ? "expected a comma or a closing brace"
                             : "expected a comma or a closing bracket");
}

bool Cursor::skip_scalar() noexcept {
  RawString string;
  std::string_view number;
  switch (peek()) {
    case '"':
      return take_string(string);
    case 't':
      return take_literal("true");
    case 'f':
      return take_literal("false");
    case 'n':
      return take_literal("null");
    default:
      if (peek() == '-' || is_digit(peek())) return take_number(number);
      return refuse("not a JSON value");
  }
}

bool Cursor::skip_name() noexcept {
  skip_whitespace();
  RawString name;
  if (peek() != '"') return refuse("expected a name in quotes");
  if (!take_string(name)) return false;
  skip_whitespace();
  if (!take(':')) return refuse("expected a colon");
  return true;
}

bool Cursor::skip_value() noexcept {
  if (peek() != '{' && peek() != '[') return skip_scalar();
  std::array<bool, kJsonIgnoredNestingMax> is_object{};  // one per open container
  std::size_t depth = 0;
  for (;;) {
    skip_whitespace();
    bool opened = false;
    if (peek() == '{' || peek() == '[') {
      if (depth == is_object.size()) {
        too_deep_ = true;
        return refuse("nesting beyond the limit in an ignored value");
      }
      is_object[depth] = peek() == '{';
      const char close = is_object[depth] ? '}' : ']';
      ++depth;
      ++at_;
      skip_whitespace();
      if (take(close)) {
        --depth;
      } else {
        opened = true;
        if (close == '}' && !skip_name()) return false;
      }
    } else if (!skip_scalar()) {
      return false;
    }
    if (opened) continue;
    // A value is behind us: close what closes here, up to the next value.
    for (;;) {
      if (depth == 0) return true;
      const bool object = is_object[depth - 1];
      bool more = false;
      if (!take_separator(object ? '}' : ']', more)) return false;
      if (more) {
        if (object && !skip_name()) return false;
        break;
      }
      --depth;
    }
  }
}

}  // namespace otlpview::json
