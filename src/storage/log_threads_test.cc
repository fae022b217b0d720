// The log under real threads, on real files: what the step-by-step tests cannot show. Worth running
// with -Db_sanitize=thread.
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/file_system.h"
#include "io/wakeup.h"
#include "storage/engine_fixture.h"
#include "storage/log.h"
#include "storage/temporary_directory.h"

namespace gateway::storage {
namespace {

constexpr std::uint32_t kItemsPerRecord = 3;

// Counts answers; frees what was appended.
class Counter final : public AppendSink {
 public:
  void on_appended(Append* first) noexcept override {
    while (first != nullptr) {
      const std::unique_ptr<Append> append(first);
      first = first->next;
      (append->error ? refused : stored).fetch_add(1);
    }
    wakeup.wake();
  }
  void wait_for(std::uint64_t count) {
    while (stored.load() + refused.load() < count) wakeup.wait(std::chrono::seconds(1));
  }
  std::atomic<std::uint64_t> stored{0};
  std::atomic<std::uint64_t> refused{0};
  io::Wakeup wakeup;
};

Append* chain_of(AppendSink& sink, Signal signal, std::size_t count, std::uint64_t seed) {
  Append* first = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    auto append = std::make_unique<Append>();
    const std::string text = random_text(seed + i, 40 + (seed + i) % 12'000);
    append->payload = Buffer::allocate(text.size());
    append->payload.append(std::as_bytes(std::span(text)));
    append->info.signal = signal;
    append->info.item_count = kItemsPerRecord;
    append->sink = &sink;
    append->next = first;
    first = append.release();
  }
  return first;
}

class WakingListener final : public CommitListener {
 public:
  void on_committed(const Head& /*head*/) noexcept override { wakeup.wake(); }
  io::Wakeup wakeup;
};

// Delivers its signal until it has seen `items`, waking by commit.
void deliver(Log& log, Signal signal, std::uint64_t items) {
  WakingListener listener;
  log.add_listener(listener);
  Cursor& cursor = log.cursor("exporter", signal, StartAt::earliest);
  const auto reader = log.reader(1U << index_of(signal), cursor.position());
  std::uint64_t at = cursor.items_at();
  while (at < items) {
    const auto record = reader->next();
    ASSERT_TRUE(record.has_value());
    if (!*record) {
      listener.wakeup.wait(std::chrono::milliseconds(50));
      continue;
    }
    ASSERT_EQ((*record)->items_before[index_of(signal)], at);
    at += (*record)->info.item_count;
    cursor.advance((*record)->next, at, {.delivered = (*record)->info.item_count});
  }
  log.remove_listener(listener);
}

// Goal: submitters, writer, saver, readers and cursors share the log without harm. Method: two
// threads submit chains of two signals, two deliver them while segments are retired behind them,
// one asks for numbers; in the tail cache and beside it.
TEST(LogThreads, ManySubmittersAndReadersSeeEveryRecordOnce) {
  constexpr std::uint64_t kChains = 60;
  constexpr std::uint64_t kChainLength = 7;
  constexpr std::uint64_t kRecords = kChains * kChainLength;
  for (const std::size_t cache : {std::size_t{64} << 10, std::size_t{16} << 20}) {
    SCOPED_TRACE(cache);
    const TemporaryDirectory directory;
    Options options;
    options.directory = directory.path();
    options.segment_size_bytes = 256 << 10;
    options.size_bytes_max = 64 << 20;
    options.tail_cache_size_bytes = cache;
    options.cursor_sync_interval = std::chrono::milliseconds(1);
    auto opened = Log::open(io::real_file_system(), io::real_clock(), options);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    Log& log = **opened;
    const std::array<Signal, 2> signals = {Signal::traces, Signal::logs};
    for (const Signal signal : signals) {
      static_cast<void>(log.cursor("exporter", signal, StartAt::earliest));
    }
    Counter counter;
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (const Signal signal : signals) {
      threads.emplace_back([&, signal] {
        for (std::uint64_t i = 0; i < kChains; ++i) {
          log.submit(chain_of(counter, signal, kChainLength, i * 1000 + index_of(signal)));
        }
      });
      threads.emplace_back([&, signal] { deliver(log, signal, kRecords * kItemsPerRecord); });
    }
    std::thread asker([&] {
      while (!done.load()) {
        const Stats stats = log.stats();
        EXPECT_LE(stats.size_bytes, options.size_bytes_max);
        EXPECT_TRUE(log.admits(1000));
        static_cast<void>(log.head());
        static_cast<void>(log.oldest());
        for (const Cursor* cursor : log.cursors()) {
          EXPECT_EQ(cursor->outcomes().damaged, 0U);
        }
        static_cast<void>(log.probe(std::chrono::seconds(5)));
      }
    });
    for (std::thread& thread : threads) thread.join();
    done.store(true);
    asker.join();
    counter.wait_for(2 * kRecords);
    EXPECT_EQ(counter.stored.load(), 2 * kRecords);
    log.stop();
    for (const Cursor* cursor : log.cursors()) {
      EXPECT_EQ(cursor->outcomes().delivered, kRecords * kItemsPerRecord);
    }
  }
}

// Goal: what is needed no more leaves the disk, and the writer does not remove it. Method: many
// segments are stored and delivered; then the directory holds the newest few, and those kept for
// rewriting.
TEST(LogThreads, SegmentsThatEveryCursorHasPassedLeaveTheDisk) {
  constexpr std::uint64_t kRecords = 400;
  constexpr std::size_t kFilesMax = 8;  // the newest, two kept, cursors, lock; and one to come
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  options.segment_size_bytes = 256 << 10;
  options.size_bytes_max = 64 << 20;
  options.cursor_sync_interval = std::chrono::milliseconds(1);
  auto opened = Log::open(io::real_file_system(), io::real_clock(), options);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Log& log = **opened;
  static_cast<void>(log.cursor("exporter", Signal::traces, StartAt::earliest));
  Counter counter;
  constexpr std::uint64_t kAboutNineKiB = 9'000;
  log.submit(chain_of(counter, Signal::traces, kRecords, kAboutNineKiB));
  counter.wait_for(kRecords);
  ASSERT_GT(log.stats().segment_count, kFilesMax);
  deliver(log, Signal::traces, kRecords * kItemsPerRecord);
  const auto files = [&] {
    const auto names = io::real_file_system().list(directory.path());
    return names ? names->size() : 0;
  };
  for (int i = 0; i < 10'000 && files() > kFilesMax; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_LE(files(), kFilesMax);
  log.stop();
}

// Goal: stop() answers everything that was submitted before, and everything after. Method: submit
// from a thread while the log stops; the answers are counted.
TEST(LogThreads, EverySubmitIsAnsweredAroundStop) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  options.segment_size_bytes = 1 << 20;
  for (int round = 0; round < 10; ++round) {
    auto log = Log::open(io::real_file_system(), io::real_clock(), options);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    Counter counter;
    std::atomic<std::uint64_t> submitted{0};
    std::thread submitter([&] {
      do {
        submitted.fetch_add(2);
        (*log)->submit(chain_of(counter, Signal::traces, 2, submitted.load()));
      } while (counter.refused.load() == 0);
    });
    counter.wait_for(4);
    (*log)->stop();
    submitter.join();
    EXPECT_FALSE((*log)->admits(1));
    EXPECT_EQ(counter.stored.load() + counter.refused.load(), submitted.load());
    EXPECT_GE(counter.stored.load(), 4U);
  }
}

// What a child process does until it is killed: appends numbered records, and writes the number of
// each to the pipe after it was answered.
[[noreturn]] void append_until_killed(const Options& options, int pipe) {
  struct Sink final : AppendSink {
    explicit Sink(int fd) : pipe_fd(fd) {}
    void on_appended(Append* first) noexcept override {
      for (; first != nullptr; first = first->next) {
        if (first->error) _exit(3);
        const std::uint32_t number = first->info.item_count;
        if (write(pipe_fd, &number, sizeof number) != sizeof number) _exit(4);
      }
      answered.store(true);
      wakeup.wake();
    }
    int pipe_fd;
    std::atomic<bool> answered{false};
    io::Wakeup wakeup;
  };
  auto log = Log::open(io::real_file_system(), io::real_clock(), options);
  if (!log) _exit(2);
  Sink sink(pipe);
  for (std::uint32_t number = static_cast<std::uint32_t>((*log)->head().record_count) + 1;;
       ++number) {
    Append append;
    append.payload = Buffer::allocate(12'000);
    append.payload.commit(number % 3 == 0 ? 12'000 : 100);
    std::fill(append.payload.payload().begin(), append.payload.payload().end(),
              static_cast<std::byte>(number));
    append.info.item_count = number;
    append.sink = &sink;
    (*log)->submit(&append);
    while (!sink.answered.exchange(false)) sink.wakeup.wait(std::chrono::seconds(10));
  }
}

// Goal: `kill -9` loses nothing acknowledged. Method: a child appends to real files and tells of
// every answer; it is killed after some, and the log is opened and read; a few times over.
TEST(LogThreads, KillNineLosesNothingAcknowledged) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path();
  options.segment_size_bytes = 256 << 10;
  std::uint32_t acknowledged = 0;
  {
    auto log = Log::open(io::real_file_system(), io::real_clock(), options);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    static_cast<void>((*log)->cursor("holder", Signal::traces, StartAt::earliest));
  }
  for (std::uint32_t round = 0; round < 5; ++round) {
    SCOPED_TRACE(round);
    std::array<int, 2> pipe_fds{};
    ASSERT_EQ(pipe(pipe_fds.data()), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_fds[0]);
      append_until_killed(options, pipe_fds[1]);
    }
    close(pipe_fds[1]);
    std::uint32_t number = 0;
    for (std::uint32_t seen = 0;
         seen < 20 + 13 * round && read(pipe_fds[0], &number, sizeof number) == sizeof number;
         ++seen) {
      acknowledged = number;
    }
    ASSERT_EQ(kill(child, SIGKILL), 0);
    while (read(pipe_fds[0], &number, sizeof number) == sizeof number) acknowledged = number;
    close(pipe_fds[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
    auto log = Log::open(io::real_file_system(), io::real_clock(), options);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    EXPECT_EQ((*log)->recovery().damaged_regions, 0U);
    const auto reader = (*log)->reader(1, {});
    std::uint32_t found = 0;
    while (true) {
      const auto record = reader->next();
      ASSERT_TRUE(record.has_value());
      if (!*record) break;
      ASSERT_EQ((*record)->info.item_count, ++found);
      for (const std::byte byte : (*record)->payload.bytes) {
        ASSERT_EQ(byte, static_cast<std::byte>(found));
      }
    }
    EXPECT_GE(found, acknowledged);
  }
  EXPECT_GE(acknowledged, 100U);
}

// Goal: durability memory is the same log without files. Method: append, read, look for files.
TEST(LogThreads, MemoryDurabilityKeepsAllInRam) {
  const TemporaryDirectory directory;
  Options options;
  options.directory = directory.path() + "/none";
  options.durability = Durability::memory;
  options.segment_size_bytes = 256 << 10;
  options.size_bytes_max = 1 << 20;
  options.when_full = FullPolicy::drop_oldest;
  auto log = Log::open(io::real_file_system(), io::real_clock(), options);
  ASSERT_TRUE(log.has_value()) << log.error().message;
  Cursor& cursor = (*log)->cursor("exporter", Signal::traces, StartAt::earliest);
  Counter counter;
  for (std::uint64_t i = 0; i < 100; ++i) {
    (*log)->submit(chain_of(counter, Signal::traces, 10, i * 100));
  }
  counter.wait_for(1000);
  EXPECT_EQ(counter.stored.load(), 1000U);
  EXPECT_LE((*log)->stats().size_bytes, options.size_bytes_max);
  EXPECT_EQ((*log)->head().items[0], 1000 * kItemsPerRecord);
  const auto reader = (*log)->reader(1, cursor.position());
  const auto record = reader->next();
  ASSERT_TRUE(record && *record);
  EXPECT_GT(cursor.outcomes().expired, 0U);
  EXPECT_EQ(cursor.outcomes().expired, (*record)->items_before[0]);
  EXPECT_FALSE(std::filesystem::exists(options.directory));
}

}  // namespace
}  // namespace gateway::storage
