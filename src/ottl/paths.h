// The paths of OTTL: what they are called in each context, where they lie on the wire, and which
// may be set.
//
//   attributes["k"] | name | status.code         of the message itself
//   resource.attributes["k"] | scope.name        of what it lies in: to be read, not set
//   metric.name | span.name                      of a point's metric, an event's span
//
// Errors:  resolve() gives a Mistake; reading a field that is not there gives its default, an
//          attribute that is not there gives nil.
// Threads: pure functions.
// Source:  docs/processors.md lists them; a test compares.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ottl/frame.h"
#include "ottl/syntax.h"

namespace gateway::ottl {

using otlpview::Context;

// How the field of a path lies on the wire, and what it is as a Value.
enum class PathType : std::uint8_t {
  text,
  id,      // bytes
  id_hex,  // trace_id.string
  enumeration,
  varint,
  fixed32,
  fixed64,
  any_value,
  attributes,
  status_text,
  status_code,
  kind_text,  // kind.string
  metric_type,
  metric_temporality,
  metric_is_monotonic,
  point_int,
  point_double,
  point_count,
  point_sum,
  point_flags,
};

struct PathRow {
  Context context = Context::span;  // whose it is
  std::string_view name;
  PathType type = PathType::text;
  std::uint32_t number = 0;  // the field; 0 where it depends on the kind of metric
  bool may_be_set = false;
};
[[nodiscard]] std::span<const PathRow> path_rows() noexcept;

// The name before the dot: "span", "scope". `instrumentation_scope` is another for `scope`.
[[nodiscard]] std::string_view name_of(Context context) noexcept;
[[nodiscard]] const Context* context_of(std::string_view name) noexcept;

// Whether a path of the message itself may stand without its context: `name` beside `span.name`.
enum class Names : std::uint8_t { any, with_context };

struct Path {
  const PathRow* row = nullptr;
  bool is_own = true;    // of the message itself, not of what it lies in
  bool has_key = false;  // attributes["key"]
  std::string key;
  std::vector<std::string> inner_keys;  // attributes["key"]["inner"], body["inner"]
  std::size_t slot = 0;                 // where it is not own
};

// `slot_count` counts on for a path that is not the message's own.
[[nodiscard]] Result<Path, Mistake> resolve(const Syntax& path, Context context, Names names,
                                            std::size_t& slot_count);

[[nodiscard]] Value read(const Path& path, Frame& frame);
// A value of a type that the field cannot hold changes nothing, and nil neither.
// Requires: the path is own and may be set.
void set(const Path& path, const Value& value, Frame& frame);

}  // namespace gateway::ottl
