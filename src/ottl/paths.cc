#include "ottl/paths.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "otlpview/wire.h"

namespace gateway::ottl {
namespace {

using otlpview::Draft;
using otlpview::Field;
using otlpview::FieldReader;
using otlpview::MetricKind;
using otlpview::WireType;
using enum PathType;

constexpr std::array kRows = {
    PathRow{Context::resource, "attributes", attributes, 1, true},
    PathRow{Context::resource, "dropped_attributes_count", varint, 2, false},

    PathRow{Context::scope, "name", text, 1, true},
    PathRow{Context::scope, "version", text, 2, true},
    PathRow{Context::scope, "attributes", attributes, 3, true},
    PathRow{Context::scope, "dropped_attributes_count", varint, 4, false},

    PathRow{Context::span, "trace_id", id, 1, false},
    PathRow{Context::span, "trace_id.string", id_hex, 1, false},
    PathRow{Context::span, "span_id", id, 2, false},
    PathRow{Context::span, "span_id.string", id_hex, 2, false},
    PathRow{Context::span, "trace_state", text, 3, true},
    PathRow{Context::span, "parent_span_id", id, 4, false},
    PathRow{Context::span, "parent_span_id.string", id_hex, 4, false},
    PathRow{Context::span, "name", text, 5, true},
    PathRow{Context::span, "kind", enumeration, 6, true},
    PathRow{Context::span, "kind.string", kind_text, 6, false},
    PathRow{Context::span, "start_time_unix_nano", fixed64, 7, true},
    PathRow{Context::span, "end_time_unix_nano", fixed64, 8, true},
    PathRow{Context::span, "attributes", attributes, 9, true},
    PathRow{Context::span, "dropped_attributes_count", varint, 10, false},
    PathRow{Context::span, "dropped_events_count", varint, 12, false},
    PathRow{Context::span, "dropped_links_count", varint, 14, false},
    PathRow{Context::span, "status.message", status_text, 2, true},
    PathRow{Context::span, "status.code", status_code, 3, true},
    PathRow{Context::span, "flags", fixed32, 16, false},

    PathRow{Context::spanevent, "time_unix_nano", fixed64, 1, true},
    PathRow{Context::spanevent, "name", text, 2, true},
    PathRow{Context::spanevent, "attributes", attributes, 3, true},
    PathRow{Context::spanevent, "dropped_attributes_count", varint, 4, false},

    PathRow{Context::metric, "name", text, 1, true},
    PathRow{Context::metric, "description", text, 2, true},
    PathRow{Context::metric, "unit", text, 3, true},
    PathRow{Context::metric, "type", metric_type, 0, false},
    PathRow{Context::metric, "aggregation_temporality", metric_temporality, 0, false},
    PathRow{Context::metric, "is_monotonic", metric_is_monotonic, 0, false},

    PathRow{Context::datapoint, "attributes", attributes, 0, true},
    PathRow{Context::datapoint, "start_time_unix_nano", fixed64, 2, true},
    PathRow{Context::datapoint, "time_unix_nano", fixed64, 3, true},
    PathRow{Context::datapoint, "value_int", point_int, 6, true},
    PathRow{Context::datapoint, "value_double", point_double, 4, true},
    PathRow{Context::datapoint, "count", point_count, 4, false},
    PathRow{Context::datapoint, "sum", point_sum, 5, false},
    PathRow{Context::datapoint, "flags", point_flags, 0, false},

    PathRow{Context::log, "time_unix_nano", fixed64, 1, true},
    PathRow{Context::log, "severity_number", enumeration, 2, true},
    PathRow{Context::log, "severity_text", text, 3, true},
    PathRow{Context::log, "body", any_value, 5, true},
    PathRow{Context::log, "attributes", attributes, 6, true},
    PathRow{Context::log, "dropped_attributes_count", varint, 7, false},
    PathRow{Context::log, "flags", fixed32, 8, false},
    PathRow{Context::log, "trace_id", id, 9, false},
    PathRow{Context::log, "trace_id.string", id_hex, 9, false},
    PathRow{Context::log, "span_id", id, 10, false},
    PathRow{Context::log, "span_id.string", id_hex, 10, false},
    PathRow{Context::log, "observed_time_unix_nano", fixed64, 11, true},
    PathRow{Context::log, "event_name", text, 12, true},
};

constexpr std::array<std::pair<std::string_view, Context>, 8> kContexts = {
    {{"resource", Context::resource},
     {"scope", Context::scope},
     {"instrumentation_scope", Context::scope},
     {"span", Context::span},
     {"spanevent", Context::spanevent},
     {"metric", Context::metric},
     {"datapoint", Context::datapoint},
     {"log", Context::log}}};

constexpr std::uint32_t kStatusField = 15;

// Whether a message of `inner` lies in one of `outer`.
[[nodiscard]] bool encloses(Context outer, Context inner) noexcept {
  switch (outer) {
    case Context::resource:
      return inner != Context::resource;
    case Context::scope:
      return inner != Context::resource && inner != Context::scope;
    case Context::span:
      return inner == Context::spanevent;
    case Context::metric:
      return inner == Context::datapoint;
    default:
      return false;
  }
}

[[nodiscard]] Value hex(Bytes bytes, otlpview::Arena& arena) {
  std::string digits;
  static_cast<void>(append_text(Value::of(bytes), digits));
  return Value::of(arena.copy(std::string_view(digits)));
}

[[nodiscard]] std::int64_t int32_of(std::uint64_t bits) noexcept {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
}

[[nodiscard]] std::string_view kind_name(std::uint64_t kind) noexcept {
  constexpr std::array<std::string_view, 6> kNames = {"Unspecified", "Internal", "Server",
                                                      "Client",      "Producer", "Consumer"};
  return kind < kNames.size() ? kNames[static_cast<std::size_t>(kind)] : kNames[0];
}

// A field as the value of its path; `field` is nullptr where the message has none.
[[nodiscard]] Value scalar(PathType type, const Field* field, otlpview::Arena& arena) {
  static constexpr Field kNone;
  const Field& it = field == nullptr ? kNone : *field;
  switch (type) {
    case text:
      return Value::of(it.text());
    case id:
      return Value::of(it.payload);
    case id_hex:
      return hex(it.payload, arena);
    case enumeration:
      return Value::of(int32_of(it.value));
    case kind_text:
      return Value::of(kind_name(it.value));
    default:
      return Value::of(static_cast<std::int64_t>(it.value));
  }
}

// The last field of that number, as a reader takes it.
[[nodiscard]] std::optional<Field> last_field(Bytes message, std::uint32_t number) {
  std::optional<Field> last;
  Field field;
  for (FieldReader reader(message); reader.next(field);) {
    if (field.number == number) last = field;
  }
  return last;
}

[[nodiscard]] Value status_of(PathType type, Bytes status) {
  const auto field = last_field(status, type == status_text ? 2 : 3);
  if (type == status_text) return Value::of(field ? field->text() : std::string_view());
  return Value::of(int32_of(field ? field->value : 0));
}

// Down the keys of maps, from the AnyValue in `encoded`.
[[nodiscard]] Value inner_value(Bytes encoded, const std::vector<std::string>& keys) {
  Value value = Value::of(otlpview::AnyValueView(encoded), encoded);
  for (const std::string& key : keys) {
    if (value.kind != Value::Kind::map) return {};
    const otlpview::AnyValueView map(value.bytes);
    bool is_found = false;
    for (const otlpview::KeyValueView& entry : map.as_map()) {
      if (entry.key() != key) continue;
      // Borrowed as it lies; of a value in several parts the last one counts here.
      const auto field = last_field(entry.bytes(), 2);
      const Bytes inner = field ? field->payload : Bytes{};
      value = Value::of(otlpview::AnyValueView(inner), inner);
      is_found = true;
      break;
    }
    if (!is_found) return {};
  }
  return value;
}

[[nodiscard]] std::int64_t type_number(MetricKind kind) noexcept {
  switch (kind) {
    case MetricKind::gauge:
      return 1;
    case MetricKind::sum:
      return 2;
    case MetricKind::histogram:
      return 3;
    case MetricKind::exponential_histogram:
      return 4;
    case MetricKind::summary:
      return 5;
    case MetricKind::none:
      return 0;
  }
  return 0;
}

[[nodiscard]] Value metric_value(PathType type, Bytes metric) {
  const otlpview::MetricView view(metric);
  if (type == metric_type) return Value::of(type_number(view.kind()));
  if (type == metric_is_monotonic) return Value::of(view.is_monotonic());
  return Value::of(std::int64_t{view.aggregation_temporality()});
}

// The fields of points whose numbers depend on the kind of the metric.
[[nodiscard]] Value point_value(PathType type, const Draft& point) {
  const MetricKind kind = point.metric_kind();
  const bool is_number = kind == MetricKind::gauge || kind == MetricKind::sum;
  const auto bits = [&point](std::uint32_t number) {
    const Field* const field = point.field(number);
    return field == nullptr ? std::optional<std::uint64_t>() : field->value;
  };
  switch (type) {
    case point_int:
      if (!is_number) return {};
      return Value::of(static_cast<std::int64_t>(bits(6).value_or(0)));  // 0 of a real, as there
    case point_double:
      if (!is_number) return {};
      return Value::of(std::bit_cast<double>(bits(4).value_or(0)));
    case point_count:
      if (is_number) return {};
      return Value::of(static_cast<std::int64_t>(bits(4).value_or(0)));
    case point_sum:
      if (is_number || !bits(5)) return {};
      return Value::of(std::bit_cast<double>(*bits(5)));
    default:
      return Value::of(static_cast<std::int64_t>(
          bits(is_number || kind == MetricKind::summary ? 8 : 10).value_or(0)));
  }
}

[[nodiscard]] Value attribute_value(const Path& path, const Draft& draft) {
  const Draft::Attribute* const attribute = draft.find(path.key);
  if (attribute == nullptr) return {};
  const Bytes encoded = attribute->encoded_value(draft.arena());
  if (!path.inner_keys.empty()) return inner_value(encoded, path.inner_keys);
  return Value::of(attribute->value(), encoded);
}

[[nodiscard]] Value read_own(const Path& path, Frame& frame) {
  Draft& draft = frame.draft();
  switch (path.row->type) {
    case attributes:
      return attribute_value(path, draft);
    case any_value:
      return inner_value(draft.message(path.row->number), path.inner_keys);
    case status_text:
    case status_code:
      return status_of(path.row->type, draft.message(kStatusField));
    case metric_type:
    case metric_temporality:
    case metric_is_monotonic:
      return metric_value(path.row->type, draft.bytes());
    case point_int:
    case point_double:
    case point_count:
    case point_sum:
    case point_flags:
      return point_value(path.row->type, draft);
    default:
      return scalar(path.row->type, draft.field(path.row->number), frame.arena());
  }
}

[[nodiscard]] Value read_envelope(const Path& path, Bytes message, otlpview::Arena& arena) {
  switch (path.row->type) {
    case attributes: {
      // The first such key, as in the message itself.
      const std::uint32_t number = path.row->number;
      Field field;
      for (FieldReader reader(message); reader.next(field);) {
        if (field.number != number || field.type != WireType::len) continue;
        const otlpview::KeyValueView attribute(field.payload);
        if (attribute.key() != path.key) continue;
        const auto value = last_field(field.payload, 2);
        return inner_value(value ? value->payload : Bytes{}, path.inner_keys);
      }
      return {};
    }
    case status_text:
    case status_code: {
      const auto status = last_field(message, kStatusField);
      return status_of(path.row->type, status ? status->payload : Bytes{});
    }
    case metric_type:
    case metric_temporality:
    case metric_is_monotonic:
      return metric_value(path.row->type, message);
    default: {
      const auto field = last_field(message, path.row->number);
      return scalar(path.row->type, field ? &*field : nullptr, arena);
    }
  }
}

[[nodiscard]] Mistake unknown(const Syntax& path, Context context, Context level) {
  Mistake mistake{
      path.offset,
      "there is no path `" + path.name + "` in the context " + std::string(name_of(context)),
      path.name,
      {}};
  const std::string prefix = level == context ? "" : std::string(name_of(level)) + '.';
  for (const PathRow& row : kRows) {
    if (row.context == level) mistake.candidates.push_back(prefix + std::string(row.name));
  }
  return mistake;
}

void set_status(const Path& path, Bytes code_or_text, Draft& draft) {
  const std::uint32_t changed = path.row->number;
  std::vector<std::byte> status;
  Field field;
  const Bytes before = draft.message(kStatusField);
  for (FieldReader reader(before); reader.next(field);) {
    if (field.number != changed) otlpview::append_bytes(field.raw, status);
  }
  otlpview::append_bytes(code_or_text, status);
  draft.set_field(kStatusField, draft.arena().len_field(kStatusField, status));
}

[[nodiscard]] Bytes number_field(std::uint32_t number, WireType type, std::uint64_t value,
                                 otlpview::Arena& arena) {
  std::vector<std::byte> bytes;
  if (type == WireType::i64) {
    otlpview::append_fixed64_field(number, value, bytes);
  } else {
    otlpview::append_varint_field(number, value, bytes);
  }
  return arena.copy(Bytes(bytes));
}

}  // namespace

std::span<const PathRow> path_rows() noexcept { return kRows; }

std::string_view name_of(Context context) noexcept {
  return std::find_if(kContexts.begin(), kContexts.end(),
                      [context](const auto& pair) { return pair.second == context; })
      ->first;
}

const Context* context_of(std::string_view name) noexcept {
  const auto it = std::find_if(kContexts.begin(), kContexts.end(),
                               [name](const auto& pair) { return pair.first == name; });
  return it == kContexts.end() ? nullptr : &it->second;
}

Result<Path, Mistake> resolve(const Syntax& syntax, Context context, Names names,
                              std::size_t& slot_count) {
  std::string_view name = syntax.name;
  Context level = context;
  bool is_named = false;
  if (const std::size_t dot = name.find('.'); dot != std::string_view::npos) {
    const Context* const named = context_of(name.substr(0, dot));
    if (named != nullptr && (*named == context || encloses(*named, context))) {
      level = *named;
      name.remove_prefix(dot + 1);
      is_named = true;
    }
  }
  if (names == Names::with_context && !is_named) {
    return fail(Mistake{syntax.offset,
                        "`" + syntax.name +
                            "` does not begin with a context, such as `span.`, "
                            "that has it",
                        {},
                        {}});
  }
  if (name == "cache" || name.starts_with("cache.")) {
    return fail(Mistake{
        syntax.offset, "`cache` is not supported: nothing is kept between statements", {}, {}});
  }
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const PathRow& it) {
    return it.context == level && it.name == name;
  });
  if (row == kRows.end()) return fail(unknown(syntax, context, level));
  Path path{.row = &*row, .is_own = level == context};
  for (const Syntax& key : syntax.children) {
    if (key.literal != Value::Kind::text) {
      return fail(Mistake{key.offset, "a key must be a text in quotes; lists are not indexed"});
    }
  }
  const bool takes_keys = row->type == attributes || row->type == any_value;
  if (!syntax.children.empty() && !takes_keys) {
    return fail(Mistake{syntax.children[0].offset, "`" + syntax.name + "` has no keys"});
  }
  std::size_t first_inner = 0;
  if (row->type == attributes && !syntax.children.empty()) {
    path.has_key = true;
    path.key = syntax.children[0].text;
    first_inner = 1;
  }
  for (std::size_t i = first_inner; i < syntax.children.size(); ++i) {
    path.inner_keys.push_back(syntax.children[i].text);
  }
  if (!path.is_own) path.slot = slot_count++;
  return path;
}

