// The frame of tests of one lane: a log, a destination in the test's hands, and virtual time.
//
// Errors:  failed expectations.
// Threads: the test's.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "exporter/lane.h"
#include "exporter/testing/fake_log.h"

namespace gateway::exporter::testing {

// A destination in the test's hands: keeps what is sent until the test answers.
class FakeTransport final : public Transport {
 public:
  struct Sent {
    std::shared_ptr<const Request> request;
    Done done;
  };
  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override { return {}; }
  void send(std::shared_ptr<const Request> request, Done done) override {
    sent.push_back({std::move(request), std::move(done)});
    ++sent_count;
  }
  void cancel_all() override {}

  void answer(Answer with, std::size_t index = 0) {
    ASSERT_LT(index, sent.size());
    Sent it = std::move(sent[index]);
    sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(index));
    it.done(std::move(with));
  }
  [[nodiscard]] static std::string text(const Request& request) {
    std::string all;
    for (const Piece& piece : request.pieces) {
      all.append(reinterpret_cast<const char*>(piece.payload.bytes.data()),
                 piece.payload.bytes.size());
    }
    return all;
  }

  std::deque<Sent> sent;
  int sent_count = 0;
};

inline config::Exporter small_settings() {
  config::Exporter settings;
  settings.id = "otlp/test";
  settings.batch.send_batch_size = 10;
  settings.batch.max_size_bytes = 1000;
  settings.batch.timeout = std::chrono::milliseconds(200);
  settings.retry_on_failure.initial_interval = std::chrono::seconds(1);
  settings.retry_on_failure.randomization_factor = 0;
  settings.retry_on_failure.multiplier = 2;
  settings.circuit_breaker.failure_threshold = 3;
  settings.circuit_breaker.open_interval = std::chrono::seconds(10);
  return settings;
}

// One lane in virtual time, pumped until it has nothing more to do.
class LaneTestCase : public ::testing::Test, public LaneHost {
 protected:
  void make(const config::Exporter& settings = small_settings(), Signal signal = Signal::traces) {
    lane_.emplace(settings, signal,
                  Lane::Parts{.host = *this,
                              .log = log_,
                              .transport = transport_,
                              .dead_letters = dead_letters_,
                              .budget = budget_,
                              .metrics = registry_,
                              .seed = 1,
                              .processors = processors_.get()});
    pump();
  }
  ~LaneTestCase() override {
    if (lane_) {
      EXPECT_TRUE(testing::adds_up(lane_->cursor()));
    }
  }

  [[nodiscard]] pipeline::delivery::Instant now() const override { return now_; }
  void wake(Lane&) override { pump(); }
  void pump() { next_ = lane_->pump(now_); }
  void advance(pipeline::delivery::Duration by) {
    now_ += by;
    pump();
  }
  void add(std::uint32_t items, std::string_view payload = "x", Signal signal = Signal::traces) {
    log_.add(signal, items, payload);
    if (lane_ && lane_->should_wake(log_.head())) pump();
  }
  [[nodiscard]] storage::Outcomes outcomes() const { return lane_->cursor().outcomes(); }
  void deliver_all() {
    while (!transport_.sent.empty()) transport_.answer({.kind = AnswerKind::delivered});
  }

  pipeline::delivery::Instant now_{std::chrono::seconds(1000)};
  std::optional<pipeline::delivery::Instant> next_;
  FakeLog log_;
  FakeTransport transport_;
  DeadLetters dead_letters_{io::real_file_system(), io::real_clock(), "", "otlp/test"};
  InFlightBudget budget_{1 << 20, 1};
  telemetry::Registry registry_;
  std::unique_ptr<pipeline::ProcessorChain> processors_;
  std::optional<Lane> lane_;
};

}  // namespace gateway::exporter::testing
