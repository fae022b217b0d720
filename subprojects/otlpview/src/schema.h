// The messages of OTLP as tables: for every field its type, the message it holds, and what the
// check does with it.
//
//   rule_of(kind, number) : the FieldRule, of type `unknown` for numbers outside the schema
//
// Errors:  none.
// Threads: constants.
// Source:  opentelemetry-proto v1.11.0. oracle_test.cc compares every rule with the descriptors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "otlpview/signal.h"

namespace otlpview::internal {

enum class Kind : std::uint8_t {
  any_value,
  array_value,
  key_value_list,
  key_value,
  scope,
  entity_ref,
  resource,
  traces_request,
  resource_spans,
  scope_spans,
  span,
  event,
  link,
  status,
  metrics_request,
  resource_metrics,
  scope_metrics,
  metric,
  gauge,
  sum,
  histogram,
  exponential_histogram,
  summary,
  number_point,
  histogram_point,
  exponential_point,
  buckets,
  summary_point,
  quantile_value,
  exemplar,
  logs_request,
  resource_logs,
  scope_logs,
  log_record,
  profiles_request,
  resource_profiles,
  scope_profiles,
  profile,
  profiles_dictionary,
  value_type,
  sample,
  mapping,
  stack,
  location,
  line,
  function,
  profile_link,
  key_value_and_unit,
};
inline constexpr std::size_t kKindCount = static_cast<std::size_t>(Kind::key_value_and_unit) + 1;

enum class FieldType : std::uint8_t {
  unknown,
  varint,
  i64,
  i32,
  string,
  bytes,
  message,
  packed_varint,  // or unpacked
  packed_i64,     // or unpacked
};

// What the check does with a field, beyond its framing.
enum class Role : std::uint8_t {
  none,
  span_trace_id,  // must be there
  span_span_id,   // must be there
  trace_id,       // of anything else: a wrong length is cleared
  span_id,
  temporality,
  time,
  point_value,
  point_flags,
  point_count,
  bucket_count,
  explicit_bound,
  scale,
  zero_count,
  positive_buckets,
  negative_buckets,
  bucket_offset,
  exponential_count,
  quantile_value,
  quantile,
};

struct FieldRule {
  FieldType type = FieldType::unknown;
  Kind child = Kind::any_value;  // of type message
  Role role = Role::none;
};

inline constexpr std::uint32_t kKnownFieldMax = 16;
using MessageRules = std::array<FieldRule, kKnownFieldMax + 1>;

namespace tables {

constexpr FieldRule scalar(FieldType type, Role role = Role::none) {
  return {type, Kind::any_value, role};
}
constexpr FieldRule message(Kind child, Role role = Role::none) {
  return {FieldType::message, child, role};
}
inline constexpr FieldRule kUnknown{};
inline constexpr FieldRule kVarint = scalar(FieldType::varint);
inline constexpr FieldRule kI64 = scalar(FieldType::i64);
inline constexpr FieldRule kI32 = scalar(FieldType::i32);
inline constexpr FieldRule kString = scalar(FieldType::string);
inline constexpr FieldRule kBytes = scalar(FieldType::bytes);
inline constexpr FieldRule kIndices = scalar(FieldType::packed_varint);
inline constexpr FieldRule kAttributes = message(Kind::key_value);
inline constexpr FieldRule kTime = scalar(FieldType::i64, Role::time);
inline constexpr FieldRule kTemporality = scalar(FieldType::varint, Role::temporality);
inline constexpr FieldRule kPointValue = scalar(FieldType::i64, Role::point_value);
inline constexpr FieldRule kPointFlags = scalar(FieldType::varint, Role::point_flags);
inline constexpr FieldRule kPointCount = scalar(FieldType::i64, Role::point_count);
inline constexpr FieldRule kTraceId = scalar(FieldType::bytes, Role::trace_id);
inline constexpr FieldRule kSpanId = scalar(FieldType::bytes, Role::span_id);

constexpr MessageRules rules_of(Kind kind) {
  switch (kind) {
    case Kind::any_value:
      return {kUnknown,
              kString,
              kVarint,
              kVarint,
              kI64,
              message(Kind::array_value),
              message(Kind::key_value_list),
              kBytes,
              kVarint};
    case Kind::array_value:
      return {kUnknown, message(Kind::any_value)};
    case Kind::key_value_list:
      return {kUnknown, kAttributes};
    case Kind::key_value:
      return {kUnknown, kString, message(Kind::any_value), kVarint};
    case Kind::scope:
      return {kUnknown, kString, kString, kAttributes, kVarint};
    case Kind::entity_ref:
      return {kUnknown, kString, kString, kString, kString};
    case Kind::resource:
      return {kUnknown, kAttributes, kVarint, message(Kind::entity_ref)};

    case Kind::traces_request:
      return {kUnknown, message(Kind::resource_spans)};
    case Kind::resource_spans:
      return {kUnknown, message(Kind::resource), message(Kind::scope_spans), kString};
    case Kind::scope_spans:
      return {kUnknown, message(Kind::scope), message(Kind::span), kString};
    case Kind::span:
      return {kUnknown,
              scalar(FieldType::bytes, Role::span_trace_id),
              scalar(FieldType::bytes, Role::span_span_id),
              kString,
              kSpanId,
              kString,
              kVarint,
              kI64,
              kI64,
              kAttributes,
              kVarint,
              message(Kind::event),
              kVarint,
              message(Kind::link),
              kVarint,
              message(Kind::status),
              kI32};
    case Kind::event:
      return {kUnknown, kI64, kString, kAttributes, kVarint};
    case Kind::link:
      return {kUnknown, kTraceId, kSpanId, kString, kAttributes, kVarint, kI32};
    case Kind::status:
      return {kUnknown, kUnknown, kString, kVarint};

    case Kind::metrics_request:
      return {kUnknown, message(Kind::resource_metrics)};
    case Kind::resource_metrics:
      return {kUnknown, message(Kind::resource), message(Kind::scope_metrics), kString};
    case Kind::scope_metrics:
      return {kUnknown, message(Kind::scope), message(Kind::metric), kString};
    case Kind::metric:
      return {kUnknown,
              kString,
              kString,
              kString,
              kUnknown,
              message(Kind::gauge),
              kUnknown,
              message(Kind::sum),
              kUnknown,
              message(Kind::histogram),
              message(Kind::exponential_histogram),
              message(Kind::summary),
              kAttributes};
    case Kind::gauge:
      return {kUnknown, message(Kind::number_point)};
    case Kind::sum:
      return {kUnknown, message(Kind::number_point), kTemporality, kVarint};
    case Kind::histogram:
      return {kUnknown, message(Kind::histogram_point), kTemporality};
    case Kind::exponential_histogram:
      return {kUnknown, message(Kind::exponential_point), kTemporality};
    case Kind::summary:
      return {kUnknown, message(Kind::summary_point)};
    case Kind::number_point:
      return {kUnknown,    kUnknown,    kI64,       kTime, kPointValue, message(Kind::exemplar),
              kPointValue, kAttributes, kPointFlags};
    case Kind::histogram_point:
      return {kUnknown,
              kUnknown,
              kI64,
              kTime,
              kPointCount,
              kI64,
              scalar(FieldType::packed_i64, Role::bucket_count),
              scalar(FieldType::packed_i64, Role::explicit_bound),
              message(Kind::exemplar),
              kAttributes,
              kPointFlags,
              kI64,
              kI64};
    case Kind::exponential_point:
      return {kUnknown,
              kAttributes,
              kI64,
              kTime,
              kPointCount,
              kI64,
              scalar(FieldType::varint, Role::scale),
              scalar(FieldType::i64, Role::zero_count),
              message(Kind::buckets, Role::positive_buckets),
              message(Kind::buckets, Role::negative_buckets),
              kPointFlags,
              message(Kind::exemplar),
              kI64,
              kI64,
              kI64};
    case Kind::buckets:
      return {kUnknown, scalar(FieldType::varint, Role::bucket_offset),
              scalar(FieldType::packed_varint, Role::exponential_count)};
    case Kind::summary_point:
      return {kUnknown,
              kUnknown,
              kI64,
              kTime,
              kI64,
              kI64,
              message(Kind::quantile_value, Role::quantile_value),
              kAttributes,
              kPointFlags};
    case Kind::quantile_value:
      return {kUnknown, scalar(FieldType::i64, Role::quantile), kI64};
    case Kind::exemplar:
      return {kUnknown, kUnknown, kI64, kI64, kSpanId, kTraceId, kI64, kAttributes};

    case Kind::logs_request:
      return {kUnknown, message(Kind::resource_logs)};
    case Kind::resource_logs:
      return {kUnknown, message(Kind::resource), message(Kind::scope_logs), kString};
    case Kind::scope_logs:
      return {kUnknown, message(Kind::scope), message(Kind::log_record), kString};
    case Kind::log_record:
      return {kUnknown,    kI64,    kVarint, kString,  kUnknown, message(Kind::any_value),
              kAttributes, kVarint, kI32,    kTraceId, kSpanId,  kI64,
              kString};

    case Kind::profiles_request:
      return {kUnknown, message(Kind::resource_profiles), message(Kind::profiles_dictionary)};
    case Kind::resource_profiles:
      return {kUnknown, message(Kind::resource), message(Kind::scope_profiles), kString};
    case Kind::scope_profiles:
      return {kUnknown, message(Kind::scope), message(Kind::profile), kString};
    case Kind::profile:
      return {kUnknown,
              message(Kind::value_type),
              message(Kind::sample),
              kI64,
              kVarint,
              message(Kind::value_type),
              kVarint,
              kBytes,
              kVarint,
              kString,
              kBytes,
              kIndices};
    case Kind::profiles_dictionary:
      return {kUnknown,
              message(Kind::mapping),
              message(Kind::location),
              message(Kind::function),
              message(Kind::profile_link),
              kString,
              message(Kind::key_value_and_unit),
              message(Kind::stack)};
    case Kind::value_type:
      return {kUnknown, kVarint, kVarint};
    case Kind::sample:
      return {kUnknown, kVarint, kIndices, kVarint, kIndices, scalar(FieldType::packed_i64)};
    case Kind::mapping:
      return {kUnknown, kVarint, kVarint, kVarint, kVarint, kIndices};
    case Kind::stack:
      return {kUnknown, kIndices};
    case Kind::location:
      return {kUnknown, kVarint, kVarint, message(Kind::line), kIndices};
    case Kind::line:
      return {kUnknown, kVarint, kVarint, kVarint};
    case Kind::function:
      return {kUnknown, kVarint, kVarint, kVarint, kVarint};
    case Kind::profile_link:
      return {kUnknown, kBytes, kBytes};
    case Kind::key_value_and_unit:
      return {kUnknown, kVarint, message(Kind::any_value), kVarint};
  }
  return {};
}

constexpr std::array<MessageRules, kKindCount> all_rules() {
  std::array<MessageRules, kKindCount> all{};
  for (std::size_t i = 0; i < kKindCount; ++i) all[i] = rules_of(static_cast<Kind>(i));
  return all;
}

}  // namespace tables

inline constexpr std::array<MessageRules, kKindCount> kRules = tables::all_rules();

[[nodiscard]] constexpr FieldRule rule_of(Kind kind, std::uint32_t number) noexcept {
  return number <= kKnownFieldMax ? kRules[static_cast<std::size_t>(kind)][number] : FieldRule{};
}

[[nodiscard]] constexpr Kind request_of(Signal signal) noexcept {
  constexpr std::array<Kind, kSignalCount> kRequests = {Kind::traces_request, Kind::metrics_request,
                                                        Kind::logs_request, Kind::profiles_request};
  return kRequests[static_cast<std::size_t>(signal)];
}

// What OTLP counts.
[[nodiscard]] constexpr bool is_item(Kind kind) noexcept {
  switch (kind) {
    case Kind::span:
    case Kind::number_point:
    case Kind::histogram_point:
    case Kind::exponential_point:
    case Kind::summary_point:
    case Kind::log_record:
    case Kind::profile:
      return true;
    default:
      return false;
  }
}

// The five kinds of data of a metric, a oneof.
[[nodiscard]] constexpr bool is_metric_data(Kind kind) noexcept {
  return kind >= Kind::gauge && kind <= Kind::summary;
}

// What holds items at some depth: resource, scope, metric and metric data.
[[nodiscard]] constexpr bool is_container(Kind kind) noexcept {
  switch (kind) {
    case Kind::resource_spans:
    case Kind::scope_spans:
    case Kind::resource_metrics:
    case Kind::scope_metrics:
    case Kind::metric:
    case Kind::resource_logs:
    case Kind::scope_logs:
    case Kind::resource_profiles:
    case Kind::scope_profiles:
      return true;
    default:
      return is_metric_data(kind);
  }
}

// A sum or histogram without temporality says nothing; a gauge or summary has none.
[[nodiscard]] constexpr bool needs_temporality(Kind kind) noexcept {
  return kind == Kind::sum || kind == Kind::histogram || kind == Kind::exponential_histogram;
}

// The length an id must have; 0 for fields that are no ids.
[[nodiscard]] constexpr std::size_t id_size_of(Role role) noexcept {
  switch (role) {
    case Role::span_trace_id:
    case Role::trace_id:
      return 16;
    case Role::span_span_id:
    case Role::span_id:
      return 8;
    default:
      return 0;
  }
}

}  // namespace otlpview::internal
