// The frame of tests that run a whole exporter against a destination: a log, a registry, and the
// check that the books of every cursor add up.
//
// Errors:  failed expectations.
// Threads: the test's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "exporter/exporter.h"
#include "exporter/testing/fake_log.h"

namespace gateway::exporter::testing {

// Waits for something that a thread of the exporter brings about.
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// Settings with short waits.
inline config::Exporter quick_settings(config::ExporterKind kind, const std::string& endpoint) {
  config::Exporter settings;
  settings.id = "test";
  settings.kind = kind;
  settings.endpoint = endpoint;
  settings.compression = ContentCoding::identity;
  settings.batch.timeout = std::chrono::milliseconds(1);
  settings.retry_on_failure.initial_interval = std::chrono::milliseconds(5);
  settings.retry_on_failure.max_interval = std::chrono::milliseconds(20);
  settings.circuit_breaker.open_interval = std::chrono::milliseconds(20);
  settings.circuit_breaker.open_interval_max = std::chrono::milliseconds(50);
  return settings;
}

class ExporterTestCase : public ::testing::Test {
 protected:
  void start(const config::Exporter& settings,
             const std::vector<Signal>& signals = {Signal::traces},
             const std::string& dead_letter_directory = {}) {
    exporter_ = make_exporter(settings, signals, log_, registry_, dead_letter_directory);
    const auto started = exporter_->start();
    ASSERT_TRUE(started.has_value()) << started.error().message;
    cursor_ = &log_.cursor(settings.id, signals.front(), storage::StartAt::earliest);
  }
  void TearDown() override {
    if (exporter_) exporter_->stop();
    for (const storage::Cursor* cursor : log_.cursors()) EXPECT_TRUE(adds_up(*cursor));
  }
  [[nodiscard]] storage::Outcomes outcomes() const { return cursor_->outcomes(); }

  telemetry::Registry registry_;
  FakeLog log_;
  std::unique_ptr<Exporter> exporter_;
  storage::Cursor* cursor_ = nullptr;
};

}  // namespace gateway::exporter::testing
