// Is text plain ASCII? Asked of every string of every item, so 16 bytes at a time.
//
//   ascii_mask64() : a bit for each of 64 bytes, set where a byte is not ASCII
//   is_ascii()     : of a run of any length
//   is_utf8()      : ASCII by is_ascii(), the rest by a real validator (utf8.cc)
//
// Errors:  none.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "otlpview/wire.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace otlpview::internal {

inline constexpr std::size_t kMaskSizeBytes = 64;

[[nodiscard]] bool is_utf8_slow(const std::uint8_t* at, std::size_t size) noexcept;

#if defined(__SSE2__)

[[nodiscard]] inline std::uint64_t ascii_mask16(const std::uint8_t* at) noexcept {
  return static_cast<std::uint32_t>(
      _mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
}

#else

// The eight top bits of a word, gathered into its low byte.
[[nodiscard]] inline std::uint64_t ascii_mask8(const std::uint8_t* at) noexcept {
  const auto word = load_le<std::uint64_t>(at) & 0x8080808080808080U;
  return ((word >> 7) * 0x0102040810204080U) >> 56;
}
[[nodiscard]] inline std::uint64_t ascii_mask16(const std::uint8_t* at) noexcept {
  return ascii_mask8(at) | ascii_mask8(at + 8) << 8;
}

#endif

// Reads kMaskSizeBytes bytes.
[[nodiscard]] inline std::uint64_t ascii_mask64(const std::uint8_t* at) noexcept {
  return ascii_mask16(at) | ascii_mask16(at + 16) << 16 | ascii_mask16(at + 32) << 32 |
         ascii_mask16(at + 48) << 48;
}

[[nodiscard]] inline bool is_ascii(const std::uint8_t* at, std::size_t size) noexcept {
  if (size >= 16) {
    const std::uint8_t* const last = at + size - 16;
#if defined(__SSE2__)
    const auto load = [](const std::uint8_t* from) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    };
    __m128i any = load(last);
    for (; at < last; at += 16) any = _mm_or_si128(any, load(at));
    return _mm_movemask_epi8(any) == 0;
#elif defined(__ARM_NEON)
    uint8x16_t any = vld1q_u8(last);
    for (; at < last; at += 16) any = vorrq_u8(any, vld1q_u8(at));
    return vmaxvq_u8(any) < 0x80;
#else
    std::uint64_t any = load_le<std::uint64_t>(last) | load_le<std::uint64_t>(last + 8);
    for (; at < last; at += 16) {
      any |= load_le<std::uint64_t>(at) | load_le<std::uint64_t>(at + 8);
    }
    return (any & 0x8080808080808080U) == 0;
#endif
  }
  if (size >= 8) {
    const std::uint64_t any = load_le<std::uint64_t>(at) | load_le<std::uint64_t>(at + size - 8);
    return (any & 0x8080808080808080U) == 0;
  }
  if (size >= 4) {
    const std::uint32_t any = load_le<std::uint32_t>(at) | load_le<std::uint32_t>(at + size - 4);
    return (any & 0x80808080U) == 0;
  }
  unsigned any = 0;
  for (std::size_t i = 0; i < size; ++i) any |= at[i];
  return any < 0x80;
}

[[nodiscard]] inline bool is_utf8(const std::uint8_t* at, std::size_t size) noexcept {
  return is_ascii(at, size) || is_utf8_slow(at, size);
}

}  // namespace otlpview::internal
