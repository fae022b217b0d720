#include "processor/testing/processor_test_case.h"

namespace gateway::processor {
namespace {

using namespace testing;  // NOLINT: the test case's words

// Goal: what meets a condition goes, the rest keeps its bytes, and the count is of what is left.
TEST(Filter, SpansThatMeetAConditionGo) {
  const Body before = envelope({span("GET /health"),
                                span_with({{"k", int_value(5)}}, "GET /orders"), span("POST /pay")})
                          .bytes();
  const Outcome after = outcome(Signal::traces, "filter",
                                "    traces:\n"
                                "      span:\n"
                                "        - name == \"GET /health\"\n"
                                "        - attributes[\"k\"] == 5 and kind == SPAN_KIND_SERVER\n",
                                before);
  EXPECT_EQ(after.item_count, 1U);
  EXPECT_EQ(after.body, envelope({span("POST /pay")}).bytes());
}

// Goal: a body of which nothing is dropped is handed on as it is, not copied.
TEST(Filter, ABodyThatStaysIsNotCopied) {
  const Body before = envelope({span("a"), span("b")}).bytes();
  const Outcome after =
      outcome(Signal::traces, "filter", "    traces: {span: ['name == \"c\"']}\n", before);
  EXPECT_TRUE(after.is_same_memory);
  EXPECT_EQ(after.item_count, 2U);
}

TEST(Filter, ABodyMayGoWhole) {
  const Body before = envelope({span("a"), span("a")}).bytes();
  const Outcome after =
      outcome(Signal::traces, "filter", "    traces: {span: ['name == \"a\"']}\n", before);
  EXPECT_EQ(after.item_count, 0U);
}

// Goal: a resource takes all its items with it.
TEST(Filter, ResourcesGoWithTheirItems) {
  Body before = envelope({span("a"), span("b")}, "noisy").bytes();
  const Body other = envelope({span("c")}, "shop").bytes();
  before.insert(before.end(), other.begin(), other.end());
  const Outcome after = outcome(
      Signal::traces, "filter",
      "    traces: {resource: ['IsMatch(attributes[\"service.name\"], \"^noi\")']}\n", before);
  EXPECT_EQ(after.item_count, 1U);
  EXPECT_EQ(after.body, other);
}

TEST(Filter, LogRecordsBySeverityBodyAndResource) {
  const Body before = envelope({log_with({}, "keep", 17), log_with({}, "debug", 5),
                                log_with({}, "secret plan", 17)})
                          .bytes();
  const Outcome after = outcome(Signal::logs, "filter",
                                "    logs:\n"
                                "      log_record:\n"
                                "        - severity_number < SEVERITY_NUMBER_INFO\n"
                                "        - IsMatch(body, \"secret\")\n"
                                "        - resource.attributes[\"service.name\"] != \"shop\"\n",
                                before);
  EXPECT_EQ(after.item_count, 1U);
  EXPECT_EQ(after.body, envelope({log_with({}, "keep", 17)}).bytes());
}

// Goal: points go one by one, and their metric with the last; metrics go whole.
TEST(Filter, PointsAndMetrics) {
  const Body before = envelope({gauge({number_point(1), number_point(2)}, "cpu"),
                                gauge({number_point(1)}, "disk"), gauge({number_point(9)}, "mem")})
                          .bytes();
  const Outcome points =
      outcome(Signal::metrics, "filter",
              "    metrics:\n"
              "      datapoint: ['metric.name != \"mem\" and value_double == 1']\n",
              before);
  EXPECT_EQ(points.item_count, 2U);
  EXPECT_EQ(points.body,
            envelope({gauge({number_point(2)}, "cpu"), gauge({number_point(9)}, "mem")}).bytes());
  const Outcome metrics = outcome(
      Signal::metrics, "filter",
      "    metrics: {metric: ['type == METRIC_DATA_TYPE_GAUGE and IsMatch(name, \"^[cd]\")']}\n",
      before);
  EXPECT_EQ(metrics.item_count, 1U);
  EXPECT_EQ(metrics.body, envelope({gauge({number_point(9)}, "mem")}).bytes());
}

// Goal: the newer form, whose paths name their context.
TEST(Filter, ConditionsThatNameTheirContext) {
  const Body before = envelope({span("a"), span("b")}, "shop").bytes();
  const Outcome spans = outcome(Signal::traces, "filter",
                                "    error_mode: ignore\n"
                                "    trace_conditions: ['span.name == \"a\"']\n",
                                before);
  EXPECT_EQ(spans.body, envelope({span("b")}, "shop").bytes());
  const Outcome resources = outcome(
      Signal::traces, "filter",
      "    trace_conditions: ['resource.attributes[\"service.name\"] == \"shop\"']\n", before);
  EXPECT_EQ(resources.item_count, 0U);
}

TEST(Filter, EventsGoFromTheirSpan) {
  const Message event = Message().fixed64(1, 5).text(2, "noise");
  const Body before = envelope({Message(span()).len(11, event)}).bytes();
  const Outcome after = outcome(
      Signal::traces, "filter",
      "    traces: {spanevent: ['name == \"noise\" and span.name == \"GET /\"']}\n", before);
  EXPECT_EQ(after.item_count, 1U);
  EXPECT_EQ(after.body, envelope({span()}).bytes());
}

// Goal: what is wrong is told where it stands, with what was meant.
TEST(Filter, MistakesAreTold) {
  const auto told_of = [](std::string_view condition) {
    return told("traces",
                "  filter:\n    traces:\n      span:\n        - " + std::string(condition),
                "filter");
  };
  EXPECT_EQ(
      told_of("nam == \"x\""),
      "gateway.yaml:7:11: error: processors.filter.traces.span: there is no path `nam` in the "
      "context span; did you mean `name`?, at `nam == \"x\"`\n");
  EXPECT_EQ(
      told_of("IsMach(name, \"x\")"),
      "gateway.yaml:7:11: error: processors.filter.traces.span: there is no converter `IsMach`; "
      "did you mean `IsMatch`?, at `IsMach(name, \"x\")`\n");
  EXPECT_EQ(told_of("IsMatch(name, \"(\")"),
            "gateway.yaml:7:11: error: processors.filter.traces.span: not a regular expression: "
            "missing ): (, at `\"(\")`\n");
  EXPECT_EQ(told_of("status.code == STATUS_CODE_EROR"),
            "gateway.yaml:7:11: error: processors.filter.traces.span: there is no enumeration "
            "`STATUS_CODE_EROR`; did you mean `STATUS_CODE_ERROR`?, at `STATUS_CODE_EROR`\n");
  EXPECT_EQ(told_of("name"),
            "gateway.yaml:7:11: error: processors.filter.traces.span: a condition, such as a "
            "comparison or IsMatch(...), is wanted here, at `name`\n");
  EXPECT_EQ(told("traces", "  filter: {spans: {include: {match_type: strict}}}", "filter"),
            "gateway.yaml:4:29: error: processors.filter.spans.include: names nothing to match\n");
  EXPECT_EQ(
      told("traces",
           "  filter: {spans: {include: {match_type: regexp, span_names: ['(']}}, traces: {}}",
           "filter"),
      "gateway.yaml:4:19: error: processors.filter.spans: not a regular expression: missing ): "
      "(\n");
  EXPECT_NE(
      told("traces", "  filter: {trace_conditions: [{context: log, conditions: [a]}]}", "filter")
          .find("`log` is not possible here; possible are resource, scope, span"),
      std::string::npos);
  EXPECT_NE(told("traces", "  filter: {trace_conditions: [{context: span}]}", "filter")
                .find("`conditions` is missing"),
            std::string::npos);
}

// Goal: the older form of spans: what is not included goes, and what is excluded. Method: both, by
// service, name and attribute; all properties must be met.
TEST(Filter, SpansByIncludeAndExclude) {
  Body before = envelope({span("GET /health"), span("GET /orders"),
                          span_with({{"k", int_value(5)}}, "GET /health")})
                    .bytes();
  const Body other = envelope({span("GET /orders")}, "other").bytes();
  before.insert(before.end(), other.begin(), other.end());
  const Outcome after = outcome(Signal::traces, "filter",
                                "    spans:\n"
                                "      include: {match_type: strict, services: [shop]}\n"
                                "      exclude:\n"
                                "        match_type: regexp\n"
                                "        span_names: [\"^GET /health\"]\n"
                                "        attributes: [{key: k}]\n",
                                before);
  EXPECT_EQ(after.body, envelope({span("GET /health"), span("GET /orders")}).bytes());
  EXPECT_EQ(after.item_count, 2U);
}

// Goal: the older form of metrics: of `exclude` the resource or the name is enough, of `include`
// both are needed. Method: two resources, two names.
TEST(Filter, MetricsByIncludeAndExclude) {
  const auto cpu = gauge({number_point(1)}, "cpu");
  const auto disk = gauge({number_point(1)}, "disk");
  Body before = envelope({cpu, disk}, "shop").bytes();
  const Body other = envelope({cpu, disk}, "other").bytes();
  before.insert(before.end(), other.begin(), other.end());
  const std::string properties =
      "{match_type: strict, metric_names: [cpu], "
      "resource_attributes: [{key: service.name, value: other}]}\n";
  EXPECT_EQ(
      processed(Signal::metrics, "filter", "    metrics: {exclude: " + properties + "}", before),
      envelope({disk}, "shop").bytes());
  EXPECT_EQ(
      processed(Signal::metrics, "filter", "    metrics: {include: " + properties + "}", before),
      envelope({cpu}, "other").bytes());
}

// Goal: the older form of logs. Method: a lowest severity, by name and by number; bodies.
TEST(Filter, LogRecordsByIncludeAndExclude) {
  const Body before =
      envelope({log_with({}, "fine", 9), log_with({}, "bad", 17), log_with({}, "odd", 0)}).bytes();
  const auto kept = [&](const std::string& yaml) {
    return processed(Signal::logs, "filter", "    logs: {" + yaml + "}", before);
  };
  for (const std::string min : {"ERROR", "error", "13", "WARN4"}) {
    const std::string yaml = "include: {match_type: strict, severity_number: {min: " + min;
    EXPECT_EQ(kept(yaml + "}}"), envelope({log_with({}, "bad", 17)}).bytes());
    EXPECT_EQ(kept(yaml + ", match_undefined: true}}"),
              envelope({log_with({}, "bad", 17), log_with({}, "odd", 0)}).bytes());
  }
  EXPECT_EQ(kept("exclude: {match_type: regexp, bodies: [\"^(fine|odd)$\"]}"),
            envelope({log_with({}, "bad", 17)}).bytes());
}

// Goal: the newest form, maps with a context.
TEST(Filter, ConditionsBelowAContext) {
  const Body before = envelope({span("a"), span("b"), span("c")}).bytes();
  EXPECT_EQ(processed(Signal::traces, "filter",
                      "    trace_conditions:\n"
                      "      - context: span\n"
                      "        conditions: ['name == \"a\"']\n"
                      "      - conditions: ['span.name == \"c\"']\n",
                      before),
            envelope({span("b")}).bytes());
}

}  // namespace
}  // namespace gateway::processor
