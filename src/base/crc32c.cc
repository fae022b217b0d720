#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

namespace gateway {
namespace {

constexpr std::uint32_t kPolynomialReflected = 0x82F63B78U;

using Table = std::array<std::uint32_t, 256>;

constexpr std::array<Table, 8> make_slicing_tables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1U) != 0 ? (crc >> 1) ^ kPolynomialReflected : crc >> 1;
    }
    tables[0][i] = crc;
  }
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::size_t t = 1; t < 8; ++t) {
      const std::uint32_t before = tables[t - 1][i];
      tables[t][i] = (before >> 8) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}

constexpr std::array<Table, 8> kSlicing = make_slicing_tables();

// A register that has been fed `kBytes` zero bytes more: a linear map, kept as four tables.
template <std::size_t kBytes>
class ZerosOperator {
 public:
  ZerosOperator() noexcept {
    std::array<std::uint32_t, 32> by_bit{};
    for (std::size_t bit = 0; bit < 32; ++bit) {
      std::uint32_t crc = 1U << bit;
      for (std::size_t i = 0; i < kBytes; ++i) crc = (crc >> 8) ^ kSlicing[0][crc & 0xFFU];
      by_bit[bit] = crc;
    }
    for (std::size_t byte = 0; byte < 4; ++byte) {
      for (std::uint32_t value = 0; value < 256; ++value) {
        std::uint32_t sum = 0;
        for (std::size_t bit = 0; bit < 8; ++bit) {
          if ((value >> bit & 1U) != 0) sum ^= by_bit[byte * 8 + bit];
        }
        tables_[byte][value] = sum;
      }
    }
  }
  [[nodiscard]] std::uint32_t operator()(std::uint32_t crc) const noexcept {
    return tables_[0][crc & 0xFFU] ^ tables_[1][crc >> 8 & 0xFFU] ^ tables_[2][crc >> 16 & 0xFFU] ^
           tables_[3][crc >> 24];
  }

 private:
  std::array<Table, 4> tables_{};
};

