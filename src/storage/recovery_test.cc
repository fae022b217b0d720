#include "storage/recovery.h"

#include <cerrno>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/engine_fixture.h"

namespace gateway::storage {
namespace {

using std::chrono_literals::operator""h;

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

// Goal: what is acknowledged after a torn group has numbers of its own. Method: of a group of three
// small records in one block, the sector with the second one's header is lost.
TEST(Recovery, AGroupTornInsideABlockEndsWhereItIsTorn) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  static_cast<void>(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest));
  ASSERT_FALSE(log.append_one("first", 10).has_value());
  // The second header begins a sector.
  const std::string payload(2 * io::kSectorSizeBytes - kRecordHeaderSizeBytes, 'x');
  const EngineFixture::Item item{payload, 10, Signal::traces, {}, {}};
  static_cast<void>(log.append({item, item, item}));
  log.files.overwrite(path_of(1), 2 * kBlockSizeBytes + 2 * io::kSectorSizeBytes,
                      std::vector<std::byte>(io::kSectorSizeBytes));
  for (const std::string after : {"after", "and later"}) {
    log.crash();
    ASSERT_TRUE(log.open()) << log.failure;
    EXPECT_EQ(log.engine->report().damaged_regions, 0U);
    ASSERT_FALSE(log.append_one(after, 10).has_value());
  }
  EXPECT_EQ(log.payloads(), (std::vector<std::string>{"first", payload, "after", "and later"}));
  std::uint64_t items = 0;
  for (const SeenRecord& record : log.read_all()) {
    EXPECT_EQ(record.items_before, items);
    items += record.item_count;
  }
  EXPECT_EQ(log.engine->catalog().head().items[0], items);
}

// Goal: new records never get numbers that a cursor has passed. Method: the only record of a signal
// is lost after its cursor has counted it.
TEST(Recovery, TotalsAreNotBehindACursor) {
  constexpr std::size_t kMetrics = index_of(Signal::metrics);
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  LogCursor& cursor = log.engine->cursors().get("primary", Signal::metrics, StartAt::earliest);
  ASSERT_FALSE(log.append_one("metrics", 10, Signal::metrics).has_value());
  cursor.advance(log.engine->catalog().head().position, 10, {.delivered = 10});
  ASSERT_FALSE(log.append_one("traces", 5).has_value());
  log.files.overwrite(path_of(1), kBlockSizeBytes, std::vector<std::byte>(kBlockSizeBytes));
  log.stop();
  ASSERT_TRUE(log.open()) << log.failure;
  EXPECT_EQ(log.engine->report().damaged_regions, 1U);
  EXPECT_EQ(log.engine->catalog().head().items[kMetrics], 10U);
  ASSERT_FALSE(log.append_one("more", 10, Signal::metrics).has_value());
  const auto records = log.read_all(1U << kMetrics);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].items_before, 10U);
}

// Goal: blocks at the end of the log that the disk does not give are damage, not the torn tail:
// they may be there again tomorrow. Method: the last block is unreadable at a start.
TEST(Recovery, AnUnreadableEndIsNotCutOff) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  static_cast<void>(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest));
  append_blocks(log, 5);
  const std::size_t size = log.files.content(path_of(1)).size();
  log.files.make_unreadable(path_of(1), 5 * kBlockSizeBytes);
  log.crash();
  ASSERT_TRUE(log.open()) << log.failure;
  EXPECT_EQ(log.engine->report().damaged_regions, 1U);
  EXPECT_EQ(log.engine->report().torn_tail_bytes, 0U);
  EXPECT_EQ(log.files.content(path_of(1)).size(), size);
  ASSERT_FALSE(log.append_one("after", 10).has_value());
  EXPECT_EQ(log.payloads().size(), 5U);
}

