// Which of the four request messages of OTLP some bytes are; nothing in the bytes says it.
//
// Errors:  none.
// Threads: constants.
// Source: the gateway stores these numbers and uses them as array indices: renumber none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace otlpview {

enum class Signal : std::uint8_t { traces = 0, metrics = 1, logs = 2, profiles = 3 };

inline constexpr std::size_t kSignalCount = 4;

[[nodiscard]] constexpr std::string_view name_of(Signal signal) noexcept {
  constexpr std::array<std::string_view, kSignalCount> kNames = {"traces", "metrics", "logs",
                                                                 "profiles"};
  return kNames[static_cast<std::size_t>(signal)];
}

}  // namespace otlpview
