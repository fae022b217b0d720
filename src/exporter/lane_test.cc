#include "exporter/lane.h"

#include <string>

#include <gtest/gtest.h>

#include "exporter/testing/lane_test_case.h"

namespace gateway::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeTransport;
using testing::LaneTestCase;
using testing::small_settings;

using LaneTest = LaneTestCase;

// Goal: enough items go out at once, as one body. Method: ten records of one item.
TEST_F(LaneTest, AFullBatchGoesOutAtOnce) {
  make();
  for (int i = 0; i < 9; ++i) add(1, std::to_string(i));
  EXPECT_EQ(transport_.sent_count, 0);
  add(1, "9");
  ASSERT_EQ(transport_.sent.size(), 1U);
  EXPECT_EQ(FakeTransport::text(*transport_.sent[0].request), "0123456789");
  EXPECT_EQ(outcomes().delivered, 0U);
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 10U);
  EXPECT_EQ(lane_->cursor().position(), log_.head().position);
}

// Goal: the writer waits for a lane that has something to read and somewhere to send it, and for no
// other. Method: what the lane tells its reader, asleep, woken, waiting for an answer, and failing.
TEST_F(LaneTest, IsWaitedForOnlyWhileItHasSomethingToRead) {
  auto settings = small_settings();
  settings.sending_queue.num_consumers = 1;
  make(settings);
  EXPECT_FALSE(log_.awaited());
  log_.add(Signal::logs, 100);  // for others
  EXPECT_FALSE(lane_->should_wake(log_.head()));
  EXPECT_FALSE(log_.awaited());
  log_.add(Signal::traces, 10);
  EXPECT_TRUE(lane_->should_wake(log_.head()));
  EXPECT_TRUE(log_.awaited());
  pump();
  ASSERT_EQ(transport_.sent.size(), 1U);
  log_.add(Signal::traces, 10);
  EXPECT_TRUE(log_.awaited());  // the log forgets it, should no answer come
  transport_.answer({.kind = AnswerKind::retry});
  EXPECT_FALSE(log_.awaited());
  advance(seconds(1));
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 20U);
}

// Goal: an old batch goes out half full. Method: one record, then time.
TEST_F(LaneTest, AnOldBatchGoesOutHalfFull) {
  make();
  add(3);
  EXPECT_EQ(next_, now_ + milliseconds(200));
  advance(milliseconds(199));
  EXPECT_EQ(transport_.sent_count, 0);
  advance(milliseconds(1));
  EXPECT_EQ(transport_.sent_count, 1);
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 3U);
}

// Goal: a commit that makes no batch due costs no wakeup. Method: ask should_wake() itself.
TEST_F(LaneTest, ACommitWakesOnlyWhenABatchIsDue) {
  make();
  add(1, "");
  log_.add(Signal::traces, 8, "");
  EXPECT_FALSE(lane_->should_wake(log_.head()));
  log_.add(Signal::logs, 100, "");
  EXPECT_FALSE(lane_->should_wake(log_.head()));
  log_.add(Signal::traces, 1, "");
  EXPECT_TRUE(lane_->should_wake(log_.head()));
  EXPECT_FALSE(lane_->should_wake(log_.head()));  // once
  pump();
  deliver_all();
}

// Goal: what is for others costs no read, and holds back nothing. Method: count what is looked at.
TEST_F(LaneTest, ALogOfOtherSignalsIsPassedUnread) {
  make();
  for (int i = 0; i < 100; ++i) log_.add(Signal::logs, 10);
  advance(kIdleAdvanceInterval);
  EXPECT_EQ(log_.looked_at(), 0U);
  EXPECT_EQ(lane_->cursor().position(), log_.head().position);
  add(10);
  deliver_all();
  EXPECT_EQ(log_.looked_at(), 1U);
  EXPECT_EQ(outcomes().delivered, 10U);
}

