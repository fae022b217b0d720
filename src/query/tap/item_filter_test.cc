#include "query/tap/item_filter.h"

#include <cstring>

#include <gtest/gtest.h>

#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "query/tap/item_text.h"

namespace gateway::query {
namespace {

namespace otlp = opentelemetry::proto;
using Traces = otlp::collector::trace::v1::ExportTraceServiceRequest;
using Logs = otlp::collector::logs::v1::ExportLogsServiceRequest;
using Metrics = otlp::collector::metrics::v1::ExportMetricsServiceRequest;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

template <typename Attributes>
void add_text(Attributes* attributes, const char* key, const char* value) {
  auto* attribute = attributes->Add();
  attribute->set_key(key);
  attribute->mutable_value()->set_string_value(value);
}

// Two services; shop has spans "GET /a" and "GET /b" in one scope and "PUT /c" in another.
std::string traces() {
  Traces request;
  const auto add_span = [](auto* scope, const std::string& name, char trace) {
    auto* span = scope->add_spans();
    span->set_trace_id(std::string(16, trace));
    span->set_span_id("12345678");
    span->set_name(name);
    span->set_kind(otlp::trace::v1::Span::SPAN_KIND_SERVER);
    span->set_start_time_unix_nano(36'300'123'000'000);
    span->set_end_time_unix_nano(36'300'135'500'000);
    auto* status = span->add_attributes();
    status->set_key("http.status");
    status->mutable_value()->set_int_value(name == "PUT /c" ? 500 : 200);
    return span;
  };
  auto* shop = request.add_resource_spans();
  shop->set_schema_url("https://example.com/schema");
  add_text(shop->mutable_resource()->mutable_attributes(), "service.name", "shop");
  add_text(shop->mutable_resource()->mutable_attributes(), "zone", "a");
  auto* first = shop->add_scope_spans();
  first->mutable_scope()->set_name("lib");
  add_span(first, "GET /a", 'a');
  add_span(first, "GET /b", 'b');
  add_span(shop->add_scope_spans(), "PUT /c", 'a')
      ->mutable_status()
      ->set_code(otlp::trace::v1::Status::STATUS_CODE_ERROR);
  auto* cart = request.add_resource_spans();
  add_text(cart->mutable_resource()->mutable_attributes(), "service.name", "cart");
  add_span(cart->add_scope_spans(), "GET /d", 'd');
  return request.SerializeAsString();
}

ItemFilter filter_of(const std::vector<std::pair<const char*, const char*>>& conditions) {
  ItemFilter filter;
  for (const auto& [name, value] : conditions) {
    const auto added = add_condition(name, value, filter);
    EXPECT_TRUE(added.has_value()) << (added ? "" : added.error());
  }
  return filter;
}

std::vector<std::string> names(const ItemFilter& filter, const std::string& body) {
  std::vector<std::byte> kept;
  const std::size_t count = narrow(filter, Signal::traces, bytes_of(body), kept);
  Traces request;
  EXPECT_TRUE(request.ParseFromArray(kept.data(), static_cast<int>(kept.size())));
  std::vector<std::string> found;
  for (const auto& resource : request.resource_spans()) {
    EXPECT_TRUE(resource.has_resource());
    for (const auto& scope : resource.scope_spans()) {
      for (const auto& span : scope.spans()) found.push_back(span.name());
    }
  }
  EXPECT_EQ(found.size(), count);
  EXPECT_EQ(matches(filter, Signal::traces, bytes_of(body)), count != 0);
  return found;
}

// Goal: each condition finds what it says. Method: one after the other, and several at once.
TEST(ItemFilter, EachConditionFindsItsSpans) {
  const std::string body = traces();
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(filter_of({}), body), (Names{"GET /a", "GET /b", "PUT /c", "GET /d"}));
  EXPECT_EQ(names(filter_of({{"service", "cart"}}), body), Names{"GET /d"});
  EXPECT_EQ(names(filter_of({{"resource", "zone=a"}, {"name", "PUT*"}}), body), Names{"PUT /c"});
  EXPECT_EQ(names(filter_of({{"name", "*/b"}}), body), Names{"GET /b"});
  EXPECT_EQ(names(filter_of({{"name", "G*T*/*"}}), body), (Names{"GET /a", "GET /b", "GET /d"}));
  EXPECT_EQ(names(filter_of({{"name", "GET"}}), body), Names{});
  EXPECT_EQ(names(filter_of({{"attribute", "http.status=500"}}), body), Names{"PUT /c"});
  EXPECT_EQ(names(filter_of({{"trace_id", "61616161616161616161616161616161"}}), body),
            (Names{"GET /a", "PUT /c"}));
  EXPECT_EQ(names(filter_of({{"severity", "warn"}}), body), Names{});
  EXPECT_EQ(names(filter_of({{"signal", "logs,metrics"}}), body), Names{});
}

// Goal: what is kept whole stays byte for byte. Method: no condition, and one that holds for all.
TEST(ItemFilter, NothingElseIsChanged) {
  const std::string body = traces() + std::string("\xc2\xb8\x02\x07unknown");
  for (const ItemFilter& filter : {filter_of({}), filter_of({{"name", "*"}})}) {
    std::vector<std::byte> kept;
    EXPECT_EQ(narrow(filter, Signal::traces, bytes_of(body), kept), 4U);
    ASSERT_EQ(kept.size(), body.size());
    EXPECT_EQ(std::memcmp(kept.data(), body.data(), body.size()), 0);
  }
}

// Goal: log records by severity, metrics by name and by any point. Method: two of each.
TEST(ItemFilter, LogRecordsAndMetricsHaveConditionsOfTheirOwn) {
  Logs logs;
  auto* scope = logs.add_resource_logs()->add_scope_logs();
  scope->add_log_records()->set_severity_number(otlp::logs::v1::SEVERITY_NUMBER_INFO);
  scope->add_log_records()->set_severity_number(otlp::logs::v1::SEVERITY_NUMBER_ERROR2);
  const std::string log_body = logs.SerializeAsString();
  std::vector<std::byte> kept;
  EXPECT_EQ(narrow(filter_of({{"severity", "error"}}), Signal::logs, bytes_of(log_body), kept), 1U);
  EXPECT_EQ(narrow(filter_of({{"severity", "9"}}), Signal::logs, bytes_of(log_body), kept), 2U);

  Metrics metrics;
  auto* metric_scope = metrics.add_resource_metrics()->add_scope_metrics();
  for (const char* name : {"queue.length", "cpu.time"}) {
    auto* metric = metric_scope->add_metrics();
    metric->set_name(name);
    metric->mutable_gauge()->add_data_points();
    add_text(metric->mutable_gauge()->add_data_points()->mutable_attributes(), "of", name);
  }
  const std::string body = metrics.SerializeAsString();
  const auto count = [&](const ItemFilter& filter) {
    kept.clear();
    return narrow(filter, Signal::metrics, bytes_of(body), kept);
  };
  EXPECT_EQ(count(filter_of({{"name", "queue.*"}})), 1U);
  EXPECT_EQ(count(filter_of({{"attribute", "of=cpu.time"}})), 1U);
  EXPECT_EQ(count(filter_of({{"attribute", "of=nothing"}})), 0U);
  EXPECT_EQ(count(filter_of({{"severity", "info"}})), 0U);
}

// Goal: a value that is none is told. Method: one mistake of each kind.
TEST(ItemFilter, MistakesAreTold) {
  for (const auto& [name, value] : std::vector<std::pair<const char*, const char*>>{
           {"signal", "spans"},
           {"resource", "novalue"},
           {"attribute", "=x"},
           {"severity", "loud"},
           {"severity", "25"},
           {"trace_id", "61"},
           {"trace_id", "6161616161616161616161616161616g"},
           {"colour", "red"}}) {
    ItemFilter filter;
    EXPECT_FALSE(add_condition(name, value, filter).has_value()) << name << "=" << value;
  }
}

// Goal: damaged bytes are walked to their damage, no further. Method: every prefix.
TEST(ItemFilter, EveryPrefixOfABodyIsSafe) {
  const std::string body = traces();
  const ItemFilter filter = filter_of({{"name", "PUT*"}});
  for (std::size_t size = 0; size < body.size(); ++size) {
    const std::string prefix = body.substr(0, size);
    std::vector<std::byte> kept;
    static_cast<void>(narrow(filter, Signal::traces, bytes_of(prefix), kept));
    static_cast<void>(matches(filter, Signal::traces, bytes_of(prefix)));
    show_items(Signal::traces, bytes_of(prefix), [](std::string_view) {});
  }
}

// Goal: a span reads well on a line. Method: the first and the failed one.
TEST(ItemText, ASpanIsOneLine) {
  std::vector<std::string> lines;
  const std::string body = traces();
  show_items(Signal::traces, bytes_of(body),
             [&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0],
            "10:05:00.123 traces  shop  GET /a  server 12.50ms  "
            "trace=61616161616161616161616161616161  span=3132333435363738 http.status=200");
  EXPECT_NE(lines[2].find("12.50ms error"), std::string::npos) << lines[2];
}

// Goal: what a sender wrote cannot break the line or the terminal, nor flood it. Method: a log
// record with control characters and a very long body.
TEST(ItemText, ALineIsOneLineWhateverIsInIt) {
  Logs logs;
  auto* scope = logs.add_resource_logs()->add_scope_logs();
  auto* record = scope->add_log_records();
  record->set_severity_text("IN\nFO\x1b[2J");
  record->set_event_name("paid");
  record->mutable_body()->set_string_value("hello");
  auto* large = scope->add_log_records();
  large->set_severity_number(otlp::logs::v1::SEVERITY_NUMBER_WARN2);
  for (int i = 0; i < 1000; ++i) large->mutable_body()->mutable_string_value()->append("\xc3\xa4");
  const std::string body = logs.SerializeAsString();
  std::vector<std::string> lines;
  show_items(Signal::logs, bytes_of(body),
             [&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "00:00:00.000 logs    -  IN FO [2J  paid  \"hello\"");
  EXPECT_TRUE(lines[1].starts_with("00:00:00.000 logs    -  WARN  \"\xc3\xa4")) << lines[1];
  EXPECT_LE(lines[1].size(), kItemLineSizeBytesMax + 3);
  EXPECT_TRUE(lines[1].ends_with("\xc3\xa4...")) << lines[1];
}

// Goal: a metric shows kind, points and the last value. Method: a gauge and a histogram.
TEST(ItemText, AMetricShowsItsKindAndItsLastValue) {
  Metrics metrics;
  auto* scope = metrics.add_resource_metrics()->add_scope_metrics();
  auto* gauge = scope->add_metrics();
  gauge->set_name("queue.length");
  gauge->set_unit("{item}");
  gauge->mutable_gauge()->add_data_points()->set_as_int(3);
  gauge->mutable_gauge()->add_data_points()->set_as_int(7);
  auto* histogram = scope->add_metrics();
  histogram->set_name("latency");
  histogram->set_unit("s");
  auto* point = histogram->mutable_histogram()->add_data_points();
  point->set_count(4);
  point->set_sum(2.5);
  const std::string body = metrics.SerializeAsString();
  std::vector<std::string> lines;
  show_items(Signal::metrics, bytes_of(body),
             [&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "00:00:00.000 metrics -  queue.length  gauge 2 points, last 7 {item}");
  EXPECT_EQ(lines[1], "00:00:00.000 metrics -  latency  histogram 1 point, last count 4 sum 2.5 s");
}

}  // namespace
}  // namespace gateway::query
