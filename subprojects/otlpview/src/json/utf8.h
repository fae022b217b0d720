// Which characters of a text can go into a JSON string as they are, and where a text stops being
// UTF-8.
//
// Errors:  0, or a position, says that there is no UTF-8; nothing throws.
// Threads: pure functions.
// Source:  RFC 3629, section 4: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <bit>
#include <cstddef>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace otlpview::json {

// The size of the UTF-8 sequence at the front, 1 to 4; 0 when there is none. Requires: not empty.
[[nodiscard]] constexpr std::size_t utf8_sequence_size(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const auto follows = [byte](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return follows(1) ? 2 : 0;
  if (first < 0xf0) {
    if (first == 0xe0 && second < 0xa0) return 0;
    if (first == 0xed && second > 0x9f) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first == 0xf0 && second < 0x90) return 0;
  if (first > 0xf4 || (first == 0xf4 && second > 0x8f)) return 0;
  return follows(1) && follows(2) && follows(3) ? 4 : 0;
}

[[nodiscard]] constexpr bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

// How many characters at the front are ASCII and need no escape.
[[nodiscard]] inline std::size_t plain_prefix_size(std::string_view text) noexcept {
  std::size_t i = 0;
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(0x20);
  for (; i + 16 <= text.size(); i += 16) {
    const __m128i chars = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    // Signed: what is not ASCII is below the space, too.
    const __m128i special =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(chars, quote), _mm_cmpeq_epi8(chars, backslash)),
                     _mm_cmplt_epi8(chars, space));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (mask != 0) return i + static_cast<std::size_t>(std::countr_zero(mask));
  }
#endif
  while (i < text.size() && is_plain(text[i])) ++i;
  return i;
}

// All of `text`, fast (simdjson).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace otlpview::json
