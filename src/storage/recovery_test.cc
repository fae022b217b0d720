#include "storage/recovery.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/engine_fixture.h"

namespace gateway::storage {
namespace {

std::string path_of(std::uint64_t sequence) {
  return "/log/" + segment_file_name(kSegmentPrefix, sequence);
}

// A log of `groups` groups of one record each, each of one block; payload i is "record i".
void append_blocks(EngineFixture& log, int groups) {
  for (int i = 0; i < groups; ++i) {
    ASSERT_FALSE(log.append_one("record " + std::to_string(i), 10).has_value());
  }
}

// Goal: a torn tail is the end, and no damage. Method: cut the file of a small log at every length
// that a write of 512-byte sectors can leave, and at every byte of the last record.
TEST(Recovery, ATornTailAtAnyLengthIsTheEnd) {
  EngineFixture original(1);
  ASSERT_TRUE(original.open());
  append_blocks(original, 5);
  const auto whole = original.files.content(path_of(1));
  const std::uint64_t last_begin = 5 * kBlockSizeBytes;
  for (std::uint64_t size = kBlockSizeBytes; size <= 6 * kBlockSizeBytes;
       size += size >= last_begin && size < last_begin + 100 ? 1 : 128) {
    SCOPED_TRACE(size);
    EngineFixture log(1);
    ASSERT_TRUE(log.open());
    append_blocks(log, 5);
    // What was not written is zero, or the file ends: as the disk likes.
    log.files.cut(path_of(1), size);
    if (size % 256 == 0) log.files.cut(path_of(1), whole.size());
    log.crash();
    ASSERT_TRUE(log.open()) << log.failure;
    const auto payloads = log.payloads();
    const std::uint64_t blocks = size / kBlockSizeBytes - 1;
    // The padding of the last block may be missing: zeroes or not, nobody reads it.
    EXPECT_GE(payloads.size(), blocks);
    EXPECT_LE(payloads.size(), blocks + 1);
    EXPECT_EQ(log.engine->report().damaged_regions, 0U);
    EXPECT_EQ(log.engine->catalog().head().items[0], payloads.size() * 10);
    ASSERT_FALSE(log.append_one("after").has_value());
    EXPECT_EQ(log.payloads().back(), "after");
  }
}

// Goal: damage in the middle costs what is damaged, and no more. Method: every byte of the third of
// five records is flipped, one at a time; before a restart, and after.
TEST(Recovery, DamageInTheMiddleIsSkippedAndShowsInTheTotals) {
  for (std::uint64_t byte = 0; byte < kRecordHeaderSizeBytes + 8; ++byte) {
    SCOPED_TRACE(byte);
    EngineFixture log(1);
    ASSERT_TRUE(log.open());
    static_cast<void>(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest));
    append_blocks(log, 5);
    log.files.flip(path_of(1), 3 * kBlockSizeBytes + byte, std::byte{0x10});
    for (const bool reopened : {false, true}) {
      SCOPED_TRACE(reopened);
      if (reopened) {
        log.stop();
        ASSERT_TRUE(log.open()) << log.failure;
        EXPECT_EQ(log.engine->report().damaged_regions, 1U);
        EXPECT_EQ(log.engine->report().torn_tail_bytes, 0U);
      }
      const auto records = log.read_all();
      ASSERT_EQ(records.size(), 4U);
      EXPECT_EQ(records[2].payload, "record 3");
      EXPECT_EQ(records[1].items_before, 10U);
      EXPECT_EQ(records[2].items_before, 30U);  // the jump
      EXPECT_FALSE(records[2].expired_before);
      EXPECT_EQ(log.engine->catalog().head().items[0], 50U);
      static_cast<void>(log.read_all());
      EXPECT_EQ(log.engine->stats().damaged_region_count, reopened ? 2U : 1U)
          << "each reader counts it anew";
    }
  }
}

// Goal: blocks that the disk cannot read any more are damage, told first as errors. Method: one
// unreadable block among five.
TEST(Recovery, AnUnreadableBlockIsReportedThenSkipped) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  static_cast<void>(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest));
  append_blocks(log, 5);
  log.files.make_unreadable(path_of(1), 2 * kBlockSizeBytes);
  auto reader = log.engine->reader(1, {});
  EXPECT_EQ(reader->next().error(), ReadErrc::io_error);
  EXPECT_EQ(reader->next().error(), ReadErrc::io_error);
  reader.reset();  // it ends before the engine
  EXPECT_EQ(log.payloads(),
            (std::vector<std::string>{"record 0", "record 2", "record 3", "record 4"}));
  log.crash();
  ASSERT_TRUE(log.open()) << log.failure;
  EXPECT_EQ(log.payloads().size(), 4U);
}

