#include "processor/probabilistic_sampler/threshold.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace gateway::processor {
namespace {

constexpr std::uint32_t kDigitBits = 4;

[[nodiscard]] std::optional<std::uint64_t> parse_hex(std::string_view digits) noexcept {
  std::uint64_t value = 0;
  const auto done = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  const bool is_lower =
      std::none_of(digits.begin(), digits.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (done.ec != std::errc() || done.ptr != digits.data() + digits.size() || !is_lower) {
    return std::nullopt;
  }
  return value;
}

[[nodiscard]] std::string digits_of(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(kThresholdDigits, '0');
  for (std::size_t i = 0; i < kThresholdDigits; ++i) {
    text[kThresholdDigits - 1 - i] = kDigits[value >> (kDigitBits * i) & 15U];
  }
  return text;
}

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void append_part(std::string& out, char separator, std::string_view part) {
  if (part.empty()) return;
  if (!out.empty()) out += separator;
  out += part;
}

// Each part of `text` between separators.
template <typename Each>
void for_each_part(std::string_view text, char separator, Each each) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    each(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

std::uint64_t threshold_of(double probability, std::uint32_t precision) noexcept {
  if (probability >= 1) return 0;
  // A leading digit 0 or f says little; keep as many digits behind those.
  int exponent = 0;
  std::frexp(probability, &exponent);
  int exponent_of_rest = 0;
  std::frexp(1 - probability, &exponent_of_rest);
  const int leading = std::max({0, exponent / -4, exponent_of_rest / -4});
  const std::uint32_t digits =
      std::min(kThresholdDigits, precision + static_cast<std::uint32_t>(leading));
  const auto kept =
      static_cast<std::uint64_t>(std::llround(probability * static_cast<double>(kThresholdMax)));
  std::uint64_t threshold = kThresholdMax - kept;
  if (const std::uint32_t shift = kDigitBits * (kThresholdDigits - digits); shift != 0) {
    threshold += 1ULL << (shift - 1);
    threshold = threshold >> shift << shift;
  }
  return threshold;
}

double probability_of(std::uint64_t threshold) noexcept {
  return static_cast<double>(kThresholdMax - threshold) / static_cast<double>(kThresholdMax);
}

std::optional<std::uint64_t> parse_threshold(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > kThresholdDigits) return std::nullopt;
  const auto value = parse_hex(digits);
  if (!value) return std::nullopt;
  return *value << (kDigitBits * (kThresholdDigits - digits.size()));
}

std::optional<std::uint64_t> parse_randomness(std::string_view digits) noexcept {
  if (digits.size() != kThresholdDigits) return std::nullopt;
  return parse_hex(digits);
}

std::string text_of_threshold(std::uint64_t threshold) {
  std::string text = digits_of(threshold);
  while (text.size() > 1 && text.back() == '0') text.pop_back();
  return text;
}

std::string text_of_randomness(std::uint64_t randomness) { return digits_of(randomness); }

std::optional<std::uint64_t> trace_id_randomness(otlpview::Bytes trace_id) noexcept {
  if (trace_id.size() != 16) return std::nullopt;
  std::uint64_t value = 0;
  bool is_zero = true;
  for (std::size_t i = 0; i < trace_id.size(); ++i) {
    const auto byte = std::to_integer<std::uint64_t>(trace_id[i]);
    is_zero = is_zero && byte == 0;
    if (i >= 9) value = value << 8 | byte;
  }
  if (is_zero) return std::nullopt;
  return value;
}

std::uint32_t seeded_hash(otlpview::Bytes bytes, std::uint32_t seed) noexcept {
  constexpr std::uint32_t kPrime = 16777619U;
  std::uint32_t hash = 2166136261U;
  for (std::uint32_t i = 0; i < 4; ++i) hash = (hash ^ (seed >> (8 * i) & 0xFFU)) * kPrime;
  for (const std::byte byte : bytes) {
    hash = (hash ^ std::to_integer<std::uint32_t>(byte)) * kPrime;
  }
  return hash;
}

std::uint64_t hash_randomness(std::uint32_t hash) noexcept {
  const std::uint64_t bucket = hash & (kHashBuckets - 1);
  const std::uint64_t rest = hash >> 18U;
  const std::uint64_t mixed = rest ^ (rest << 10);
  return (kHashBuckets - 1 - bucket) << 42 | mixed << 14 | bucket;
}

std::string TraceState::text() const {
  std::string own;
  if (randomness) append_part(own, ';', "rv:" + text_of_randomness(*randomness));
  if (threshold) append_part(own, ';', "th:" + text_of_threshold(*threshold));
  append_part(own, ';', others);
  std::string all = own.empty() ? "" : "ot=" + own;
  append_part(all, ',', members);
  return all;
}

TraceState parse_trace_state(std::string_view text) {
  TraceState state;
  for_each_part(text, ',', [&](std::string_view member) {
    if (!member.starts_with("ot=")) {
      append_part(state.members, ',', member);
      return;
    }
    for_each_part(member.substr(3), ';', [&](std::string_view field) {
      if (field.starts_with("th:")) {
        state.threshold = parse_threshold(field.substr(3));
        state.is_valid = state.is_valid && state.threshold.has_value();
      } else if (field.starts_with("rv:")) {
        state.randomness = parse_randomness(field.substr(3));
        state.is_valid = state.is_valid && state.randomness.has_value();
      } else {
        append_part(state.others, ';', field);
      }
    });
  });
  return state;
}

}  // namespace gateway::processor