// Goal: profiles are never merged (W-05). Method: three records.
TEST_F(LaneTest, ProfilesGoOneByOne) {
  make(small_settings(), Signal::profiles);
  for (int i = 0; i < 3; ++i) {
    add(1, "p", Signal::profiles);
    ASSERT_EQ(transport_.sent.size(), 1U);
    EXPECT_EQ(transport_.sent[0].request->pieces.size(), 1U);
    deliver_all();
  }
  EXPECT_EQ(outcomes().delivered, 3U);
}

// Goal: the window opens, and results in any order book exactly. Method: fill the window, answer
// from the back.
TEST_F(LaneTest, AnswersInAnyOrderMoveTheCursorOverThePrefixOnly) {
  make();
  for (int i = 0; i < 100; ++i) add(10);
  while (transport_.sent.size() < 4) transport_.answer({.kind = AnswerKind::delivered});
  const std::uint64_t before = lane_->cursor().items_at();
  transport_.answer({.kind = AnswerKind::delivered}, 3);
  transport_.answer({.kind = AnswerKind::delivered}, 2);
  transport_.answer({.kind = AnswerKind::delivered}, 1);
  EXPECT_EQ(lane_->cursor().items_at(), before);
  EXPECT_LE(transport_.sent.size(), 4U);
  transport_.answer({.kind = AnswerKind::delivered}, 0);
  EXPECT_GE(lane_->cursor().items_at(), before + 40);
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 1000U);
}

