#include "storage/log.h"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "storage/tail_cache.h"
#include "storage/temporary_directory.h"

namespace gateway::storage {
namespace {

// Appends one after the other, each from a chain of one, and waits for the answers.
class Appender final : public AppendSink {
 public:
  explicit Appender(Log& log) : log_(log) {}
  void on_appended(Append* first) noexcept override {
    while (first != nullptr) {
      std::unique_ptr<Append> append(first);
      first = first->next;
      const std::lock_guard lock(mutex_);
      if (append->error) {
        ++refused;
      } else {
        ++stored;
      }
      condition_.notify_all();
    }
  }
  // Half of the records have one.
  static std::string context_of(std::uint32_t items) {
    return std::string(items % 2 == 0 ? items * 13 : 0, 'c');
  }
  void append(Signal signal, std::string_view payload, std::uint32_t items) {
    auto append = std::make_unique<Append>();
    append->payload = Buffer::allocate(payload.size());
    append->payload.append(std::as_bytes(std::span(payload)));
    append->info.signal = signal;
    append->info.item_count = items;
    append->info.received_unix_nano = 7;
    append->info.tenant = "acme";
    append->info.context = context_of(items);
    // Half of the submitters have the checksum at hand: what is on disk must be the same.
    if (items % 2 == 0) append->payload_crc = crc32c(append->payload.payload());
    append->sink = this;
    ++sent_;
    log_.submit(append.release());
  }
  void wait() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return stored + refused == sent_; });
  }
  int stored = 0;
  int refused = 0;

 private:
  Log& log_;
  std::mutex mutex_;
  std::condition_variable condition_;
  int sent_ = 0;
};

std::string text_of(const Slice& slice) {
  return {reinterpret_cast<const char*>(slice.bytes.data()), slice.bytes.size()};
}

std::unique_ptr<Log> open(const Options& options) {
  auto log = Log::open(io::real_file_system(), io::real_clock(), options);
  EXPECT_TRUE(log.has_value()) << (log ? "" : log.error().message);
  return log ? std::move(*log) : nullptr;
}

std::string payload_of(int i) {
  return std::string(static_cast<std::size_t>(i) * 337 % 30'000, static_cast<char>('a' + i % 26));
}

// Goal: one that needs not see everything reads nothing from the disk, and sees what was passed.
// Method: a cache for a part of 300 records; the files are gone when it reads.
TEST(Log, SkipsToWhatIsInMemory) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  options.segment_size_bytes = 1 << 20;
  options.tail_cache_size_bytes = 1 << 20;
  const auto log = open(options);
  ASSERT_NE(log, nullptr);
  static_cast<void>(log->cursor("holds back removal", Signal::traces, StartAt::earliest));
  const auto reader = log->reader(0b1, {});
  Appender appender(*log);
  for (int i = 0; i < 300; ++i) appender.append(Signal::traces, payload_of(i), 1);
  appender.wait();
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.path().extension() != ".lock") std::filesystem::resize_file(entry.path(), 0);
  }
  reader->skip_to_memory();
  std::uint64_t first = 300;
  std::uint64_t count = 0;
  while (true) {
    const auto record = reader->next();
    ASSERT_TRUE(record.has_value());
    if (!*record) break;
    first = std::min(first, (*record)->items_before[0]);
    EXPECT_EQ((*record)->items_before[0], first + count);
    ++count;
  }
  EXPECT_EQ(first + count, 300U);
  EXPECT_GT(count, 10U);
  EXPECT_LT(count, 200U);
}

// Goal: small records do not take more memory than the cache may have. Method: more of ten bytes
// than fit with what is kept of each.
TEST(Log, SmallRecordsInMemoryCountWithWhatKeepingThemTakes) {
  constexpr std::uint64_t kCount = 20'000;
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  options.segment_size_bytes = 8 << 20;
  options.tail_cache_size_bytes = 1 << 20;
  const auto log = open(options);
  ASSERT_NE(log, nullptr);
  const auto reader = log->reader(0b1, {});
  Appender appender(*log);
  for (std::uint64_t i = 0; i < kCount; ++i) appender.append(Signal::traces, "0123456789", 1);
  appender.wait();
  reader->skip_to_memory();
  std::uint64_t count = 0;
  for (;;) {
    const auto record = reader->next();
    ASSERT_TRUE(record.has_value());
    if (!*record) break;
    ++count;
  }
  EXPECT_GT(count, 1000U);
  EXPECT_LT(count, options.tail_cache_size_bytes / sizeof(TailCache::Entry));
}

