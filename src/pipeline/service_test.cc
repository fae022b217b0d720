#include "pipeline/service.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace gateway::pipeline {
namespace {

using Events = std::vector<std::string>;

class RecordingService : public Service {
 public:
  RecordingService(std::string name, std::vector<std::string> dependencies, Events& events)
      : name_(std::move(name)), dependencies_(std::move(dependencies)), events_(events) {}
  std::string_view name() const noexcept override { return name_; }
  std::vector<std::string> depends_on() const override { return dependencies_; }
  Result<void, ServiceFailure> start() override {
    events_.push_back("start " + name_);
    if (start_fails) return fail(ServiceFailure{"no port"});
    has_failed = false;
    return {};
  }
  void drain(std::chrono::steady_clock::time_point) override {
    events_.push_back("drain " + name_);
  }
  void stop() override { events_.push_back("stop " + name_); }
  Health health() const override { return current; }
  bool failed() const noexcept override { return has_failed; }

  bool start_fails = false;
  bool has_failed = false;
  Health current;

 private:
  std::string name_;
  std::vector<std::string> dependencies_;
  Events& events_;
};

RecordingService& add(ServiceManager& manager, Events& events, std::string name,
                      std::vector<std::string> dependencies = {}) {
  auto service =
      std::make_unique<RecordingService>(std::move(name), std::move(dependencies), events);
  RecordingService& reference = *service;
  manager.add(std::move(service));
  return reference;
}

// Goal: dependencies come first and go last. Method: register in the wrong order.
TEST(ServiceManager, StartsDependenciesFirstAndStopsThemLast) {
  Events events;
  ServiceManager manager;
  add(manager, events, "receiver", {"log"});
  add(manager, events, "log");
  ASSERT_TRUE(manager.start_all().has_value());
  manager.stop_all(std::chrono::milliseconds(10));
  EXPECT_EQ(events, (Events{"start log", "start receiver", "drain receiver", "stop receiver",
                            "drain log", "stop log"}));
}

// Goal: a failed start leaves nothing running. Method: the last of three cannot start.
TEST(ServiceManager, StopsWhatHadStartedWhenAServiceCannotStart) {
  Events events;
  ServiceManager manager;
  add(manager, events, "log");
  add(manager, events, "receiver", {"log"}).start_fails = true;
  const auto started = manager.start_all();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().message, "receiver: no port");
  EXPECT_EQ(events, (Events{"start log", "start receiver", "drain log", "stop log"}));
}

// Goal: a mistake in the wiring is told, not looped over. Method: a cycle, and a missing name.
TEST(ServiceManager, NamesACycleAndAMissingDependency) {
  Events events;
  ServiceManager cycle;
  add(cycle, events, "a", {"b"});
  add(cycle, events, "b", {"a"});
  EXPECT_EQ(cycle.start_all().error().message, "service a depends on itself");
  ServiceManager missing;
  add(missing, events, "a", {"log"});
  EXPECT_EQ(missing.start_all().error().message, "service a depends on log, which does not exist");
  EXPECT_TRUE(events.empty());
}

// Goal: health says who is ill and why. Method: one degraded and one unhealthy of three.
TEST(ServiceManager, OverallHealthIsTheWorstWithEveryReason) {
  Events events;
  ServiceManager manager;
  add(manager, events, "log");
  add(manager, events, "exporter/a").current = {HealthState::degraded, "retrying"};
  add(manager, events, "exporter/b").current = {HealthState::unhealthy, "circuit breaker open"};
  ASSERT_TRUE(manager.start_all().has_value());
  const Health overall = manager.overall();
  EXPECT_EQ(overall.state, HealthState::unhealthy);
  EXPECT_EQ(overall.reason, "exporter/a: retrying; exporter/b: circuit breaker open");
}

// Goal: what failed comes back, and a restart that fails is not a loop. Method: virtual time.
TEST(ServiceManager, RestartsAFailedServiceWithAGrowingDelay) {
  Events events;
  ServiceManager manager;
  RecordingService& service = add(manager, events, "exporter/a");
  ASSERT_TRUE(manager.start_all().has_value());
  const auto begin = std::chrono::steady_clock::time_point{} + std::chrono::hours(1);
  manager.supervise(begin);
  EXPECT_EQ(events.size(), 1U);

  service.has_failed = true;
  service.start_fails = true;
  manager.supervise(begin);
  EXPECT_EQ(events, (Events{"start exporter/a", "stop exporter/a", "start exporter/a"}));
  EXPECT_EQ(manager.overall().reason, "exporter/a: not running");
  manager.supervise(begin + std::chrono::milliseconds(500));  // too soon
  EXPECT_EQ(events.size(), 3U);

  service.start_fails = false;
  manager.supervise(begin + std::chrono::milliseconds(1500));
  EXPECT_EQ(events.size(), 4U);
  EXPECT_EQ(manager.overall().state, HealthState::healthy);
  EXPECT_EQ(manager.report().front().restart_count, 2U);
}

// Goal: services are found by name (requirement 1.2). Method: one known, one unknown.
TEST(ServiceManager, FindsAServiceByName) {
  Events events;
  ServiceManager manager;
  Service& log = add(manager, events, "log");
  EXPECT_EQ(manager.find("log"), &log);
  EXPECT_EQ(manager.find("trace_service"), nullptr);
}

}  // namespace
}  // namespace gateway::pipeline
