// A receiver on loopback with a FakeLog behind it, for the tests of this folder.
//
// After each test the byte budget must be whole again: no way through the receiver may keep a byte.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "net/io_threads.h"
#include "net/test_client.h"
#include "receiver/otlp/fake_log.h"
#include "receiver/otlp/receiver.h"

namespace gateway::receiver::otlp {

inline constexpr std::string_view kTracesExport =
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
inline constexpr std::string_view kMetricsExport =
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
inline constexpr std::string_view kLogsExport =
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
inline constexpr std::string_view kProfilesExport =
    "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";

// A length-delimited field with a number below 16.
inline std::string wire_field(int number, std::string_view bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  std::size_t size = bytes.size();
  while (size >= 0x80) {
    out.push_back(static_cast<char>(size | 0x80));
    size >>= 7;
  }
  out.push_back(static_cast<char>(size));
  return out.append(bytes);
}

inline std::string span(std::string_view name, bool valid = true) {
  return wire_field(1, std::string(valid ? 16 : 3, 'T')) + wire_field(2, std::string(8, 'S')) +
         wire_field(5, name);
}

// An ExportTraceServiceRequest with these spans in one scope.
inline std::string traces(const std::vector<std::string>& spans) {
  std::string scope;
  for (const std::string& one : spans) scope += wire_field(2, one);
  return wire_field(1, wire_field(2, scope));
}

class ReceiverTest : public ::testing::Test {
 protected:
  ReceiverTest() {
    settings_.grpc.enabled = settings_.http.enabled = true;
    settings_.grpc.endpoint = settings_.http.endpoint = "127.0.0.1:0";
  }
  ~ReceiverTest() override {
    log_.hold(false);
    if (receiver_) receiver_->stop();
    EXPECT_EQ(budget_->taken_bytes(), 0U) << "a way through the receiver keeps leased bytes";
  }

  void start() {
    Dependencies dependencies;
    dependencies.threads = &threads_;
    dependencies.log = &log_;
    dependencies.budget = budget_.get();
    dependencies.metrics = &registry_;
    dependencies.signals_enabled = signals_enabled_;
    dependencies.serving = serving_;
    receiver_ = make_receiver(settings_, dependencies);
    const auto started = receiver_->start();
    ASSERT_TRUE(started.has_value()) << started.error().message;
  }
  void set_budget(std::size_t bytes) { budget_ = std::make_unique<ByteBudget>(bytes); }

  [[nodiscard]] net::TestResponse post(std::string_view path, std::string_view type,
                                       std::string_view body,
                                       const std::vector<std::string>& lines = {}) {
    net::RawClient client(receiver_->http_address());
    client.send(net::http1_post(path, type, body, lines));
    return client.response();
  }
  // What was sent before has been read: each thread serves its connections in the order of their
  // events, and is dealt the next of these connections.
  void wait_until_read() {
    for (std::size_t i = 0; i < threads_.count(); ++i) {
      EXPECT_EQ(post("/v1/traces", "application/x-protobuf", "").status, 200);
    }
  }
  // The state of the world has changed when the server has told so, not after a while.
  template <typename F>
  [[nodiscard]] static bool eventually(F condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  config::OtlpReceiver settings_;
  std::uint32_t signals_enabled_ = 0b1111;
  std::function<ServingStatus(std::string_view)> serving_;
  std::unique_ptr<ByteBudget> budget_ = std::make_unique<ByteBudget>(64U << 20);
  telemetry::Registry registry_;
  FakeLog log_;
  net::IoThreads threads_{2, "test"};
  std::unique_ptr<Receiver> receiver_;
};

}  // namespace gateway::receiver::otlp
