// What a processor drops is booked as filtered, exactly, whatever else happens to the lane.
#include <algorithm>
#include <cstring>

#include "exporter/testing/lane_test_case.h"
#include "message_builder.h"

namespace gateway::exporter {
namespace {

using otlpview::testing::envelope;
using otlpview::testing::Message;
using otlpview::testing::span;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Drops spans called "drop".
class DropProcessor final : public pipeline::Processor, private otlpview::Visitor {
 public:
  [[nodiscard]] std::string_view id() const noexcept override { return "drop"; }
  [[nodiscard]] std::size_t pass_count() const noexcept override { return 1; }
  void run(std::size_t, otlpview::Bytes body, otlpview::Editor& editor) override {
    editor.visit(otlpview::Signal::traces, body, otlpview::Context::span, *this);
  }

 private:
  otlpview::Verdict visit(otlpview::Place&, otlpview::Draft& draft) override {
    draft.read();
    return draft.field(5)->text() == "drop" ? otlpview::Verdict::drop : otlpview::Verdict::keep;
  }
};

class LaneFilterTest : public testing::LaneTestCase {
 protected:
  void make_filtering(config::Exporter settings = testing::small_settings()) {
    settings.batch.max_size_bytes = 100'000;
    std::vector<std::unique_ptr<pipeline::Processor>> chain;
    chain.push_back(std::make_unique<DropProcessor>());
    processors_ = std::make_unique<pipeline::ProcessorChain>(Signal::traces, std::move(chain));
    make(settings);
  }
  void add_spans(std::uint32_t kept, std::uint32_t dropped) {
    std::vector<Message> spans;
    for (std::uint32_t i = 0; i < std::max(kept, dropped); ++i) {
      if (i < kept) spans.push_back(span("keep"));
      if (i < dropped) spans.push_back(span("drop"));
    }
    const auto body = envelope(spans).bytes();
    add(kept + dropped, {reinterpret_cast<const char*>(body.data()), body.size()});
  }
};

// Goal: of a mixed batch the rest is sent, and each item is booked once.
TEST_F(LaneFilterTest, WhatIsDroppedIsBookedWithItsBatch) {
  make_filtering();
  add_spans(7, 5);
  add_spans(3, 0);
  ASSERT_EQ(transport_.sent.size(), 1U);
  EXPECT_EQ(transport_.sent[0].request->item_count, 10U);
  EXPECT_EQ(testing::FakeTransport::text(*transport_.sent[0].request).find("drop"),
            std::string::npos);
  EXPECT_EQ(outcomes().filtered, 0U);  // the cursor has not passed it
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 10U);
  EXPECT_EQ(outcomes().filtered, 5U);
}

// Goal: a log of which everything is dropped needs no destination. Method: nothing is sent, and the
// cursor is at the head at once.
TEST_F(LaneFilterTest, WhenAllIsDroppedTheCursorMovesAlone) {
  make_filtering();
  for (int i = 0; i < 100; ++i) add_spans(0, 10);
  EXPECT_EQ(transport_.sent_count, 0);
  EXPECT_EQ(outcomes().filtered, 1000U);
  EXPECT_EQ(lane_->cursor().items_at(), 1000U);
  lane_->begin_drain();
  pump();
  EXPECT_TRUE(lane_->drained());
}

// Goal: a backlog that is dropped whole does not keep the loop from others, nor the cursor back.
TEST_F(LaneFilterTest, ALongRunOfDroppedItemsGivesWay) {
  for (int i = 0; i < 500; ++i) add_spans(0, 500);
  add_spans(1, 0);
  make_filtering();
  int pumps = 1;
  while (next_ && *next_ <= now_ && pumps < 100) {
    EXPECT_GE(outcomes().filtered, static_cast<std::uint64_t>(pumps) * kFilteredRunMax);
    pump();
    ++pumps;
  }
  EXPECT_EQ(pumps, 3);
  advance(milliseconds(200));
  deliver_all();
  EXPECT_EQ(outcomes().filtered, 250'000U);
  EXPECT_EQ(outcomes().delivered, 1U);
}

// Goal: a retry, a refusal and a split book what was dropped once. Method: fail, then refuse.
TEST_F(LaneFilterTest, RetriesAndSplitsCountNothingTwice) {
  make_filtering();
  add_spans(8, 4);
  add_spans(2, 1);
  transport_.answer({.kind = AnswerKind::retry});
  advance(seconds(2));
  ASSERT_EQ(transport_.sent.size(), 1U);
  while (!transport_.sent.empty()) transport_.answer({.kind = AnswerKind::data_refused});
  EXPECT_EQ(outcomes().dead_lettered, 10U);
  EXPECT_EQ(outcomes().filtered, 5U);
}

// Goal: what is dropped says nothing of the destination. Method: a batch waits out an outage, and
// more is dropped behind it than would put it at fault if it had been delivered.
TEST_F(LaneFilterTest, WhatIsDroppedBehindABatchPutsItNotAtFault) {
  make_filtering();
  add_spans(1, 0);
  advance(milliseconds(200));
  transport_.answer({.kind = AnswerKind::retry});
  for (std::size_t i = 0; i < kBatchesPastMax + 50; ++i) add_spans(0, 1);
  advance(seconds(1));
  transport_.answer({.kind = AnswerKind::retry});
  EXPECT_EQ(outcomes().dead_lettered, 0U);
  advance(seconds(2));
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 1U);
  EXPECT_EQ(outcomes().filtered, kBatchesPastMax + 50);
}

// Goal: what was not answered before a stop is read, dropped and booked the same way after it.
TEST_F(LaneFilterTest, ARestartDropsTheSameAgain) {
  make_filtering();
  add_spans(10, 3);
  ASSERT_EQ(transport_.sent.size(), 1U);
  transport_.sent.clear();
  lane_.reset();  // as after a crash: the cursor stands where it was
  make_filtering();
  advance(milliseconds(200));
  ASSERT_EQ(transport_.sent.size(), 1U);
  EXPECT_EQ(transport_.sent[0].request->item_count, 10U);
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 10U);
  EXPECT_EQ(outcomes().filtered, 3U);
}

}  // namespace
}  // namespace gateway::exporter
