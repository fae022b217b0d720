#include <vector>

#include <gtest/gtest.h>

#include "pipeline/delivery/backoff.h"
#include "pipeline/delivery/batcher.h"
#include "pipeline/delivery/circuit_breaker.h"
#include "pipeline/delivery/retry_budget.h"
#include "pipeline/delivery/window.h"

namespace gateway::pipeline::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{seconds(1000)};

// Goal: gaps grow, differ between runs and respect the cap. Method: two seeds, twenty waits.
TEST(Backoff, WaitsGrowToTheCapAndAreJittered) {
  const BackoffSettings settings{.initial_interval = seconds(1),
                                 .max_interval = seconds(30),
                                 .multiplier = 2,
                                 .randomization_factor = 0.5};
  std::vector<std::vector<Duration>> runs;
  for (const std::uint64_t seed : {1U, 2U}) {
    Backoff backoff(settings);
    Jitter jitter(seed);
    double base_s = 1;
    auto& waits = runs.emplace_back();
    for (int attempt = 0; attempt < 20; ++attempt) {
      SCOPED_TRACE(attempt);
      waits.push_back(backoff.next(std::nullopt, jitter));
      const double wait_s = std::chrono::duration<double>(waits.back()).count();
      EXPECT_GE(wait_s, base_s * 0.5 - 1e-6);
      EXPECT_LE(wait_s, base_s * 1.5 + 1e-6);
      base_s = std::min(base_s * 2, 30.0);
    }
  }
  EXPECT_NE(runs[0], runs[1]);
}

// Goal: the larger of RetryInfo and backoff is waited for. Method: ask for more, for less.
TEST(Backoff, TakesTheLargerOfItsOwnWaitAndTheAskedOne) {
  const BackoffSettings settings{.initial_interval = seconds(2), .randomization_factor = 0};
  Jitter jitter(1);
  EXPECT_EQ(Backoff(settings).next(seconds(3), jitter), seconds(3));
  EXPECT_EQ(Backoff(settings).next(seconds(1), jitter), seconds(2));
  EXPECT_EQ(Backoff(settings).next(std::chrono::hours(24), jitter), kBackoffAskedMax);
}

// Goal: no setting makes a busy loop or an overflow. Method: extremes.
TEST(Backoff, ExtremeSettingsAreClamped) {
  Jitter jitter(1);
  Backoff none({.initial_interval = Duration::zero(),
                .max_interval = Duration::zero(),
                .multiplier = 0,
                .randomization_factor = 5});
  Backoff huge({.initial_interval = seconds(1),
                .max_interval = std::chrono::hours(24 * 365),
                .multiplier = 1e300});
  for (int attempt = 0; attempt < 100; ++attempt) {
    EXPECT_GE(none.next(std::nullopt, jitter), kBackoffIntervalMin);
    EXPECT_GE(huge.next(std::nullopt, jitter), kBackoffIntervalMin);
  }
}

// Goal: a reset starts from the first wait again. Method: fail, reset, fail.
TEST(Backoff, ResetStartsOver) {
  Backoff backoff({.initial_interval = seconds(1), .multiplier = 2, .randomization_factor = 0});
  Jitter jitter(1);
  EXPECT_EQ(backoff.next(std::nullopt, jitter), seconds(1));
  EXPECT_EQ(backoff.next(std::nullopt, jitter), seconds(2));
  EXPECT_EQ(backoff.failure_count(), 2U);
  backoff.reset();
  EXPECT_EQ(backoff.next(std::nullopt, jitter), seconds(1));
}

// Goal: retries are few beside successes, and never none. Method: use up the bucket, then fill it
// by successes, then by time.
TEST(RetryBudget, IsFilledBySuccessesAndALittleByTime) {
  RetryBudget budget({.tokens_max = 3, .tokens_per_success = 0.25, .tokens_per_second = 2}, kStart);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.try_take(kStart));
  EXPECT_FALSE(budget.try_take(kStart));
  for (int i = 0; i < 4; ++i) budget.on_success();
  EXPECT_TRUE(budget.try_take(kStart));
  EXPECT_FALSE(budget.try_take(kStart));
  const Duration wait = budget.wait_for_token(kStart);
  EXPECT_GE(wait, milliseconds(500));
  EXPECT_LE(wait, milliseconds(510));
  EXPECT_FALSE(budget.try_take(kStart + milliseconds(400)));
  EXPECT_TRUE(budget.try_take(kStart + wait));
  // Time fills no more than the bucket.
  const Instant later = kStart + std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.try_take(later));
  EXPECT_FALSE(budget.try_take(later));
}

