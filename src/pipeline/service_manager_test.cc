#include "pipeline/service_manager.h"

#include <atomic>
#include <future>
#include <string>
#include <thread>
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
  EXPECT_EQ(manager.overall().reason, "exporter/a: not running: no port");
  manager.supervise(begin + std::chrono::milliseconds(500));  // too soon
  EXPECT_EQ(events.size(), 3U);

  service.start_fails = false;
  manager.supervise(begin + std::chrono::milliseconds(1500));
  EXPECT_EQ(events.size(), 4U);
  EXPECT_EQ(manager.overall().state, HealthState::healthy);
  EXPECT_EQ(manager.report().front().restart_count, 2U);
}

// A service whose calls wait until they are let go: hanging, or slow.
class WaitingService final : public Service {
 public:
  enum class In : std::uint8_t { none, start, drain, stop };
  WaitingService(In in, std::shared_future<void> let_go) : in_(in), let_go_(std::move(let_go)) {}
  std::string_view name() const noexcept override { return "waiting"; }
  Result<void, ServiceFailure> start() override {
    wait_in(In::start);
    return {};
  }
  void drain(std::chrono::steady_clock::time_point) override { wait_in(In::drain); }
  void stop() override { wait_in(In::stop); }
  Health health() const override { return {}; }
  bool failed() const noexcept override { return has_failed; }
  void wait_in(In in) const {
    if (in == in_) let_go_.wait();
  }

  std::atomic<bool> has_failed{false};
  std::atomic<In> in_;

 private:
  const std::shared_future<void> let_go_;
};

constexpr ServiceLimits kShortLimits{.start_max = std::chrono::milliseconds(30),
                                     .stop_max = std::chrono::milliseconds(30),
                                     .restart_wait = std::chrono::milliseconds(30)};

struct WaitingCase {
  explicit WaitingCase(WaitingService::In in, ServiceLimits limits = kShortLimits)
      : manager(limits) {
    add(manager, events, "log");
    auto made = std::make_unique<WaitingService>(in, let_go.get_future().share());
    waiting = made.get();
    manager.add(std::move(made));
  }
  Events events;
  std::promise<void> let_go;
  ServiceManager manager;
  WaitingService* waiting;  // the manager's
};

// Goal: a service that hangs in its start stops the start, by name. Method: it never returns.
TEST(ServiceManager, AStartThatHangsFailsWithinItsLimitAndTheRestIsStopped) {
  WaitingCase the(WaitingService::In::start);
  const auto started = the.manager.start_all();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().message, "waiting: did not start within 30 ms");
  EXPECT_EQ(the.events, (Events{"start log", "drain log", "stop log"}));
  the.let_go.set_value();
}

// Goal: slow is not failed. Method: the start ends after a moment, within its limit.
TEST(ServiceManager, ASlowStartIsWaitedFor) {
  WaitingCase the(WaitingService::In::start, {});
  std::thread letter([&] { the.let_go.set_value(); });
  EXPECT_TRUE(the.manager.start_all().has_value());
  letter.join();
  EXPECT_TRUE(the.manager.report().back().running);
}

// Goal: a service that does not end keeps no other from ending. Method: it hangs in drain, in stop.
TEST(ServiceManager, AStopThatHangsIsLeftBehindByNameAndTheRestIsStopped) {
  for (const auto in : {WaitingService::In::drain, WaitingService::In::stop}) {
    WaitingCase the(in);
    ASSERT_TRUE(the.manager.start_all().has_value());
    the.manager.stop_all(std::chrono::milliseconds(1));
    EXPECT_EQ(the.manager.left_behind(), std::vector<std::string>{"waiting"});
    EXPECT_EQ(the.events, (Events{"start log", "drain log", "stop log"}));
    the.let_go.set_value();
  }
}

