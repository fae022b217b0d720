#include "storage/surplus_files.h"

#include <gtest/gtest.h>

#include "io/sim_file_system.h"
#include "storage/engine_fixture.h"

namespace gateway::storage {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

void make_file(io::SimFileSystem& files, const std::string& path, std::uint64_t size_bytes) {
  auto file = files.open(path, {.write = true, .create = true});
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->preallocate(size_bytes).has_value());
}

class SurplusFilesTest : public ::testing::Test {
 protected:
  SurplusFilesTest() { EXPECT_TRUE(files_.create_directories("data").has_value()); }
  std::size_t left() { return files_.list("data")->size(); }

  io::SimFileSystem files_{1};
  SurplusFiles surplus_{files_};
};

// Goal: no step takes the disk for long. Method: 10 MiB, then a small file.
TEST_F(SurplusFilesTest, GoStepByStepWithAPauseBetween) {
  make_file(files_, "data/free-1", 10 * kMiB);
  make_file(files_, "data/free-2", kMiB);
  surplus_.add("data/free-1", 10 * kMiB);
  surplus_.add("data/free-2", kMiB);
  for (const std::uint64_t size_left : {7 * kMiB, 3 * kMiB, kMiB}) {
    EXPECT_EQ(surplus_.remove_some(), kRemovePause);
    EXPECT_EQ(surplus_.size_bytes(), size_left);
  }
  EXPECT_EQ(left(), 1U);
  EXPECT_EQ(surplus_.remove_some(), std::nullopt);
  EXPECT_EQ(surplus_.remove_some(), std::nullopt);
  EXPECT_EQ(left(), 0U);
  EXPECT_EQ(surplus_.size_bytes(), 0U);
}

// Goal: removal never falls behind for good. Method: more waits than is allowed.
TEST_F(SurplusFilesTest, DoNotPauseWhenMuchWaits) {
  make_file(files_, "data/free-1", 5 * kMiB);
  surplus_.add("data/free-1", kRemoveBehindSizeBytes + 5 * kMiB);
  EXPECT_EQ(surplus_.remove_some(), std::chrono::milliseconds(0));
}

// Goal: what cannot be done in steps is done at once. Method: the sync of the directory fails, then
// the truncation does; and a writer in need takes all that is left.
TEST_F(SurplusFilesTest, GoAtOnceWhereAStepFailsOrRoomIsWanted) {
  for (const std::uint64_t nth : {0U, 1U}) {
    make_file(files_, "data/free-1", 10 * kMiB);
    surplus_.add("data/free-1", 10 * kMiB);
    files_.fail_call(nth, io::SimFault::io_error);
    EXPECT_EQ(surplus_.remove_some(), std::nullopt);
    files_.heal();
    EXPECT_EQ(left(), 0U) << nth;
    EXPECT_EQ(surplus_.size_bytes(), 0U);
  }
  make_file(files_, "data/free-1", 10 * kMiB);
  surplus_.add("data/free-1", 10 * kMiB);
  static_cast<void>(surplus_.remove_some());
  surplus_.remove();
  EXPECT_EQ(left(), 0U);
  EXPECT_EQ(surplus_.size_bytes(), 0U);
}

// Goal: a file on its way out is never taken for a damaged segment. Method: the power fails after
// every number of steps, with several seeds for what the disk then forgets.
TEST(Retention, ACrashWhileFilesGoDamagesNothing) {
  for (std::uint64_t steps = 0; steps < 8; ++steps) {
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      SCOPED_TRACE(testing::Message() << steps << " steps, seed " << seed);
      EngineFixture log(seed);
      log.options.segment_size_bytes = 6 * kMiB;
      log.options.size_bytes_max = 64 * kMiB;
      ASSERT_TRUE(log.open());
      for (std::uint64_t i = 0; i < 6; ++i) {
        ASSERT_FALSE(log.append_one(std::string(4 * kMiB, static_cast<char>('a' + i))));
      }
      log.clock.advance(kRetentionInterval);
      log.engine->writer().maintain(true);
      ASSERT_EQ(log.engine->surplus().size_bytes(), 3 * log.options.segment_size_bytes);
      for (std::uint64_t i = 0; i < steps; ++i) {
        static_cast<void>(log.engine->surplus().remove_some());
      }
      log.crash();
      ASSERT_TRUE(log.open()) << log.failure;
      EXPECT_EQ(log.engine->stats().damaged_region_count, 0U);
      const auto payloads = log.payloads();
      ASSERT_FALSE(payloads.empty());
      EXPECT_EQ(payloads.back().front(), 'f');
    }
  }
}

}  // namespace
}  // namespace gateway::storage
