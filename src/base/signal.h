// The signals of OTLP, in the order of their numbers on disk and in arrays: rename and renumber
// none.
//
// Errors:  none.
// Threads: constants and pure functions, safe from any.
// Source:  docs/formats/segment.md (the byte `signal` of a record); names are metric label values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway {

enum class Signal : std::uint8_t { traces = 0, metrics = 1, logs = 2, profiles = 3 };

inline constexpr std::size_t kSignalCount = 4;
inline constexpr std::array<Signal, kSignalCount> kSignals = {Signal::traces, Signal::metrics,
                                                              Signal::logs, Signal::profiles};

[[nodiscard]] constexpr std::size_t index_of(Signal signal) noexcept {
  return static_cast<std::size_t>(signal);
}
[[nodiscard]] constexpr std::string_view name_of(Signal signal) noexcept {
  constexpr std::array<std::string_view, kSignalCount> kNames = {"traces", "metrics", "logs",
                                                                 "profiles"};
  return kNames[index_of(signal)];
}

}  // namespace gateway
