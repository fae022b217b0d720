#include "query/tap/tap_source.h"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "io/clock.h"
#include "io/memory_file_system.h"
#include "query/tap/tap_answer.h"

namespace gateway::query {
namespace {

using namespace std::chrono_literals;

// A log in memory with small segments, and a tap on it.
class TapSourceTest : public ::testing::Test, private storage::AppendSink {
 protected:
  static constexpr std::uint64_t kSegmentSizeBytes = 1 << 20;

  TapSourceTest() {
    storage::Options options;
    options.directory = "/data";
    options.durability = storage::Durability::memory;
    options.segment_size_bytes = kSegmentSizeBytes;
    options.size_bytes_max = 64 << 20;
    options.history_size_bytes_max = 32 << 20;
    options.direct_io = false;
    log_ = std::move(*storage::Log::open(files_, io::real_clock(), options));
    tap_ = std::make_unique<TapSource>(
        *log_, [](ContentCoding coding, const Slice& payload) -> std::optional<Slice> {
          if (coding != ContentCoding::identity) return std::nullopt;
          return payload;
        });
  }
  ~TapSourceTest() override { log_->stop(); }

  void store(Signal signal, std::uint32_t items, std::string_view payload,
             ContentCoding coding = ContentCoding::identity) {
    auto* append = new storage::Append;
    append->payload = Buffer::allocate(payload.size());
    append->payload.append(std::as_bytes(std::span(payload.data(), payload.size())));
    append->info = {
        .signal = signal, .coding = coding, .item_count = items, .received_unix_nano = ++received_};
    append->sink = this;
    std::unique_lock lock(mutex_);
    const std::uint64_t wanted = stored_ + 1;
    log_->submit(append);
    changed_.wait(lock, [&] { return stored_ == wanted; });
  }

  struct Seen {
    std::vector<std::string> payloads;
    TapEnd end;
  };
  Seen ask(const std::string& query) {
    now_ += 1s;
    Seen seen;
    const auto question = parse_tap_question(query);
    EXPECT_TRUE(question.has_value());
    const auto answer = tap_->answer(*question, now_);
    EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().message);
    if (!answer) return seen;
    const auto end = read_tap_answer(*answer, [&](const pipeline::CapturedView& entry) {
      seen.payloads.emplace_back(entry.payload);
      return true;
    });
    EXPECT_TRUE(end.has_value());
    if (end) seen.end = *end;
    return seen;
  }

  io::MemoryFileSystem files_;
  std::unique_ptr<storage::Log> log_;
  std::unique_ptr<TapSource> tap_;
  TapSource::Instant now_{1h};