Value read(const Path& path, Frame& frame) {
  if (path.is_own) return read_own(path, frame);
  otlpview::Place& place = frame.place();
  const Context level = path.row->context;
  const std::byte* const of = level == Context::resource ? place.resource_group().data()
                              : level == Context::scope  ? place.scope_group().data()
                                                         : place.parent().data();
  return frame.slot(path.slot, of, [&] {
    const Bytes message = level == Context::resource ? place.resource()
                          : level == Context::scope  ? place.scope()
                                                     : place.parent();
    return read_envelope(path, message, frame.arena());
  });
}

void set(const Path& path, const Value& value, Frame& frame) {
  Draft& draft = frame.draft();
  otlpview::Arena& arena = frame.arena();
  const std::uint32_t number = path.row->number;
  const auto bits = static_cast<std::uint64_t>(value.integer);
  const bool is_integer = value.kind == Value::Kind::integer;
  if (value.is_nil()) return;
  switch (path.row->type) {
    case attributes:
      draft.set(path.key, encode(value, arena));
      return;
    case any_value:
      draft.set_field(number, arena.len_field(number, encode(value, arena)));
      return;
    case text:
      if (!value.is_text()) return;
      draft.set_field(number, arena.len_field(number, std::as_bytes(std::span(value.text))));
      return;
    case status_text:
      if (!value.is_text()) return;
      set_status(path, arena.len_field(2, std::as_bytes(std::span(value.text))), draft);
      return;
    case status_code:
      if (is_integer) set_status(path, number_field(3, WireType::varint, bits, arena), draft);
      return;
    case enumeration:
      if (is_integer) draft.set_field(number, number_field(number, WireType::varint, bits, arena));
      return;
    case fixed64:
      if (is_integer) draft.set_field(number, number_field(number, WireType::i64, bits, arena));
      return;
    case point_int:
    case point_double: {
      const MetricKind kind = draft.metric_kind();
      if (kind != MetricKind::gauge && kind != MetricKind::sum) return;
      const bool is_real = value.kind == Value::Kind::real;
      if (path.row->type == point_int ? !is_integer : !is_real) return;
      const std::uint64_t as_bits = is_real ? std::bit_cast<std::uint64_t>(value.real) : bits;
      draft.set_field(number == 6 ? 4 : 6, {});  // one of the two
      draft.set_field(number, number_field(number, WireType::i64, as_bits, arena));
      return;
    }
    default:
      return;
  }
}

}  // namespace gateway::ottl
