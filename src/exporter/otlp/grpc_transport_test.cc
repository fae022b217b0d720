#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "exporter/testing/exporter_test_case.h"

namespace gateway::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;

// What a destination got, and what it answers.
struct Call {
  std::string method;
  std::string body;
  std::multimap<std::string, std::string> metadata;
};
struct Reply {
  grpc::Status status;
  std::string body;
  bool never = false;  // no answer until the call is cancelled
};

// A gRPC server on a free port of 127.0.0.1 that answers by a function of the test.
class Destination final : public grpc::CallbackGenericService {
 public:
  explicit Destination(std::function<Reply(const Call&)> answer) : answer_(std::move(answer)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(this);
    builder.SetMaxReceiveMessageSize(-1);
    server_ = builder.BuildAndStart();
  }
  ~Destination() override { stop(); }
  void stop() {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }

  [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::size_t call_count() {
    const std::lock_guard lock(mutex_);
    return calls_.size();
  }
  [[nodiscard]] Call call(std::size_t index) {
    const std::lock_guard lock(mutex_);
    return calls_.at(index);
  }
  [[nodiscard]] bool wait_for_calls(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(10), [&] { return calls_.size() >= count; });
  }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor(Destination& destination, grpc::GenericCallbackServerContext& context)
        : destination_(destination), context_(context) {
      StartRead(&request_);
    }
    void OnReadDone(bool ok) override {
      if (!ok) {
        Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no request"));
        return;
      }
      Call call{.method = context_.method(), .body = text_of(request_), .metadata = {}};
      for (const auto& [key, value] : context_.client_metadata()) {
        call.metadata.emplace(std::string(key.data(), key.size()),
                              std::string(value.data(), value.size()));
      }
      const Reply reply = destination_.take(std::move(call));
      if (reply.never) return;
      status_ = reply.status;
      if (!status_.ok()) {
        Finish(status_);
        return;
      }
      const grpc::Slice slice(reply.body);
      response_ = grpc::ByteBuffer(&slice, 1);
      StartWriteAndFinish(&response_, grpc::WriteOptions(), status_);
    }
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }

   private:
    static std::string text_of(const grpc::ByteBuffer& buffer) {
      std::vector<grpc::Slice> slices;
      std::string text;
      if (!buffer.Dump(&slices).ok()) return text;
      for (const auto& slice : slices) {
        text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
      return text;
    }
    Destination& destination_;
    grpc::GenericCallbackServerContext& context_;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer response_;
    grpc::Status status_;
  };

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Reactor(*this, *context);
  }

  Reply take(Call call) {
    const std::lock_guard lock(mutex_);
    const Reply reply = answer_(call);
    calls_.push_back(std::move(call));
    changed_.notify_all();
    return reply;
  }

  std::function<Reply(const Call&)> answer_;
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Call> calls_;
  std::unique_ptr<grpc::Server> server_;
};

class OtlpExporterTest : public testing::ExporterTestCase {
 protected:
  static config::Exporter settings_for(const std::string& endpoint) {
    config::Exporter settings = testing::quick_settings(config::ExporterKind::otlp, endpoint);
    settings.id = "otlp/test";
    return settings;
  }
};

Reply ok(const Call&) { return {}; }

