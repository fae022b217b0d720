#include "storage/inspect.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/engine_fixture.h"

namespace gateway::storage {
namespace {

Inspection inspected(EngineFixture& log, const InspectOptions& options = {}) {
  auto inspection = inspect(log.files, "/log", options);
  EXPECT_TRUE(inspection.has_value());
  return inspection ? *inspection : Inspection{};
}

void fill(EngineFixture& log) {
  ASSERT_TRUE(log.open());
  LogCursor& cursor = log.engine->cursors().get("primary", Signal::traces, StartAt::earliest);
  for (int i = 0; i < 40; ++i) {
    ASSERT_FALSE(log.append_one(random_text(static_cast<std::uint64_t>(i), 9000), 10));
  }
  ASSERT_FALSE(log.append_one("a log", 3, Signal::logs));
  const auto first = log.read_all(1).front();
  cursor.advance(first.next, 10, {.delivered = 10});
  ASSERT_TRUE(log.engine->save_cursors());
}

// Goal: a sound log is called so. Method: fill some segments, inspect while it is open and after.
TEST(Inspect, ASoundLogHasNoProblem) {
  EngineFixture log(1);
  fill(log);
  for (const bool stopped : {false, true}) {
    if (stopped) log.stop();
    std::size_t lines = 0;
    InspectOptions options;
    options.payload_checksums = true;
    options.each_record = [&lines](std::string_view) { ++lines; };
    const Inspection inspection = inspected(log, options);
    EXPECT_EQ(inspection.problems, std::vector<std::string>{});
    EXPECT_EQ(inspection.record_count, 41U);
    EXPECT_EQ(lines, 41U);
    EXPECT_EQ(inspection.items, (ItemTotals{400, 0, 3, 0}));
    ASSERT_EQ(inspection.cursors.size(), 1U);
    const std::string text = to_text(inspection);
    EXPECT_NE(text.find("no problem found"), std::string::npos) << text;
    EXPECT_NE(text.find("primary"), std::string::npos) << text;
    EXPECT_NE(text.find("390"), std::string::npos) << "pending: " << text;
  }
}

// Goal: verify finds what inspect, which reads headers, does not. Method: flip a payload byte.
TEST(Inspect, ADamagedPayloadIsFoundByItsChecksum) {
  EngineFixture log(1);
  fill(log);
  log.files.flip(log.segment_paths().front(), kFirstRecordOffsetBytes + 5000, std::byte{1});
  EXPECT_TRUE(inspected(log).problems.empty());
  const Inspection inspection = inspected(log, {.payload_checksums = true});
  ASSERT_EQ(inspection.problems.size(), 1U);
  EXPECT_EQ(inspection.problems.front(),
            "segment-0000000000000001 at 4096: the payload does not match its checksum");
}

// Goal: what is stored can be read out of the files alone. Method: all, past a damaged one, and
// until told to end.
TEST(Inspect, PayloadsAreHandedOutInTheirOrder) {
  EngineFixture log(1);
  fill(log);
  std::vector<std::string> payloads;
  std::size_t max = 1000;
  InspectOptions options;
  options.each_payload = [&](const RecordInfo& info, const Slice& payload) {
    EXPECT_EQ(info.item_count, info.signal == Signal::logs ? 3U : 10U);
    payloads.emplace_back(reinterpret_cast<const char*>(payload.bytes.data()),
                          payload.bytes.size());
    return payloads.size() < max;
  };
  static_cast<void>(inspected(log, options));
  ASSERT_EQ(payloads.size(), 41U);
  EXPECT_EQ(payloads[7], random_text(7, 9000));
  EXPECT_EQ(payloads.back(), "a log");

  log.files.flip(log.segment_paths().front(), kFirstRecordOffsetBytes + 5000, std::byte{1});
  payloads.clear();
  EXPECT_EQ(inspected(log, options).problems.size(), 1U);
  ASSERT_EQ(payloads.size(), 40U);
  EXPECT_EQ(payloads.front(), random_text(1, 9000));

  payloads.clear();
  max = 3;
  static_cast<void>(inspected(log, options));
  EXPECT_EQ(payloads.size(), 3U);
}

// Goal: lost headers are found and the totals say how much. Method: flip a byte of a record header,
// and of a segment header.
TEST(Inspect, DamagedHeadersAreFound) {
  EngineFixture log(1);
  fill(log);
  log.files.flip(log.segment_paths()[0], kFirstRecordOffsetBytes + 20, std::byte{1});
  log.files.flip(log.segment_paths()[2], 20, std::byte{1});
  const Inspection inspection = inspected(log);
  ASSERT_GE(inspection.problems.size(), 3U);
  EXPECT_EQ(inspection.problems[0],
            "segment-0000000000000003 at 0: the segment header cannot be read");
  EXPECT_EQ(inspection.problems[1], "segment-0000000000000001 at 4096: no record up to 16384");
  EXPECT_EQ(inspection.problems[2],
            "segment-0000000000000001 at 16384: 10 traces before it by its header, 0 by count");
  EXPECT_NE(to_text(inspection).find("problem: "), std::string::npos);
}

// Goal: no directory, no crash.
// Method: an empty simulated disk has no files; a damaged cursor file.
TEST(Inspect, DamagedCursorsAreTold) {
  EngineFixture log(1);
  fill(log);
  log.files.flip("/log/cursors", 30, std::byte{1});
  const Inspection inspection = inspected(log);
  EXPECT_EQ(inspection.cursors_problem, "checksum_mismatch");
  EXPECT_EQ(inspection.problems.size(), 1U);
}

}  // namespace
}  // namespace gateway::storage
