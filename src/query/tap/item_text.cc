#include "query/tap/item_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <string>

#include "otlpview/views.h"
#include "telemetry/json_text.h"

namespace gateway::query {
namespace {

std::string two_digits(std::uint64_t value) {
  return std::string(value < 10 ? "0" : "") + std::to_string(value);
}

std::string time_of_day(std::uint64_t unix_nano) {
  const std::uint64_t ms = unix_nano / 1'000'000;
  const std::uint64_t s = ms / 1000 % 86'400;
  std::string rest = std::to_string(ms % 1000);
  rest.insert(0, 3 - rest.size(), '0');
  return two_digits(s / 3600) + ":" + two_digits(s / 60 % 60) + ":" + two_digits(s % 60) + "." +
         rest;
}

std::string real_text(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  return {digits.begin(), end};
}

// 12.5ms, 1.25s: at most two digits behind the point.
std::string duration_text(std::uint64_t nanoseconds) {
  struct Unit {
    std::uint64_t size;
    std::string_view name;
  };
  Unit unit{1'000, "us"};
  if (nanoseconds >= 1'000'000) unit = {1'000'000, "ms"};
  if (nanoseconds >= 1'000'000'000) unit = {1'000'000'000, "s"};
  const std::uint64_t hundredths = nanoseconds / (unit.size / 100);
  std::string text = std::to_string(hundredths / 100);
  if (hundredths % 100 != 0) text += "." + two_digits(hundredths % 100);
  return text + std::string(unit.name);
}

std::string hex(otlpview::Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 0xfU];
  }
  return text;
}

std::string value_text(const otlpview::AnyValueView& value) {
  switch (value.kind()) {
    case otlpview::ValueKind::empty:
      return "null";
    case otlpview::ValueKind::string: {
      std::string text;
      telemetry::append_json_string(text, value.as_string());
      return text;
    }
    case otlpview::ValueKind::boolean:
      return value.as_boolean() ? "true" : "false";
    case otlpview::ValueKind::integer:
      return std::to_string(value.as_integer());
    case otlpview::ValueKind::real:
      return real_text(value.as_real());
    case otlpview::ValueKind::array:
      return "[...]";
    case otlpview::ValueKind::map:
      return "{...}";
    case otlpview::ValueKind::bytes:
      return std::to_string(value.as_bytes().size()) + " bytes";
  }
  return "";
}

// Pieces of one line, each behind two spaces.
class Line {
 public:
  Line(std::uint64_t unix_nano, Signal signal, std::string_view service)
      : text_(time_of_day(unix_nano) + " ") {
    text_ += name_of(signal);
    text_.append(signal == Signal::metrics ? 0 : 7 - name_of(signal).size(), ' ');
    text_ += " ";
    text_ += service.empty() ? "-" : service;
  }
  Line& add(std::string_view part) {
    if (!part.empty()) (text_ += "  ") += part;
    return *this;
  }
  Line& add_id(std::string_view name, otlpview::Bytes id) {
    if (!id.empty()) add(std::string(name) + "=" + hex(id));
    return *this;
  }
  Line& add(const otlpview::AttributesView& attributes) {
    for (const otlpview::KeyValueView& attribute : attributes) {
      if (text_.size() > kItemLineSizeBytesMax) break;
      (text_ += text_.back() == '=' ? "" : " ") += attribute.key();
      (text_ += "=") += value_text(attribute.value());
    }
    return *this;
  }
  [[nodiscard]] std::string done() const {
    std::string_view whole(text_);
    std::string clean;
    bool cut = false;
    if (whole.size() > kItemLineSizeBytesMax) {
      whole = whole.substr(0, kItemLineSizeBytesMax);
      // Not in the middle of a character.
      while (!whole.empty() && (static_cast<unsigned char>(whole.back()) & 0xc0U) == 0x80U) {
        whole.remove_suffix(1);
      }
      if (!whole.empty() && static_cast<unsigned char>(whole.back()) >= 0xc0U) {
        whole.remove_suffix(1);
      }
      cut = true;
    }
    telemetry::append_utf8(clean, whole);
    for (char& c : clean) {
      if (static_cast<unsigned char>(c) < 0x20U || c == '\x7f') c = ' ';
    }
    return cut ? clean + "..." : clean;
  }

