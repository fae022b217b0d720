#include "base/base64.h"

#include <cstdint>

namespace gateway {

std::string base64_encode(std::string_view bytes, Padding padding) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t kGroupSize = 4;
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * kGroupSize);
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    bit_count += 8;
    while (bit_count >= 6) {
      bit_count -= 6;
      out.push_back(kAlphabet[bits >> bit_count & 0x3f]);
    }
  }
  if (bit_count > 0) out.push_back(kAlphabet[bits << (6 - bit_count) & 0x3f]);
  while (padding == Padding::full && out.size() % kGroupSize != 0) out.push_back('=');
  return out;
}

}  // namespace gateway
