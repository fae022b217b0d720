// Decides about a request body in one pass over its bytes: is it OTLP, how many items does it hold,
// and which of them must not go on.
//
//   Refused   : broken framing. The whole request is bad data (CheckFailure).
//   Rejected  : an item that is well framed and yet not valid OTLP; it alone is left out and named
//               in the partial success (CheckReport::rejected_count).
//   Rewritten : a body that may not go on as it is; see rewrite.h.
//
// What refuses a request: a length past the end, a bad varint or tag, a known field in a wrong wire
// type, an unmatched group, nesting beyond the limit. In profiles also a string that is not UTF-8,
// because profiles share a dictionary and cannot be left out one by one.
//
// What rejects an item (a span, a data point, a log record):
//   span   : trace_id not 16 bytes or zero, span_id not 8 bytes or zero
//   point  : see RejectReason; points of a sum or histogram without temporality
//   any    : a string in it that is not UTF-8; one in its resource, scope or metric rejects every
//            item below
// Ids of parents, links, exemplars and log records of a wrong length reject nothing: rewrite()
// clears them.
//
// Shape:   counts are of items: spans, data points, log records, profiles. Offsets are in bytes
//          from the beginning of the body.
// Errors:  a CheckFailure. No allocation, no exception, no recursion beyond the nesting limit.
// Threads: pure functions.
// Source:  conformance lines W-01 to W-16, S-01 to S-12, M-01 to M-14; the protobuf encoding guide.
#pragma once

#include <cstdint>
#include <string_view>

#include "otlpview/result.h"
#include "otlpview/signal.h"
#include "otlpview/wire.h"

namespace otlpview {

// Why bytes are refused; every one is bad data. The names are metric labels: rename none.
enum class CheckErrc : std::uint8_t {
  truncated,         // a field reaches beyond its message
  bad_tag,           // field number 0 or above kFieldNumberMax, wire type 6 or 7
  bad_varint,        // longer than kVarintSizeBytesMax
  wrong_wire_type,   // a field of the schema in a wire type it never has
  nesting_too_deep,  // more message levels than CheckLimits::nesting_max
  unmatched_group,   // an end without a start, or of another number
  invalid_utf8,      // profiles only: a string that is not UTF-8
};

// Why an item is rejected. The names are metric labels: rename none.
enum class RejectReason : std::uint8_t {
  none,
  invalid_trace_id,        // of a span: not 16 bytes, or all zero
  invalid_span_id,         // of a span: not 8 bytes, or all zero
  invalid_utf8,            // a string of the item or of what it lies in
  no_value,                // a number point without value and without the no-recorded-value flag
  no_time,                 // a point whose time_unix_nano is zero
  no_temporality,          // a sum or histogram with aggregation temporality unspecified
  bucket_mismatch,         // bucket_counts is not one longer than explicit_bounds
  bounds_not_increasing,   // explicit_bounds, NaN included
  count_mismatch,          // buckets do not add up to count
  bucket_out_of_range,     // a filled exponential bucket beyond what a double can hold
  quantiles_out_of_order,  // a summary's quantiles leave 0 .. 1 or do not increase
};
inline constexpr std::size_t kRejectReasonCount = 12;

// Hard bound of CheckLimits::nesting_max: the walk recurses once per level, and protobuf's own
// readers take no more.
inline constexpr std::uint32_t kNestingMax = 100;

struct CheckLimits {
  // Message and group levels below the request message, counted as protobuf's own readers count
  // theirs (their default is 100). A value inside an array costs two levels.
  std::uint32_t nesting_max = 64;
};

struct CheckReport {
  std::uint32_t item_count = 0;      // accepted and rejected
  std::uint32_t rejected_count = 0;  // by partial success
  bool needs_rewrite = false;        // forwarding the bytes as they are would be wrong
  RejectReason first_reason = RejectReason::none;
  std::uint64_t first_offset = 0;  // of the item or string that first_reason is about
};

struct CheckFailure {
  CheckErrc code = CheckErrc::truncated;
  std::uint64_t offset = 0;
};

[[nodiscard]] Result<CheckReport, CheckFailure> check(Signal signal, Bytes body,
                                                      const CheckLimits& limits = {}) noexcept;

// The label of a metric.
[[nodiscard]] std::string_view name_of(CheckErrc code) noexcept;
[[nodiscard]] std::string_view name_of(RejectReason reason) noexcept;
// A clause for people, without capital and full stop: "a length reaches beyond the end".
[[nodiscard]] std::string_view describe(CheckErrc code) noexcept;
[[nodiscard]] std::string_view describe(RejectReason reason) noexcept;

}  // namespace otlpview
