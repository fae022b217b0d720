#include "exporter/otlp/grpc_transport.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <set>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "config/header_rules.h"
#include "exporter/testing/exporter_test_case.h"
#include "exporter/testing/grpc_destination.h"

namespace gateway::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;

using testing::GrpcCall;
using testing::GrpcDestination;
using testing::GrpcReply;

class OtlpExporterTest : public testing::ExporterTestCase {
 protected:
  static config::Exporter settings_for(const std::string& endpoint) {
    config::Exporter settings = testing::quick_settings(config::ExporterKind::otlp, endpoint);
    settings.id = "otlp/test";
    return settings;
  }
};

GrpcReply ok(const GrpcCall&) { return {}; }

// Goal: the stored bytes arrive, merged by concatenation, with method, headers and user agent.
// Method: two records, capture.
TEST_F(OtlpExporterTest, DeliversTheStoredBytes) {
  GrpcDestination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.headers = {{"X-Tenant", "blue"}};
  settings.service_name = "edge";
  log_.add(Signal::traces, 2, std::string(100'000, 'a'));
  log_.add(Signal::traces, 3, "bc");
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 5; }));
  ASSERT_EQ(destination.call_count(), 1U);
  const GrpcCall call = destination.call(0);
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
  GrpcDestination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.compression = ContentCoding::gzip;
  log_.add(Signal::traces, 1, std::string(50'000, 'z'));
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(destination.call(0).body, std::string(50'000, 'z'));
}

// Goal: gzip of what does not become smaller, at a level of the settings'. Method: random bytes.
TEST_F(OtlpExporterTest, CompressesAtTheGivenLevelWhatHardlyCanBe) {
  GrpcDestination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.compression = ContentCoding::gzip;
  settings.compression_level = 1;
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 50'000; ++i) {
    state = state * 1'664'525 + 1'013'904'223;
    noise.push_back(static_cast<char>(state >> 24U));
  }
  log_.add(Signal::traces, 1, noise);
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(destination.call(0).body, noise);
}

// Sends records one by one to a target of two addresses, until both were asked, or often enough.
// How many of the two were asked.
class TwoAddresses : public OtlpExporterTest {
 protected:
  [[nodiscard]] int asked(const std::string& balancer, int record_count_max) {
    GrpcDestination one(ok);
    GrpcDestination two(ok);
    config::Exporter settings = settings_for("ipv4:127.0.0.1:" + std::to_string(one.port()) +
                                             ",127.0.0.1:" + std::to_string(two.port()));
    settings.tls.insecure = true;
    settings.authority = "backend.example.com";
    settings.balancer_name = balancer;
    start(settings);
    for (int i = 0; i < record_count_max; ++i) {
      if (one.call_count() > 0 && two.call_count() > 0) break;
      const std::uint64_t before = outcomes().delivered;
      log_.add(Signal::traces, 1, "x");
      EXPECT_TRUE(eventually([&] { return outcomes().delivered > before; }));
    }
    GrpcDestination& first = one.call_count() > 0 ? one : two;
    EXPECT_EQ(first.call(0).authority, "backend.example.com");
    exporter_->stop();
    return (one.call_count() > 0 ? 1 : 0) + (two.call_count() > 0 ? 1 : 0);
  }
};

// Goal: `balancer_name` says where requests go, and `authority` what they ask for.
TEST_F(TwoAddresses, AreAskedInTurn) { EXPECT_EQ(asked("round_robin", 500), 2); }
TEST_F(TwoAddresses, AreAskedOneIfThatIsWanted) { EXPECT_EQ(asked("pick_first", 20), 1); }

// Goal: each signal goes to its own method. Method: one record of each.
TEST_F(OtlpExporterTest, EachSignalHasItsMethod) {
  GrpcDestination destination(ok);
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
  GrpcDestination destination([&](const GrpcCall&) -> GrpcReply {
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
  GrpcDestination destination([&](const GrpcCall&) -> GrpcReply {
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
  GrpcDestination destination([&](const GrpcCall&) -> GrpcReply {
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
  GrpcDestination destination([&](const GrpcCall&) -> GrpcReply {
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

// Goal: R-14, P-11: an answer above 4 MiB is not read and the call not repeated, and what was taken
// counts as delivered. Method: 5 MiB, then service as usual.
TEST_F(OtlpExporterTest, GivesUpAnAnswerThatIsTooLarge) {
  GrpcDestination destination([](const GrpcCall&) -> GrpcReply {
    return {.status = {}, .body = std::string(5U << 20U, 'x')};
  });
  start(settings_for(destination.endpoint()));
  log_.add(Signal::traces, 3, "x");
  ASSERT_TRUE(eventually([&] { return outcomes().sum() == 3; }));
  EXPECT_EQ(outcomes().delivered, 3U);
  EXPECT_EQ(destination.call_count(), 1U);
}

// Goal: a server whose own limit the request passes says so in gRPC's words; then the batch is cut
// until it fits. Method: a server that takes 4 MiB, its default, and two records of 3 MiB.
TEST_F(OtlpExporterTest, CutsWhatTheServersOwnLimitRefuses) {
  GrpcDestination destination(ok, {.receive_size_bytes_max = 4 << 20});
  config::Exporter settings = settings_for(destination.endpoint());
  settings.batch.max_size_bytes = 10U << 20U;
  log_.add(Signal::traces, 1, std::string(3U << 20U, 'a'));
  log_.add(Signal::traces, 1, std::string(3U << 20U, 'b'));
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().sum() == 2; }));
  EXPECT_EQ(outcomes().delivered, 2U);
  EXPECT_EQ(destination.call_count(), 2U);
}

// Goal: nobody there: the breaker opens, health says why, nothing is lost; when somebody comes all
// is delivered. Method: a port that was free, then a destination on it is not needed: health only.
TEST_F(OtlpExporterTest, ADeadDestinationShowsInHealth) {
  std::string endpoint;
  {
    GrpcDestination gone(ok);
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
  GrpcDestination destination(
      [](const GrpcCall&) -> GrpcReply { return {.status = {}, .body = "", .never = true}; });
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

// Goal: what the manager does with a service that wants a restart: stop, then start, goes on where
// it was. Method: a peer that never answers, until the exporter is started again.
TEST_F(OtlpExporterTest, GoesOnAfterARestart) {
  std::atomic<bool> answers = false;
  GrpcDestination destination(
      [&](const GrpcCall&) -> GrpcReply { return {.status = {}, .body = "", .never = !answers}; });
  config::Exporter settings = settings_for(destination.endpoint());
  settings.timeout = seconds(60);
  log_.add(Signal::traces, 1, "x");
  start(settings);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(destination.wait_for_calls(static_cast<std::size_t>(i) + 1));
    exporter_->drain(std::chrono::steady_clock::now());
    exporter_->stop();
    EXPECT_EQ(outcomes().sum(), 0U);
    log_.add(Signal::traces, 1, "x");
    answers = i == 1;
    ASSERT_TRUE(exporter_->start().has_value());
  }
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 3; }));
  exporter_->drain(std::chrono::steady_clock::now() + seconds(10));
}

// Goal: drain waits for what is committed. Method: drain at once after many records.
TEST_F(OtlpExporterTest, DrainDeliversWhatIsCommitted) {
  GrpcDestination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.batch.timeout = seconds(100);
  start(settings);
  for (int i = 0; i < 100; ++i) log_.add(Signal::traces, 100, "x");
  exporter_->drain(std::chrono::steady_clock::now() + seconds(10));
  EXPECT_EQ(outcomes().delivered, 10'000U);
}

// Goal: a stop with a backlog sends nothing that has to be sent again. Method: a destination slower
// than the time to drain: what it was sent by the end was answered too.
TEST_F(OtlpExporterTest, AStopWithABacklogWaitsForWhatItHasSent) {
  GrpcDestination destination([](const GrpcCall&) -> GrpcReply {
    std::this_thread::sleep_for(milliseconds(50));
    return {};
  });
  config::Exporter settings = settings_for(destination.endpoint());
  settings.batch.send_batch_size = 1;
  settings.batch.send_batch_max_size = 1;
  for (int i = 0; i < 100; ++i) log_.add(Signal::traces, 1, "x");
  start(settings);
  ASSERT_TRUE(destination.wait_for_calls(4));
  exporter_->drain(std::chrono::steady_clock::now() + seconds(1));
  exporter_->stop();
  EXPECT_EQ(outcomes().delivered, destination.call_count());
  EXPECT_LT(outcomes().delivered, 100U);
}

// Goal: a call that gets no answer in time is retried. Method: swallow the first call.
TEST_F(OtlpExporterTest, ACallWithoutAnAnswerTimesOutAndIsRetried) {
  std::size_t count = 0;
  GrpcDestination destination([&](const GrpcCall&) -> GrpcReply {
    return {.status = {}, .body = "", .never = ++count == 1};
  });
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
  GrpcDestination destination([](const GrpcCall& call) -> GrpcReply {
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
  GrpcDestination destination(ok);
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
  settings.compression = ContentCoding::zstd;
  EXPECT_NE(message_of(settings).find("zstd"), std::string::npos);
  settings = settings_for("https://host:4317");
  settings.tls.ca_file = "/nonexistent/ca.pem";
  EXPECT_NE(message_of(settings).find("/nonexistent/ca.pem"), std::string::npos);
  settings = settings_for("host:4317");
  settings.headers = {{"x-tenant", "blue"}, {"x-team", "Z\xc3\xbcrich"}};
  EXPECT_EQ(message_of(settings),
            "exporter otlp/test: header x-team: the value has characters that gRPC cannot send; it "
            "takes printable ASCII, and anything where the name ends in `-bin`");
}

// Goal: what the settings' rule lets through, gRPC takes: it would end the process. Method: every
// character of a name and of a value that the rule allows; any byte under a name in -bin.
TEST_F(OtlpExporterTest, GrpcTakesWhatTheRuleOfHeadersAllows) {
  GrpcDestination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  std::string name, text, any;
  for (int c = 0; c < 256; ++c) {
    const std::string one(1, static_cast<char>(c));
    if (config::header_fault(config::ExporterKind::otlp, one, "").empty()) name += one;
    if (config::header_fault(config::ExporterKind::otlp, "a", one).empty()) text += one;
    any += one;
  }
  EXPECT_EQ(name.size(), 65U);
  EXPECT_EQ(text.size(), 95U);
  settings.headers = {{"x" + name, "-" + text + "-"}, {"X-Any-Bin", any}};
  log_.add(Signal::traces, 1, "x");
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  const GrpcCall call = destination.call(0);
  EXPECT_EQ(call.metadata.find("x-any-bin")->second, any);
  const bool has_text = std::any_of(call.metadata.begin(), call.metadata.end(),
                                    [&](const auto& it) { return it.second == "-" + text + "-"; });
  EXPECT_TRUE(has_text);
}

// Goal: a call, and with it its share in the channel, ends on the loop's thread: the last share in
// a channel ends the queue that gRPC's own threads read, which they must not do to themselves.
// Method: many calls at once, and a loop that never sleeps, so that it is done with some answers
// before gRPC's thread is; each done notes where it ends.
TEST(GrpcTransport, ACallEndsOnTheLoopsThread) {
  struct NotesItsEnd {
    explicit NotesItsEnd(std::atomic<std::size_t>& counter) : elsewhere(counter) {}
    ~NotesItsEnd() {
      if (std::this_thread::get_id() != loop_thread) ++elsewhere;
    }
    std::thread::id loop_thread = std::this_thread::get_id();
    std::atomic<std::size_t>& elsewhere;
  };
  constexpr int kRounds = 20;
  constexpr int kCallsARound = 200;
  std::atomic<std::size_t> ended_elsewhere = 0;
  boost::asio::io_context loop;
  const auto work = boost::asio::make_work_guard(loop);
  GrpcDestination destination(ok);
  {
    const auto transport = make_grpc_transport(
        testing::quick_settings(config::ExporterKind::otlp, destination.endpoint()), loop);
    ASSERT_TRUE(transport->start().has_value());
    for (int round = 0; round < kRounds; ++round) {
      int answers = 0;
      for (int i = 0; i < kCallsARound; ++i) {
        transport->send(std::make_shared<Request>(),
                        [&answers, note = std::make_shared<NotesItsEnd>(ended_elsewhere)](
                            const Answer&) { ++answers; });
      }
      while (answers < kCallsARound) loop.poll();
    }
  }
  destination.stop();
  EXPECT_EQ(ended_elsewhere, 0U);
}

}  // namespace
}  // namespace gateway::exporter
