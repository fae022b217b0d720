#include "app/health.h"

#include <gtest/gtest.h>

namespace gateway::app {
namespace {

Observation serving() {
  Observation seen;
  seen.phase = Phase::serving;
  seen.storage.write_path_ok = true;
  seen.storage_admits = true;
  seen.write_proven = true;
  seen.thread_silence = {std::chrono::milliseconds(3)};
  return seen;
}

// Goal: all is well says so on every probe. Method: a gateway that serves.
TEST(Health, AServingGatewayPassesEveryProbe) {
  EXPECT_TRUE(judge_startup(serving()).ok);
  EXPECT_TRUE(judge_ready(serving()).ok);
  EXPECT_TRUE(judge_live(serving()).ok);
}

// Goal: the startup probe shows how far recovery is, while the process is alive and not ready.
// Method: in the middle of recovery.
TEST(Health, RecoveryIsShownByStartupAndHoldsReadinessBack) {
  Observation seen = serving();
  seen.phase = Phase::recovering;
  seen.recovery.segments_read = 3;
  seen.recovery.segments_total = 10;
  EXPECT_FALSE(judge_startup(seen).ok);
  EXPECT_EQ(judge_startup(seen).reason, "recovering the log: 3 of 10 segments read");
  EXPECT_FALSE(judge_ready(seen).ok);
  EXPECT_TRUE(judge_live(seen).ok);
}

// Goal: ready means that a request would be stored now. Method: break each condition alone; none of
// them is a reason to be killed.
TEST(Health, EveryBrokenWritePathIsNotReadyButAlive) {
  Observation full = serving();
  full.storage_admits = false;
  EXPECT_FALSE(judge_ready(full).ok);
  EXPECT_TRUE(judge_live(full).ok);

  Observation failing = serving();
  failing.storage.write_path_ok = false;
  EXPECT_FALSE(judge_ready(failing).ok);
  EXPECT_TRUE(judge_live(failing).ok);

  Observation unproven = serving();
  unproven.write_proven = false;
  EXPECT_FALSE(judge_ready(unproven).ok);

  Observation slow = serving();
  slow.storage.commit_in_progress = std::chrono::seconds(5);
  EXPECT_FALSE(judge_ready(slow).ok);
  EXPECT_TRUE(judge_live(slow).ok);

  Observation draining = serving();
  draining.phase = Phase::draining;
  EXPECT_EQ(judge_ready(draining).reason, "stopping");
  EXPECT_TRUE(judge_live(draining).ok);
}

// Goal: live means that workers progress. Method: a stuck writer, a stuck I/O thread.
TEST(Health, AStuckWorkerIsNotAlive) {
  Observation writer = serving();
  writer.storage.commit_in_progress = std::chrono::seconds(31);
  EXPECT_FALSE(judge_live(writer).ok);

  Observation thread = serving();
  thread.thread_silence.push_back(std::chrono::seconds(11));
  EXPECT_EQ(judge_live(thread).reason, "I/O thread 1 has not moved for 11 s");
}

}  // namespace
}  // namespace gateway::app
