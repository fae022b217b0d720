// The numbers of consistent probability sampling: a randomness of 56 bits, of the trace id or
// written beside it, against a rejection threshold. An item is kept when randomness >= threshold.
//
//   threshold = (1 - probability) * 2^56, rounded to some hexadecimal digits
//   "8"       = 0x80000000000000: trailing zeros are not written
//
// Errors:  nothing comes back for a text that is none.
// Threads: pure functions.
// Source:  OpenTelemetry's TraceState specification (`th`, `rv`); W3C Trace Context level 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "otlpview/wire.h"

namespace gateway::processor {

inline constexpr std::uint64_t kThresholdMax = 1ULL << 56;  // keeps nothing
inline constexpr std::uint32_t kThresholdDigits = 14;
inline constexpr double kProbabilityMin = 0x1p-56;

// Requires: kProbabilityMin <= probability <= 1. Near 0 and 1 more digits than `precision` stay.
[[nodiscard]] std::uint64_t threshold_of(double probability, std::uint32_t precision) noexcept;
[[nodiscard]] double probability_of(std::uint64_t threshold) noexcept;

// 1 to 14 digits; the randomness exactly 14.
[[nodiscard]] std::optional<std::uint64_t> parse_threshold(std::string_view digits) noexcept;
[[nodiscard]] std::optional<std::uint64_t> parse_randomness(std::string_view digits) noexcept;
[[nodiscard]] std::string text_of_threshold(std::uint64_t threshold);
[[nodiscard]] std::string text_of_randomness(std::uint64_t randomness);

// The last 56 bits of a trace id. Nothing for one that is not 16 bytes, or all zero.
[[nodiscard]] std::optional<std::uint64_t> trace_id_randomness(otlpview::Bytes trace_id) noexcept;

// The Collector's hash of 14 bits (32-bit FNV-1a over the seed, least byte first, and the bytes).
inline constexpr std::uint32_t kHashBuckets = 1U << 14;
[[nodiscard]] std::uint32_t seeded_hash(otlpview::Bytes bytes, std::uint32_t seed) noexcept;
// A randomness whose highest 14 bits give the decision of that hash.
[[nodiscard]] std::uint64_t hash_randomness(std::uint32_t hash) noexcept;

// What `tracestate` says: the member "ot", in its parts.
struct TraceState {
  std::optional<std::uint64_t> randomness;
  std::optional<std::uint64_t> threshold;
  std::string others;    // the other fields of "ot", as they came: "x:1;y:2"
  std::string members;   // the other members of the list: "vendor=1,next=2"
  bool is_valid = true;  // `th` and `rv` of "ot" are numbers, where they are there

  [[nodiscard]] std::string text() const;
};
[[nodiscard]] TraceState parse_trace_state(std::string_view text);

}  // namespace gateway::processor