 private:
  std::string text_;
};

std::string_view kind_of(const otlpview::SpanView& span) {
  constexpr std::array<std::string_view, 6> kNames = {"unspecified", "internal", "server",
                                                      "client",      "producer", "consumer"};
  const auto kind = static_cast<std::size_t>(span.kind());
  return kind < kNames.size() ? kNames[kind] : "unspecified";
}

std::string show(const otlpview::SpanView& span, std::string_view service) {
  const std::uint64_t start = span.start_time_unix_nano();
  const std::uint64_t end = span.end_time_unix_nano();
  std::string what = std::string(kind_of(span)) + " ";
  what += end >= start ? duration_text(end - start) : "ends before it starts";
  if (span.status_code() == 1) what += " ok";
  if (span.status_code() == 2) what += " error";
  return Line(start, Signal::traces, service)
      .add(span.name())
      .add(what)
      .add(span.status_message())
      .add_id("trace", span.trace_id())
      .add_id("span", span.span_id())
      .add_id("parent", span.parent_span_id())
      .add(span.attributes())
      .done();
}

std::string severity_text(const otlpview::LogRecordView& record) {
  if (!record.severity_text().empty()) return std::string(record.severity_text());
  constexpr std::array<std::string_view, 6> kNames = {"TRACE", "DEBUG", "INFO",
                                                      "WARN",  "ERROR", "FATAL"};
  const std::int32_t number = record.severity_number();
  if (number < 1 || number > 24) return "-";
  return std::string(kNames[static_cast<std::size_t>(number - 1) / 4]);
}

std::string show(const otlpview::LogRecordView& record, std::string_view service) {
  const std::uint64_t time =
      record.time_unix_nano() != 0 ? record.time_unix_nano() : record.observed_time_unix_nano();
  return Line(time, Signal::logs, service)
      .add(severity_text(record))
      .add(record.event_name())
      .add(value_text(record.body()))
      .add_id("trace", record.trace_id())
      .add(record.attributes())
      .done();
}

std::string show(const otlpview::MetricView& metric, std::string_view service) {
  std::uint64_t time = 0, count = 0;
  std::string last;
  for (const otlpview::PointView& point : metric.points()) {
    ++count;
    time = point.time_unix_nano();
    if (const auto integer = point.as_int()) last = std::to_string(*integer);
    if (const auto real = point.as_double()) last = real_text(*real);
    if (!point.as_int() && !point.as_double()) {
      last = "count " + std::to_string(point.count());
      if (const auto sum = point.sum()) last += " sum " + real_text(*sum);
    }
  }
  std::string_view kind;
  switch (metric.kind()) {
    case otlpview::MetricKind::none:
      kind = "empty";
      break;
    case otlpview::MetricKind::gauge:
      kind = "gauge";
      break;
    case otlpview::MetricKind::sum:
      kind = "sum";
      break;
    case otlpview::MetricKind::histogram:
      kind = "histogram";
      break;
    case otlpview::MetricKind::exponential_histogram:
      kind = "exponential histogram";
      break;
    case otlpview::MetricKind::summary:
      kind = "summary";
      break;
  }
  std::string what =
      std::string(kind) + " " + std::to_string(count) + (count == 1 ? " point" : " points");
  if (!last.empty()) what += ", last " + last + " " + std::string(metric.unit());
  Line line(time, Signal::metrics, service);
  line.add(metric.name()).add(what);
  for (const otlpview::PointView& point : metric.points()) {
    line.add(point.attributes());
    break;  // one point's attributes tell the shape of all
  }
  return line.done();
}

template <typename View>
void show_all(otlpview::Bytes body, const std::function<void(std::string_view)>& line) {
  for (const auto& resource : View(body)) {
    const std::string_view service = resource.resource().service_name();
    for (const auto& scope : resource) {
      for (const auto& item : scope) line(show(item, service));
    }
  }
}

}  // namespace

void show_items(Signal signal, std::span<const std::byte> body,
                const std::function<void(std::string_view line)>& line) {
  switch (signal) {
    case Signal::traces:
      return show_all<otlpview::TracesView>(body, line);
    case Signal::metrics:
      return show_all<otlpview::MetricsView>(body, line);
    case Signal::logs:
      return show_all<otlpview::LogsView>(body, line);
    case Signal::profiles:
      return line(Line(0, signal, "").add(std::to_string(body.size()) + " bytes").done());
  }
}

}  // namespace gateway::query
