// What OTLP/JSON and the wire call the same field: one row of constants per field of every message
// that can occur in an Export request of the four signals. Both directions are driven by it.
//
//   SchemaMessage := its fields, and two indices made at compile time: by JSON name (a perfect hash
//   of
//              length, first letter and last but one) and by field number
//
// Errors:  none; a name or number that is not in the schema is nullptr.
// Threads: constants.
// Source:  opentelemetry-proto v1.11.0; the tests compare each row with the compiled descriptors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "otlpview/signal.h"
#include "otlpview/wire.h"

namespace otlpview::json {

enum class MessageId : std::uint8_t {
  any_value,
  array_value,
  key_value_list,
  key_value,
  instrumentation_scope,
  entity_ref,
  resource,
  resource_spans,
  scope_spans,
  span,
  span_event,
  span_link,
  status,
  resource_metrics,
  scope_metrics,
  metric,
  gauge,
  sum,
  histogram,
  exponential_histogram,
  summary,
  number_data_point,
  histogram_data_point,
  exponential_histogram_data_point,
  exponential_histogram_data_point_buckets,
  summary_data_point,
  summary_data_point_value_at_quantile,
  exemplar,
  resource_logs,
  scope_logs,
  log_record,
  profiles_dictionary,
  resource_profiles,
  scope_profiles,
  profile,
  profile_link,
  value_type,
  sample,
  mapping,
  stack,
  location,
  line,
  function,
  key_value_and_unit,
  trace_request,
  metrics_request,
  logs_request,
  profiles_request
};
inline constexpr std::size_t kMessageCount =
    static_cast<std::size_t>(MessageId::profiles_request) + 1;

enum class EnumId : std::uint8_t {
  none,
  severity_number,
  aggregation_temporality,
  span_kind,
  status_code
};

// How the value is written: `hex` and `base64` are both `bytes`.
enum class Kind : std::uint8_t {
  string,
  hex,
  base64,
  boolean,
  int32,
  sint32,
  uint32,
  int64,
  uint64,
  fixed32,
  fixed64,
  sfixed64,
  float64,
  enumeration,
  message
};

// singular: zero means absent (a sub-message has presence of its own). optional, oneof: presence is
// kept. A message of OTLP has one oneof at most. repeated: numbers are packed.
enum class Label : std::uint8_t { singular, optional, oneof, repeated };

struct SchemaField {
  std::string_view name;        // lowerCamelCase, as in JSON
  std::string_view proto_name;  // snake_case, as in the .proto
  std::uint8_t number = 0;
  Kind kind = Kind::string;
  Label label = Label::singular;
  MessageId message = MessageId::any_value;  // only of Kind::message
  EnumId enumeration = EnumId::none;         // only of Kind::enumeration

  constexpr SchemaField(std::string_view json, std::string_view proto, std::uint8_t field_number,
                        Kind k, Label l)
      : name(json), proto_name(proto), number(field_number), kind(k), label(l) {}
  constexpr SchemaField(std::string_view json, std::string_view proto, std::uint8_t field_number,
                        Kind k, Label l, MessageId m)
      : name(json), proto_name(proto), number(field_number), kind(k), label(l), message(m) {}
  constexpr SchemaField(std::string_view json, std::string_view proto, std::uint8_t field_number,
                        Kind k, Label l, EnumId e)
      : name(json), proto_name(proto), number(field_number), kind(k), label(l), enumeration(e) {}
};

struct EnumValue {
  std::string_view name;
  std::int32_t number;
};

inline constexpr std::size_t kFieldCountMax = 16;    // of one message
inline constexpr std::size_t kSchemaNumberMax = 16;  // of any message
inline constexpr std::size_t kNameSlotCount = 64;

struct SchemaMessage {
  std::string_view full_name;
  std::span<const SchemaField> fields;
  std::uint32_t oneof_mask = 0;  // bit i: fields[i] is a member of the oneof
  std::uint8_t first_factor = 0;
  std::uint8_t later_factor = 0;
  std::array<std::uint8_t, kNameSlotCount> by_name{};          // index of the field + 1, or 0
  std::array<std::uint8_t, kSchemaNumberMax + 1> by_number{};  // index of the field + 1, or 0
};

// Requires: name.size() >= 2, as in every name of the schema.
[[nodiscard]] constexpr std::size_t name_slot(std::string_view name, std::uint8_t first_factor,
                                              std::uint8_t later_factor) noexcept {
  const auto first = static_cast<std::uint8_t>(name.front());
  const auto later = static_cast<std::uint8_t>(name[name.size() - 2]);
  return (name.size() + std::size_t{first} * first_factor + std::size_t{later} * later_factor) %
         kNameSlotCount;
}

extern const std::array<SchemaMessage, kMessageCount> kMessages;

[[nodiscard]] inline const SchemaMessage& message_of(MessageId id) noexcept {
  return kMessages[static_cast<std::size_t>(id)];
}

// The Export request of a signal.
[[nodiscard]] constexpr MessageId request_message(Signal signal) noexcept {
  return static_cast<MessageId>(static_cast<std::size_t>(MessageId::trace_request) +
                                static_cast<std::size_t>(signal));
}
static_assert(request_message(Signal::profiles) == MessageId::profiles_request);

[[nodiscard]] inline const SchemaField* find_by_name(const SchemaMessage& message,
                                                     std::string_view name) noexcept {
  if (name.size() < 2) return nullptr;
  const std::size_t index =
      message.by_name[name_slot(name, message.first_factor, message.later_factor)];
  if (index == 0) return nullptr;
  const SchemaField& field = message.fields[index - 1];
  return field.name == name ? &field : nullptr;
}

[[nodiscard]] inline const SchemaField* find_by_number(const SchemaMessage& message,
                                                       std::uint32_t number) noexcept {
  if (number > kSchemaNumberMax) return nullptr;
  const std::size_t index = message.by_number[number];
  return index == 0 ? nullptr : &message.fields[index - 1];
}

// The field whose .proto name is `name`, where that differs from its JSON name.
[[nodiscard]] const SchemaField* find_by_proto_name(const SchemaMessage& message,
                                                    std::string_view name) noexcept;

// The number of `name` in the enumeration, or nullptr.
[[nodiscard]] const EnumValue* find_enum_value(EnumId id, std::string_view name) noexcept;

[[nodiscard]] constexpr bool is_packable(Kind kind) noexcept {
  return kind != Kind::string && kind != Kind::hex && kind != Kind::base64 && kind != Kind::message;
}

[[nodiscard]] constexpr WireType wire_type_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::string:
    case Kind::hex:
    case Kind::base64:
    case Kind::message:
      return WireType::len;
    case Kind::fixed32:
      return WireType::i32;
    case Kind::fixed64:
    case Kind::sfixed64:
    case Kind::float64:
      return WireType::i64;
    case Kind::boolean:
    case Kind::int32:
    case Kind::sint32:
    case Kind::uint32:
    case Kind::int64:
    case Kind::uint64:
    case Kind::enumeration:
      return WireType::varint;
  }
  return WireType::varint;
}

}  // namespace otlpview::json
