// Any bytes, looked at through every view: nothing but the body is read. The first byte chooses the
// signal.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "otlpview/views.h"

namespace {

using namespace otlpview;

// Reads what it is given, so that a sanitizer sees every byte.
struct Reader {
  std::uint64_t sum = 0;

  void bytes(Bytes bytes) {
    for (const std::byte byte : bytes) sum += std::to_integer<unsigned>(byte);
  }
  void text(std::string_view text) { bytes(std::as_bytes(std::span(text))); }
  void value(const AnyValueView& value, int depth) {
    sum += value.as_boolean() ? 1U : 0U;
    sum += static_cast<std::uint64_t>(value.as_integer());
    sum += value.as_real() > 0 ? 1U : 0U;
    text(value.as_string());
    bytes(value.as_bytes());
    if (depth == 0) return;
    for (const AnyValueView& one : value.as_array()) this->value(one, depth - 1);
    attributes(value.as_map(), depth - 1);
  }
  void attributes(const AttributesView& attributes, int depth = 8) {
    for (const KeyValueView& one : attributes) {
      text(one.key());
      value(one.value(), depth);
    }
  }
  void item(const SpanView& span) {
    bytes(span.trace_id());
    bytes(span.span_id());
    bytes(span.parent_span_id());
    text(span.trace_state());
    text(span.name());
    text(span.status_message());
    sum += static_cast<std::uint64_t>(span.kind() + span.status_code());
    attributes(span.attributes());
    for (const EventView& event : span.events()) {
      text(event.name());
      attributes(event.attributes());
    }
    for (const LinkView& link : span.links()) {
      bytes(link.trace_id());
      bytes(link.span_id());
      attributes(link.attributes());
    }
  }
  void item(const LogRecordView& record) {
    bytes(record.trace_id());
    bytes(record.span_id());
    text(record.severity_text());
    text(record.event_name());
    value(record.body(), 8);
    attributes(record.attributes());
  }
  void item(const MetricView& metric) {
    text(metric.name());
    text(metric.description());
    text(metric.unit());
    attributes(metric.metadata());
    for (const PointView& point : metric.points()) {
      sum += point.count() + point.time_unix_nano() + point.start_time_unix_nano();
      sum += point.as_double().has_value() || point.as_int().has_value() ? 1U : 0U;
      attributes(point.attributes());
    }
  }
  template <typename View>
  void request(const View& view) {
    for (const auto& resource : view) {
      text(resource.resource().service_name());
      text(resource.schema_url());
      attributes(resource.resource().attributes());
      for (const auto& scope : resource) {
        text(scope.scope().name());
        text(scope.scope().version());
        text(scope.schema_url());
        attributes(scope.scope().attributes());
        for (const auto& one : scope) item(one);
      }
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes body = std::as_bytes(std::span(data + 1, size - 1));
  Reader reader;
  switch (data[0] & 3) {
    case 0:
      reader.request(TracesView(body));
      break;
    case 1:
      reader.request(MetricsView(body));
      break;
    default:
      reader.request(LogsView(body));
      break;
  }
  // Keeps the compiler from leaving the reads out.
  asm volatile("" : : "r"(reader.sum));
  return 0;
}