// Goal: records of a file's earlier life never come back. Method: fill and drain a log of few
// segments many times over; then damage the newest segment's tail, so that old bytes are next.
TEST(Recovery, RecordsOfARecycledFileAreNeverRead) {
  EngineFixture log(1);
  log.options.size_bytes_max = 256 << 10;
  ASSERT_TRUE(log.open());
  for (int i = 0; i < 500; ++i) {
    ASSERT_FALSE(log.append_one("record " + std::to_string(i)).has_value()) << i;
    log.engine->writer().maintain(true);
  }
  EXPECT_LE(log.engine->catalog().segment_count(), 2U);
  const auto newest = log.engine->catalog().newest();
  ASSERT_TRUE(newest.has_value());
  ASSERT_LT(newest->end_bytes + 2 * kBlockSizeBytes, newest->file_size_bytes);
  const auto before = log.payloads();
  log.crash();
  ASSERT_TRUE(log.open()) << log.failure;
  EXPECT_EQ(log.payloads(), before);
  EXPECT_EQ(log.engine->catalog().head().items[0], 500U);
}

// Goal: history kept for queries never keeps a sender out. Method: history may take all the disk;
// append several times that, and ask for admission before each.
TEST(Retention, HistoryMakesRoomBeforeItIsWanted) {
  EngineFixture log(1);
  log.options.size_bytes_max = 256 << 10;
  log.options.history_size_bytes_max = log.options.size_bytes_max;
  ASSERT_TRUE(log.open());
  for (int i = 0; i < 300; ++i) {
    ASSERT_GE(log.engine->state().admissible_bytes.load(), kBlockSizeBytes) << i;
    ASSERT_FALSE(log.append_one("record").has_value()) << i;
    log.clock.advance(kTightRetentionInterval);
    log.engine->writer().maintain(false);
  }
  EXPECT_EQ(log.engine->catalog().segment_count(), 3U);
  EXPECT_LE(log.engine->stats().size_bytes, log.options.size_bytes_max);
}

// Goal: no record that was acknowledged is removed before the cursor that was made for it has read
// it, whatever the disk does when that cursor is made, and whoever comes first after a crash.
// Method: fail each call in turn from the making of a second cursor on, a few or many; append three
// segments, crash, and let retention run before an exporter asks for its cursor.
TEST(Retention, NothingIsStoredForACursorThatACrashWouldForget) {
  for (std::uint64_t nth = 0; nth < 12; ++nth) {
    for (const std::uint64_t count : {1U, 3U, 30U}) {
      SCOPED_TRACE(testing::Message() << "call " << nth << ", failures " << count);
      EngineFixture log(nth * 100 + count);
      ASSERT_TRUE(log.open());
      LogCursor& fast = log.engine->cursors().get("fast", Signal::traces, StartAt::earliest);
      log.files.fail_call(nth, io::SimFault::no_space, count);
      static_cast<void>(log.engine->cursors().get("slow", Signal::traces, StartAt::latest));
      std::vector<std::string> acknowledged;
      for (int i = 0; i < 60; ++i) {
        const std::string payload = "record " + std::to_string(i);
        if (!log.append_one(payload)) acknowledged.push_back(payload);
        log.clock.advance(kWriteRetryInterval);
      }
      ASSERT_GE(acknowledged.size(), 20U);
      log.files.heal();
      // Another save in which "slow" stands where it was made.
      const Head head = log.engine->catalog().head();
      fast.advance(head.position, head.items[0], {.delivered = head.items[0]});
      if (nth % 2 == 0) static_cast<void>(log.engine->save_cursors());
      log.crash();
      ASSERT_TRUE(log.open()) << log.failure;
      log.engine->writer().maintain(true);
      const LogCursor& slow = log.engine->cursors().get("slow", Signal::traces, StartAt::latest);
      std::vector<std::string> kept;
      for (SeenRecord& record : log.read_all(1, slow.position())) {
        kept.push_back(std::move(record.payload));
      }
      EXPECT_EQ(kept, acknowledged);
    }
  }
}