// Goal: a file that cannot be had now is not damaged. Method: a start with fewer descriptors than
// there are segments, which needs no more; with one or none; and with files that may not be opened.
TEST(Recovery, WhatCannotBeOpenedNowIsLeftAlone) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  LogCursor& holder = log.engine->cursors().get("holder", Signal::traces, StartAt::earliest);
  append_blocks(log, 100);  // 15 a segment
  const Head head = log.engine->catalog().head();
  holder.advance({2, kFirstRecordOffsetBytes}, 150, {.delivered = 150});
  log.stop();
  const auto names = log.files.list("/log").value();
  const auto refused = [&log, &names](const std::string& why) {
    EXPECT_FALSE(log.open()) << why;
    EXPECT_EQ(log.files.list("/log").value(), names) << why << ": " << log.failure;
  };
  log.files.set_open_files_max(0);
  refused("no descriptor");
  EXPECT_NE(log.failure.find("limit of open files"), std::string::npos) << log.failure;
  log.files.set_open_files_max(3);
  for (const std::string& path : {path_of(1), path_of(4), std::string("/log/cursors")}) {
    log.files.refuse_open(path, EACCES);
    refused(path);
    log.files.refuse_open(path, 0);
  }
  ASSERT_TRUE(log.open()) << log.failure;
  EXPECT_EQ(log.engine->catalog().head().position, head.position);
  EXPECT_EQ(log.read_all().size(), 100U);
  EXPECT_EQ(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest).items_at(),
            150U);
}

// Goal: a disk that gives nothing is not taken for one that is damaged; one bad header is. Method:
// the header blocks of all segments are unreadable, or that of one.
TEST(Recovery, AHeaderThatCannotBeReadIsSetAsideWhereOthersCan) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  static_cast<void>(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest));
  append_blocks(log, 20);
  log.stop();
  log.files.make_unreadable(path_of(1), 0);
  EngineFixture alone(2);
  ASSERT_TRUE(alone.open());
  append_blocks(alone, 3);
  alone.stop();
  alone.files.make_unreadable(path_of(1), 0);
  EXPECT_FALSE(alone.open());
  EXPECT_NE(alone.failure.find("check the disk"), std::string::npos) << alone.failure;
  ASSERT_TRUE(log.open()) << log.failure;
  EXPECT_EQ(log.engine->report().damaged_regions, 1U);
  EXPECT_EQ(log.payloads().size(), 5U);
}

// Goal: what another version wrote is left to it. Method: the version of a segment, then of the
// cursor file, is a higher one.
TEST(Recovery, FilesOfAnotherVersionAreLeftAlone) {
  constexpr std::uint64_t kVersionAt = 8;
  for (const std::string& path : {path_of(1), std::string("/log/cursors")}) {
    EngineFixture log(1);
    ASSERT_TRUE(log.open());
    append_blocks(log, 3);
    log.stop();
    log.files.flip(path, kVersionAt, std::byte{2});
    const auto names = log.files.list("/log").value();
    EXPECT_FALSE(log.open());
    EXPECT_NE(log.failure.find("version"), std::string::npos) << log.failure;
    EXPECT_EQ(log.files.list("/log").value(), names);
  }
}

// Goal: a file that was being made into a segment when the power failed is no damage. Method: the
// directory is as it was before the renames.
TEST(Recovery, ARecycledFileUnderItsOldNameIsFree) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  append_blocks(log, 20);
  log.engine->writer().maintain(true);  // nobody wants the first segment
  ASSERT_EQ(log.segment_paths(), std::vector<std::string>{path_of(2)});
  log.stop();
  ASSERT_TRUE(log.open());
  append_blocks(log, 1);  // in a file of an earlier segment
  log.stop();
  ASSERT_TRUE(log.files.rename(path_of(3), path_of(1)).has_value());
  ASSERT_TRUE(log.open()) << log.failure;
  EXPECT_EQ(log.engine->report().damaged_regions, 0U);
  const auto names = log.files.list("/log").value();
  for (const std::string& name : names) {
    EXPECT_EQ(name.find("damaged"), std::string::npos) << name;
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

// Goal: a full disk does not keep delivered data on it. Method: the disk is as large as what is on
// it; the cursor has passed everything, and a segment's worth more is wanted.
TEST(Retention, AFullDiskMakesRoomWhenCursorsMoveOn) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  LogCursor& cursor = log.engine->cursors().get("primary", Signal::traces, StartAt::earliest);
  append_blocks(log, 60);  // four segments
  log.files.set_capacity(log.files.size_bytes());
  ASSERT_EQ(log.append_one("no room"), AppendErrc::full);
  const Head head = log.engine->catalog().head();
  cursor.advance(head.position, head.items[0], {.delivered = head.items[0]});
  EXPECT_TRUE(log.engine->save_cursors());
  log.engine->writer().maintain(true);
  log.clock.advance(kWriteRetryInterval);
  EXPECT_FALSE(log.append_one("stored").has_value());
}

