#include <limits>

#include "processor/testing/processor_test_case.h"

namespace gateway::processor {
namespace {

using namespace testing;  // NOLINT: the test case's words

// One span through statements of the context span.
Body transformed(const std::vector<std::string>& statements, const Message& before) {
  std::string yaml = "    trace_statements:\n      - context: span\n        statements:\n";
  for (const std::string& it : statements) yaml += "          - '" + it + "'\n";
  return processed(Signal::traces, "transform", yaml, envelope({before}).bytes());
}
Body one(const Message& item) { return envelope({item}).bytes(); }

TEST(Transform, FieldsAreSet) {
  EXPECT_EQ(transformed({R"(set(name, "POST /"))", "set(kind, SPAN_KIND_CLIENT)",
                         "set(start_time_unix_nano, end_time_unix_nano - 1)",
                         R"(set(status.message, "broken"))", "set(status.code, STATUS_CODE_ERROR)"},
                        span("GET /")),
            one(Message()
                    .text(1, otlpview::testing::kTraceId)
                    .text(2, otlpview::testing::kSpanId)
                    .text(5, "POST /")
                    .varint(6, 3)
                    .fixed64(7, 1)
                    .fixed64(8, 2)
                    .len(15, Message().text(2, "broken").varint(3, 2))));
}

TEST(Transform, AttributesAreSetFromValuesOfEveryKind) {
  EXPECT_EQ(
      transformed(
          {R"(set(attributes["a"], attributes["n"] * 2 + 1))",
           R"(set(attributes["b"], Concat([name, attributes["n"], kind.string], "-")))",
           R"(set(attributes["c"], attributes["none"]))", R"(set(attributes["e"], Double("1.5")))",
           R"(set(attributes["f"], resource.attributes["service.name"]))",
           R"(set(attributes["g"], ToUpperCase(scope.name)) where true)"},
          span_with({{"n", int_value(3)}})),
      one(span_with({{"n", int_value(3)},
                     {"a", int_value(7)},
                     {"b", string_value("GET /-3-Server")},
                     {"e", real_value(1.5)},
                     {"f", string_value("shop")},
                     {"g", string_value("LIB")}})));
}

TEST(Transform, KeysAreDeletedAndKept) {
  const Message before = span_with({{"a", int_value(1)}, {"b", int_value(2)}, {"c", int_value(3)}});
  EXPECT_EQ(transformed({R"(delete_key(attributes, "a"))"}, before),
            one(span_with({{"b", int_value(2)}, {"c", int_value(3)}})));
  EXPECT_EQ(transformed({R"(keep_keys(attributes, ["a", "c"]))"}, before),
            one(span_with({{"a", int_value(1)}, {"c", int_value(3)}})));
  EXPECT_EQ(transformed({R"(delete_matching_keys(attributes, "[ab]"))"}, before),
            one(span_with({{"c", int_value(3)}})));
  EXPECT_EQ(transformed({R"(keep_matching_keys(attributes, "[ab]"))"}, before),
            one(span_with({{"a", int_value(1)}, {"b", int_value(2)}})));
  EXPECT_EQ(transformed({R"(limit(attributes, 2, ["c"]))"}, before),
            one(span_with({{"a", int_value(1)}, {"c", int_value(3)}})));
}

TEST(Transform, PatternsAreReplaced) {
  EXPECT_EQ(
      transformed(
          {R"x(replace_pattern(name, "/([0-9]+)", "/{$$1}"))x",
           R"x(replace_pattern(attributes["u"], "(?P<user>[a-z]+)@(?<host>[a-z]+)", "$${host}:$$user"))x",
           R"x(replace_all_patterns(attributes, "value", "secret", "***"))x"},
          span_with({{"u", string_value("me@shop")}, {"k", string_value("a secret")}},
                    "GET /17/a/4")),
      one(span_with({{"u", string_value("shop:me")}, {"k", string_value("a ***")}},
                    "GET /{17}/a/{4}")));
}

// Goal: texts are cut between characters, so that they stay UTF-8.
TEST(Transform, TextsAreCutBetweenCharacters) {
  EXPECT_EQ(
      transformed({"truncate_all(attributes, 3)"}, span_with({{"a", string_value("abcdef")},
                                                              {"b", string_value("ab\xc3\xbc")},
                                                              {"c", string_value("abc")},
                                                              {"n", int_value(12345)}})),
      one(span_with({{"a", string_value("abc")},
                     {"b", string_value("ab")},
                     {"c", string_value("abc")},
                     {"n", int_value(12345)}})));
}

TEST(Transform, ConditionsHoldForTheirGroup) {
  const std::string yaml =
      "    trace_statements:\n"
      "      - context: span\n"
      "        conditions: ['name == \"a\"', 'name == \"b\"']\n"
      "        statements: ['set(attributes[\"x\"], 1) where kind == SPAN_KIND_SERVER']\n"
      "      - set(resource.attributes[\"seen\"], true)\n";
  Message resource = Message().len(1, key_value("service.name", string_value("shop")));
  resource.len(1, key_value("seen", bool_value(true)));
  const Message scope = Message()
                            .len(1, Message().text(1, "lib"))
                            .len(2, span_with({{"x", int_value(1)}}, "a"))
                            .len(2, span("c"));
  EXPECT_EQ(processed(Signal::traces, "transform", yaml, envelope({span("a"), span("c")}).bytes()),
            Message().len(1, Message().len(1, resource).len(2, scope)).bytes());
}

TEST(Transform, LogRecordsAndPoints) {
  EXPECT_EQ(
      processed(Signal::logs, "transform",
                "    log_statements:\n"
                "      - set(log.severity_text, \"ERROR\") where log.severity_number >= 17\n"
                "      - set(log.body, Concat([\"x\", log.body], \":\"))\n",
                envelope({log_with({}, "a", 17)}).bytes()),
      envelope({Message().fixed64(1, 5).varint(2, 17).len(5, string_value("x:a")).text(3, "ERROR")})
          .bytes());
  EXPECT_EQ(
      processed(
          Signal::metrics, "transform",
          "    metric_statements:\n"
          "      - set(datapoint.value_double, datapoint.value_double / 1000) where "
          "metric.name == \"ms\"\n"
          "      - set(metric.name, \"s\") where metric.name == \"ms\"\n",
          envelope({gauge({number_point(1500)}, "ms"), gauge({number_point(2)}, "b")}).bytes()),
      envelope({gauge({number_point(1.5)}, "s"), gauge({number_point(2)}, "b")}).bytes());
}

// Goal: the texts and numbers that the Collector's OTTL gives. tests/interop holds more beside it.
TEST(Transform, ValuesAreTheCollectors) {
  const Message tree = Message().len(
      6, Message()
             .len(1, key_value("z", Message().len(
                                        5, Message().len(1, Message()).len(1, bool_value(true)))))
             .len(1, key_value("a", string_value("<\"\n\x01"))));
  EXPECT_EQ(transformed({R"(set(attributes["x"], Concat([attributes["none"], 1], " ")))"}, span()),
            one(span_with({{"x", string_value("<nil> 1")}})));
  EXPECT_EQ(transformed({R"(set(attributes["x"], 9223372036854775807 + 1))"}, span()),
            one(span_with({{"x", int_value(std::numeric_limits<std::int64_t>::min())}})));
  EXPECT_EQ(transformed({R"(set(attributes["x"], Int("+7")))"}, span()),
            one(span_with({{"x", int_value(7)}})));
  const auto as_text = [](const Message& value) {
    return transformed({R"(set(attributes["k"], String(attributes["k"])))"},
                       span_with({{"k", value}}));
  };
  const auto text = [](std::string_view value) {
    return one(span_with({{"k", string_value(value)}}));
  };
  EXPECT_EQ(as_text(tree), text(R"({"a":"\u003c\"\n\u0001","z":[null,true]})"));
  EXPECT_EQ(as_text(real_value(1e20)), text("100000000000000000000"));
  EXPECT_EQ(as_text(real_value(-1.5e21)), text("-1.5e+21"));
  EXPECT_EQ(as_text(real_value(0.000012)), text("0.000012"));
  EXPECT_EQ(as_text(real_value(1e-7)), text("1e-07"));
}

// Goal: `value_int` of a point that holds a real is 0, and setting it makes it an integer.
TEST(Transform, AValueOfTheOtherTypeIsZero) {
  EXPECT_EQ(processed(Signal::metrics, "transform",
                      "    metric_statements: ['set(datapoint.value_int, datapoint.value_int + "
                      "3)']\n",
                      envelope({gauge({number_point(1.5)})}).bytes()),
            envelope({gauge({Message().fixed64(3, 5).fixed64(6, 3)})}).bytes());
  // An integer is no real.
  EXPECT_TRUE(outcome(Signal::metrics, "transform",
                      "    metric_statements: ['set(datapoint.value_double, 3)']\n",
                      envelope({gauge({number_point(1.5)})}).bytes())
                  .is_same_memory);
}

// Goal: a statement that cannot be done changes nothing. Method: types that do not fit.
TEST(Transform, WhatDoesNotFitChangesNothing) {
  const Message before = span_with({{"t", string_value("text")}});
  EXPECT_EQ(transformed({R"(set(name, 5))", R"(set(kind, "x"))",
                         R"(set(attributes["x"], attributes["t"] + 1))",
                         R"(set(attributes["x"], Int("9z")))", R"(set(attributes["x"], 1 / 0))",
                         R"(set(attributes["x"], Len(5)))", R"(set(attributes["x"], SHA256(5)))",
                         R"(set(attributes["x"], HasPrefix(5, "5")))",
                         R"(set(attributes["x"], HasSuffix(5, "5")))",
                         R"(set(attributes["x"], attributes["t"]["inner"]))",
                         R"(replace_pattern(attributes["none"], "a", "b"))"},
                        before),
            one(before));
}

}  // namespace
}  // namespace gateway::processor
