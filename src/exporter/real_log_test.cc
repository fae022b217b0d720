#include <atomic>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "exporter/testing/exporter_test_case.h"
#include "exporter/testing/http_destination.h"
#include "io/clock.h"
#include "io/memory_file_system.h"

namespace gateway::exporter {
namespace {

// Owns the appends that come back, and counts them.
class CountingSink final : public storage::AppendSink {
 public:
  void on_appended(storage::Append* first) noexcept override {
    while (first != nullptr) {
      const std::unique_ptr<storage::Append> owned(first);
      first = owned->next;
      if (!owned->error) stored.fetch_add(1);
    }
  }
  std::atomic<std::uint64_t> stored{0};
};

void append(storage::Log& log, CountingSink& sink, Signal signal, std::uint32_t items) {
  auto append = std::make_unique<storage::Append>();
  const std::string payload(200, 'x');
  append->payload = Buffer::allocate(payload.size());
  append->payload.append(std::as_bytes(std::span(payload.data(), payload.size())));
  append->info.signal = signal;
  append->info.item_count = items;
  append->info.received_unix_nano = io::real_clock().unix_nano();
  append->sink = &sink;
  log.submit(append.release());
}

// Goal: the ledger is exact on the real log, over restarts of the exporter, with two signals and
// an idle one. Method: append while it runs and while it does not, then compare the books.
TEST(ExporterOnTheRealLog, LedgerIsExactOverRestarts) {
  testing::HttpDestination destination(
      [](const testing::HttpCall&) { return testing::reply(200); });
  io::MemoryFileSystem files;
  storage::Options options;
  options.directory = "/log";
  options.segment_size_bytes = 1U << 20U;
  auto opened = storage::Log::open(files, io::real_clock(), options);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  storage::Log& log = **opened;
  CountingSink sink;
  telemetry::Registry registry;
  const config::Exporter settings =
      testing::quick_settings(config::ExporterKind::otlp_http, destination.endpoint());
  std::uint64_t expected = 0;
  const auto append_some = [&] {
    for (int i = 0; i < 500; ++i) {
      append(log, sink, Signal::traces, 3);
      append(log, sink, Signal::logs, 2);
    }
    expected += 500;
  };
  for (int run = 0; run < 3; ++run) {
    SCOPED_TRACE(run);
    append_some();
    const auto exporter =
        make_exporter(settings, {Signal::traces, Signal::logs, Signal::metrics}, log, registry);
    ASSERT_TRUE(exporter->start().has_value());
    append_some();
    ASSERT_TRUE(testing::eventually([&] { return sink.stored == expected * 2; }));
    exporter->drain(std::chrono::steady_clock::now() + std::chrono::seconds(10));
    exporter->stop();
    for (storage::Cursor* cursor : log.cursors()) {
      EXPECT_TRUE(testing::adds_up(*cursor));
      const std::uint64_t items = cursor->signal() == Signal::traces ? 3 * expected
                                  : cursor->signal() == Signal::logs ? 2 * expected
                                                                     : 0;
      EXPECT_EQ(cursor->outcomes().delivered, items) << name_of(cursor->signal());
    }
  }
  log.stop();
}

}  // namespace
}  // namespace gateway::exporter