// Goal: the stored bytes arrive, merged by concatenation, with method, headers and user agent.
// Method: two records, capture.
TEST_F(OtlpExporterTest, DeliversTheStoredBytes) {
  Destination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.headers = {{"X-Tenant", "blue"}};
  settings.service_name = "edge";
  log_.add(Signal::traces, 2, std::string(100'000, 'a'));
  log_.add(Signal::traces, 3, "bc");
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 5; }));
  ASSERT_EQ(destination.call_count(), 1U);
  const Call call = destination.call(0);
  EXPECT_EQ(call.method, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  EXPECT_EQ(call.body, std::string(100'000, 'a') + "bc");
  EXPECT_EQ(call.metadata.find("x-tenant")->second, "blue");
  const auto agent = call.metadata.find("user-agent");
  ASSERT_NE(agent, call.metadata.end());
  EXPECT_EQ(agent->second.find("otlp-service/"), 0U);
  EXPECT_NE(agent->second.find("edge"), std::string::npos);
}

// Goal: gzip arrives as the same bytes. Method: a compressible record.
TEST_F(OtlpExporterTest, CompressesWithGzip) {
  Destination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.compression = config::Compression::gzip;
  log_.add(Signal::traces, 1, std::string(50'000, 'z'));
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(destination.call(0).body, std::string(50'000, 'z'));
}

// Goal: each signal goes to its own method. Method: one record of each.
TEST_F(OtlpExporterTest, EachSignalHasItsMethod) {
  Destination destination(ok);
  for (const Signal signal : kSignals) log_.add(signal, 1, "x");
  start(settings_for(destination.endpoint()), {kSignals.begin(), kSignals.end()});
  ASSERT_TRUE(destination.wait_for_calls(4));
  std::set<std::string> methods;
  for (std::size_t i = 0; i < 4; ++i) methods.insert(destination.call(i).method);
  EXPECT_EQ(methods.size(), 4U);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
}

// Goal: R-01: what may pass is sent again. Method: the destination returns each code once.
TEST_F(OtlpExporterTest, RetriesEachRetryableCode) {
  const std::deque<grpc::StatusCode> codes = {
      grpc::StatusCode::CANCELLED,   grpc::StatusCode::DEADLINE_EXCEEDED,
      grpc::StatusCode::ABORTED,     grpc::StatusCode::OUT_OF_RANGE,
      grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::DATA_LOSS,
  };
  std::size_t next = 0;
  Destination destination([&](const Call&) -> Reply {
    if (next < codes.size()) return {.status = grpc::Status(codes[next++], "later"), .body = ""};
    return {};
  });
  log_.add(Signal::traces, 1, "x");
  start(settings_for(destination.endpoint()));
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(destination.call_count(), codes.size() + 1);
}

// Goal: R-02, R-03: what cannot pass is sent once. Method: each other code, one record each.
TEST_F(OtlpExporterTest, SendsOnceWhatIsRefusedForGood) {
  const std::vector<grpc::StatusCode> codes = {
      grpc::StatusCode::UNKNOWN,
      grpc::StatusCode::INVALID_ARGUMENT,
      grpc::StatusCode::NOT_FOUND,
      grpc::StatusCode::ALREADY_EXISTS,
      grpc::StatusCode::PERMISSION_DENIED,
      grpc::StatusCode::RESOURCE_EXHAUSTED,
      grpc::StatusCode::FAILED_PRECONDITION,
      grpc::StatusCode::UNIMPLEMENTED,
      grpc::StatusCode::INTERNAL,
      grpc::StatusCode::UNAUTHENTICATED,
  };
  std::size_t next = 0;
  Destination destination([&](const Call&) -> Reply {
    if (next < codes.size()) return {.status = grpc::Status(codes[next++], "no"), .body = ""};
    return {};
  });
  config::Exporter settings = settings_for(destination.endpoint());
  settings.circuit_breaker.enabled = false;
  start(settings);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    SCOPED_TRACE(i);
    log_.add(Signal::traces, 1, "x");
    ASSERT_TRUE(eventually([&] { return outcomes().dead_lettered == i + 1; }));
    EXPECT_EQ(destination.call_count(), i + 1);
  }
}

// google.rpc.Status{details: [Any{type_url, value: RetryInfo{retry_delay: {nanos}}}]}
std::string status_with_retry_info(std::uint8_t millis) {
  // nanos as a varint of three bytes at least: 1'000'000 a millisecond.
  std::string nanos;
  for (std::uint64_t value = millis * 1'000'000ULL;; value >>= 7U) {
    if (value < 0x80U) {
      nanos += static_cast<char>(value);
      break;
    }
    nanos += static_cast<char>((value & 0x7fU) | 0x80U);
  }
  const auto field = [](char tag, const std::string& bytes) {
    return std::string(1, tag) + static_cast<char>(bytes.size()) + bytes;
  };
  const std::string info = field('\x0a', std::string("\x10") + nanos);
  const std::string any =
      field('\x0a', "type.googleapis.com/google.rpc.RetryInfo") + field('\x12', info);
  return field('\x1a', any);
}

// Goal: R-03, R-04: RESOURCE_EXHAUSTED with RetryInfo is retried, not before the delay. Method: 100
// ms, against a backoff of 5 ms.
TEST_F(OtlpExporterTest, WaitsForRetryInfo) {
  std::vector<std::chrono::steady_clock::time_point> times;
  Destination destination([&](const Call&) -> Reply {
    times.push_back(std::chrono::steady_clock::now());
    if (times.size() > 1) return {};
    return {.status = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "slow down",
                                   status_with_retry_info(100)),
            .body = ""};
  });
  log_.add(Signal::traces, 1, "x");
  start(settings_for(destination.endpoint()));
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_GE(times.at(1) - times.at(0), milliseconds(100));
}

// Goal: P-09, P-11: partial success is counted, junk in an answer is success. Method: both bodies.
TEST_F(OtlpExporterTest, CountsPartialSuccessAndBelievesAnOkWithJunk) {
  std::size_t count = 0;
  Destination destination([&](const Call&) -> Reply {
    ++count;
    const std::string partial = std::string("\x0a\x07\x08\x02\x12\x03", 6) + "old";
    return {.status = grpc::Status::OK, .body = count == 1 ? partial : "\xff\xff junk"};
  });
  start(settings_for(destination.endpoint()));
  log_.add(Signal::traces, 10, "x");
  ASSERT_TRUE(eventually([&] { return outcomes().sum() == 10; }));
  EXPECT_EQ(outcomes().delivered, 8U);
  EXPECT_EQ(outcomes().dead_lettered, 2U);
  log_.add(Signal::traces, 5, "x");
  ASSERT_TRUE(eventually([&] { return outcomes().sum() == 15; }));
  EXPECT_EQ(outcomes().delivered, 13U);
  EXPECT_EQ(destination.call_count(), 2U);
}

// Goal: nobody there: the breaker opens, health says why, nothing is lost; when somebody comes all
// is delivered. Method: a port that was free, then a destination on it is not needed: health only.
TEST_F(OtlpExporterTest, ADeadDestinationShowsInHealth) {
  std::string endpoint;
  {
    Destination gone(ok);
    endpoint = gone.endpoint();
  }
  config::Exporter settings = settings_for(endpoint);
  settings.circuit_breaker.failure_threshold = 2;
  settings.circuit_breaker.open_interval = seconds(100);
  settings.circuit_breaker.open_interval_max = seconds(100);
  log_.add(Signal::traces, 1, "x");
  start(settings);
  ASSERT_TRUE(eventually([&] { return exporter_->status().breaker == BreakerState::open; }));
  const pipeline::Health health = exporter_->health();
  EXPECT_EQ(health.state, pipeline::HealthState::unhealthy);
  EXPECT_NE(health.reason.find("circuit breaker open for"), std::string::npos) << health.reason;
  EXPECT_NE(health.reason.find("connection refused by 127.0.0.1:"), std::string::npos)
      << health.reason;
  EXPECT_EQ(outcomes().sum(), 0U);
}

// Goal: R-22: stop does not hang on a peer that never answers. Method: drain with a short limit,
// then stop, then what was in flight is still in the log.
TEST_F(OtlpExporterTest, StopsWithASlowPeer) {
  Destination destination(
      [](const Call&) -> Reply { return {.status = {}, .body = "", .never = true}; });
  config::Exporter settings = settings_for(destination.endpoint());
  settings.timeout = seconds(60);
  log_.add(Signal::traces, 1, "x");
  start(settings);
  ASSERT_TRUE(destination.wait_for_calls(1));
  const auto begin = std::chrono::steady_clock::now();
  exporter_->drain(begin + milliseconds(50));
  exporter_->stop();
  exporter_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
  EXPECT_EQ(outcomes().sum(), 0U);
}

// Goal: drain waits for what is committed. Method: drain at once after many records.
TEST_F(OtlpExporterTest, DrainDeliversWhatIsCommitted) {
  Destination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.batch.timeout = seconds(100);
  start(settings);
  for (int i = 0; i < 100; ++i) log_.add(Signal::traces, 100, "x");
  exporter_->drain(std::chrono::steady_clock::now() + seconds(10));
  EXPECT_EQ(outcomes().delivered, 10'000U);
}

// Goal: a call that gets no answer in time is retried. Method: swallow the first call.
TEST_F(OtlpExporterTest, ACallWithoutAnAnswerTimesOutAndIsRetried) {
  std::size_t count = 0;
  Destination destination(
      [&](const Call&) -> Reply { return {.status = {}, .body = "", .never = ++count == 1}; });
  config::Exporter settings = settings_for(destination.endpoint());
  settings.timeout = milliseconds(100);
  log_.add(Signal::traces, 1, "x");
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(destination.call_count(), 2U);
}

// Goal: a signal that the destination does not take delays no other (promise 5). Method: traces are
// swallowed, logs are taken.
TEST_F(OtlpExporterTest, LanesDoNotDelayEachOther) {
  Destination destination([](const Call& call) -> Reply {
    const bool traces = call.method.find("TraceService") != std::string::npos;
    return {.status = {}, .body = "", .never = traces};
  });
  for (int i = 0; i < 50; ++i) {
    log_.add(Signal::traces, 1000, std::string(100'000, 't'));
    log_.add(Signal::logs, 1000, std::string(100'000, 'l'));
  }
  start(settings_for(destination.endpoint()), {Signal::traces, Signal::logs});
  storage::Cursor& logs = log_.cursor("otlp/test", Signal::logs, storage::StartAt::earliest);
  ASSERT_TRUE(eventually([&] { return logs.outcomes().delivered == 50'000; }));
  EXPECT_EQ(outcomes().delivered, 0U);
}

// Goal: promise 7 at scrape time. Method: render and compare the ledger's series.
TEST_F(OtlpExporterTest, MetricsShowTheLedger) {
  Destination destination(ok);
  log_.add(Signal::traces, 7, "x");
  start(settings_for(destination.endpoint()));
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 7; }));
  const std::string text = registry_.render();
  const auto has = [&](const std::string& line) {
    EXPECT_NE(text.find(line + "\n"), std::string::npos) << line << "\n" << text;
  };
  has(R"(otlp_ledger_items{exporter="otlp/test",signal="traces",state="stored"} 7)");
  has(R"(otlp_ledger_items{exporter="otlp/test",signal="traces",state="delivered"} 7)");
  has(R"(otlp_ledger_items{exporter="otlp/test",signal="traces",state="pending"} 0)");
  has(R"(otlp_circuit_breaker_state{exporter="otlp/test"} 0)");
  has(R"(otlp_cursor_lag_items{exporter="otlp/test",signal="traces"} 0)");
}

// Goal: a mistake in the settings is said at start. Method: each mistake.
TEST_F(OtlpExporterTest, MistakesInSettingsAreSaidAtStart) {
  const auto message_of = [&](const config::Exporter& settings) -> std::string {
    const auto exporter = make_exporter(settings, {Signal::traces}, log_, registry_);
    const auto started = exporter->start();
    return started ? "" : started.error().message;
  };
  config::Exporter settings = settings_for("ftp://host:1");
  EXPECT_NE(message_of(settings).find("unknown scheme"), std::string::npos);
  settings = settings_for("host:4317");
  settings.compression = config::Compression::zstd;
  EXPECT_NE(message_of(settings).find("zstd"), std::string::npos);
  settings = settings_for("https://host:4317");
  settings.tls.ca_file = "/nonexistent/ca.pem";
  EXPECT_NE(message_of(settings).find("/nonexistent/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace gateway::exporter
