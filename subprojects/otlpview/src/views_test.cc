#include "otlpview/views.h"

#include <gtest/gtest.h>

#include "message_builder.h"

namespace otlpview {
namespace {

using namespace testing;  // NOLINT: the builders read like the messages they make

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Goal: a request is walked from resource to span. Method: two resources, three spans.
TEST(Views, WalkFromResourceToSpan) {
  Message body = envelope({span("a"), span("b").text(4, kSpanId)}, "shop");
  body.raw(Bytes(envelope({span("c")}, "bank").bytes()));
  std::string seen;
  for (const auto& resource : TracesView(body.bytes())) {
    seen += std::string(resource.resource().service_name()) + ":";
    for (const auto& scope : resource) {
      seen += std::string(scope.scope().name()) + ":";
      for (const SpanView& one : scope) {
        EXPECT_EQ(text_of(one.trace_id()), kTraceId);
        EXPECT_EQ(text_of(one.span_id()), kSpanId);
        EXPECT_EQ(one.kind(), 2);
        EXPECT_EQ(one.start_time_unix_nano(), 1U);
        EXPECT_EQ(one.end_time_unix_nano(), 2U);
        seen += std::string(one.name()) + (one.parent_span_id().empty() ? " " : "+ ");
      }
    }
  }
  EXPECT_EQ(seen, "shop:lib:a b+ bank:lib:c ");
}

// Goal: all of a span is reachable. Method: one span with everything.
TEST(Views, SpanShowsEventsLinksAndStatus) {
  Message full = span();
  full.text(3, "k=v").fixed32(16, 0xffffffff).len(15, Message().text(2, "broke").varint(3, 2));
  full.len(11, Message().fixed64(1, 7).text(2, "retry").len(3, key_value("n", int_value(3))));
  full.len(13, Message().text(1, kTraceId).text(2, kSpanId).len(4, key_value("l", int_value(4))));
  const SpanView view(full.bytes());
  EXPECT_EQ(view.trace_state(), "k=v");
  EXPECT_EQ(view.flags(), 0xffffffffU);
  EXPECT_EQ(view.status_code(), 2);
  EXPECT_EQ(view.status_message(), "broke");
  int seen = 0;
  for (const EventView& event : view.events()) {
    EXPECT_EQ(event.time_unix_nano(), 7U);
    EXPECT_EQ(event.name(), "retry");
    EXPECT_EQ(event.attributes().find("n")->as_integer(), 3);
    ++seen;
  }
  for (const LinkView& link : view.links()) {
    EXPECT_EQ(text_of(link.trace_id()), kTraceId);
    EXPECT_EQ(text_of(link.span_id()), kSpanId);
    EXPECT_EQ(link.attributes().find("l")->as_integer(), 4);
    ++seen;
  }
  EXPECT_EQ(seen, 2);
}

// Goal: every kind of value (W-15: an index outside of profiles is none). Method: one of each, and
// reading it as another kind.
TEST(Views, ValuesHaveTheirKind) {
  const auto kind = [](const Message& value) { return AnyValueView(value.bytes()).kind(); };
  EXPECT_EQ(kind(Message()), ValueKind::empty);
  EXPECT_EQ(kind(string_value("")), ValueKind::string);
  EXPECT_EQ(kind(Message().varint(2, 0)), ValueKind::boolean);
  EXPECT_EQ(kind(Message().varint(8, 7)), ValueKind::empty);            // W-15
  EXPECT_EQ(kind(string_value("x").varint(3, 1)), ValueKind::integer);  // W-04
  const Message integer = int_value(-5);
  EXPECT_EQ(AnyValueView(integer.bytes()).as_integer(), -5);
  EXPECT_EQ(AnyValueView(integer.bytes()).as_string(), "");
  EXPECT_EQ(AnyValueView(integer.bytes()).as_real(), 0);
  const Message real = Message().real(4, 2.5);
  EXPECT_EQ(AnyValueView(real.bytes()).as_real(), 2.5);
  const Message truth = Message().varint(2, 1);
  EXPECT_TRUE(AnyValueView(truth.bytes()).as_boolean());
  const Message blob = Message().text(7, "\x01\x02");
  EXPECT_EQ(AnyValueView(blob.bytes()).as_bytes().size(), 2U);
  const Message array =
      Message().len(5, Message().len(1, int_value(1)).len(1, string_value("two")));
  std::string seen;
  for (const AnyValueView& value : AnyValueView(array.bytes()).as_array()) {
    seen += value.kind() == ValueKind::integer ? "i" : std::string(value.as_string());
  }
  EXPECT_EQ(seen, "itwo");
  const Message map = Message().len(6, Message().len(1, key_value("k", int_value(9))));
  EXPECT_EQ(AnyValueView(map.bytes()).as_map().find("k")->as_integer(), 9);
  EXPECT_FALSE(AnyValueView(map.bytes()).as_map().find("absent").has_value());
  EXPECT_TRUE(AnyValueView(integer.bytes()).as_map().empty());
}

// Goal: W-04. Method: resource, scope, body and value in two fields each.
TEST(Views, W04SingularMessagesAreMerged) {
  const auto attribute = [](std::string_view key) {
    return Message().len(1, key_value(key, string_value(key)));
  };
  const Message record = Message().len(5, string_value("old")).len(5, string_value("new"));
  const Message scope = Message()
                            .len(1, Message().text(1, "lib"))
                            .len(2, record)
                            .len(1, Message().text(2, "1.0"))
                            .text(3, "url of scope");
  const Message body = Message().len(1, Message()
                                            .len(1, attribute("first"))
                                            .len(2, scope)
                                            .len(1, attribute("service.name"))
                                            .text(3, "url"));
  for (const auto& resource : LogsView(body.bytes())) {
    EXPECT_EQ(resource.schema_url(), "url");
    EXPECT_TRUE(resource.resource().attributes().find("first").has_value());
    EXPECT_EQ(resource.resource().service_name(), "service.name");
    for (const auto& one : resource) {
      EXPECT_EQ(one.schema_url(), "url of scope");
      EXPECT_EQ(one.scope().name(), "lib");
      EXPECT_EQ(one.scope().version(), "1.0");
      for (const LogRecordView& log : one) EXPECT_EQ(log.body().as_string(), "new");
    }
  }
  const Message pair = Message().len(2, string_value("old")).len(2, int_value(2)).text(1, "key");
  EXPECT_EQ(KeyValueView(pair.bytes()).key(), "key");
  EXPECT_EQ(KeyValueView(pair.bytes()).value().as_integer(), 2);
}

// Goal: all of a record. Method: one with everything.
TEST(Views, LogRecordShowsItsFields) {
  const Message record = Message()
                             .fixed64(1, 5)
                             .varint(2, 17)
                             .text(3, "ERROR")
                             .fixed32(8, 1)
                             .text(9, kTraceId)
                             .text(10, kSpanId)
                             .fixed64(11, 6)
                             .text(12, "device.app.lifecycle")
                             .len(6, key_value("k", string_value("v")));
  const LogRecordView view(record.bytes());
  EXPECT_EQ(view.time_unix_nano(), 5U);
  EXPECT_EQ(view.observed_time_unix_nano(), 6U);
  EXPECT_EQ(view.severity_number(), 17);
  EXPECT_EQ(view.severity_text(), "ERROR");
  EXPECT_EQ(view.event_name(), "device.app.lifecycle");
  EXPECT_EQ(text_of(view.trace_id()), kTraceId);
  EXPECT_EQ(text_of(view.span_id()), kSpanId);
  EXPECT_EQ(view.flags(), 1U);
  EXPECT_EQ(view.body().kind(), ValueKind::empty);
  EXPECT_EQ(view.attributes().find("k")->as_string(), "v");
}

// Goal: points of every kind. Method: one metric of each kind, attributes where that kind has them.
TEST(Views, MetricsShowTheirPoints) {
  const Message attribute = key_value("k", string_value("v"));
  const Message number = Message().fixed64(2, 1).fixed64(3, 5).len(7, attribute).varint(8, 1);
  const Message counted = Message().fixed64(2, 1).fixed64(3, 5).fixed64(4, 9).real(5, 2.5);
  const auto point = [&](std::uint32_t kind) {
    if (kind == 5) return Message(number).real(4, 1.5);
    if (kind == 7) return Message(number).fixed64(6, 3);
    if (kind == 9) return Message(counted).len(9, attribute).varint(10, 1);
    if (kind == 10) return Message(counted).len(1, attribute).varint(10, 1);
    return Message(counted).len(7, attribute).varint(8, 1);
  };
  for (const std::uint32_t kind : {5U, 7U, 9U, 10U, 11U}) {
    SCOPED_TRACE(kind);
    Message data = Message().len(1, point(kind)).len(1, point(kind));
    if (kind == 7 || kind == 9 || kind == 10) data.varint(2, 2);
    if (kind == 7) data.varint(3, 1);
    const Message metric =
        Message().text(1, "name").text(2, "words").text(3, "By").len(kind, data).len(12, attribute);
    const MetricView view(metric.bytes());
    EXPECT_EQ(view.name(), "name");
    EXPECT_EQ(view.description(), "words");
    EXPECT_EQ(view.unit(), "By");
    EXPECT_EQ(view.kind(), static_cast<MetricKind>(kind));
    EXPECT_EQ(view.is_monotonic(), kind == 7);
    EXPECT_EQ(view.aggregation_temporality(), kind == 5 || kind == 11 ? 0 : 2);
    EXPECT_TRUE(view.metadata().find("k").has_value());
    int points = 0;
    for (const PointView& one : view.points()) {
      ++points;
      EXPECT_EQ(one.start_time_unix_nano(), 1U);
      EXPECT_EQ(one.time_unix_nano(), 5U);
      EXPECT_EQ(one.flags(), 1U);
      EXPECT_EQ(one.attributes().find("k")->as_string(), "v");
      EXPECT_EQ(one.as_double(), kind == 5 ? std::optional(1.5) : std::nullopt);
      EXPECT_EQ(one.as_int(), kind == 7 ? std::optional<std::int64_t>(3) : std::nullopt);
      EXPECT_EQ(one.count(), kind >= 9 ? 9U : 0U);
      EXPECT_EQ(one.sum(), kind >= 9 ? std::optional(2.5) : std::nullopt);
    }
    EXPECT_EQ(points, 2);
  }
}

// Goal: W-04 inside a metric. Method: a sum, a gauge, a sum in two parts: only the last two count.
TEST(Views, W04OnlyTheLastKindOfDataIsSeen) {
  const Message sum = Message().len(1, number_point(1)).varint(2, 2).varint(3, 1);
  const Message metric = Message()
                             .len(7, sum)
                             .len(5, sum)
                             .len(7, Message().len(1, number_point(2)))
                             .len(7, Message().len(1, number_point(3)).varint(2, 1));
  const MetricView view(metric.bytes());
  EXPECT_EQ(view.kind(), MetricKind::sum);
  EXPECT_EQ(view.aggregation_temporality(), 1);
  EXPECT_FALSE(view.is_monotonic());
  double total = 0;
  for (const PointView& point : view.points()) total += *point.as_double();
  EXPECT_EQ(total, 5);
}

// Goal: damage ends a walk and nothing else. Method: every prefix and flipped bit of a body.
TEST(Views, AnyBytesAreSafe) {
  const auto bytes =
      envelope({span().len(9, key_value("k", string_value("v"))).len(11, Message().text(2, "e"))})
          .bytes();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    std::size_t seen = 0;
    for (const auto& resource : TracesView(Bytes(flipped).first(bit / 8 + 1))) {
      seen += resource.resource().service_name().size();
      for (const auto& scope : resource) {
        for (const SpanView& one : scope) {
          for (const KeyValueView& pair : one.attributes()) seen += pair.key().size();
        }
      }
    }
    EXPECT_LE(seen, bytes.size());
  }
}

}  // namespace
}  // namespace otlpview