// Goal: memory is bounded whatever the backlog. Method: records of 300 bytes, budget for three.
TEST_F(LaneTest, BytesInFlightAreBounded) {
  constexpr std::uint64_t kLimitBytes = 3 * (300 + kPieceCostBytes);
  budget_ = InFlightBudget(kLimitBytes, 1);
  config::Exporter settings = small_settings();
  settings.batch.max_size_bytes = 600;
  make(settings);
  for (int i = 0; i < 50; ++i) add(10, std::string(300, 'x'));
  while (!transport_.sent.empty()) {
    EXPECT_LE(lane_->snapshot().held_bytes, kLimitBytes);
    transport_.answer({.kind = AnswerKind::delivered});
  }
  EXPECT_EQ(outcomes().delivered, 500U);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

// Goal: many small records are bounded by what holding them takes. Method: records of 10 bytes,
// room for ten.
TEST_F(LaneTest, SmallRecordsInFlightAreBoundedToo) {
  constexpr std::uint64_t kLimitBytes = 10 * (kPieceCostBytes + 10);
  budget_ = InFlightBudget(kLimitBytes, 1);
  config::Exporter settings = small_settings();
  settings.batch.max_size_bytes = 50;
  make(settings);
  for (int i = 0; i < 100; ++i) add(1, std::string(10, 'x'));
  while (!transport_.sent.empty()) {
    EXPECT_LE(lane_->snapshot().held_bytes, kLimitBytes);
    std::size_t records = 0;
    for (const auto& sent : transport_.sent) records += sent.request->pieces.size();
    EXPECT_LE(records, 10U);
    transport_.answer({.kind = AnswerKind::delivered});
  }
  EXPECT_EQ(outcomes().delivered, 100U);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

// Goal: a failure that may pass is retried with the same bytes after the backoff. Method: fail
// twice.
TEST_F(LaneTest, ARetryableFailureIsSentAgainAfterItsBackoff) {
  make();
  add(10, "same");
  transport_.answer({.kind = AnswerKind::retry, .message = "connection refused by there"});
  EXPECT_TRUE(lane_->snapshot().failing);
  EXPECT_EQ(lane_->snapshot().last_error, "connection refused by there");
  EXPECT_EQ(next_, now_ + seconds(1));
  advance(milliseconds(999));
  EXPECT_TRUE(transport_.sent.empty());
  advance(milliseconds(1));
  ASSERT_EQ(transport_.sent.size(), 1U);
  EXPECT_EQ(FakeTransport::text(*transport_.sent[0].request), "same");
  transport_.answer({.kind = AnswerKind::retry});
  advance(seconds(2));
  deliver_all();
  EXPECT_EQ(transport_.sent_count, 3);
  EXPECT_EQ(outcomes().delivered, 10U);
  EXPECT_FALSE(lane_->snapshot().failing);
}

// Goal: RetryInfo holds the whole lane. Method: ask for five seconds with more to send.
TEST_F(LaneTest, AnAskedDelayHoldsTheWholeLane) {
  make();
  for (int i = 0; i < 5; ++i) add(10);
  transport_.answer({.kind = AnswerKind::retry, .retry_in = seconds(5)});
  EXPECT_TRUE(transport_.sent.empty());
  advance(milliseconds(4999));
  EXPECT_TRUE(transport_.sent.empty());
  advance(milliseconds(1));
  EXPECT_FALSE(transport_.sent.empty());
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 50U);
}

// Goal: retries end after max_elapsed_time, counted. Method: fail for longer.
TEST_F(LaneTest, RetriesEndAfterTheirTime) {
  config::Exporter settings = small_settings();
  settings.retry_on_failure.max_elapsed_time = seconds(5);
  settings.circuit_breaker.enabled = false;
  make(settings);
  add(10);
  for (int i = 0; i < 10 && !transport_.sent.empty(); ++i) {
    transport_.answer({.kind = AnswerKind::retry});
    if (next_) advance(*next_ - now_);
  }
  EXPECT_EQ(outcomes().dead_lettered, 10U);
  EXPECT_EQ(transport_.sent_count, 4);  // at 0, 1, 3 and 7 seconds
}

// Goal: with retries switched off a failure is final. Method: fail once.
TEST_F(LaneTest, WithoutRetriesAFailureIsFinal) {
  config::Exporter settings = small_settings();
  settings.retry_on_failure.enabled = false;
  make(settings);
  add(10);
  transport_.answer({.kind = AnswerKind::retry});
  EXPECT_EQ(outcomes().dead_lettered, 10U);
}

// Goal: the breaker opens, probes one at a time, and closes again; nothing is lost. Method: fail
// three times, one probe, then succeed.
TEST_F(LaneTest, TheBreakerHoldsEverythingUntilAProbeSucceeds) {
  make();
  for (int i = 0; i < 20; ++i) add(10);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(transport_.sent.size(), 1U);
    transport_.answer({.kind = AnswerKind::retry, .message = "down"});
    if (i < 2) advance(seconds(2));
  }
  EXPECT_EQ(lane_->snapshot().breaker, Lane::Breaker::State::open);
  ASSERT_TRUE(next_.has_value());
  EXPECT_TRUE(transport_.sent.empty());
  advance(seconds(12));
  ASSERT_EQ(transport_.sent.size(), 1U);
  EXPECT_EQ(lane_->snapshot().breaker, Lane::Breaker::State::half_open);
  transport_.answer({.kind = AnswerKind::retry, .message = "down"});
  EXPECT_EQ(lane_->snapshot().breaker, Lane::Breaker::State::open);
  advance(seconds(24));
  ASSERT_EQ(transport_.sent.size(), 1U);
  transport_.answer({.kind = AnswerKind::delivered});
  EXPECT_EQ(lane_->snapshot().breaker, Lane::Breaker::State::closed);
  advance(seconds(60));
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 200U);
}

// Goal: partial success is counted, never retried (P-09, P-12). Method: three of ten rejected, and
// more rejected than sent.
TEST_F(LaneTest, PartialSuccessIsCountedAndNotRetried) {
  make();
  add(10);
  transport_.answer({.kind = AnswerKind::delivered, .rejected_items = 3, .message = "too old"});
  EXPECT_EQ(outcomes().delivered, 7U);
  EXPECT_EQ(outcomes().dead_lettered, 3U);
  add(10);
  transport_.answer({.kind = AnswerKind::delivered, .rejected_items = 3000});
  EXPECT_EQ(outcomes().dead_lettered, 13U);
  EXPECT_EQ(transport_.sent_count, 2);
}