// Drains until others of its kind do so too, or its time is over.
class MeetingService final : public Service {
 public:
  MeetingService(std::string name, std::atomic<int>& draining, int expected)
      : name_(std::move(name)), draining_(draining), expected_(expected) {}
  std::string_view name() const noexcept override { return name_; }
  Result<void, ServiceFailure> start() override { return {}; }
  void drain(std::chrono::steady_clock::time_point deadline) override {
    ++draining_;
    while (draining_ < expected_ && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
  }
  void stop() override {}
  Health health() const override { return {}; }

 private:
  const std::string name_;
  std::atomic<int>& draining_;
  const int expected_;
};

// Goal: none takes the time of another of its kind. Method: three that wait for each other, between
// two that must come before and after them.
TEST(ServiceManager, ServicesOfAKindStopSideBySide) {
  Events events;
  std::atomic<int> draining = 0;
  ServiceManager manager;
  add(manager, events, "log");
  for (const char* const name : {"exporter/a", "exporter/b", "exporter/c"}) {
    manager.add(std::make_unique<MeetingService>(name, draining, 3));
  }
  add(manager, events, "receiver");
  ASSERT_TRUE(manager.start_all().has_value());
  const auto begin = std::chrono::steady_clock::now();
  manager.stop_all(std::chrono::minutes(1));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  EXPECT_TRUE(manager.left_behind().empty());
  EXPECT_EQ(events, (Events{"start log", "start receiver", "drain receiver", "stop receiver",
                            "drain log", "stop log"}));
}

// Goal: a restart that hangs holds up neither supervision nor reports. Method: the second start
// does not return until it is let go.
TEST(ServiceManager, ARestartThatHangsIsShownAndHoldsNobodyUp) {
  WaitingCase the(WaitingService::In::none);
  ASSERT_TRUE(the.manager.start_all().has_value());
  the.waiting->in_ = WaitingService::In::start;
  the.waiting->has_failed = true;
  const auto begin = std::chrono::steady_clock::time_point{} + std::chrono::hours(1);
  the.manager.supervise(begin);
  EXPECT_EQ(the.manager.overall().reason, "waiting: restarting");
  the.manager.supervise(begin + std::chrono::hours(1));  // no second one beside it
  EXPECT_EQ(the.manager.report().back().restart_count, 1U);
  the.waiting->has_failed = false;
  the.let_go.set_value();
  for (int i = 0; i < 10'000 && !the.manager.report().back().running; ++i) {
    the.manager.supervise(begin + std::chrono::hours(2));
    std::this_thread::yield();
  }
  EXPECT_EQ(the.manager.overall().state, HealthState::healthy);
}

// Goal: services come and go while others run, and stop in the right order. Method: one is put
// between two, one is taken out, one cannot start.
TEST(ServiceManager, ServicesComeAndGoWhileOthersRun) {
  Events events;
  ServiceManager manager;
  add(manager, events, "log");
  add(manager, events, "receiver", {"log"});
  ASSERT_TRUE(manager.start_all().has_value());
  const auto make = [&](std::string name) {
    return std::make_unique<RecordingService>(std::move(name), Events{}, events);
  };
  ASSERT_TRUE(manager.add_running(make("exporter/a"), "log").has_value());
  ASSERT_TRUE(manager.add_running(make("exporter/b"), "log").has_value());
  EXPECT_TRUE(manager.remove("exporter/a", std::chrono::milliseconds(1)));
  EXPECT_EQ(manager.find("exporter/a"), nullptr);
  auto broken = make("exporter/c");
  broken->start_fails = true;
  EXPECT_EQ(manager.add_running(std::move(broken), "log").error().message, "exporter/c: no port");
  EXPECT_EQ(manager.find("exporter/c"), nullptr);
  auto patient = make("exporter/d");
  patient->start_fails = true;
  RecordingService& kept = *patient;
  using enum ServiceManager::IfItFails;
  EXPECT_FALSE(manager.add_running(std::move(patient), "log", keep).has_value());
  EXPECT_EQ(manager.overall().reason, "exporter/d: not running: no port");
  EXPECT_EQ(manager.health("exporter/d").state, HealthState::unhealthy);
  EXPECT_EQ(manager.health("exporter/d").reason, "not running: no port");
  EXPECT_EQ(manager.health("exporter/b").state, HealthState::healthy);
  EXPECT_EQ(manager.health("exporter/c").state, HealthState::unhealthy);
  kept.start_fails = false;
  manager.supervise(std::chrono::steady_clock::now());
  EXPECT_EQ(manager.overall().state, HealthState::healthy);
  EXPECT_TRUE(manager.remove("exporter/d", std::chrono::milliseconds(1)));
  events.clear();
  manager.stop_all(std::chrono::milliseconds(1));
  EXPECT_TRUE(manager.left_behind().empty());
  EXPECT_EQ(events, (Events{"drain receiver", "stop receiver", "drain exporter/b",
                            "stop exporter/b", "drain log", "stop log"}));
}

// Goal: reports may be asked for at any time. Method: a thread asks while services come and go;
// the sanitizers look on.
TEST(ServiceManager, ReportsAreSafeWhileServicesComeAndGo) {
  Events events;
  ServiceManager manager;
  add(manager, events, "log");
  ASSERT_TRUE(manager.start_all().has_value());
  std::atomic<bool> done{false};
  std::size_t seen = 0;
  std::thread asker([&] {
    do {
      seen += manager.report().size() + manager.overall().reason.size();
    } while (!done);  // once at least, however late this thread comes to run
  });
  for (int i = 0; i < 50; ++i) {
    auto service = std::make_unique<RecordingService>("exporter/a", Events{}, events);
    ASSERT_TRUE(manager.add_running(std::move(service), "log").has_value());
    EXPECT_TRUE(manager.remove("exporter/a", std::chrono::milliseconds(1)));
  }
  done = true;
  asker.join();
  EXPECT_GT(seen, 0U);
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
