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
  EXPECT_NE(told("traces", "  filter: {spans: {include: {match_type: strict}}}", "filter")
                .find("processors.filter.spans: is not supported: write it as a condition"),
            std::string::npos);
}

}  // namespace
}  // namespace gateway::processor
