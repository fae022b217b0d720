#include "query/tap/item_filter.h"

#include <array>
#include <charconv>
#include <optional>

#include "net/text.h"
#include "otlpview/views.h"
#include "otlpview/wire.h"

namespace gateway::query {
namespace {

using otlpview::Bytes;
using otlpview::Field;
using otlpview::FieldReader;
using otlpview::WireType;

// The same in the envelopes of all signals.
constexpr std::uint32_t kRequestGroups = 1;
constexpr std::uint32_t kResource = 1;
constexpr std::uint32_t kScopeGroups = 2;
constexpr std::uint32_t kItems = 2;

constexpr std::size_t kTraceIdSizeBytes = 16;
constexpr std::int32_t kSeverityMax = 24;

// A value as people write it; nothing for arrays, maps and bytes.
std::optional<std::string> text_of(const otlpview::AnyValueView& value) {
  switch (value.kind()) {
    case otlpview::ValueKind::string:
      return std::string(value.as_string());
    case otlpview::ValueKind::boolean:
      return value.as_boolean() ? "true" : "false";
    case otlpview::ValueKind::integer:
      return std::to_string(value.as_integer());
    case otlpview::ValueKind::real: {
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.begin(), digits.end(), value.as_real()).ptr;
      return std::string(digits.begin(), end);
    }
    default:
      return std::nullopt;
  }
}

bool has_all(const otlpview::AttributesView& attributes, const ItemFilter::Attributes& wanted) {
  for (const auto& [key, text] : wanted) {
    const auto value = attributes.find(key);
    if (!value || text_of(*value) != text) return false;
  }
  return true;
}

// '*' stands for any text, also none.
bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t at = 0, p = 0;
  std::optional<std::size_t> star, resume;
  while (at < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = at;
    } else if (p < pattern.size() && pattern[p] == text[at]) {
      ++p;
      ++at;
    } else if (star) {
      p = *star + 1;
      at = ++*resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool is_trace(Bytes id, std::string_view wanted) {
  return wanted.empty() ||
         std::string_view(reinterpret_cast<const char*>(id.data()), id.size()) == wanted;
}

bool wants_span(const ItemFilter& filter, Bytes bytes) {
  if (filter.severity_min != 0) return false;
  const otlpview::SpanView span(bytes);
  return is_trace(span.trace_id(), filter.trace_id) &&
         (filter.name.empty() || matches_pattern(span.name(), filter.name)) &&
         has_all(span.attributes(), filter.attributes);
}

bool wants_log_record(const ItemFilter& filter, Bytes bytes) {
  const otlpview::LogRecordView record(bytes);
  return record.severity_number() >= filter.severity_min &&
         is_trace(record.trace_id(), filter.trace_id) &&
         (filter.name.empty() || matches_pattern(record.event_name(), filter.name)) &&
         has_all(record.attributes(), filter.attributes);
}

bool wants_metric(const ItemFilter& filter, Bytes bytes) {
  if (filter.severity_min != 0 || !filter.trace_id.empty()) return false;
  const otlpview::MetricView metric(bytes);
  if (!filter.name.empty() && !matches_pattern(metric.name(), filter.name)) return false;
  if (filter.attributes.empty()) return true;
  for (const otlpview::PointView& point : metric.points()) {
    if (has_all(point.attributes(), filter.attributes)) return true;
  }
  return false;
}

bool wants_item(const ItemFilter& filter, Signal signal, Bytes item) {
  if (!filter.looks_at_items()) return true;
  switch (signal) {
    case Signal::traces:
      return wants_span(filter, item);
    case Signal::metrics:
      return wants_metric(filter, item);
    case Signal::logs:
      return wants_log_record(filter, item);
    case Signal::profiles:
      return false;
  }
  return false;
}

bool wants_resource(const ItemFilter& filter, Bytes group) {
  return filter.resource.empty() ||
         has_all(otlpview::ResourceView({group, kResource}).attributes(), filter.resource);
}

bool is_message(const Field& field, std::uint32_t number) {
  return field.number == number && field.type == WireType::len;
}

// Appends the fields of `message`; those under `number` as `each` appends their payload, which says
// how many items it kept: without any, the field is left out.
template <typename Each>
std::size_t copy_fields(Bytes message, std::uint32_t number, std::vector<std::byte>& out,
                        const Each& each) {
  std::size_t kept = 0;
  FieldReader fields(message);
  for (Field field; fields.next(field);) {
    if (!is_message(field, number)) {
      otlpview::append_bytes(field.raw, out);
      continue;
    }
    const std::size_t begin = out.size();
    const std::size_t count = each(field);
    if (count == 0) {
      out.resize(begin);
      continue;
    }
    otlpview::wrap_len_field(number, begin, out);
    kept += count;
  }
  return kept;
}

std::optional<std::int32_t> severity_of(std::string_view text) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    if (number < 1 || number > kSeverityMax) return std::nullopt;
    return number;
  }
  constexpr std::array<std::pair<std::string_view, std::int32_t>, 6> kNames = {
      {{"trace", 1}, {"debug", 5}, {"info", 9}, {"warn", 13}, {"error", 17}, {"fatal", 21}}};
  for (const auto& [name, first] : kNames) {
    if (net::equals_ignoring_case(text, name)) return first;
  }
  return std::nullopt;
}

