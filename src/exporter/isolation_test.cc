#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "exporter/testing/exporter_test_case.h"
#include "exporter/testing/http_destination.h"

namespace gateway::exporter {
namespace {

using std::chrono::seconds;
using testing::eventually;
using testing::HttpCall;
using testing::HttpDestination;
using testing::HttpReply;

class IsolationTest : public testing::ExporterTestCase {
 protected:
  static constexpr int kRecords = 200;
  static constexpr std::uint32_t kItems = 500;

  // One exporter whose destination takes nothing, one whose destination takes all: the second has
  // it all while the first has none.
  void run_beside(config::Exporter dead_settings) {
    HttpDestination healthy([](const HttpCall&) { return testing::reply(200); });
    dead_settings.id = "dead";
    config::Exporter healthy_settings =
        testing::quick_settings(config::ExporterKind::otlp_http, healthy.endpoint());
    healthy_settings.id = "healthy";
    const auto dead = make_exporter(dead_settings, {Signal::traces}, log_, registry_);
    ASSERT_TRUE(dead->start().has_value());
    for (int i = 0; i < kRecords / 2; ++i) log_.add(Signal::traces, kItems, std::string(2000, 'x'));
    start(healthy_settings);
    for (int i = 0; i < kRecords / 2; ++i) log_.add(Signal::traces, kItems, std::string(2000, 'x'));
    ASSERT_TRUE(eventually([&] { return outcomes().delivered == kRecords * kItems; }));
    const storage::Cursor& held = log_.cursor("dead", Signal::traces, storage::StartAt::earliest);
    EXPECT_EQ(held.outcomes().sum(), 0U);
    EXPECT_EQ(exporter_->health().state, pipeline::HealthState::healthy);
    EXPECT_LE(dead->status().in_flight_bytes, dead_settings.sending_queue.in_flight_size_bytes_max);
    // Both end when asked, the dead one without waiting for its peer.
    const auto begin = std::chrono::steady_clock::now();
    dead->drain(begin);
    dead->stop();
    exporter_->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
  }
};

// The address of a destination that is gone.
std::string dead_endpoint() {
  const HttpDestination gone([](const HttpCall&) { return testing::reply(200); });
  return gone.endpoint();
}

// Goal: promise 5: a destination that is not there delays no other, over either protocol. Method: a
// port that nobody listens on any more.
TEST_F(IsolationTest, ADeadHttpDestinationDelaysNoOther) {
  run_beside(testing::quick_settings(config::ExporterKind::otlp_http, dead_endpoint()));
}

TEST_F(IsolationTest, ADeadGrpcDestinationDelaysNoOther) {
  run_beside(testing::quick_settings(config::ExporterKind::otlp, dead_endpoint()));
}

// Goal: one that takes requests and never answers delays no other either. Method: calls that hang
// for longer than the test may take.
TEST_F(IsolationTest, ADestinationThatNeverAnswersDelaysNoOther) {
  HttpDestination silent([](const HttpCall&) -> HttpReply { return {.bytes = "", .never = true}; });
  config::Exporter settings =
      testing::quick_settings(config::ExporterKind::otlp_http, silent.endpoint());
  settings.timeout = seconds(60);
  settings.sending_queue.in_flight_size_bytes_max = 64U << 10U;
  run_beside(settings);
}

}  // namespace
}  // namespace gateway::exporter