[[nodiscard]] inline std::uint64_t load_u64(const std::byte* at) noexcept {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

#if defined(__x86_64__)
#define GATEWAY_CRC_TARGET __attribute__((target("sse4.2")))
[[nodiscard]] GATEWAY_CRC_TARGET inline std::uint32_t step_u64(std::uint32_t crc,
                                                               std::uint64_t value) noexcept {
  return static_cast<std::uint32_t>(_mm_crc32_u64(crc, value));
}
[[nodiscard]] GATEWAY_CRC_TARGET inline std::uint32_t step_u8(std::uint32_t crc,
                                                              std::byte value) noexcept {
  return _mm_crc32_u8(crc, static_cast<unsigned char>(value));
}
[[nodiscard]] bool has_instruction() noexcept { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__aarch64__)
#define GATEWAY_CRC_TARGET __attribute__((target("+crc")))
[[nodiscard]] GATEWAY_CRC_TARGET inline std::uint32_t step_u64(std::uint32_t crc,
                                                               std::uint64_t value) noexcept {
  return __crc32cd(crc, value);
}
[[nodiscard]] GATEWAY_CRC_TARGET inline std::uint32_t step_u8(std::uint32_t crc,
                                                              std::byte value) noexcept {
  return __crc32cb(crc, static_cast<unsigned char>(value));
}
[[nodiscard]] bool has_instruction() noexcept {
  constexpr unsigned long kHwcapCrc32 = 1UL << 7;
  return (getauxval(AT_HWCAP) & kHwcapCrc32) != 0;
}
#endif

#if defined(GATEWAY_CRC_TARGET)

// Three adjacent lanes of kLane bytes side by side, then joined.
template <std::size_t kLane>
GATEWAY_CRC_TARGET void run_lanes(const std::byte*& at, std::size_t& left,
                                  std::uint32_t& crc) noexcept {
  static const ZerosOperator<kLane> after_lane;
  while (left >= 3 * kLane) {
    std::uint32_t a = crc;
    std::uint32_t b = 0;
    std::uint32_t c = 0;
    for (std::size_t i = 0; i < kLane; i += 8) {
      a = step_u64(a, load_u64(at + i));
      b = step_u64(b, load_u64(at + kLane + i));
      c = step_u64(c, load_u64(at + 2 * kLane + i));
    }
    crc = after_lane(after_lane(a) ^ b) ^ c;
    at += 3 * kLane;
    left -= 3 * kLane;
  }
}

#if defined(__x86_64__)

// x to the power `n`, modulo the polynomial; reflected, as everything here.
[[nodiscard]] constexpr std::uint32_t power_of_x(unsigned n) noexcept {
  std::uint32_t value = 0x80000000U;
  for (; n > 0; --n) value = (value & 1U) != 0 ? (value >> 1) ^ kPolynomialReflected : value >> 1;
  return value;
}

// One step of folding: four vectors of two lanes of 16 bytes.
constexpr std::size_t kFoldSizeBytes = 128;
// The first half of a lane moves on by a whole step, the second by a step less 64 bits. A reflected
// product stands one bit lower, and the 32-bit constant 32 bits higher, than the lane wants it.
constexpr unsigned kFoldSizeBits = 8 * kFoldSizeBytes;
constexpr std::uint32_t kFoldFirst = power_of_x(kFoldSizeBits + 32 - 1);
constexpr std::uint32_t kFoldSecond = power_of_x(kFoldSizeBits - 32 - 1);

[[nodiscard]] bool has_carryless_vectors() noexcept {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("vpclmulqdq") != 0;
}

#define GATEWAY_FOLD_TARGET __attribute__((target("avx2,pclmul,vpclmulqdq,sse4.2")))

[[gnu::always_inline]] GATEWAY_FOLD_TARGET inline __m256i load_lanes(const std::byte* at) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

[[gnu::always_inline]] GATEWAY_FOLD_TARGET inline __m256i fold(__m256i constants, __m256i lanes,
                                                               __m256i next) noexcept {
  const __m256i first = _mm256_clmulepi64_epi128(lanes, constants, 0x00);
  const __m256i second = _mm256_clmulepi64_epi128(lanes, constants, 0x11);
  return _mm256_xor_si256(_mm256_xor_si256(first, second), next);
}

// Replaces all whole steps but the last by 128 bytes of the same remainder, and takes these.
GATEWAY_FOLD_TARGET void run_folds(const std::byte*& at, std::size_t& left,
                                   std::uint32_t& crc) noexcept {
  if (left < 2 * kFoldSizeBytes) return;
  const __m256i constants = _mm256_setr_epi64x(kFoldFirst, kFoldSecond, kFoldFirst, kFoldSecond);
  __m256i a = _mm256_xor_si256(load_lanes(at), _mm256_setr_epi64x(crc, 0, 0, 0));
  __m256i b = load_lanes(at + 32);
  __m256i c = load_lanes(at + 64);
  __m256i d = load_lanes(at + 96);
  for (at += kFoldSizeBytes, left -= kFoldSizeBytes; left >= kFoldSizeBytes;
       at += kFoldSizeBytes, left -= kFoldSizeBytes) {
    a = fold(constants, a, load_lanes(at));
    b = fold(constants, b, load_lanes(at + 32));
    c = fold(constants, c, load_lanes(at + 64));
    d = fold(constants, d, load_lanes(at + 96));
  }
  std::array<std::byte, kFoldSizeBytes> rest;
  const std::array folded = {a, b, c, d};
  std::memcpy(rest.data(), folded.data(), rest.size());
  crc = 0;
  for (std::size_t i = 0; i < rest.size(); i += 8) crc = step_u64(crc, load_u64(&rest[i]));
}

#endif

// What is left of a register's way when the folds, if any, are done; inverted at the end.
GATEWAY_CRC_TARGET std::uint32_t finish(const std::byte* at, std::size_t left,
                                        std::uint32_t crc) noexcept {
  run_lanes<2048>(at, left, crc);
  run_lanes<256>(at, left, crc);
  for (; left >= 8; at += 8, left -= 8) crc = step_u64(crc, load_u64(at));
  for (; left > 0; ++at, --left) crc = step_u8(crc, *at);
  return ~crc;
}

#endif

}  // namespace

std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
  std::uint32_t crc = ~before;
  std::size_t i = 0;
  const auto byte_at = [&bytes](std::size_t index) {
    return static_cast<std::uint32_t>(bytes[index]);
  };
  for (; i + 8 <= bytes.size(); i += 8) {
    crc ^= byte_at(i) | byte_at(i + 1) << 8 | byte_at(i + 2) << 16 | byte_at(i + 3) << 24;
    crc = kSlicing[7][crc & 0xFFU] ^ kSlicing[6][crc >> 8 & 0xFFU] ^
          kSlicing[5][crc >> 16 & 0xFFU] ^ kSlicing[4][crc >> 24] ^ kSlicing[3][byte_at(i + 4)] ^
          kSlicing[2][byte_at(i + 5)] ^ kSlicing[1][byte_at(i + 6)] ^ kSlicing[0][byte_at(i + 7)];
  }
  for (; i < bytes.size(); ++i) crc = (crc >> 8) ^ kSlicing[0][(crc ^ byte_at(i)) & 0xFFU];
  return ~crc;
}

std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes,
                                    std::uint32_t before) noexcept {
#if defined(GATEWAY_CRC_TARGET)
  static const bool known = has_instruction();
  if (known) return finish(bytes.data(), bytes.size(), ~before);
#endif
  return crc32c_portable(bytes, before);
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
#if defined(__x86_64__)
  static const bool folds = has_carryless_vectors();
  if (folds) {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint32_t crc = ~before;
    run_folds(at, left, crc);
    return finish(at, left, crc);
  }
#endif
  return crc32c_by_instruction(bytes, before);
}

}  // namespace gateway