const CircuitBreakerSettings kBreaker{.enabled = true,
                                      .failure_threshold = 3,
                                      .open_interval = seconds(10),
                                      .open_interval_max = seconds(30)};

// Goal: failures in a row open it; a success between them does not. Method: two, success, three.
TEST(CircuitBreaker, OpensAfterFailuresInARow) {
  CircuitBreaker breaker(kBreaker);
  Jitter jitter(1);
  breaker.on_failure(kStart, jitter);
  breaker.on_failure(kStart, jitter);
  breaker.on_success();
  breaker.on_failure(kStart, jitter);
  breaker.on_failure(kStart, jitter);
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::closed);
  EXPECT_TRUE(breaker.try_pass(kStart));
  breaker.on_failure(kStart, jitter);
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::open);
  EXPECT_EQ(breaker.opened_at(), kStart);
  EXPECT_FALSE(breaker.try_pass(kStart));
}

// Goal: one probe at a time, jittered waits that grow to a cap. Method: fail five probes, then
// succeed.
TEST(CircuitBreaker, ProbesOneAtATimeInGrowingIntervals) {
  CircuitBreaker breaker(kBreaker);
  Jitter jitter(7);
  for (int i = 0; i < 3; ++i) breaker.on_failure(kStart, jitter);
  Instant now = kStart;
  double expected_s = 10;
  for (int probe = 0; probe < 5; ++probe) {
    SCOPED_TRACE(probe);
    const double wait_s = std::chrono::duration<double>(breaker.probe_at() - now).count();
    EXPECT_GE(wait_s, expected_s * 0.8 - 1e-6);
    EXPECT_LE(wait_s, expected_s * 1.2 + 1e-6);
    EXPECT_FALSE(breaker.try_pass(breaker.probe_at() - milliseconds(1)));
    now = breaker.probe_at();
    EXPECT_TRUE(breaker.try_pass(now));
    EXPECT_EQ(breaker.state(), CircuitBreaker::State::half_open);
    EXPECT_FALSE(breaker.try_pass(now));
    breaker.on_failure(now, jitter);
    EXPECT_EQ(breaker.state(), CircuitBreaker::State::open);
    expected_s = std::min(expected_s * 2, 30.0);
  }
  EXPECT_EQ(breaker.opened_at(), kStart);
  EXPECT_TRUE(breaker.try_pass(breaker.probe_at()));
  breaker.on_success();
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::closed);
  for (int i = 0; i < 3; ++i) breaker.on_failure(now, jitter);
  EXPECT_LE(breaker.probe_at() - now, seconds(12));  // the interval started over
}

// Goal: a cancelled probe leaves the way free for another. Method: pass, abandon, pass.
TEST(CircuitBreaker, AbandonedProbeMayBeRepeated) {
  CircuitBreaker breaker(kBreaker);
  Jitter jitter(1);
  for (int i = 0; i < 3; ++i) breaker.on_failure(kStart, jitter);
  EXPECT_TRUE(breaker.try_pass(breaker.probe_at()));
  breaker.abandon_probe();
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::open);
  EXPECT_TRUE(breaker.try_pass(breaker.probe_at()));
}

// Goal: switched off, it never opens. Method: many failures.
TEST(CircuitBreaker, DisabledNeverOpens) {
  CircuitBreakerSettings settings = kBreaker;
  settings.enabled = false;
  CircuitBreaker breaker(settings);
  Jitter jitter(1);
  for (int i = 0; i < 100; ++i) breaker.on_failure(kStart, jitter);
  EXPECT_TRUE(breaker.try_pass(kStart));
}

// Goal: it opens up while used, up to the limit. Method: successes at full use, then without use.
TEST(Window, GrowsWhileItIsUsedUp) {
  Window window(4);
  Instant now = kStart;
  EXPECT_EQ(window.limit(), 1U);
  window.on_success(now + milliseconds(10), now, 0);
  EXPECT_EQ(window.limit(), 1U);
  for (int i = 0; i < 20; ++i) {
    now += milliseconds(20);
    window.on_success(now + milliseconds(10), now, window.limit());
  }
  EXPECT_EQ(window.limit(), 4U);
}