std::optional<std::string> trace_id_of(std::string_view hex) {
  if (hex.size() != 2 * kTraceIdSizeBytes) return std::nullopt;
  std::string id;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (error != std::errc() || end != hex.data() + i + 2) return std::nullopt;
    id += static_cast<char>(byte);
  }
  return id;
}

Result<void, std::string> add_signals(std::string_view list, ItemFilter& filter) {
  std::uint32_t signals = 0;
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(name.size() == list.size() ? name.size() : name.size() + 1);
    std::uint32_t bit = 0;
    for (const Signal signal : kSignals) {
      if (name == name_of(signal)) bit = 1U << index_of(signal);
    }
    if (bit == 0) {
      return fail("\"" + std::string(name) + "\" is no signal: traces, metrics, logs, profiles");
    }
    signals |= bit;
  }
  if (signals != 0) filter.signals = signals;
  return {};
}

}  // namespace

bool is_condition(std::string_view name) noexcept {
  for (const std::string_view known :
       {"signal", "service", "resource", "attribute", "name", "severity", "trace_id"}) {
    if (name == known) return true;
  }
  return false;
}

Result<void, std::string> add_condition(std::string_view name, std::string_view value,
                                        ItemFilter& filter) {
  if (name == "signal") return add_signals(value, filter);
  if (name == "service") {
    filter.resource.emplace_back("service.name", value);
  } else if (name == "resource" || name == "attribute") {
    const std::size_t equals = value.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return fail("\"" + std::string(value) + "\" is not key=value");
    }
    (name == "resource" ? filter.resource : filter.attributes)
        .emplace_back(value.substr(0, equals), value.substr(equals + 1));
  } else if (name == "name") {
    filter.name = value;
  } else if (name == "severity") {
    const auto severity = severity_of(value);
    if (!severity) {
      return fail("\"" + std::string(value) +
                  "\" is no severity: trace, debug, info, warn, error, fatal or 1 to 24");
    }
    filter.severity_min = *severity;
  } else if (name == "trace_id") {
    auto id = trace_id_of(value);
    if (!id) return fail("\"" + std::string(value) + "\" is no trace id of 32 hex digits");
    filter.trace_id = std::move(*id);
  } else {
    return fail("\"" + std::string(name) + "\" is no condition");
  }
  return {};
}

bool matches(const ItemFilter& filter, Signal signal, std::span<const std::byte> body) {
  if (!filter.wants(signal)) return false;
  if (!filter.looks_inside()) return true;
  FieldReader groups(body);
  for (Field group; groups.next(group);) {
    if (!is_message(group, kRequestGroups) || !wants_resource(filter, group.payload)) continue;
    if (!filter.looks_at_items()) return true;
    FieldReader scopes(group.payload);
    for (Field scope; scopes.next(scope);) {
      if (!is_message(scope, kScopeGroups)) continue;
      FieldReader items(scope.payload);
      for (Field item; items.next(item);) {
        if (is_message(item, kItems) && wants_item(filter, signal, item.payload)) return true;
      }
    }
  }
  return false;
}

std::size_t narrow(const ItemFilter& filter, Signal signal, std::span<const std::byte> body,
                   std::vector<std::byte>& out) {
  if (!filter.wants(signal)) return 0;
  const auto one_item = [&](const Field& item) -> std::size_t {
    if (!wants_item(filter, signal, item.payload)) return 0;
    otlpview::append_bytes(item.payload, out);
    return 1;
  };
  const auto one_scope = [&](const Field& scope) {
    return copy_fields(scope.payload, kItems, out, one_item);
  };
  const auto one_group = [&](const Field& group) -> std::size_t {
    if (!wants_resource(filter, group.payload)) return 0;
    return copy_fields(group.payload, kScopeGroups, out, one_scope);
  };
  return copy_fields(body, kRequestGroups, out, one_group);
}

}  // namespace gateway::query
