#include "telemetry/span_buffer.h"

#include <gtest/gtest.h>

namespace gateway::telemetry {
namespace {

// Goal: a ratio is kept, evenly. Method: windows of 1,000 requests at several ratios.
TEST(SpanBuffer, TheRatioIsKeptEvenly) {
  for (const double ratio : {0.0, 0.001, 0.01, 0.5, 1.0}) {
    SpanBuffer spans(ratio);
    for (int window = 0; window < 5; ++window) {
      int sampled = 0;
      for (int i = 0; i < 1000; ++i) sampled += spans.sample() ? 1 : 0;
      EXPECT_NEAR(sampled, 1000 * ratio, 3) << ratio;
    }
  }
}

// Goal: memory is bounded, what has no room is counted. Method: more than there is room for.
TEST(SpanBuffer, WhatHasNoRoomIsCounted) {
  SpanBuffer spans(1);
  for (std::size_t i = 0; i < kSpansMax + 5; ++i) spans.add({.item_count = i});
  std::vector<RequestSpan> taken;
  spans.take(taken);
  ASSERT_EQ(taken.size(), kSpansMax);
  EXPECT_EQ(taken.back().item_count, kSpansMax - 1);
  EXPECT_EQ(spans.dropped(), 5U);
  spans.add({.item_count = 7});
  taken.clear();
  spans.take(taken);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].item_count, 7U);
}

// Goal: the sender's trace is taken over, and nothing else. Method: a header, and what is none.
TEST(SpanBuffer, ATraceparentIsRead) {
  RequestSpan span;
  read_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", span);
  EXPECT_EQ(span.trace_id[0], std::byte{0x0a});
  EXPECT_EQ(span.trace_id[15], std::byte{0x9c});
  EXPECT_EQ(span.parent_span_id[7], std::byte{0x31});
  for (const char* header : {"", "00", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                             "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                             "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                             "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                             "00-0af7651916cd43dd8448eb211c80319cxb7ad6b7169203331-01"}) {
    RequestSpan untouched;
    read_traceparent(header, untouched);
    EXPECT_EQ(untouched.trace_id, RequestSpan{}.trace_id) << header;
    EXPECT_EQ(untouched.parent_span_id, RequestSpan{}.parent_span_id) << header;
  }
}

}  // namespace
}  // namespace gateway::telemetry