// Goal: one bad record does not take the others with it. Method: the destination refuses every
// body that holds '!'.
TEST_F(LaneTest, ABadRecordIsFoundAndTheRestDelivered) {
  make();
  for (int i = 0; i < 10; ++i) add(1, i == 6 ? "!" : "x");
  std::string delivered;
  while (!transport_.sent.empty()) {
    const std::string text = FakeTransport::text(*transport_.sent[0].request);
    if (text.find('!') != std::string::npos) {
      transport_.answer({.kind = AnswerKind::data_refused, .message = "bad"});
    } else {
      delivered += text;
      transport_.answer({.kind = AnswerKind::delivered});
    }
  }
  EXPECT_EQ(delivered, "xxxxxxxxx");
  EXPECT_EQ(outcomes().delivered, 9U);
  EXPECT_EQ(outcomes().dead_lettered, 1U);
  EXPECT_LE(transport_.sent_count, 10);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

// Goal: a destination that refuses all data is not asked for each item. Method: 1000 records.
TEST_F(LaneTest, SplittingComesToAnEndWhenEverythingIsRefused) {
  config::Exporter settings = small_settings();
  settings.batch.send_batch_size = 1000;
  settings.batch.max_size_bytes = 100000;
  make(settings);
  for (int i = 0; i < 1000; ++i) add(1);
  while (!transport_.sent.empty()) transport_.answer({.kind = AnswerKind::data_refused});
  EXPECT_EQ(outcomes().dead_lettered, 1000U);
  EXPECT_LE(transport_.sent_count, 3 * static_cast<int>(kSplitFailuresMax));
}

// Goal: R-02 holds: a refusal is not retried. Method: one refusal, then service as usual.
TEST_F(LaneTest, ARefusalIsNotRetried) {
  make();
  add(10);
  transport_.answer({.kind = AnswerKind::refused, .message = "UNAUTHENTICATED"});
  EXPECT_EQ(transport_.sent_count, 1);
  EXPECT_EQ(outcomes().dead_lettered, 10U);
}

// Goal: a misconfigured destination does not empty the log into the dead letters. Method: refuse
// everything for a long time, then accept.
TEST_F(LaneTest, ADestinationThatRefusesEverythingMakesTheDataWait) {
  make();
  for (int i = 0; i < 100; ++i) add(10);
  for (int i = 0; i < 30; ++i) {
    while (!transport_.sent.empty()) {
      transport_.answer({.kind = AnswerKind::refused, .message = "PERMISSION_DENIED"});
    }
    advance(seconds(60));
  }
  EXPECT_EQ(lane_->snapshot().breaker == Lane::Breaker::State::closed, false);
  const std::uint64_t lost = outcomes().dead_lettered;
  EXPECT_LE(lost, 20U);  // what was refused before the breaker opened
  for (int i = 0; i < 30; ++i) {
    deliver_all();
    advance(seconds(60));
  }
  EXPECT_EQ(outcomes().delivered, 1000U - lost);
  EXPECT_EQ(outcomes().dead_lettered, lost);
}

// Goal: one batch that breaks the destination does not keep the breaker open for ever. Method: the
// destination fails on '!', whatever is beside it.
TEST_F(LaneTest, APoisonBatchDoesNotHoldTheLane) {
  config::Exporter settings = small_settings();
  settings.circuit_breaker.failure_threshold = 1;
  make(settings);
  add(10, "!");
  for (int i = 0; i < 20; ++i) add(10, "x");
  for (int i = 0; i < 200; ++i) {
    while (!transport_.sent.empty()) {
      const bool poison =
          FakeTransport::text(*transport_.sent[0].request).find('!') != std::string::npos;
      transport_.answer({.kind = poison ? AnswerKind::refused : AnswerKind::delivered});
    }
    advance(seconds(5));
  }
  EXPECT_EQ(outcomes().delivered, 200U);
  EXPECT_EQ(outcomes().dead_lettered, 10U);
}

// Goal: a batch that only times out, while all others pass, does not hold the cursor for ever.
// Method: the destination never takes '!', which is one record of a batch.
TEST_F(LaneTest, ABatchThatOnlyTimesOutIsFoundToo) {
  make();
  add(5, "x");
  add(5, "!");
  for (std::size_t i = 0; i < 2 * kBatchesPastMax; ++i) {
    add(10, "x");
    while (!transport_.sent.empty()) {
      const bool poison =
          FakeTransport::text(*transport_.sent[0].request).find('!') != std::string::npos;
      transport_.answer({.kind = poison ? AnswerKind::retry : AnswerKind::delivered});
    }
    advance(seconds(1));
  }
  EXPECT_EQ(outcomes().dead_lettered, 5U);
  EXPECT_EQ(outcomes().delivered, 20 * kBatchesPastMax + 5);
}

// Goal: a destination that dies is not the data's fault, however much is in flight. Method: the
// window opens wide, then all that is in flight fails.
TEST_F(LaneTest, ManyInFlightWhenTheDestinationDiesAreNotAtFault) {
  config::Exporter settings = small_settings();
  settings.sending_queue.num_consumers = 1000;
  make(settings);
  for (std::size_t i = 0; i < 10 * kBatchesPastMax; ++i) {
    if (transport_.sent.size() > kBatchesPastMax) break;
    const int before = transport_.sent_count;
    add(10);
    if (transport_.sent_count == before) transport_.answer({.kind = AnswerKind::delivered});
  }
  ASSERT_GT(transport_.sent.size(), kBatchesPastMax);
  while (!transport_.sent.empty()) transport_.answer({.kind = AnswerKind::retry});
  EXPECT_EQ(outcomes().dead_lettered, 0U);
}

// Goal: one request that is lost is sent again, whatever went past it. Method: many later ones are
// delivered before the first is answered at all.
TEST_F(LaneTest, OneTimeoutPutsABatchNotAtFault) {
  make();
  for (int i = 0; i < 4; ++i) {
    add(10);
    deliver_all();
  }
  add(10, "!");
  for (std::size_t i = 0; i < 2 * kBatchesPastMax; ++i) {
    add(10);
    ASSERT_EQ(transport_.sent.size(), 2U);
    transport_.answer({.kind = AnswerKind::delivered}, 1);
  }
  transport_.answer({.kind = AnswerKind::retry});
  EXPECT_EQ(outcomes().dead_lettered, 0U);
  advance(seconds(1));
  ASSERT_EQ(transport_.sent.size(), 1U);
  EXPECT_EQ(FakeTransport::text(*transport_.sent[0].request), "!");
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 20 * kBatchesPastMax + 50);
}

