// How long the UTF-8 sequence at the front of a text is; for cutting a destination's words.
//
// Errors:  0 for bytes that are no UTF-8 sequence.
// Threads: pure.
// Source:  RFC 3629, section 4.
#pragma once

#include <cstddef>
#include <string_view>

namespace gateway::exporter {

[[nodiscard]] constexpr std::size_t utf8_sequence_size(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto at = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const auto tail = [&](std::size_t index, unsigned low = 0x80U, unsigned high = 0xbfU) {
    return index < text.size() && at(index) >= low && at(index) <= high;
  };
  const unsigned first = at(0);
  if (first < 0x80U) return 1;
  if (first >= 0xc2U && first <= 0xdfU) return tail(1) ? 2 : 0;
  if (first >= 0xe0U && first <= 0xefU) {
    const unsigned low = first == 0xe0U ? 0xa0U : 0x80U;
    const unsigned high = first == 0xedU ? 0x9fU : 0xbfU;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0U && first <= 0xf4U) {
    const unsigned low = first == 0xf0U ? 0x90U : 0x80U;
    const unsigned high = first == 0xf4U ? 0x8fU : 0xbfU;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace gateway::exporter
