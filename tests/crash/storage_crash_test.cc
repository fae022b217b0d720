// The promises of the log on a disk that does what disks are allowed to do. Every test prints its
// seed when it fails; STORAGE_CRASH_SEED repeats one, STORAGE_CRASH_ROUNDS runs more than a few.
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/engine_fixture.h"

namespace gateway::storage {
namespace {

constexpr std::uint64_t kRoundsDefault = 150;

std::vector<std::uint64_t> seeds() {
  const std::uint64_t only = number_from_environment("STORAGE_CRASH_SEED", 0);
  if (only != 0) return {only};
  std::vector<std::uint64_t> all;
  const std::uint64_t rounds = number_from_environment("STORAGE_CRASH_ROUNDS", kRoundsDefault);
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) all.push_back(seed);
  return all;
}

// What a sender and an exporter know, against which the log is held.
struct Model {
  struct Sent {
    std::string payload;
    std::uint32_t item_count = 0;
    Signal signal = Signal::traces;
    bool acknowledged = false;
  };
  std::map<std::string, Sent> sent;  // by payload
  std::uint64_t sent_count = 0;
};

std::vector<EngineFixture::Item> random_items(EngineFixture& log, Model& model) {
  std::vector<EngineFixture::Item> items(1 + log.random.below(6));
  for (auto& item : items) {
    const std::uint64_t kind = log.random.below(10);
    const std::size_t size = kind < 6   ? 8 + log.random.below(600)
                             : kind < 9 ? 8 + log.random.below(12'000)
                                        : 8 + log.random.below(40'000);
    item.payload = random_text(++model.sent_count, size);
    item.item_count = static_cast<std::uint32_t>(log.random.below(50));
    item.signal = kSignals[log.random.below(3)];
    if (log.random.below(4) == 0) item.tenant = "tenant";
    if (log.random.below(4) == 0) item.context = item.payload.substr(0, kContextSizeBytesMax);
    model.sent[item.payload] = {item.payload, item.item_count, item.signal, false};
  }
  return items;
}

void append_random(EngineFixture& log, Model& model) {
  const auto items = random_items(log, model);
  const auto answers = log.append(items);
  for (std::size_t i = 0; i < items.size(); ++i) {
    model.sent[items[i].payload].acknowledged = !answers[i].has_value();
  }
}

// Everything acknowledged is there, once; nothing is there that was not sent; totals add up.
// `after_oldest`: retention may have removed the oldest.
void check_log(EngineFixture& log, const Model& model) {
  std::set<std::string> found;
  ItemTotals totals = {};
  Position last;
  for (const SeenRecord& record : log.read_all()) {
    ASSERT_LT(last, record.position);
    last = record.position;
    const auto sent = model.sent.find(record.payload);
    ASSERT_NE(sent, model.sent.end()) << "a record that nobody sent";
    ASSERT_TRUE(found.insert(record.payload).second) << "a record twice";
    ASSERT_EQ(sent->second.item_count, record.item_count);
    ASSERT_TRUE(record.context.empty() ||
                record.context == record.payload.substr(0, kContextSizeBytesMax));
    ASSERT_EQ(sent->second.signal, record.signal);
    ASSERT_EQ(totals[index_of(record.signal)], record.items_before);
    totals[index_of(record.signal)] += record.item_count;
  }
  for (const auto& [payload, sent] : model.sent) {
    ASSERT_TRUE(!sent.acknowledged || found.contains(payload)) << "an acknowledged record is lost";
  }
  EXPECT_EQ(log.engine->catalog().head().items, totals);
}

// Goal: acknowledged means stored (promise 1). Method: random appends on a disk that forgets and
// tears what was not synced; power cuts at random; everything is compared after each.
TEST(StorageCrash, EveryAcknowledgedRecordSurvivesEveryCrashOnceAndInOrder) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE(seed);
    EngineFixture log(seed);
    log.options.size_bytes_max = 64 << 20;
    log.options.segment_size_bytes = (16 + 16 * log.random.below(8)) << 10;
    log.options.group_size_bytes_max = std::size_t{8 << 10} << log.random.below(4);
    Model model;
    ASSERT_TRUE(log.open()) << log.failure;
    static_cast<void>(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest));
    ASSERT_TRUE(log.engine->save_cursors());
    for (int step = 0; step < 30; ++step) {
      append_random(log, model);
      if (log.random.below(8) == 0) {
        log.crash();
        ASSERT_TRUE(log.open()) << log.failure;
        check_log(log, model);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
    log.crash();
    ASSERT_TRUE(log.open()) << log.failure;
    check_log(log, model);
    if (testing::Test::HasFatalFailure()) return;
    EXPECT_EQ(log.engine->report().damaged_regions, 0U);
  }
}

// Goal: a failing disk refuses, and then nothing of the refused is readable; a crash at that moment
// loses nothing acknowledged. Method: the n-th changing call fails, for every n of a run, with each
// error; the run goes on, then the power fails.
TEST(StorageCrash, NothingRefusedIsReadableWhicheverCallFails) {
  for (const io::SimFault fault :
       {io::SimFault::io_error, io::SimFault::no_space, io::SimFault::short_write}) {
    SCOPED_TRACE(static_cast<int>(fault));
    for (std::uint64_t nth = 0;; ++nth) {
      SCOPED_TRACE(nth);
      EngineFixture log(nth + 1);
      log.options.size_bytes_max = 64 << 20;
      log.options.segment_size_bytes = 32 << 10;
      Model model;
      ASSERT_TRUE(log.open()) << log.failure;
      static_cast<void>(log.engine->cursors().get("holder", Signal::traces, StartAt::earliest));
      ASSERT_TRUE(log.engine->save_cursors());
      log.files.fail_call(nth, fault, 1 + nth % 3);
      const std::uint64_t calls = log.files.call_count();
      int refused = 0;
      for (int step = 0; step < 8; ++step) {
        append_random(log, model);
        log.clock.advance(kWriteRetryInterval);
        std::set<std::string> readable;
        for (const std::string& payload : log.payloads()) {
          readable.insert(payload);
          ASSERT_TRUE(model.sent[payload].acknowledged) << "a refused record is readable";
        }
        for (const auto& [payload, sent] : model.sent) {
          ASSERT_EQ(readable.contains(payload), sent.acknowledged);
          refused += sent.acknowledged ? 0 : 1;
        }
      }
      const std::uint64_t calls_made = log.files.call_count() - calls;
      EXPECT_TRUE(refused == 0 || log.engine->stats().commit_failure_count > 0);
      log.files.heal();
      append_random(log, model);
      EXPECT_TRUE(log.engine->stats().write_path_ok) << "the disk is well again";
      log.crash();
      ASSERT_TRUE(log.open()) << log.failure;
      check_log(log, model);
      if (testing::Test::HasFatalFailure()) return;
      if (nth > calls_made) break;  // the run makes no such call
    }
  }
}

// An exporter that delivers in order and saves now and then.
class Deliverer {
 public:
  explicit Deliverer(EngineFixture& log) : log_(log) {}

  void run(Signal signal, std::uint64_t batches) {
    LogCursor& cursor = log_.engine->cursors().get("exporter", signal, StartAt::earliest);
    const auto reader = log_.engine->reader(1U << index_of(signal), cursor.position());
    std::uint64_t at = cursor.items_at();
    for (std::uint64_t i = 0; i < batches; ++i) {
      const auto record = reader->next();
      if (!record || !*record) return;
      Outcomes delta;
      const std::uint64_t before = (*record)->items_before[index_of(signal)];
      ASSERT_GE(before, at);
      ((*record)->expired_before ? delta.expired : delta.damaged) += before - at;
      (log_.random.below(5) == 0 ? delta.filtered : delta.delivered) += (*record)->info.item_count;
      at = before + (*record)->info.item_count;
      // Retention may come between reading and advancing.
      if (log_.random.below(6) == 0) log_.engine->writer().maintain(true);
      cursor.advance((*record)->next, at, delta);
    }
  }

  void check() {
    for (Cursor* cursor : log_.engine->cursors().all()) {
      ASSERT_EQ(cursor->items_at() - cursor->items_start(), cursor->outcomes().sum());
      const std::uint64_t stored = log_.engine->catalog().head().items[index_of(cursor->signal())];
      ASSERT_LE(cursor->items_at(), stored);
      ASSERT_EQ(cursor->outcomes().damaged, 0U);
    }
  }

 private:
  EngineFixture& log_;
};

// Goal: the ledger is exact (promise 7), whatever retention and crashes do. Method: random appends
// and deliveries in a log that is too small and drops its oldest, with ages and power cuts.
TEST(StorageCrash, TheLedgerIsExactWhileTheOldestIsDroppedAndThePowerFails) {
  std::uint64_t expired = 0;
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE(seed);
    EngineFixture log(seed);
    log.options.size_bytes_max = 256 << 10;
    log.options.segment_size_bytes = 64 << 10;
    log.options.when_full = FullPolicy::drop_oldest;
    if (seed % 3 == 0) log.options.age_max = std::chrono::seconds(20);
    if (seed % 2 == 0) log.options.tail_cache_size_bytes = 100 << 10;
    Model model;
    ASSERT_TRUE(log.open()) << log.failure;
    for (int step = 0; step < 40; ++step) {
      append_random(log, model);
      log.clock.advance(std::chrono::seconds(1));
      Deliverer deliverer(log);
      deliverer.run(Signal::traces, log.random.below(4));
      if (log.random.below(3) == 0) deliverer.run(Signal::metrics, log.random.below(3));
      if (testing::Test::HasFatalFailure()) return;
      if (log.random.below(3) == 0) log.engine->save_cursors();
      log.engine->writer().maintain(log.random.below(2) == 0);
      deliverer.check();
      if (testing::Test::HasFatalFailure()) return;
      if (log.random.below(10) == 0) {
        log.crash();
        ASSERT_TRUE(log.open()) << log.failure;
        deliverer.check();
        if (testing::Test::HasFatalFailure()) return;
      }
      EXPECT_LE(log.engine->stats().size_bytes, log.options.size_bytes_max);
    }
    for (const Signal signal : {Signal::traces, Signal::metrics}) {
      Deliverer(log).run(signal, 1'000'000);
      LogCursor& cursor = log.engine->cursors().get("exporter", signal, StartAt::earliest);
      EXPECT_EQ(cursor.items_at(), log.engine->catalog().head().items[index_of(signal)]);
      expired += cursor.outcomes().expired;
    }
    for (const auto& [payload, sent] : model.sent) EXPECT_TRUE(sent.acknowledged);
  }
  EXPECT_GT(expired, 0U) << "the test does not do what it is for";
}

// Goal: with the default policy nothing expires, and a full log takes again once it was drained.
// Method: fill, be refused, deliver, append again; with crashes.
TEST(StorageCrash, AFullLogRefusesUntilItIsDeliveredAndLosesNothing) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE(seed);
    EngineFixture log(seed);
    log.options.size_bytes_max = 256 << 10;
    log.options.segment_size_bytes = 64 << 10;
    Model model;
    ASSERT_TRUE(log.open()) << log.failure;
    for (const Signal signal : {Signal::traces, Signal::metrics, Signal::logs}) {
      static_cast<void>(log.engine->cursors().get("exporter", signal, StartAt::earliest));
    }
    ASSERT_TRUE(log.engine->save_cursors());
    for (int round = 0; round < 3; ++round) {
      bool refused = false;
      for (int step = 0; step < 400 && !refused; ++step) {
        const auto items = random_items(log, model);
        const auto answers = log.append(items);
        for (std::size_t i = 0; i < items.size(); ++i) {
          model.sent[items[i].payload].acknowledged = !answers[i];
          EXPECT_EQ(answers[i].value_or(AppendErrc::full), AppendErrc::full);
          refused = refused || answers[i];
        }
        EXPECT_LE(log.engine->stats().size_bytes, log.options.size_bytes_max);
      }
      ASSERT_TRUE(refused);
      if (log.random.below(2) == 0) {
        log.crash();
        ASSERT_TRUE(log.open()) << log.failure;
      }
      Deliverer deliverer(log);
      for (const Signal signal : {Signal::traces, Signal::metrics, Signal::logs}) {
        deliverer.run(signal, 1'000'000);
      }
      deliverer.check();
      if (testing::Test::HasFatalFailure()) return;
      log.engine->save_cursors();
      log.engine->writer().maintain(true);
      EXPECT_GT(log.engine->state().admissible_bytes.load(), 0U);
    }
    for (Cursor* cursor : log.engine->cursors().all()) EXPECT_EQ(cursor->outcomes().expired, 0U);
  }
}

}  // namespace
}  // namespace gateway::storage