// Goal: overload halves it once a round, never below one. Method: failures of one round, and later.
TEST(Window, HalvesOncePerRoundAndKeepsOne) {
  Window window(16);
  Instant now = kStart;
  for (int i = 0; i < 20; ++i) {
    now += milliseconds(20);
    window.on_success(now + milliseconds(10), now, window.limit());
  }
  ASSERT_EQ(window.limit(), 16U);
  const Instant sent = now;
  now += milliseconds(50);
  for (int i = 0; i < 16; ++i) window.on_congestion(now, sent);
  EXPECT_EQ(window.limit(), 8U);
  for (int i = 0; i < 10; ++i) {
    now += milliseconds(50);
    window.on_congestion(now, now);
  }
  EXPECT_EQ(window.limit(), 1U);
  // From then on it grows by one a round, not by one an answer.
  for (int i = 0; i < 4; ++i) {
    now += milliseconds(20);
    window.on_success(now + milliseconds(10), now, window.limit());
  }
  EXPECT_LE(window.limit(), 4U);
  EXPECT_GE(window.limit(), 2U);
}

// Goal: answers that become much slower shrink it without any failure. Method: steady, then slow.
TEST(Window, GivesWayWhenAnswersBecomeSlower) {
  Window window(32);
  Instant now = kStart;
  for (int i = 0; i < 60; ++i) {
    now += milliseconds(20);
    window.on_success(now + milliseconds(10 + i % 3), now, window.limit());
  }
  const std::uint32_t before = window.limit();
  now += milliseconds(20);
  window.on_success(now + milliseconds(200), now, window.limit());
  EXPECT_LT(window.limit(), before);
  EXPECT_GE(window.limit(), before * 8 / 10);
}

// Goal: items, bytes and age each make it due. Method: one at a time.
TEST(Batcher, IsDueByItemsBytesOrAge) {
  const BatchLimits limits{.items_due = 100, .bytes_max = 1000, .age_max = milliseconds(200)};
  Batcher batcher(limits);
  EXPECT_FALSE(batcher.due(kStart + seconds(100)));
  EXPECT_EQ(batcher.due_at(), std::nullopt);
  batcher.add(kStart, 10, 50);
  EXPECT_FALSE(batcher.due(kStart + milliseconds(199)));
  EXPECT_TRUE(batcher.due(kStart + milliseconds(200)));
  EXPECT_EQ(batcher.due_at(), kStart + milliseconds(200));
  EXPECT_EQ(batcher.items_missing(), 90U);
  batcher.add(kStart + milliseconds(100), 90, 50);
  EXPECT_TRUE(batcher.due(kStart + milliseconds(100)));
  batcher.clear();
  batcher.add(kStart, 1, 1000);
  EXPECT_TRUE(batcher.due(kStart));
}

// Goal: a request is never cut unless a limit says so; one alone always fits. Method: around each
// limit.
TEST(Batcher, FitsUpToTheLimitsAndOneRecordAlways) {
  Batcher batcher({.items_due = 100, .items_max = 150, .bytes_max = 1000});
  EXPECT_TRUE(batcher.fits(1000, 100000));
  batcher.add(kStart, 90, 400);
  EXPECT_TRUE(batcher.fits(60, 600));
  EXPECT_FALSE(batcher.fits(61, 600));
  EXPECT_FALSE(batcher.fits(60, 601));
  batcher.clear();
  batcher.add(kStart, 1000, 10);
  EXPECT_TRUE(batcher.over_limit());
  Batcher profiles({.single_record = true});
  profiles.add(kStart, 1, 1);
  EXPECT_FALSE(profiles.fits(1, 1));
  EXPECT_TRUE(profiles.due(kStart));
}

// Goal: large items make it due by bytes: the estimate says when. Method: 10 items of 50 bytes.
TEST(Batcher, MissingItemsAreEstimatedFromTheirSize) {
  Batcher batcher({.items_due = 100, .bytes_max = 1000});
  batcher.add(kStart, 10, 500);
  EXPECT_EQ(batcher.items_missing(), 10U);
}

}  // namespace
}  // namespace gateway::pipeline::delivery
