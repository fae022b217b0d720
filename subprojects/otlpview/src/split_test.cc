#include "otlpview/split.h"

#include <gtest/gtest.h>

#include "flatten.h"
#include "message_builder.h"
#include "otlpview/check.h"
#include "otlpview/count.h"

namespace otlpview {
namespace {

using namespace testing;  // NOLINT: the builders read like the messages they make

struct Cut {
  std::vector<std::byte> bytes;
  std::uint32_t item_count;
  bool oversize;
  std::size_t slice_count;
};

// All pieces, checked for what holds of every piece.
std::vector<Cut> split(Signal signal, const std::vector<std::vector<std::byte>>& bodies,
                       const SplitLimits& limits) {
  const std::vector<Bytes> views(bodies.begin(), bodies.end());
  Splitter splitter(signal, views, limits);
  std::vector<Cut> cuts;
  Piece piece;
  while (splitter.next(piece)) {
    Cut& cut = cuts.emplace_back();
    const Piece moved = std::move(piece);
    moved.append_to(cut.bytes);
    cut.item_count = moved.item_count;
    cut.oversize = moved.oversize;
    cut.slice_count = moved.slices.size();
    EXPECT_EQ(cut.bytes.size(), moved.size_bytes);
    EXPECT_EQ(count_items(signal, cut.bytes), moved.item_count);
    EXPECT_EQ(cut.oversize, cut.bytes.size() > limits.bytes_max);
    if (signal != Signal::profiles) {
      EXPECT_LE(cut.item_count, std::max(limits.items_max, 1U));
    }
    for (const Bytes slice : moved.slices) EXPECT_FALSE(slice.empty());
    const auto report = check(signal, cut.bytes);
    EXPECT_TRUE(report.has_value());
    piece = Piece();
  }
  EXPECT_FALSE(splitter.next(piece));
  return cuts;
}

std::vector<std::byte> joined(const std::vector<std::vector<std::byte>>& bodies) {
  std::vector<std::byte> all;
  for (const auto& body : bodies) append_bytes(body, all);
  return all;
}

void expect_same_items(Signal signal, const std::vector<std::vector<std::byte>>& bodies,
                       const std::vector<Cut>& cuts) {
  std::vector<std::byte> all;
  for (const Cut& cut : cuts) append_bytes(cut.bytes, all);
  EXPECT_EQ(flatten(signal, joined(bodies)), flatten(signal, all));
}

std::vector<Message> numbered_spans(int count) {
  std::vector<Message> spans;
  for (int i = 0; i < count; ++i) spans.push_back(span("span " + std::to_string(i)));
  return spans;
}

// Two resources, the first with two scopes, all with schema urls and unknown fields.
Message rich_traces() {
  const auto scope = [](int first, int count) {
    Message scope_spans = Message().text(2000, "before");
    for (int i = 0; i < count; ++i) {
      scope_spans.len(2, span("span " + std::to_string(first + i)));
      if (i == 1) scope_spans.text(2001, "between");
    }
    return scope_spans.len(1, Message().text(1, "lib")).text(3, "scope url");
  };
  const auto resource = Message().len(1, key_value("service.name", string_value("shop")));
  return Message()
      .len(1, Message()
                  .len(1, resource)
                  .len(2, scope(0, 5))
                  .len(2, scope(5, 3))
                  .text(3, "url")
                  .text(1000, "legacy"))
      .text(77, "unknown of the request")
      .len(1, Message().len(2, scope(8, 4)).len(1, resource));
}

Message rich_metrics() {
  const auto points = [](int first, int count, std::uint64_t temporality) {
    Message data = Message().text(2002, "unknown");
    for (int i = 0; i < count; ++i) data.len(1, number_point(first + i));
    return data.varint(2, temporality).varint(3, 1);
  };
  const Message sum = Message()
                          .text(1, "sum")
                          .text(2, "words")
                          .text(3, "By")
                          .len(7, points(0, 7, 1))
                          .len(12, key_value("k", string_value("v")));
  const Message empty = Message().text(1, "no data");
  return envelope({gauge({number_point(50), number_point(51)}), sum, empty});
}

// Goal: what fits is not touched. Method: bodies within the limits come out as one slice each.
TEST(Split, WhatFitsGoesWhole) {
  const std::vector<std::vector<std::byte>> bodies = {rich_traces().bytes(),
                                                      envelope(numbered_spans(3)).bytes()};
  const auto cuts = split(Signal::traces, bodies, {});
  ASSERT_EQ(cuts.size(), 1U);
  EXPECT_EQ(cuts[0].bytes, joined(bodies));
  EXPECT_EQ(cuts[0].item_count, 15U);
  EXPECT_LE(cuts[0].slice_count, 2U);
}

// Goal: nothing in, nothing out. Method: no bodies, empty bodies.
TEST(Split, NothingGivesNoPiece) {
  EXPECT_TRUE(split(Signal::traces, {}, {}).empty());
  EXPECT_TRUE(split(Signal::logs, {{}, {}}, {1, 1}).empty());
  EXPECT_TRUE(split(Signal::profiles, {{}}, {}).empty());
}

// Goal: W-05, W-11, W-13. Method: every limit of items over two rich bodies; the flattened items
// are the same in the same order.
TEST(Split, W11EveryPieceRepeatsWhatTheEnvelopesSay) {
  for (std::uint32_t items_max = 0; items_max <= 26; ++items_max) {
    SCOPED_TRACE(items_max);
    const std::vector<std::vector<std::byte>> traces = {rich_traces().bytes(),
                                                        rich_traces().bytes()};
    expect_same_items(Signal::traces, traces, split(Signal::traces, traces, {items_max}));
    const std::vector<std::vector<std::byte>> metrics = {rich_metrics().bytes(),
                                                         rich_metrics().bytes()};
    expect_same_items(Signal::metrics, metrics, split(Signal::metrics, metrics, {items_max}));
  }
}

// Goal: the bound in bytes holds too. Method: every limit from one byte to the whole.
TEST(Split, EveryLimitInBytesIsKept) {
  const std::vector<std::vector<std::byte>> traces = {rich_traces().bytes()};
  const std::vector<std::vector<std::byte>> metrics = {rich_metrics().bytes()};
  for (std::size_t bytes_max = 1; bytes_max <= traces[0].size() + 1; ++bytes_max) {
    SCOPED_TRACE(bytes_max);
    const auto cuts = split(Signal::traces, traces, {.bytes_max = bytes_max});
    expect_same_items(Signal::traces, traces, cuts);
    expect_same_items(Signal::metrics, metrics,
                      split(Signal::metrics, metrics, {.bytes_max = bytes_max}));
  }
}

// Goal: W-12. Method: 10,000 points of one metric into 10 parts.
TEST(Split, W12AMetricIsSplitInsideAndKeepsWhatItSays) {
  std::vector<Message> points;
  for (int i = 0; i < 10'000; ++i) points.push_back(number_point(i));
  const std::vector<std::vector<std::byte>> bodies = {envelope({metric_with(7, points)}).bytes()};
  const auto cuts = split(Signal::metrics, bodies, {1000});
  ASSERT_EQ(cuts.size(), 10U);
  for (const Cut& cut : cuts) {
    EXPECT_EQ(cut.item_count, 1000U);
    const auto report = check(Signal::metrics, cut.bytes);
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->rejected_count, 0U);  // the temporality is there
  }
  expect_same_items(Signal::metrics, bodies, cuts);
}

// Goal: W-04 inside a metric. Method: data in two fields, the temporality in the second; data that
// a later kind overrides.
TEST(Split, W04DataInSeveralFieldsIsSplitAsOne) {
  const Message points = Message().len(1, number_point(1)).len(1, number_point(2));
  const Message twice =
      Message().len(7, points).len(7, Message().varint(2, 1).len(1, number_point(3)));
  for (const Cut& cut : split(Signal::metrics, {envelope({twice}).bytes()}, {1})) {
    const auto report = check(Signal::metrics, cut.bytes);
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->item_count, 1U);
    EXPECT_EQ(report->rejected_count, 0U);
  }
  const Message overridden = Message().len(5, points).raw(twice.bytes());
  EXPECT_EQ(split(Signal::metrics, {envelope({overridden}).bytes()}, {1}).size(), 3U);
}

// Goal: isolation of a guilty item. Method: one item each, in order, under its own envelope.
TEST(Split, DownToOneItem) {
  const auto cuts = split(Signal::traces, {envelope(numbered_spans(5)).bytes()}, {1});
  ASSERT_EQ(cuts.size(), 5U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(cuts[static_cast<std::size_t>(i)].bytes,
              envelope({span("span " + std::to_string(i))}).bytes());
  }
}

// Goal: an item that no cut makes small enough comes alone. Method: a large span among small ones.
TEST(Split, AnItemLargerThanTheLimitComesAloneAndIsMarked) {
  auto spans = numbered_spans(4);
  spans.insert(spans.begin() + 2, span(std::string(5000, 'x')));
  const auto cuts = split(Signal::traces, {envelope(spans).bytes()}, {.bytes_max = 1000});
  ASSERT_EQ(cuts.size(), 3U);
  EXPECT_EQ(cuts[0].item_count, 2U);
  EXPECT_TRUE(cuts[1].oversize);
  EXPECT_EQ(cuts[1].item_count, 1U);
  EXPECT_EQ(cuts[2].item_count, 2U);
}

// Goal: a resource larger than the limit is not sent once for each of its items. Method: 1,000
// spans below it.
TEST(Split, ItemsBelowTooLargeAnEnvelopeShareIt) {
  const auto body = envelope(numbered_spans(1000), std::string(5000, 'x')).bytes();
  const auto cuts = split(Signal::traces, {body, body}, {100, 1000});
  ASSERT_EQ(cuts.size(), 20U);
  for (const Cut& cut : cuts) {
    EXPECT_TRUE(cut.oversize);
    EXPECT_EQ(cut.item_count, 100U);
  }
  expect_same_items(Signal::traces, {body, body}, cuts);
}

// Goal: an envelope is not opened without need. Method: three bodies of 60 with room for 100.
TEST(Split, AHalfFullPieceIsClosedRatherThanAnEnvelopeOpened) {
  const auto body = envelope(numbered_spans(60)).bytes();
  const auto cuts = split(Signal::traces, {body, body, body}, {100});
  ASSERT_EQ(cuts.size(), 3U);
  for (const Cut& cut : cuts) EXPECT_EQ(cut.bytes, body);
}

// Goal: hostile envelopes stay cheap. Method: an unknown field between any two spans.
TEST(Split, ManyUnknownFieldsOfAnEnvelopeAreGathered) {
  Message scope;
  for (int i = 0; i < 2000; ++i) scope.varint(3000, static_cast<std::uint64_t>(i)).len(2, span());
  const std::vector<std::vector<std::byte>> bodies = {
      Message().len(1, Message().len(2, scope)).bytes()};
  const auto cuts = split(Signal::traces, bodies, {100});
  ASSERT_EQ(cuts.size(), 20U);
  for (const Cut& cut : cuts) EXPECT_LE(cut.slice_count, 100 + kEnvelopeSlicesMax + 4);
  expect_same_items(Signal::traces, bodies, cuts);
}

// Goal: profiles share a dictionary. Method: limits that would cut; every body stays whole.
TEST(Split, W17ProfilesAreNeverCutOrMerged) {
  const auto body = envelope({Message().fixed64(3, 1), Message().fixed64(3, 2)}).bytes();
  const auto cuts = split(Signal::profiles, {body, {}, body}, {1, 10});
  ASSERT_EQ(cuts.size(), 2U);
  EXPECT_EQ(cuts[0].bytes, body);
  EXPECT_EQ(cuts[0].item_count, 2U);
  EXPECT_TRUE(cuts[0].oversize);
}

// Goal: damage does no harm. Method: every prefix and flipped bit of a body that was not checked.
TEST(Split, AnyBytesAreSafe) {
  const auto bytes = envelope({metric_with(7, {number_point(1), number_point(2)})}).bytes();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const Bytes prefix = Bytes(flipped).first(bit / 8 + 1);
    const Bytes both[] = {flipped, prefix};
    Splitter splitter(Signal::metrics, both, {1});
    Piece piece;
    std::size_t pieces = 0;
    while (splitter.next(piece)) ASSERT_LT(++pieces, 100U);
  }
}

}  // namespace
}  // namespace otlpview
