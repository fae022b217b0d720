#include "otlpview/check.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "check_internal.h"
#include "message_builder.h"
#include "otlpview/count.h"

namespace otlpview {
namespace {

using namespace testing;  // NOLINT: the builders read like the messages they make

// Both walks over the same bytes; they must agree to the last field.
Result<CheckReport, CheckFailure> check_both(Signal signal, const Message& body,
                                             const CheckLimits& limits = {}) {
  const auto fast = check(signal, body.bytes(), limits);
  const auto general = internal::check_by_general_walk(signal, body.bytes(), limits);
  EXPECT_EQ(fast.has_value(), general.has_value());
  if (fast.has_value() && general.has_value()) {
    EXPECT_EQ(fast->item_count, general->item_count);
    EXPECT_EQ(fast->rejected_count, general->rejected_count);
    EXPECT_EQ(fast->needs_rewrite, general->needs_rewrite);
    EXPECT_EQ(fast->first_reason, general->first_reason);
    EXPECT_EQ(fast->first_offset, general->first_offset);
  } else if (!fast.has_value() && !general.has_value()) {
    EXPECT_EQ(fast.error().code, general.error().code);
    EXPECT_EQ(fast.error().offset, general.error().offset);
  }
  return fast;
}

void expect_accepted(Signal signal, const Message& body, std::uint32_t items) {
  const auto report = check_both(signal, body);
  ASSERT_TRUE(report.has_value()) << name_of(report.error().code);
  EXPECT_EQ(report->item_count, items);
  EXPECT_EQ(report->rejected_count, 0U) << name_of(report->first_reason);
  EXPECT_FALSE(report->needs_rewrite);
}

void expect_rejected(Signal signal, const Message& body, std::uint32_t items,
                     std::uint32_t rejected, RejectReason reason) {
  const auto report = check_both(signal, body);
  ASSERT_TRUE(report.has_value()) << name_of(report.error().code);
  EXPECT_EQ(report->item_count, items);
  EXPECT_EQ(report->rejected_count, rejected);
  EXPECT_EQ(name_of(report->first_reason), name_of(reason));
  EXPECT_TRUE(report->needs_rewrite);
}

void expect_refused(Signal signal, const Message& body, CheckErrc code) {
  const auto report = check_both(signal, body);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(name_of(report.error().code), name_of(code));
}

Message in_span(const Message& field) { return envelope({span().raw(field.bytes())}); }
Message nested_arrays(int count) {
  Message value = int_value(1);
  for (int i = 0; i < count; ++i) value = Message().len(5, Message().len(1, value));
  return value;
}

// Goal: G-14. Method: nothing, and envelopes around nothing.
TEST(Check, EmptyRequestsAreAcceptedAndCountZero) {
  for (const Signal signal : {Signal::traces, Signal::metrics, Signal::logs, Signal::profiles}) {
    expect_accepted(signal, Message(), 0);
    expect_accepted(signal, Message().len(1, Message()), 0);
    expect_accepted(signal, Message().len(1, Message().len(2, Message())), 0);
  }
}

// Goal: P-02. Method: three spans, three points in two metrics, two records.
TEST(Check, P02CountsSpansPointsAndRecords) {
  expect_accepted(Signal::traces, envelope({span(), span(), span()}), 3);
  expect_accepted(Signal::metrics,
                  envelope({gauge({number_point(1), number_point(2)}), gauge({number_point(3)})}),
                  3);
  expect_accepted(Signal::logs, envelope({Message(), Message().text(3, "INFO")}), 2);
}

// Goal: W-01. Method: every wire type under an unknown number, a group in a group.
TEST(Check, W01UnknownFieldsOfEveryWireTypeAreAccepted) {
  expect_accepted(Signal::traces,
                  in_span(Message()
                              .varint(500, 1)
                              .fixed64(501, 2)
                              .text(502, "\xff\xfe")
                              .fixed32(503, 3)
                              .raw("a3 1f 08 01 13 14 a4 1f")
                              .varint(kFieldNumberMax, 1)),
                  1);
}

// Goal: W-02. Method: each field of a span in another wire type than its own.
TEST(Check, W02AKnownFieldInAWrongWireTypeIsRefused) {
  for (std::uint32_t number = 1; number <= 16; ++number) {
    SCOPED_TRACE(number);
    const bool is_len = number <= 5 || number == 9 || number == 11 || number == 13 || number == 15;
    expect_refused(Signal::traces,
                   in_span(is_len ? Message().fixed64(number, 1) : Message().text(number, "")),
                   CheckErrc::wrong_wire_type);
    std::vector<std::byte> group;
    append_tag(number, WireType::start_group, group);
    append_tag(number, WireType::end_group, group);
    expect_refused(Signal::traces, in_span(Message().raw(Bytes(group))),
                   CheckErrc::wrong_wire_type);
  }
}

// Goal: W-03. Method: one histogram point with its numbers packed, unpacked and both.
TEST(Check, W03RepeatedNumbersMayBePackedUnpackedOrMixed) {
  const Message head = Message().fixed64(3, 5).fixed64(4, 6);
  const Message packed_counts =
      Message().text(6, std::string_view("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 24));
  const Message unpacked_counts = Message().fixed64(6, 1).fixed64(6, 2).fixed64(6, 3);
  const Message mixed_counts =
      Message().fixed64(6, 1).text(6, std::string_view("\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 16));
  const Message bounds = Message().real(7, 1).real(7, 2);
  for (const Message& counts : {packed_counts, unpacked_counts, mixed_counts}) {
    const Message point = Message().raw(head.bytes()).raw(counts.bytes()).raw(bounds.bytes());
    expect_accepted(Signal::metrics, envelope({metric_with(9, {point})}), 1);
  }
}

// Goal: W-04. Method: everything singular twice: resource, scope, ids, a metric's data.
TEST(Check, W04TheLastOfAScalarAndOfAOneofCounts) {
  expect_accepted(Signal::traces, envelope({Message().text(1, "").raw(span().bytes())}), 1);
  expect_rejected(Signal::traces, envelope({span().text(1, "")}), 1, 1,
                  RejectReason::invalid_trace_id);
  const Message resource = Message().len(1, Message()).len(1, Message());
  expect_accepted(Signal::traces, Message().len(1, resource), 0);
  // Two sums merge, and the second brings the temporality.
  const Message points = Message().len(1, number_point(1));
  expect_accepted(Signal::metrics,
                  envelope({Message().len(7, points).len(7, Message().varint(2, 1))}), 1);
  // A gauge, then a sum: the gauge is gone, and must not be forwarded.
  const auto report = check_both(
      Signal::metrics,
      envelope({Message().len(5, points).len(7, Message().varint(2, 1).raw(points.bytes()))}));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->item_count, 1U);
  EXPECT_TRUE(report->needs_rewrite);
}

// Goal: W-06. Method: the resource behind the spans it describes, its text broken.
TEST(Check, W06FieldsMayComeInAnyOrder) {
  const Message scope = Message().len(2, span());
  const Message good = Message().len(1, key_value("k", string_value("v")));
  const Message bad = Message().len(1, key_value("k", string_value("\xff")));
  expect_accepted(Signal::traces, Message().len(1, Message().len(2, scope).len(1, good)), 1);
  expect_rejected(Signal::traces, Message().len(1, Message().len(2, scope).len(1, bad)), 1, 1,
                  RejectReason::invalid_utf8);
}

// Goal: W-07. Method: the tag of a span's name in three bytes; a varint of 11.
TEST(Check, W07PaddedVarintsAreAcceptedAndElevenBytesAreNot) {
  expect_accepted(Signal::traces, in_span(Message().raw("aa 80 00 01 61")), 1);
  expect_accepted(Signal::traces, in_span(Message().raw("30 82 80 80 80 80 80 80 80 80 00")), 1);
  expect_refused(Signal::traces, in_span(Message().raw("30 82 80 80 80 80 80 80 80 80 80 00")),
                 CheckErrc::bad_varint);
}

// Goal: W-08. Method: one example of each.
TEST(Check, W08BrokenFramingIsRefused) {
  expect_refused(Signal::traces, Message().raw("ff ff"), CheckErrc::truncated);
  expect_refused(Signal::traces, Message().raw("00 00"), CheckErrc::bad_tag);
  expect_refused(Signal::traces, Message().raw("02 00"), CheckErrc::bad_tag);
  expect_refused(Signal::traces, Message().raw("0e"), CheckErrc::bad_tag);
  expect_refused(Signal::traces, Message().raw("0f"), CheckErrc::bad_tag);
  expect_refused(Signal::traces, Message().raw("f8 ff ff ff 1f 01"), CheckErrc::bad_tag);
  expect_refused(Signal::traces, Message().raw("1b 08 01"), CheckErrc::truncated);
  expect_refused(Signal::traces, Message().raw("1b 08 01 24"), CheckErrc::unmatched_group);
  expect_refused(Signal::traces, Message().raw("1c"), CheckErrc::unmatched_group);
  expect_refused(Signal::traces, Message().raw("0a 02 12"), CheckErrc::truncated);
  expect_refused(Signal::traces, Message().raw("0a 02 12 01"), CheckErrc::truncated);
  expect_refused(Signal::traces, in_span(Message().raw("39 01 02")), CheckErrc::truncated);
  expect_refused(Signal::traces, in_span(Message().raw("85 01 02")), CheckErrc::truncated);
  expect_refused(Signal::metrics, envelope({metric_with(9, {Message().text(6, "1234567")})}),
                 CheckErrc::truncated);
}

// Goal: W-09. Method: nested arrays, maps and groups at both sides of two limits.
TEST(Check, W09NestingIsBounded) {
  const auto log = [](int arrays) { return envelope({Message().len(5, nested_arrays(arrays))}); };
  for (const auto& [limit, arrays] : {std::pair{64U, 30}, std::pair{100U, 48}}) {
    SCOPED_TRACE(limit);
    EXPECT_TRUE(check_both(Signal::logs, log(arrays), {limit}).has_value());
    const auto deeper = check_both(Signal::logs, log(arrays + 1), {limit});
    ASSERT_FALSE(deeper.has_value());
    EXPECT_EQ(deeper.error().code, CheckErrc::nesting_too_deep);
  }
  const auto in_attribute = envelope({span().len(9, key_value("k", nested_arrays(47)))});
  EXPECT_TRUE(check_both(Signal::traces, in_attribute, {100}).has_value());
  EXPECT_FALSE(check_both(Signal::traces, in_attribute, {98}).has_value());
  // The limit has a bound of its own.
  EXPECT_FALSE(check_both(Signal::logs, log(49), {UINT32_MAX}).has_value());
  std::string groups(30'000, '\x13');
  groups.append(30'000, '\x14');
  const auto report = check(Signal::traces, std::as_bytes(std::span(groups)));
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, CheckErrc::nesting_too_deep);
}

// Goal: a limit that an attribute alone breaks is kept by the fast path. Method: limits around it.
TEST(Check, W09TheFastPathKeepsTheLimit) {
  const auto body = envelope({span().len(9, key_value("key", string_value("value")))});
  EXPECT_TRUE(check_both(Signal::traces, body, {5}).has_value());
  EXPECT_FALSE(check_both(Signal::traces, body, {4}).has_value());
}

// Goal: W-10. Method: the reserved field of old senders.
TEST(Check, W10ReservedFieldsAreNotCounted) {
  expect_accepted(Signal::traces, Message().len(1, Message().len(1000, Message().len(2, span()))),
                  0);
}

// Goal: S-01. Method: ids absent, empty, short, long, zero, beside one good span.
TEST(Check, S01SpansWithInvalidIdsAreRejectedAlone) {
  const std::string zeros(16, '\0');
  const auto with_ids = [](std::string_view trace_id, std::string_view span_id) {
    return Message().text(1, trace_id).text(2, span_id).text(5, "name");
  };
  for (const std::string_view id :
       {std::string_view(""), kTraceId.substr(1), kSpanId, std::string_view("0123456789abcdefg"),
        std::string_view(zeros)}) {
    expect_rejected(Signal::traces, envelope({with_ids(id, kSpanId), span()}), 2, 1,
                    RejectReason::invalid_trace_id);
  }
  for (const std::string_view id :
       {std::string_view(""), kTraceId, kSpanId.substr(1), std::string_view(zeros).substr(8)}) {
    expect_rejected(Signal::traces, envelope({span(), with_ids(kTraceId, id)}), 2, 1,
                    RejectReason::invalid_span_id);
  }
  expect_rejected(Signal::traces, envelope({Message()}), 1, 1, RejectReason::invalid_trace_id);
}

// Goal: S-02, S-03, M-14. Method: ids of 3 bytes in records, parents, links and exemplars.
TEST(Check, S02S03WrongIdsElsewhereAskForARewriteAndRejectNothing) {
  const Message exemplar = Message().real(3, 1).text(5, "abc");
  const std::vector<std::pair<Signal, Message>> bodies = {
      {Signal::logs, envelope({Message().text(9, "abc")})},
      {Signal::logs, envelope({Message().text(10, "abc")})},
      {Signal::traces, in_span(Message().text(4, "abc"))},
      {Signal::traces, in_span(Message().len(13, Message().text(1, "abc")))},
      {Signal::traces, in_span(Message().len(13, Message().text(2, "abc")))},
      {Signal::metrics, envelope({gauge({number_point(1).len(5, exemplar)})})},
  };
  for (const auto& [signal, body] : bodies) {
    const auto report = check_both(signal, body);
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->item_count, 1U);
    EXPECT_EQ(report->rejected_count, 0U);
    EXPECT_TRUE(report->needs_rewrite);
  }
  expect_accepted(Signal::logs, envelope({Message().text(9, "").text(10, "")}), 1);
  expect_accepted(Signal::logs, envelope({Message().text(9, std::string(16, '\0'))}), 1);
}

// Goal: S-04, S-05. Method: every kind of value, absent ones, a key twice.
TEST(Check, S04S05EveryKindOfAttributeIsAccepted) {
  const std::vector<Message> values = {
      Message(),
      string_value(""),
      string_value("v"),
      Message().varint(2, 1),
      int_value(-1),
      int_value(INT64_MAX),
      Message().real(4, std::nan("")),
      nested_arrays(2),
      Message().len(6, Message().len(1, key_value("k", string_value("v")))),
      Message().text(7, "\xff\xfe"),
      Message().varint(8, 3),
      string_value("v").varint(3, 7),
      string_value(std::string(300, 'v')),
      string_value(std::string(100, 'v')),
      string_value("gr\xc3\xbc\xc3\x9f"),
  };
  Message all = span();
  for (const Message& value : values) all.len(9, key_value("k", value));
  all.len(9, Message()).len(9, Message().text(1, "only.key")).len(9, Message().len(2, values[2]));
  all.len(9, Message().len(2, values[2]).text(1, "key.last"));
  expect_accepted(Signal::traces, envelope({all}), 1);
}

// Goal: S-06. Method: bad bytes in every string field of the three signals reject the item; good
// neighbours stay; NUL and U+10FFFF are good.
TEST(Check, S06StringsThatAreNotUtf8RejectTheirItem) {
  for (const std::string_view bad : {"\xff\xfe", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80",
                                     "a longer text with a cut character \xe2\x82"}) {
    const Message attribute = key_value("k", string_value(bad));
    const std::vector<Message> fields = {
        Message().text(3, bad),
        Message().text(5, bad),
        Message().len(9, attribute),
        Message().len(9, key_value(bad, string_value("v"))),
        Message().len(9, key_value(bad, int_value(1))),
        Message().len(9, key_value("k", Message().len(5, Message().len(1, string_value(bad))))),
        Message().len(11, Message().text(2, bad)),
        Message().len(11, Message().len(3, attribute)),
        Message().len(13, Message().text(3, bad)),
        Message().len(13, Message().len(4, attribute)),
        Message().len(15, Message().text(2, bad)),
    };
    for (const Message& field : fields) {
      expect_rejected(Signal::traces, envelope({span(), span().raw(field.bytes()), span()}), 3, 1,
                      RejectReason::invalid_utf8);
    }
    for (const Message& field : {Message().text(3, bad), Message().len(5, string_value(bad)),
                                 Message().len(6, attribute), Message().text(12, bad)}) {
      expect_rejected(Signal::logs, envelope({Message(), field}), 2, 1, RejectReason::invalid_utf8);
    }
    const Message good_metric = gauge({number_point(1)});
    expect_rejected(
        Signal::metrics,
        envelope({good_metric, gauge({number_point(1).len(7, attribute), number_point(2)})}), 3, 1,
        RejectReason::invalid_utf8);
    // In an envelope: all below.
    for (const std::uint32_t field : {1U, 2U, 3U}) {
      expect_rejected(
          Signal::metrics,
          envelope({good_metric, gauge({number_point(1), number_point(2)}).text(field, bad)}), 3, 2,
          RejectReason::invalid_utf8);
    }
    expect_rejected(Signal::traces, envelope({span(), span()}, bad), 2, 2,
                    RejectReason::invalid_utf8);
  }
  expect_accepted(Signal::traces, in_span(Message().text(3, std::string_view("\0", 1))), 1);
  expect_accepted(Signal::traces, in_span(Message().text(3, "\xf4\x8f\xbf\xbf")), 1);
  expect_accepted(Signal::traces, envelope({span()}, "gr\xc3\xbc\xc3\x9f"), 1);
}

// Goal: an envelope with bad text and no item still asks for a rewrite. Method: a bad schema_url.
TEST(Check, S06ABadStringAboveNothingAsksForARewrite) {
  const auto report = check_both(Signal::traces, Message().len(1, Message().text(3, "\xff")));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->rejected_count, 0U);
  EXPECT_TRUE(report->needs_rewrite);
  EXPECT_EQ(report->first_reason, RejectReason::none);
}

// Goal: S-07, S-08. Method: unknown enum values and all flag bits.
TEST(Check, S07S08UnknownEnumValuesAndFlagsAreAccepted) {
  expect_accepted(
      Signal::traces,
      in_span(Message().varint(6, 99).fixed32(16, UINT32_MAX).len(15, Message().varint(3, 12))), 1);
  expect_accepted(Signal::metrics, envelope({metric_with(7, {number_point(1)}, 99)}), 1);
}

// Goal: S-12. Method: each signal's body as each other signal; nothing is accepted without ids.
TEST(Check, S12ABodyOfAnotherSignalIsRefusedOrRejected) {
  expect_rejected(Signal::traces, envelope({Message().len(5, string_value("hello"))}), 1, 1,
                  RejectReason::invalid_trace_id);
  expect_refused(Signal::traces, envelope({gauge({number_point(1)})}).raw("0a 02 12 05"),
                 CheckErrc::truncated);
  expect_refused(Signal::logs, envelope({span()}), CheckErrc::wrong_wire_type);
}

// Goal: M-01. Method: sums and histograms without temporality; a gauge and a summary need none.
TEST(Check, M01PointsWithoutTemporalityAreRejected) {
  const Message histogram_point = Message().fixed64(3, 5);
  for (const std::uint32_t field : {7U, 9U, 10U}) {
    const Message point = field == 7 ? number_point(1) : histogram_point;
    expect_rejected(Signal::metrics, envelope({metric_with(field, {point, point}, 0)}), 2, 2,
                    RejectReason::no_temporality);
    expect_accepted(Signal::metrics, envelope({metric_with(field, {point, point}, 1)}), 2);
    expect_accepted(Signal::metrics, envelope({metric_with(field, {}, 0)}), 0);
  }
  expect_accepted(Signal::metrics, envelope({metric_with(11, {histogram_point}, 0)}), 1);
}

// Goal: M-02. Method: each kind of point without a time.
TEST(Check, M02PointsWithoutTimeAreRejected) {
  expect_rejected(Signal::metrics, envelope({gauge({number_point(1, 0), number_point(1)})}), 2, 1,
                  RejectReason::no_time);
  for (const std::uint32_t field : {9U, 10U, 11U}) {
    expect_rejected(Signal::metrics,
                    envelope({metric_with(field, {Message()}, field == 11 ? 0 : 1)}), 1, 1,
                    RejectReason::no_time);
  }
}

// Goal: M-03. Method: a point with a time alone, with and without the flag.
TEST(Check, M03ANumberPointNeedsAValueOrTheFlag) {
  expect_rejected(Signal::metrics, envelope({gauge({Message().fixed64(3, 5)})}), 1, 1,
                  RejectReason::no_value);
  expect_rejected(Signal::metrics, envelope({gauge({Message().fixed64(3, 5).varint(8, 2)})}), 1, 1,
                  RejectReason::no_value);
  expect_accepted(Signal::metrics, envelope({gauge({Message().fixed64(3, 5).varint(8, 1)})}), 1);
  expect_accepted(Signal::metrics, envelope({gauge({Message().fixed64(3, 5).fixed64(6, 0)})}), 1);
}

Message histogram_point(std::uint64_t count, std::initializer_list<std::uint64_t> counts,
                        std::initializer_list<double> bounds) {
  Message point = Message().fixed64(3, 5).fixed64(4, count);
  for (const std::uint64_t one : counts) point.fixed64(6, one);
  for (const double bound : bounds) point.real(7, bound);
  return point;
}

// Goal: M-04, M-05. Method: each rule broken once.
TEST(Check, M04M05HistogramPointsMustAddUp) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const auto body = [](const Message& point) { return envelope({metric_with(9, {point})}); };
  expect_accepted(Signal::metrics, body(histogram_point(7, {}, {})), 1);
  expect_accepted(Signal::metrics, body(histogram_point(7, {7}, {})), 1);
  expect_accepted(Signal::metrics, body(histogram_point(3, {1, 2}, {0.5})), 1);
  expect_accepted(Signal::metrics, body(histogram_point(6, {1, 2, 3}, {-1, infinity})), 1);
  const auto rejected = [&](const Message& point, RejectReason reason) {
    expect_rejected(Signal::metrics, body(point), 1, 1, reason);
  };
  rejected(histogram_point(3, {1, 2}, {}), RejectReason::bucket_mismatch);
  rejected(histogram_point(3, {1, 2}, {1, 2}), RejectReason::bucket_mismatch);
  rejected(histogram_point(0, {}, {1}), RejectReason::bucket_mismatch);
  rejected(histogram_point(6, {1, 2, 3}, {2, 1}), RejectReason::bounds_not_increasing);
  rejected(histogram_point(6, {1, 2, 3}, {1, 1}), RejectReason::bounds_not_increasing);
  rejected(histogram_point(3, {1, 2}, {nan}), RejectReason::bounds_not_increasing);
  rejected(histogram_point(4, {1, 2}, {1}), RejectReason::count_mismatch);
  rejected(histogram_point(1, {UINT64_MAX, 2}, {1}), RejectReason::count_mismatch);
  expect_accepted(Signal::metrics, body(histogram_point(4, {1, 2}, {1}).varint(10, 1)), 1);
}

Message exponential_point(std::uint64_t count, std::int32_t scale, std::uint64_t zeros,
                          std::int32_t offset, std::initializer_list<std::uint64_t> counts) {
  Message buckets = Message().varint(1, static_cast<std::uint32_t>(zigzag_encode(offset)));
  for (const std::uint64_t one : counts) buckets.varint(2, one);
  return Message()
      .fixed64(3, 5)
      .fixed64(4, count)
      .varint(6, static_cast<std::uint32_t>(zigzag_encode(scale)))
      .fixed64(7, zeros)
      .len(8, buckets);
}

// Goal: M-07, M-08. Method: counts that do and do not add up; buckets at both ends of a double.
TEST(Check, M08ExponentialPointsMustAddUpAndStayInRange) {
  const auto body = [](const Message& point) { return envelope({metric_with(10, {point})}); };
  expect_accepted(Signal::metrics, body(exponential_point(6, -2, 3, -5, {1, 2})), 1);
  expect_accepted(Signal::metrics,
                  body(exponential_point(7, 20, 3, -5, {1, 2}).len(9, Message().varint(2, 1))), 1);
  expect_accepted(Signal::metrics, body(exponential_point(1, 0, 0, 1023, {1})), 1);
  expect_accepted(Signal::metrics, body(exponential_point(1, 0, 0, -1075, {1})), 1);
  expect_accepted(Signal::metrics, body(exponential_point(1, -11, 0, -1, {0, 1})), 1);
  expect_accepted(Signal::metrics, body(exponential_point(1, 0, 0, 1023, {1, 0, 0})), 1);
  const auto rejected = [&](const Message& point, RejectReason reason) {
    expect_rejected(Signal::metrics, body(point), 1, 1, reason);
  };
  rejected(exponential_point(5, 0, 3, -5, {1, 2}), RejectReason::count_mismatch);
  rejected(exponential_point(1, 0, 2, 0, {UINT64_MAX}), RejectReason::count_mismatch);
  rejected(exponential_point(1, 0, 0, 2000, {1}), RejectReason::bucket_out_of_range);
  rejected(exponential_point(1, 0, 0, 1023, {0, 1}), RejectReason::bucket_out_of_range);
  rejected(exponential_point(1, 0, 0, -1076, {1}), RejectReason::bucket_out_of_range);
  rejected(exponential_point(1, INT32_MIN, 0, 1, {1}), RejectReason::bucket_out_of_range);
  rejected(exponential_point(1, INT32_MIN, 0, INT32_MAX, {1}), RejectReason::bucket_out_of_range);
}

// Goal: M-09. Method: quantiles at the ends, beyond, not increasing, NaN.
TEST(Check, M09SummaryQuantilesMustIncreaseWithinZeroToOne) {
  const auto body = [](std::initializer_list<double> quantiles) {
    Message point = Message().fixed64(3, 5);
    for (const double quantile : quantiles) point.len(6, Message().real(1, quantile).real(2, 7));
    return envelope({metric_with(11, {point}, 0)});
  };
  expect_accepted(Signal::metrics, body({}), 1);
  expect_accepted(Signal::metrics, body({0, 0.5, 1}), 1);
  for (const auto& bad :
       {body({0.5, 0.5}), body({1, 0}), body({1.1}), body({-0.1}), body({std::nan("")})}) {
    expect_rejected(Signal::metrics, bad, 1, 1, RejectReason::quantiles_out_of_order);
  }
}

// Goal: M-10, M-14. Method: a metric without data; an exemplar without a value.
TEST(Check, M10M14WhatIsEmptyRejectsNothing) {
  expect_accepted(Signal::metrics, envelope({Message().text(1, "m"), gauge({})}), 0);
  expect_accepted(Signal::metrics, envelope({gauge({number_point(1).len(5, Message())})}), 1);
}

// Goal: profiles are framed and counted, their strings are UTF-8. Method: a dictionary and two.
TEST(Check, ProfilesAreFramedAndCounted) {
  const Message profile = Message().fixed64(3, 1).text(11, "\1\2").varint(11, 3);
  const Message body = envelope({profile, profile}).len(2, Message().text(5, "").text(5, "cpu"));
  expect_accepted(Signal::profiles, body, 2);
  expect_refused(Signal::profiles, envelope({Message().text(3, "x")}), CheckErrc::wrong_wire_type);
  expect_refused(Signal::profiles, Message().len(2, Message().text(5, "\xff")),
                 CheckErrc::invalid_utf8);
}

// Goal: the error message can name the first offender. Method: its offset in a known body.
TEST(Check, TheFirstOffenceIsReportedWithItsOffset) {
  const Message body = envelope({span(), Message().text(5, "no ids"), span("\xff")});
  const auto report = check_both(Signal::traces, body);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->rejected_count, 2U);
  EXPECT_EQ(report->first_reason, RejectReason::invalid_trace_id);
  const auto& bytes = body.bytes();
  EXPECT_EQ(bytes[report->first_offset], std::byte{0x2a});
  EXPECT_EQ(bytes[report->first_offset + 2], std::byte{'n'});
}

// Goal: every reason and code has words. Method: all of them, and none twice.
TEST(Check, EveryCodeHasANameAndAClause) {
  for (int code = 0; code <= static_cast<int>(CheckErrc::invalid_utf8); ++code) {
    EXPECT_FALSE(name_of(static_cast<CheckErrc>(code)).empty());
    EXPECT_FALSE(describe(static_cast<CheckErrc>(code)).empty());
  }
  for (std::size_t i = 0; i < kRejectReasonCount; ++i) {
    EXPECT_FALSE(name_of(static_cast<RejectReason>(i)).empty());
    EXPECT_FALSE(describe(static_cast<RejectReason>(i)).empty());
  }
  EXPECT_EQ(name_of(RejectReason::quantiles_out_of_order), "quantiles_out_of_order");
  EXPECT_EQ(name_of(CheckErrc::invalid_utf8), "invalid_utf8");
}

// Goal: no prefix is read beyond its end. Method: every prefix in a block of its own.
TEST(Check, EveryPrefixIsDecidedTheSameWayByBothWalks) {
  Message point = exponential_point(6, -2, 3, -5, {1, 2});
  Message all = span();
  all.len(9, key_value("key", string_value("value"))).len(9, key_value("status", int_value(200)));
  const std::vector<std::pair<Signal, Message>> bodies = {
      {Signal::traces, envelope({all, all})},
      {Signal::metrics, envelope({gauge({number_point(1)}), metric_with(10, {point})})},
      {Signal::logs,
       envelope({Message().fixed64(1, 2).len(5, string_value("body")).text(9, kTraceId)})},
      {Signal::logs, envelope({Message().len(5, string_value(std::string(200, 'b')))})},
  };
  for (const auto& [signal, body] : bodies) {
    for (std::size_t size = 0; size < body.bytes().size(); ++size) {
      SCOPED_TRACE(size);
      const Message prefix = Message().raw(Bytes(body.bytes()).first(size));
      EXPECT_EQ(check_both(signal, prefix).has_value(), size == 0);
      EXPECT_LE(count_items(signal, prefix.bytes()), 2U);
    }
  }
}

// Goal: key-values that are taken together are judged like single ones. Method: rows of values of
// every kind and size, in ASCII and not, in every order of two, flipped and cut in every place.
TEST(Check, RowsOfKeyValuesAreDecidedTheSameWayByBothWalks) {
  std::vector<Message> pairs;
  for (const std::size_t size : {0U, 1U, 60U, 116U, 117U, 118U, 130U, 300U, 20000U}) {
    pairs.push_back(key_value("key", string_value(std::string(size, 'v'))));
  }
  pairs.push_back(key_value(std::string(120, 'k'), string_value("v")));
  pairs.push_back(key_value(std::string(128, 'k'), string_value("v")));
  pairs.push_back(key_value("gr\xc3\xbc\xc3\x9f", string_value("\xe4\xb8\xad\xe6\x96\x87")));
  pairs.push_back(key_value("bad", string_value("\xff")));
  for (std::uint64_t value = 1; value != 0; value <<= 6) {
    pairs.push_back(key_value("int", int_value(static_cast<std::int64_t>(value))));
  }
  pairs.push_back(key_value("int", int_value(-1)));
  pairs.push_back(key_value("double", Message().real(4, 0.1)));
  pairs.push_back(key_value("bool", Message().varint(2, 1)));
  pairs.push_back(key_value("bytes", Message().text(7, "\xff")));
  pairs.push_back(key_value("none", Message()));
  pairs.push_back(Message().len(2, string_value("value first")).text(1, "key"));
  for (const Message& first : pairs) {
    for (const Message& second : pairs) {
      Message one = span();
      one.len(9, first).len(9, second).len(9, first).fixed32(16, 1);
      const auto whole = envelope({one, span()}).bytes();
      ASSERT_TRUE(check_both(Signal::traces, Message().raw(Bytes(whole))).has_value());
    }
    Message one = span();
    one.len(9, first).len(9, first);
    const auto whole = envelope({one}).bytes();
    if (whole.size() > 2000) continue;
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      auto flipped = whole;
      flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
      SCOPED_TRACE(bit);
      static_cast<void>(check_both(Signal::traces, Message().raw(Bytes(flipped))));
      const auto cut = Bytes(whole).first(bit / 8);
      static_cast<void>(check_both(Signal::traces, Message().raw(cut)));
    }
  }
}

// Goal: a flipped bit never makes the walks disagree. Method: every bit of a small body.
TEST(Check, EveryFlippedBitIsDecidedTheSameWayByBothWalks) {
  Message one = span();
  one.len(9, key_value("key", string_value("value"))).len(9, key_value("status", int_value(200)));
  one.len(9, key_value("f", Message().real(4, 0.1))).len(9, key_value("b", Message().varint(2, 1)));
  one.len(15, Message().varint(3, 1)).fixed32(16, 0x101);
  // Behind it enough bytes for the mask of the fast path.
  const auto bytes = envelope({one, span(std::string(80, 'n'))}).bytes();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    SCOPED_TRACE(bit);
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto report = check_both(Signal::traces, Message().raw(Bytes(flipped)));
    if (report.has_value()) {
      EXPECT_EQ(report->item_count, count_items(Signal::traces, flipped));
    }
  }
}

}  // namespace
}  // namespace otlpview