// Goal: what is appended is read, from the cache and from the disk, before and after a restart.
// Method: 300 records of all sizes and three signals on real files.
TEST(Log, KeepsWhatWasAppendedOverARestart) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  options.segment_size_bytes = 1 << 20;
  for (const std::size_t cache : {0UL, 64UL << 20}) {
    SCOPED_TRACE(cache);
    options.directory = directory.path() + "/" + std::to_string(cache);
    options.tail_cache_size_bytes = cache;
    {
      const auto log = open(options);
      ASSERT_NE(log, nullptr);
      static_cast<void>(log->cursor("holds back removal", Signal::metrics, StartAt::earliest));
      Appender appender(*log);
      for (int i = 0; i < 300; ++i) {
        appender.append(kSignals[static_cast<std::size_t>(i) % 3], payload_of(i),
                        static_cast<std::uint32_t>(i));
      }
      appender.wait();
      EXPECT_EQ(appender.stored, 300);
    }
    for (const bool reopened : {false, true}) {
      SCOPED_TRACE(reopened);
      const auto log = open(options);
      ASSERT_NE(log, nullptr);
      EXPECT_EQ(log->head().record_count, 300U);
      const auto reader = log->reader(0b10, {});
      std::uint64_t items = 0;
      int count = 0;
      std::multiset<std::string> payloads;
      while (true) {
        const auto record = reader->next();
        ASSERT_TRUE(record.has_value());
        if (!*record) break;
        EXPECT_EQ((*record)->items_before[1], items);
        EXPECT_EQ((*record)->info.tenant, "acme");
        EXPECT_EQ((*record)->info.context, Appender::context_of((*record)->info.item_count));
        items += (*record)->info.item_count;
        payloads.insert(text_of((*record)->payload));
        ++count;
      }
      EXPECT_EQ(count, 100);
      EXPECT_EQ(items, log->head().items[1]);
      std::multiset<std::string> expected;
      for (int i = 1; i < 300; i += 3) expected.insert(payload_of(i));
      EXPECT_TRUE(payloads == expected);
    }
  }
}

// Goal: a cursor is where it was left. Method: advance, stop, open, compare.
TEST(Log, KeepsItsCursorsOverARestart) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  {
    const auto log = open(options);
    Cursor& cursor = log->cursor("otlp/primary", Signal::traces, StartAt::earliest);
    Appender appender(*log);
    appender.append(Signal::traces, "x", 10);
    appender.wait();
    const auto reader = log->reader(1, cursor.position());
    const auto record = reader->next();
    ASSERT_TRUE(record && *record);
    cursor.advance((*record)->next, 10, {.delivered = 9, .dead_lettered = 1});
  }
  const auto log = open(options);
  ASSERT_EQ(log->cursors().size(), 1U);
  const Cursor& cursor = log->cursor("otlp/primary", Signal::traces, StartAt::earliest);
  EXPECT_EQ(cursor.items_at(), 10U);
  EXPECT_EQ(cursor.outcomes().delivered, 9U);
  EXPECT_EQ(cursor.outcomes().dead_lettered, 1U);
  const auto record = log->reader(1, cursor.position())->next();
  EXPECT_TRUE(record && !*record);
}

// Goal: two processes never write one log. Method: open it twice.
TEST(Log, IsOpenedOnce) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  const auto log = open(options);
  const auto second = Log::open(io::real_file_system(), io::real_clock(), options);
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
}

// Goal: readiness can be proved. Method: probe before and after stop().
TEST(Log, ProbesItsWritePath) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  const auto log = open(options);
  EXPECT_TRUE(log->probe(std::chrono::seconds(10)));
  const auto record = log->reader(0b1111, {})->next();
  EXPECT_TRUE(record && !*record);
  log->stop();
  EXPECT_FALSE(log->probe(std::chrono::seconds(10)));
}

// Goal: readiness costs a busy disk nothing. Method: a clock that stands still, then moves on.
TEST(Log, AYoungCommitIsProofEnough) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  io::SimClock clock;
  auto opened = Log::open(io::real_file_system(), clock, options);
  ASSERT_TRUE(opened.has_value());
  Log& log = **opened;
  ASSERT_TRUE(log.probe(std::chrono::seconds(10)));
  const std::uint64_t proofs = log.stats().commit_count;
  EXPECT_TRUE(log.probe(std::chrono::seconds(10)));
  EXPECT_EQ(log.stats().commit_count, proofs);
  clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(log.probe(std::chrono::seconds(10)));
  EXPECT_EQ(log.stats().commit_count, proofs + 1);
}

// Goal: the mean time of a commit can be told from two scrapes. Method: the sum grows with each
// commit, by as long as it took.
TEST(Log, AddsUpTheTimeOfItsCommits) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  const auto log = open(options);
  ASSERT_TRUE(log->probe(std::chrono::seconds(10)));
  const Stats first = log->stats();
  EXPECT_EQ(first.commit_time, first.last_commit);
  EXPECT_GT(first.commit_time.count(), 0);
  Appender appender(*log);
  appender.append(Signal::logs, "one", 1);
  appender.wait();
  const Stats second = log->stats();
  ASSERT_EQ(second.commit_count, first.commit_count + 1);
  EXPECT_EQ(second.commit_time, first.commit_time + second.last_commit);
}

}  // namespace
}  // namespace gateway::storage