 private:
  void on_appended(storage::Append* first) noexcept override {
    const std::lock_guard lock(mutex_);
    while (first != nullptr) {
      EXPECT_FALSE(first->error.has_value());
      delete std::exchange(first, first->next);
      ++stored_;
    }
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t stored_ = 0;
  std::uint64_t received_ = 0;
};

using Payloads = std::vector<std::string>;

// Goal: a tap shows what comes after it, once. Method: records before, between and after.
TEST_F(TapSourceTest, ShowsWhatIsStoredFromItsPlaceOn) {
  store(Signal::logs, 1, "before");
  const Seen first = ask("id=a");
  EXPECT_EQ(first.payloads, Payloads{});
  store(Signal::logs, 1, "one");
  store(Signal::traces, 2, "two");
  const Seen second = ask("id=a&from=" + first.end.next);
  EXPECT_EQ(second.payloads, (Payloads{"one", "two"}));
  EXPECT_FALSE(second.end.more);
  EXPECT_EQ(second.end.dropped_items, 0U);
  EXPECT_EQ(ask("id=a&from=" + second.end.next).payloads, Payloads{});
  EXPECT_EQ(ask("id=a&from=oldest").payloads, (Payloads{"before", "one", "two"}));
  EXPECT_EQ(ask("id=a&from=oldest&signal=traces").payloads, Payloads{"two"});
  EXPECT_EQ(ask("id=a&from=oldest&received_from=2&received_until=3").payloads, Payloads{"one"});
}

// Goal: an answer is bounded, and the next goes on where it ended. Method: more than fits into one;
// one record that is larger than an answer.
TEST_F(TapSourceTest, AnswersAreBoundedAndGoOn) {
  const std::string large(kTapAnswerSizeBytesMax / 4 - 200, 'x');
  for (int i = 0; i < 9; ++i) store(Signal::logs, 1, large);
  std::string from = "oldest";
  std::size_t seen = 0, answers = 0;
  for (bool more = true; more; ++answers) {
    const Seen part = ask("mode=all&from=" + from);
    EXPECT_LE(part.payloads.size(), 4U);
    EXPECT_EQ(part.end.dropped_items, 0U);
    seen += part.payloads.size();
    from = part.end.next;
    more = part.end.more;
  }
  EXPECT_EQ(seen, 9U);
  EXPECT_GE(answers, 3U);
}

// Goal: what is passed over counts as read. Method: more of another signal than is read for one
// answer, on the disk, before the only record that is wanted.
TEST_F(TapSourceTest, AnAnswerPassesOverABoundedPart) {
  const std::string large(kSegmentSizeBytes - (16U << 10U), 'x');  // one a segment
  constexpr std::uint64_t kPassed = 5 * kTapAnswerReadBytesMax;
  for (std::uint64_t size = 0; size < kPassed; size += large.size())
    store(Signal::traces, 1, large);
  store(Signal::logs, 1, "wanted");
  std::string from = "oldest";
  std::size_t answers = 0;
  Payloads seen;
  for (bool more = true; more; ++answers) {
    const Seen part = ask("id=a&mode=all&signal=logs&from=" + from);
    seen.insert(seen.end(), part.payloads.begin(), part.payloads.end());
    EXPECT_EQ(part.end.dropped_items, 0U);
    from = part.end.next;
    more = part.end.more;
    now_ += 1s;
  }
  EXPECT_EQ(seen, Payloads{"wanted"});
  EXPECT_GE(answers, 3U);
}

// Goal: who is too slow is moved to the head, and told exactly what was not shown. Method: two
// segments' worth of records behind its place; the same place in mode `all` loses nothing.
TEST_F(TapSourceTest, ASlowTapLosesItemsWithACount) {
  const std::string place = ask("id=a").end.next;
  const std::string payload(kSegmentSizeBytes / 4, 'x');
  for (int i = 0; i < 12; ++i) store(Signal::logs, 10, payload);
  store(Signal::traces, 3, "span");
  EXPECT_EQ(ask("id=a&from=" + place + "&signal=logs").end.dropped_items, 120U);
  const Seen both = ask("id=a&from=" + place);
  EXPECT_EQ(both.end.dropped_items, 123U);
  EXPECT_EQ(both.payloads, Payloads{});
  EXPECT_EQ(tap_->dropped_items(), 243U);
  store(Signal::traces, 3, "later");
  EXPECT_EQ(ask("id=a&from=" + both.end.next).payloads, Payloads{"later"});
  EXPECT_EQ(ask("id=a&mode=all&from=" + place).end.dropped_items, 0U);
}

// Goal: taps together read no faster than they may. Method: the same moment twice.
TEST_F(TapSourceTest, WhatIsReadInASecondIsBounded) {
  const std::string payload(kSegmentSizeBytes / 2, 'x');
  for (std::uint64_t i = 0; i < 3 * kTapAnswerReadBytesMax / payload.size(); ++i) {
    store(Signal::logs, 1, payload);
  }
  // None is wanted, so the answers have room; all are read.
  const std::string query = "mode=all&signal=logs&name=none&from=";
  const Seen first = ask(query + "oldest");
  EXPECT_TRUE(first.end.more);
  now_ -= 1s;  // ask() moves on by one
  const Seen second = ask(query + first.end.next);
  EXPECT_EQ(second.end.next, first.end.next);
  EXPECT_TRUE(second.end.more);
  EXPECT_NE(ask(query + first.end.next).end.next, first.end.next);
}

// Goal: what cannot be decoded is counted. Method: a coding that the decoder does not know.
TEST_F(TapSourceTest, WhatCannotBeDecodedIsCounted) {
  store(Signal::logs, 7, "zipped", ContentCoding::gzip);
  store(Signal::logs, 1, "plain");
  const Seen seen = ask("from=oldest");
  EXPECT_EQ(seen.payloads, Payloads{"plain"});
  EXPECT_EQ(seen.end.dropped_items, 7U);
}

// Goal: no more than kTapsMax at a time, and who has gone makes room. Method: one more; time.
TEST_F(TapSourceTest, TapsAreBoundedInNumber) {
  for (std::size_t i = 0; i < kTapsMax; ++i) static_cast<void>(ask("id=" + std::to_string(i)));
  EXPECT_EQ(tap_->taps(), kTapsMax);
  const auto refused = tap_->answer(*parse_tap_question("id=more"), now_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, 429);
  EXPECT_TRUE(tap_->answer(*parse_tap_question("id=1"), now_).has_value());
  now_ += kTapGoneAfter + 1s;
  EXPECT_TRUE(tap_->answer(*parse_tap_question("id=more"), now_).has_value());
  EXPECT_EQ(tap_->taps(), 1U);
}

// Goal: questions that are none are refused. Method: one mistake each.
TEST_F(TapSourceTest, MistakesAreTold) {
  for (const char* query : {"mode=some", "received_from=yesterday", "color=red", "severity=loud",
                            "a=%zz", "signal=spans"}) {
    EXPECT_FALSE(parse_tap_question(query).has_value()) << query;
  }
  for (const char* place :
       {"", "1", "1:2", "1:2:3:4:5", "1:2:3:4:5:x", "1:2:3:4:5:6:7", "-:2:3:4:5:6"}) {
    const auto answer = tap_->answer(*parse_tap_question(std::string("from=") + place), now_);
    ASSERT_FALSE(answer.has_value()) << place;
    EXPECT_EQ(answer.error().status, 400);
  }
  EXPECT_FALSE(read_tap_answer("", [](const auto&) { return true; }).has_value());
  EXPECT_FALSE(read_tap_answer("{\"next\":1}\n", [](const auto&) { return true; }).has_value());
}

}  // namespace
}  // namespace gateway::query