// Goal: what waits for its retry is not at fault for the next outage. Method: many later ones are
// delivered meanwhile, then the destination is gone, and the oldest is the breaker's probe.
TEST_F(LaneTest, TheProbeOfTheNextOutageIsNotAtFault) {
  make();
  add(10, "!");
  transport_.answer({.kind = AnswerKind::retry});
  for (std::size_t i = 0; i < 2 * kBatchesPastMax; ++i) {
    add(10);
    deliver_all();
  }
  for (int i = 0; i < 3; ++i) {
    add(10);
    transport_.answer({.kind = AnswerKind::retry});
  }
  ASSERT_EQ(lane_->snapshot().breaker, Lane::Breaker::State::open);
  advance(seconds(20));
  ASSERT_EQ(transport_.sent.size(), 1U);
  ASSERT_EQ(FakeTransport::text(*transport_.sent[0].request), "!");
  transport_.answer({.kind = AnswerKind::retry});
  EXPECT_EQ(outcomes().dead_lettered, 0U);
}

// Goal: gaps are booked for what they are. Method: lose the first records to retention, one to the
// disk, and one at the very end.
TEST_F(LaneTest, LostRecordsAreExpiredOrDamaged) {
  for (int i = 0; i < 6; ++i) add(10);
  log_.expire_before(2);
  log_.damage(3);
  log_.damage(5);
  make();
  deliver_all();
  advance(seconds(1));
  EXPECT_EQ(outcomes().expired, 20U);
  EXPECT_EQ(outcomes().damaged, 20U);
  EXPECT_EQ(outcomes().delivered, 20U);
  EXPECT_EQ(lane_->cursor().items_at(), 60U);
}