// Goal: a log whose first cursor cannot be saved stores nothing, says so, and goes on when it can.
// Method: a disk that fails from the making of the cursor on, then heals.
TEST(Retention, ALogThatCannotSaveANewCursorRefuses) {
  for (const auto& [fault, error] : {std::pair(io::SimFault::no_space, AppendErrc::full),
                                     std::pair(io::SimFault::io_error, AppendErrc::io_error)}) {
    EngineFixture log(7);
    ASSERT_TRUE(log.open());
    log.files.fail_call(0, fault, 1'000);
    static_cast<void>(log.engine->cursors().get("primary", Signal::traces, StartAt::latest));
    EXPECT_EQ(log.append_one("refused"), error);
    EXPECT_EQ(log.append_one("too early"), AppendErrc::io_error);
    EXPECT_FALSE(log.engine->stats().write_path_ok);
    EXPECT_EQ(log.engine->stats().commit_failure_count, 1U);
    log.files.heal();
    log.clock.advance(kWriteRetryInterval);
    EXPECT_FALSE(log.append_one("stored").has_value());
    EXPECT_TRUE(log.engine->stats().write_path_ok);
    EXPECT_EQ(log.payloads(), std::vector<std::string>{"stored"});
  }
}

// Goal: one lost segment header costs that segment. Method: damage the middle one's header block.
TEST(Recovery, ASegmentWithoutAHeaderIsSetAside) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  static_cast<void>(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest));
  append_blocks(log, 40);  // 15 a segment
  ASSERT_EQ(log.segment_paths().size(), 3U);
  log.files.flip(path_of(2), 20, std::byte{1});
  log.stop();
  ASSERT_TRUE(log.open()) << log.failure;
  const auto records = log.read_all();
  ASSERT_EQ(records.size(), 25U);
  EXPECT_EQ(records[15].payload, "record 30");
  EXPECT_EQ(records[15].items_before, 300U);
  EXPECT_EQ(log.engine->report().damaged_regions, 1U);
  EXPECT_EQ(log.files.content("/log/damaged-0000000000000002").size(),
            log.options.segment_size_bytes);
  ASSERT_FALSE(log.append_one("after").has_value());
}

// Goal: an exporter whose place is lost delivers again rather than never. Method: damage and remove
// the cursor file of a log with records, and ask for a cursor at the newest.
TEST(Recovery, LostCursorsStartAtTheOldestRecord) {
  for (const bool damaged : {true, false}) {
    SCOPED_TRACE(damaged);
    EngineFixture log(1);
    ASSERT_TRUE(log.open());
    static_cast<void>(log.engine->cursors().get("primary", Signal::traces, StartAt::latest));
    append_blocks(log, 3);
    log.stop();
    if (damaged) {
      log.files.flip("/log/cursors", 30, std::byte{1});
    } else {
      ASSERT_TRUE(log.files.remove("/log/cursors").has_value());
    }
    ASSERT_TRUE(log.open()) << log.failure;
    EXPECT_TRUE(log.engine->cursors().all().empty());
    LogCursor& cursor = log.engine->cursors().get("primary", Signal::traces, StartAt::latest);
    EXPECT_EQ(cursor.items_at(), 0U);
    EXPECT_EQ(log.read_all(1, cursor.position()).size(), 3U);
  }
}

// Goal: a cursor that knows more than the disk kept does no harm. Method: durability interval, a
// saved cursor at the head, and a crash before the sync.
TEST(Recovery, ACursorBeyondTheEndIsMovedToTheEnd) {
  EngineFixture log(3);
  log.options.durability = Durability::interval;
  ASSERT_TRUE(log.open());
  LogCursor& cursor = log.engine->cursors().get("primary", Signal::traces, StartAt::earliest);
  append_blocks(log, 2);
  log.clock.advance(log.options.sync_interval);
  log.engine->writer().maintain(false);  // these two are synced
  append_blocks(log, 6);
  cursor.advance(log.engine->catalog().head().position, 80, {.delivered = 80});
  ASSERT_TRUE(log.engine->save_cursors());
  log.crash();
  ASSERT_TRUE(log.open()) << log.failure;
  const Head head = log.engine->catalog().head();
  ASSERT_LT(head.items[0], 80U);
  ASSERT_GE(head.items[0], 20U);
  const LogCursor& after = log.engine->cursors().get("primary", Signal::traces, StartAt::earliest);
  EXPECT_EQ(after.items_at(), head.items[0]);
  EXPECT_EQ(after.outcomes().delivered, head.items[0]);
  EXPECT_EQ(after.items_start(), 0U);
  ASSERT_FALSE(log.append_one("after", 5).has_value());
  EXPECT_EQ(log.read_all(1, after.position()).size(), 1U);
}

// Goal: a directory of another sort is not silently taken over. Method: options and locks that
// cannot be.
TEST(Recovery, WhatCannotBeOpenedSaysWhatToDo) {
  EngineFixture log(1);
  log.options.segment_size_bytes = 1000;
  EXPECT_FALSE(log.open());
  EXPECT_NE(log.failure.find("multiple of 4 KiB"), std::string::npos) << log.failure;
  log.options.segment_size_bytes = 64 << 10;
  log.options.size_bytes_max = 64 << 10;
  EXPECT_FALSE(log.open());
  EXPECT_NE(log.failure.find("two segments"), std::string::npos) << log.failure;
  log.options.size_bytes_max = 1 << 20;
  const auto held = log.files.lock("/log/LOCK");
  EXPECT_FALSE(log.open());
  EXPECT_NE(log.failure.find("another process"), std::string::npos) << log.failure;
}

}  // namespace
}  // namespace gateway::storage