// Goal: a segment that cannot be finished takes no more than one file. Method: the directory cannot
// be synced, twenty times in a row, while records come.
TEST(Retention, ASegmentThatCannotBeFinishedIsNotLeftBehind) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  static_cast<void>(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest));
  append_blocks(log, 15);  // the next one wants a segment
  const std::uint64_t size = log.files.size_bytes();
  log.files.fail_directory_syncs(20);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(log.append_one("refused"), AppendErrc::io_error);
    log.clock.advance(kWriteRetryInterval);
  }
  EXPECT_LE(log.files.size_bytes(), size + log.options.segment_size_bytes);
  EXPECT_FALSE(log.append_one("stored").has_value());
  EXPECT_LE(log.files.size_bytes(), size + log.options.segment_size_bytes);
  EXPECT_EQ(log.payloads().size(), 16U);
}

// Goal: records expire when they are as old as they may be and an eighth more, where few come as
// where many do, and after a start. Method: one record an hour in segments that would last days.
TEST(Retention, WhatIsTooOldExpires) {
  EngineFixture log(1);
  log.options.age_max = 8h;
  ASSERT_TRUE(log.open());
  LogCursor& cursor = log.engine->cursors().get("down", Signal::traces, StartAt::earliest);
  const auto pass = [&log](std::chrono::hours time) {
    for (; time != 0h; time -= 1h) {
      log.clock.advance(1h);
      log.engine->writer().maintain(true);
    }
  };
  for (int hour = 0; hour < 10; ++hour) {
    ASSERT_FALSE(log.append_one("record " + std::to_string(hour)).has_value());
    pass(1h);
  }
  EXPECT_EQ(log.payloads().size(), 9U);
  EXPECT_EQ(cursor.outcomes().expired, 1U);
  log.stop();
  ASSERT_TRUE(log.open()) << log.failure;
  pass(5h);
  EXPECT_EQ(log.payloads().size(), 4U);
  pass(5h);
  EXPECT_EQ(log.payloads().size(), 0U);
  const LogCursor& after = log.engine->cursors().get("down", Signal::traces, StartAt::earliest);
  EXPECT_EQ(after.outcomes().expired, 10U);
}

// Goal: a segment with room in it is not ended for its age where there is none for the next.
// Method: a log that is full but for half of its newest segment, which is old.
TEST(Retention, AnOldSegmentIsFilledWhereThereIsNoRoomForAnother) {
  EngineFixture log(1);
  log.options.age_max = 8h;
  ASSERT_TRUE(log.open());
  static_cast<void>(log.engine->cursors().get("down", Signal::traces, StartAt::earliest));
  append_blocks(log, 15 * 15 + 5);  // 15 a segment
  ASSERT_EQ(log.engine->catalog().segment_count(), 16U);
  log.clock.advance(2h);
  log.engine->writer().maintain(true);
  EXPECT_FALSE(log.append_one("there is room").has_value());
}

// Goal: a clock that is set does not expire what has just come. Method: it is set a day forward and
// back again, with two segments full.
TEST(Retention, AClockThatIsSetExpiresNothing) {
  for (const auto by : {24h, -24h}) {
    EngineFixture log(1);
    log.options.age_max = 1h;
    ASSERT_TRUE(log.open());
    static_cast<void>(log.engine->cursors().get("down", Signal::traces, StartAt::earliest));
    append_blocks(log, 20);
    log.clock.step(by);
    append_blocks(log, 20);
    log.engine->writer().maintain(true);
    EXPECT_EQ(log.payloads().size(), 40U);
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
