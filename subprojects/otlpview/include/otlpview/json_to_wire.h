// OTLP/JSON to the wire: one pass over the text, no tree and no scratch memory beyond the output.
//
//   in  : one JSON object, an Export request of the signal in the JSON encoding of OTLP
//   out : the same request as protobuf, appended; lengths minimal, fields in the order of the text
//
// Read as the OTLP specification has it: lowerCamelCase names by case; trace and span ids in hex,
// other bytes in base64 (standard or URL-safe, padded or not); integers as numbers or strings, in
// every form that is a whole number, and exact; doubles also as "NaN", "Infinity", "-Infinity";
// null is absent; unknown names are ignored at any depth. An id of a wrong length is passed on as
// it is: check() decides about it, as it does for protobuf.
//
// Where the specification leaves a choice:
//   a name twice in one object, two members of a oneof : refused; readers would not agree
//   names of enumeration values                        : read and counted, see JsonLimits
//   snake_case names                                   : ignored and counted, see JsonLimits
//   half a surrogate pair                              : U+FFFD, counted; senders that cut strings
//                                                        by UTF-16 units do write it
//
// Errors:  a JsonFailure, all bad data; `out` is then as it was before. Bytes of the sender never
//          get into the message.
// Threads: pure function.
// Source:  conformance lines J-01 to J-31; the OTLP 1.11.0 specification; ProtoJSON; RFC 8259.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "otlpview/check.h"
#include "otlpview/result.h"
#include "otlpview/signal.h"
#include "otlpview/wire.h"

namespace otlpview {

inline constexpr std::size_t kJsonErrorMessageSizeBytesMax = 512;
// Containers inside containers in what an unknown name holds.
inline constexpr std::size_t kJsonIgnoredNestingMax = 1024;
// While it is written `out` may have so much more than JsonLimits::wire_size_bytes_max: who has
// reserved both sees no byte move.
inline constexpr std::size_t kJsonSlackSizeBytes = kVarintSizeBytesMax;
// Why text is refused; every one is bad data. The names are metric labels: rename none.
enum class JsonErrc : std::uint8_t {
  invalid_utf8,
  syntax,            // not JSON, or more than one document
  nesting_too_deep,  // more levels than JsonLimits::nesting_max or kJsonIgnoredNestingMax
  wrong_type,        // JSON of another type than the field
  bad_number,        // not a number, not whole, or out of range
  bad_enum_name,     // unknown, or any name where they are not accepted
  bad_id,            // not hex
  bad_base64,
  duplicate_name,  // also two members of one oneof
  null_element,    // null in an array
  too_large,       // more wire bytes than JsonLimits::wire_size_bytes_max
};

struct JsonLimits {
  // As CheckLimits::nesting_max, and no more than kNestingMax either: what is deeper would not pass
  // the check.
  std::uint32_t nesting_max = kNestingMax;
  // JSON can be shorter than its wire form: a digit and a comma become a double.
  std::size_t wire_size_bytes_max = 64 * 1024 * 1024;
  // Read "trace_id" as "traceId". Off: an unknown name, hence ignored, yet counted.
  bool accept_proto_names = false;
  // Read "SPAN_KIND_SERVER" as 2. Off: refused. A name that the schema does not have always is.
  bool accept_enum_names = true;
};

// What was let pass though it is not OTLP/JSON. Counts of occurrences.
struct JsonStats {
  std::uint32_t ignored_name_count = 0;    // not in the schema
  std::uint32_t proto_name_count = 0;      // snake_case, read or ignored; not among the above
  std::uint32_t enum_name_count = 0;       // in place of integers
  std::uint32_t half_surrogate_count = 0;  // replaced by U+FFFD
};

struct JsonFailure {
  JsonErrc code = JsonErrc::syntax;
  std::uint64_t offset = 0;  // in bytes from the beginning of the text
  // "$.resourceSpans[0].scopeSpans[1].spans[7].kind: reason". ASCII, no longer than
  // kJsonErrorMessageSizeBytesMax.
  std::string message;
};

[[nodiscard]] Result<JsonStats, JsonFailure> json_to_wire(Signal signal, Bytes json,
                                                          const JsonLimits& limits,
                                                          std::vector<std::byte>& out);

// The label of a metric.
[[nodiscard]] std::string_view name_of(JsonErrc code) noexcept;

}  // namespace otlpview
