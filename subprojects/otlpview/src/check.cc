#include "otlpview/check.h"

#include <array>

#include "check_internal.h"
#include "walk.h"

namespace otlpview {

namespace {

struct Words {
  std::string_view name;
  std::string_view clause;
};

constexpr std::array<Words, 7> kCheckWords = {{
    {"truncated", "a length or value reaches beyond the end of its message"},
    {"bad_tag", "a tag with a field number or wire type that protobuf does not have"},
    {"bad_varint", "a varint of more than 10 bytes"},
    {"wrong_wire_type", "a field of OTLP in a wire type it never has"},
    {"nesting_too_deep", "messages nested deeper than the limit"},
    {"unmatched_group", "the end of a group that was not begun"},
    {"invalid_utf8", "a string that is not UTF-8"},
}};

constexpr std::array<Words, kRejectReasonCount> kRejectWords = {{
    {"none", "valid"},
    {"invalid_trace_id", "a span's trace_id is not 16 bytes or is all zero"},
    {"invalid_span_id", "a span's span_id is not 8 bytes or is all zero"},
    {"invalid_utf8", "a string of the item, its resource, scope or metric is not UTF-8"},
    {"no_value", "a data point has neither a value nor the no-recorded-value flag"},
    {"no_time", "a data point's time_unix_nano is zero"},
    {"no_temporality", "a sum or histogram has no aggregation temporality"},
    {"bucket_mismatch", "bucket_counts is not one element longer than explicit_bounds"},
    {"bounds_not_increasing", "explicit_bounds do not strictly increase"},
    {"count_mismatch", "a histogram's buckets do not add up to its count"},
    {"bucket_out_of_range", "an exponential histogram's bucket lies outside the range of a double"},
    {"quantiles_out_of_order", "a summary's quantiles leave 0 to 1 or do not strictly increase"},
}};

template <std::size_t N>
const Words& words_of(const std::array<Words, N>& words, std::size_t index) noexcept {
  return words[index < N ? index : 0];
}

}  // namespace

Result<CheckReport, CheckFailure> check(Signal signal, Bytes body,
                                        const CheckLimits& limits) noexcept {
  return internal::Walker<true>(body, limits).check(signal);
}

namespace internal {

Result<CheckReport, CheckFailure> check_by_general_walk(Signal signal, Bytes body,
                                                        const CheckLimits& limits) noexcept {
  return Walker<false>(body, limits).check(signal);
}

}  // namespace internal

std::string_view name_of(CheckErrc code) noexcept {
  return words_of(kCheckWords, static_cast<std::size_t>(code)).name;
}
std::string_view name_of(RejectReason reason) noexcept {
  return words_of(kRejectWords, static_cast<std::size_t>(reason)).name;
}
std::string_view describe(CheckErrc code) noexcept {
  return words_of(kCheckWords, static_cast<std::size_t>(code)).clause;
}
std::string_view describe(RejectReason reason) noexcept {
  return words_of(kRejectWords, static_cast<std::size_t>(reason)).clause;
}

}  // namespace otlpview
