#include "storage/tail_cache.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace gateway::storage {
namespace {

constexpr std::size_t kCacheSizeBytes = 64U << 10;
constexpr std::size_t kRecordSizeBytes = 4U << 10;
constexpr std::uint64_t kRecordsCached = kCacheSizeBytes / kRecordSizeBytes;
constexpr std::uint64_t kSegmentSizeBytes = 3 * kCacheSizeBytes;
constexpr std::uint64_t kRecordsFollowed = 4 * kRecordsCached;
constexpr std::chrono::milliseconds kNoLongerThan{1};
constexpr std::chrono::hours kForever{1};

Position position_of(std::uint64_t record) {
  const std::uint64_t offset = record * kRecordSizeBytes;
  return {1 + offset / kSegmentSizeBytes, offset % kSegmentSizeBytes};
}

class TailCacheTest : public testing::Test {
 protected:
  void add_records(std::uint64_t count) {
    std::vector<TailCache::Entry> entries;
    const Position from = position_of(added_);
    for (; count != 0; --count, ++added_) {
      TailCache::Entry entry;
      entry.charge_bytes = kRecordSizeBytes;
      entry.record.position = position_of(added_);
      entry.record.next = position_of(added_ + 1);
      entries.push_back(std::move(entry));
    }
    cache_.add(from, std::move(entries));
  }
  // How many records the reader got, from record `from` on.
  std::size_t read_from(std::uint64_t from) {
    std::deque<Record> out;
    const auto found = cache_.read(position_of(from), position_of(added_), 1, follower_, out);
    return found.covered ? out.size() : 0;
  }
  bool waits() { return cache_.wait_for_followers(kNoLongerThan); }

  io::SimClock clock_;
  TailCache cache_{kCacheSizeBytes, kSegmentSizeBytes, clock_};
  TailCache::Follower follower_{cache_};
  std::uint64_t added_ = 0;
};

TEST_F(TailCacheTest, no_one_is_waited_for_who_did_not_ask) {
  add_records(kRecordsCached);
  EXPECT_FALSE(waits());
}

TEST_F(TailCacheTest, a_reader_with_more_than_half_of_the_cache_unread_is_waited_for) {
  follower_.set_awaited(true);
  read_from(0);
  add_records(kRecordsCached / 2);
  EXPECT_FALSE(waits());
  add_records(1);
  EXPECT_TRUE(waits());
  EXPECT_EQ(read_from(0), kRecordsCached / 2 + 1);
  EXPECT_FALSE(waits());
}

// Goal: a reader comes back into the cache although the senders never pause, and one that is far
// behind holds up nobody. Method: it reads "the disk", and falls back over the bound.
TEST_F(TailCacheTest, a_reader_that_has_fallen_out_is_waited_for_unless_it_is_far_behind) {
  follower_.set_awaited(true);
  add_records(kRecordsFollowed);
  EXPECT_EQ(read_from(0), 0U);
  EXPECT_TRUE(waits());
  add_records(1);
  EXPECT_FALSE(waits());
  EXPECT_EQ(read_from(1), 0U);  // one more read from the disk, over the end of a segment
  EXPECT_TRUE(waits());
  EXPECT_EQ(read_from(added_ - kRecordsCached), kRecordsCached);
  EXPECT_FALSE(waits());
}

// Else one whose destination is down holds, beside what is in flight, all that was in here.
TEST(TailCacheReadTest, what_a_reader_takes_in_one_go_is_bounded_in_bytes) {
  constexpr std::uint64_t kRecordCount = 4;
  const io::SimClock clock;
  TailCache cache(kRecordCount * kReadChargeBytesMax, kRecordCount * kReadChargeBytesMax, clock);
  TailCache::Follower follower(cache);
  std::vector<TailCache::Entry> entries(kRecordCount);
  for (std::uint64_t i = 0; i < kRecordCount; ++i) {
    entries[i].charge_bytes = kReadChargeBytesMax / 2 + 1;
    entries[i].record.position = {1, i * kReadChargeBytesMax};
    entries[i].record.next = {1, (i + 1) * kReadChargeBytesMax};
  }
  cache.add({1, 0}, std::move(entries));
  const Position head{1, kRecordCount * kReadChargeBytesMax};
  std::deque<Record> out;
  auto found = cache.read({1, 0}, head, 1, follower, out);
  EXPECT_EQ(out.size(), 2U);  // with the second it is over the bound
  EXPECT_EQ(found.scanned_to, (Position{1, 2 * kReadChargeBytesMax}));
  found = cache.read(found.scanned_to, head, 1, follower, out);
  EXPECT_EQ(out.size(), kRecordCount);
  EXPECT_EQ(found.scanned_to, head);
}

TEST_F(TailCacheTest, one_that_is_not_heard_of_is_not_waited_for) {
  follower_.set_awaited(true);
  add_records(kRecordsCached);
  clock_.advance(kAwaitedTimeMax - std::chrono::milliseconds(1));
  EXPECT_TRUE(waits());
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(waits());
  follower_.set_awaited(true);
  EXPECT_TRUE(waits());
  follower_.set_awaited(false);
  EXPECT_FALSE(waits());
}

TEST_F(TailCacheTest, one_that_is_gone_is_not_waited_for) {
  {
    TailCache::Follower gone(cache_);
    gone.set_awaited(true);
    add_records(kRecordsCached);
    EXPECT_TRUE(waits());
  }
  EXPECT_FALSE(waits());
}

TEST_F(TailCacheTest, the_wait_ends_when_the_reader_has_read) {
  follower_.set_awaited(true);
  add_records(kRecordsCached);
  std::thread reader([this] { EXPECT_EQ(read_from(0), kRecordsCached); });
  // Were it not told, the test would hang. It may also have read before the wait began.
  static_cast<void>(cache_.wait_for_followers(kForever));
  reader.join();
}

}  // namespace
}  // namespace gateway::storage