// Goal: a cursor without data of its signal does not hold back removal. Method: other signals only.
TEST_F(LaneTest, AnIdleCursorMovesWithTheLog) {
  make();
  for (int i = 0; i < 5; ++i) add(1, "x", Signal::logs);
  advance(seconds(1));
  EXPECT_EQ(lane_->cursor().position(), log_.head().position);
  EXPECT_EQ(lane_->cursor().items_at(), 0U);
}

// Goal: a disk that cannot be read is asked again, not for ever at once. Method: fail, then heal.
TEST_F(LaneTest, AReadErrorIsRetriedLater) {
  make();
  log_.fail_reads(true);
  add(10);
  EXPECT_EQ(next_, now_ + kReadRetryInterval);
  EXPECT_TRUE(lane_->snapshot().failing);
  log_.fail_reads(false);
  advance(kReadRetryInterval);
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 10U);
}

// Goal: draining delivers what is committed, without waiting for full batches, and nothing newer.
// Method: a half-full batch, drain, then more data.
TEST_F(LaneTest, DrainingDeliversWhatIsThereAndNoMore) {
  make();
  add(3);
  lane_->begin_drain();
  pump();
  EXPECT_FALSE(lane_->drained());
  log_.add(Signal::traces, 5, "late");
  pump();
  deliver_all();
  EXPECT_TRUE(lane_->drained());
  EXPECT_EQ(outcomes().delivered, 3U);
}

// Goal: draining does not wait for a destination that is down. Method: drain while retrying.
TEST_F(LaneTest, DrainingDoesNotWaitForADestinationThatIsDown) {
  make();
  add(10);
  transport_.answer({.kind = AnswerKind::retry});
  lane_->begin_drain();
  pump();
  EXPECT_TRUE(lane_->drained());
  EXPECT_EQ(outcomes().sum(), 0U);  // it stays in the log
}

// Goal: after stop nothing is sent, and a cancelled request stays undelivered. Method: stop with
// one in flight.
TEST_F(LaneTest, AfterStopNothingIsSent) {
  make();
  for (int i = 0; i < 5; ++i) add(10);
  lane_->begin_stop();
  EXPECT_FALSE(lane_->idle());
  transport_.answer({.kind = AnswerKind::cancelled});
  EXPECT_TRUE(lane_->idle());
  EXPECT_TRUE(transport_.sent.empty());
  EXPECT_EQ(outcomes().sum(), 0U);
}

// Goal: after stop and resume the lane goes on where it was. Method: stop with one in flight and
// others unread, resume, deliver.
TEST_F(LaneTest, AfterResumeItGoesOnWhereItWas) {
  make();
  for (int i = 0; i < 5; ++i) add(10, std::to_string(i));
  lane_->begin_drain();
  lane_->begin_stop();
  const std::string in_flight = FakeTransport::text(*transport_.sent[0].request);
  transport_.answer({.kind = AnswerKind::cancelled});
  add(10, "5");
  ASSERT_TRUE(transport_.sent.empty());
  lane_->resume();
  pump();
  ASSERT_FALSE(transport_.sent.empty());
  EXPECT_EQ(FakeTransport::text(*transport_.sent[0].request), in_flight);
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 60U);
}

// Goal: no lane starves another of memory. Method: one takes all it can, the other asks.
TEST(InFlightBudget, EachLaneKeepsItsShare) {
  InFlightBudget budget(1000, 2);
  std::uint64_t taken = 0;
  while (budget.try_take(Signal::traces, 50)) taken += 50;
  EXPECT_EQ(taken, 750U);
  EXPECT_TRUE(budget.try_take(Signal::logs, 200));
  EXPECT_TRUE(budget.try_take(Signal::logs, 50));
  EXPECT_FALSE(budget.try_take(Signal::logs, 50));
  budget.give_back(Signal::traces, 750);
  EXPECT_TRUE(budget.try_take(Signal::traces, 5000));  // alone, whatever its size
}

}  // namespace
}  // namespace gateway::exporter
