#include "app/removed_exporters.h"

#include <future>
#include <string>

#include <gtest/gtest.h>

#include "io/clock.h"
#include "io/file_system.h"
#include "telemetry/metrics.h"

namespace gateway::app {
namespace {

using std::chrono::hours;

// Stores records and says when they are there.
class Storing final : public storage::AppendSink {
 public:
  explicit Storing(storage::Log& log) : log_(log) {}
  void store(Signal signal, std::uint32_t items) {
    append_ = {};
    append_.payload = Buffer::allocate(1);
    append_.payload.append(std::as_bytes(std::span("x", 1)));
    append_.info.signal = signal;
    append_.info.item_count = items;
    append_.sink = this;
    stored_ = {};
    log_.submit(&append_);
    stored_.get_future().wait();
  }
  void on_appended(storage::Append*) noexcept override { stored_.set_value(); }

 private:
  storage::Log& log_;
  storage::Append append_;
  std::promise<void> stored_;
};

class RemovedExportersTest : public testing::Test {
 protected:
  RemovedExportersTest() {
    storage::Options options;
    options.directory = "/log";
    options.durability = storage::Durability::memory;
    options.segment_size_bytes = 1 << 20;
    options.size_bytes_max = 4 << 20;
    auto opened = storage::Log::open(io::real_file_system(), io::real_clock(), options);
    EXPECT_TRUE(opened.has_value());
    log_ = std::move(*opened);
    static_cast<void>(log_->cursor("otlp/old", Signal::logs, storage::StartAt::earliest));
    static_cast<void>(log_->cursor("otlp/kept", Signal::logs, storage::StartAt::earliest));
    config::Exporter kept;
    kept.id = "otlp/kept";
    wiring_ = {{kept, {Signal::logs}}};
  }
  void look(std::chrono::milliseconds kept, std::chrono::milliseconds after) {
    removed_.look(*log_, wiring_, kept, RemovedExporters::TimePoint(hours(1)) + after, told_);
  }

  telemetry::Registry metrics_;
  ConfigService told_{metrics_, 1};
  std::unique_ptr<storage::Log> log_;
  std::vector<ExporterWiring> wiring_;
  RemovedExporters removed_;
};

// Goal: an exporter that was taken out by mistake goes on where it was, also if it had delivered
// everything; a new cursor would begin at the oldest record. Nobody is told of a place that nothing
// waits at. Method: a cursor without exporter and without backlog; 5 items come meanwhile.
TEST_F(RemovedExportersTest, APlaceWithoutBacklogIsKeptInSilence) {
  Storing storing(*log_);
  look(hours(1), hours(0));
  storing.store(Signal::logs, 5);
  look(hours(1), std::chrono::minutes(59));
  EXPECT_EQ(log_->cursors().size(), 2U);
  EXPECT_EQ(told_.health().state, pipeline::HealthState::healthy);
  look(hours(1), hours(1));
  ASSERT_EQ(log_->cursors().size(), 1U);
  EXPECT_EQ(log_->cursors()[0]->name(), "otlp/kept");
  EXPECT_NE(metrics_.render().find("otlp_config_forgotten_items_total 0\n"), std::string::npos);
}

// Goal: a backlog is shown, kept for its time, then forgotten and counted; what came after the
// removal was never owed. Method: 7 items before the first look, 5 after it.
TEST_F(RemovedExportersTest, ABacklogIsShownKeptAndThenForgotten) {
  Storing storing(*log_);
  storing.store(Signal::logs, 7);
  look(hours(1), hours(0));
  EXPECT_EQ(told_.health().reason,
            "exporter otlp/old is no longer configured, and 7 logs items wait for it");
  storing.store(Signal::logs, 5);
  look(hours(1), std::chrono::minutes(59));
  EXPECT_EQ(told_.stats().at("removed_exporter_items"), 7);
  EXPECT_EQ(log_->cursors().size(), 2U);
  look(hours(1), hours(1));
  EXPECT_EQ(log_->cursors().size(), 1U);
  EXPECT_EQ(told_.health().state, pipeline::HealthState::healthy);
  EXPECT_NE(metrics_.render().find("otlp_config_forgotten_items_total 7\n"), std::string::npos);
}

// Goal: an exporter that comes back finds its place. Method: wired again before the time is over.
TEST_F(RemovedExportersTest, OneThatComesBackKeepsItsPlace) {
  Storing storing(*log_);
  storing.store(Signal::logs, 7);
  look(hours(1), hours(0));
  config::Exporter old;
  old.id = "otlp/old";
  wiring_.push_back({old, {Signal::logs}});
  look(hours(1), hours(2));
  EXPECT_EQ(log_->cursors().size(), 2U);
  EXPECT_EQ(told_.health().state, pipeline::HealthState::healthy);
}

// Goal: with 0 nothing is kept. Method: as above.
TEST_F(RemovedExportersTest, WithoutATimeNothingIsKept) {
  Storing storing(*log_);
  storing.store(Signal::logs, 7);
  look(hours(0), hours(0));
  EXPECT_EQ(log_->cursors().size(), 1U);
}

// Goal: those who are gone do not fill the disk for those who are there. Method: a small log is
// made small enough to be nearly full.
TEST_F(RemovedExportersTest, ANearlyFullLogKeepsNothingForThem) {
  Storing storing(*log_);
  storing.store(Signal::logs, 7);
  look(hours(1), hours(0));
  storage::Limits limits;
  limits.size_bytes_max = log_->stats().size_bytes;
  log_->set_limits(limits);
  look(hours(1), hours(0));
  EXPECT_EQ(log_->cursors().size(), 1U);
}

}  // namespace
}  // namespace gateway::app
