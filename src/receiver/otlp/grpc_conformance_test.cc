// The G lines of the conformance list, by an nghttp2 client whose every frame is the test's own.
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "net/coding_for_tests.h"
#include "receiver/otlp/health.h"
#include "receiver/otlp/receiver_fixture.h"

namespace gateway::receiver::otlp {
namespace {

using net::grpc_head;
using net::gzip;

constexpr int kOk = 0;
constexpr int kInvalidArgument = 3;
constexpr int kDeadlineExceeded = 4;
constexpr int kNotFound = 5;
constexpr int kResourceExhausted = 8;
constexpr int kUnimplemented = 12;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;

const std::string kEmptyMessage(5, '\0');

class GrpcConformance : public ReceiverTest {
 protected:
  void start() {
    ReceiverTest::start();
    client_.emplace(receiver_->grpc_address());
  }
  net::Http2Result& framed(std::string_view path, std::string body, net::TestHeaders extra = {}) {
    return client_->call(grpc_head(path, std::move(extra)), std::move(body));
  }
  std::optional<net::Http2Client> client_;
};

TEST_F(GrpcConformance, G01_G13_G14_EmptyRequestsAreOkWithAMessageOfNoBytes) {
  settings_.signals = 0b1111;
  start();
  for (const std::string_view path :
       {kTracesExport, kMetricsExport, kLogsExport, kProfilesExport}) {
    SCOPED_TRACE(path);
    const auto& result = client_->call_grpc(path, "");
    EXPECT_EQ(result.status, 200);
    EXPECT_EQ(result.header("content-type"), "application/grpc");
    EXPECT_EQ(result.body, kEmptyMessage);
    EXPECT_EQ(result.grpc_status(), kOk);
  }
  EXPECT_EQ(client_->call_grpc(kTracesExport, wire_field(1, "")).grpc_status(), kOk);
  EXPECT_TRUE(log_.stored().empty());
}

TEST_F(GrpcConformance, G13_WhatIsStoredIsAcknowledgedWithAMessageOfNoBytes) {
  start();
  const std::string body = traces({span("a"), span("b")});
  EXPECT_EQ(client_->call_grpc(kTracesExport, body).body, kEmptyMessage);
  ASSERT_EQ(log_.stored().size(), 1U);
  EXPECT_EQ(log_.stored()[0].payload, body);
  EXPECT_EQ(log_.stored()[0].info.item_count, 2U);
  EXPECT_EQ(log_.stored()[0].info.signal, Signal::traces);
  EXPECT_GT(log_.stored()[0].info.received_unix_nano, 0U);
}

TEST_F(GrpcConformance, G03_G04_GzipIsAcceptedAndListed) {
  start();
  const std::string body = traces({span("a")});
  const auto& result =
      framed(kTracesExport, net::grpc_framed(gzip(body), true), {{"grpc-encoding", "gzip"}});
  EXPECT_EQ(result.grpc_status(), kOk);
  EXPECT_EQ(result.header("grpc-accept-encoding"), "identity,gzip,zstd");
  // Not every message has to be compressed because a coding is named.
  EXPECT_EQ(
      framed(kTracesExport, net::grpc_framed(body), {{"grpc-encoding", "gzip"}}).grpc_status(),
      kOk);
  ASSERT_EQ(log_.stored().size(), 2U);
  EXPECT_EQ(log_.stored()[0].payload, body);
  EXPECT_EQ(log_.stored()[1].payload, body);
}

TEST_F(GrpcConformance, G05_OtherCodingsAreUnimplemented) {
  start();
  for (const std::string coding : {"br", "deflate", "snappy"}) {
    EXPECT_EQ(framed(kTracesExport, net::grpc_framed("x", true), {{"grpc-encoding", coding}})
                  .grpc_status(),
              kUnimplemented);
  }
}

TEST_F(GrpcConformance, G06_CompressedWithoutACodingIsInternal) {
  start();
  EXPECT_EQ(framed(kTracesExport, net::grpc_framed(gzip(""), true)).grpc_status(), kInternal);
  EXPECT_EQ(framed(kTracesExport, net::grpc_framed("x", true), {{"grpc-encoding", "identity"}})
                .grpc_status(),
            kInternal);
}

TEST_F(GrpcConformance, G07_ContentTypes) {
  start();
  EXPECT_EQ(client_->call(grpc_head(kTracesExport, {}, "application/grpc+proto"), kEmptyMessage)
                .grpc_status(),
            kOk);
  for (const std::string type : {"application/grpc+json", "application/json", "text/plain"}) {
    SCOPED_TRACE(type);
    // Of the gRPC family or not: what this path takes is known.
    EXPECT_EQ(client_->call(grpc_head(kTracesExport, {}, type), kEmptyMessage).status, 415);
  }
}

TEST_F(GrpcConformance, G08_UndecodableBytesAreInvalidArgumentAndNeverRetried) {
  start();
  const auto& result = client_->call_grpc(kTracesExport, "\xff\xff");
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.grpc_status(), kInvalidArgument);
  EXPECT_NE(result.trailer("grpc-message"), "");
  EXPECT_NE(result.trailer("grpc-status-details-bin"), "");
  EXPECT_EQ(result.trailer("google.rpc.retryinfo-bin"), "");
}

// Goal: G-09 to G-12. Method: at the limit, one above, both ways; a length that lies; a bomb.
TEST_F(GrpcConformance, G09_G10_G11_TheLimitHoldsBeforeAndAfterInflation) {
  settings_.grpc.max_recv_msg_size_bytes = 1000;
  start();
  const std::string base = traces({span(std::string(900, 'n'))});
  const std::string exact = base + wire_field(15, std::string(1000 - base.size() - 2, 'x'));
  const std::string over = exact + wire_field(15, "");
  ASSERT_EQ(exact.size(), 1000U);
  const net::TestHeaders gzipped = {{"grpc-encoding", "gzip"}};
  EXPECT_EQ(client_->call_grpc(kTracesExport, exact).grpc_status(), kOk);
  EXPECT_EQ(framed(kTracesExport, net::grpc_framed(gzip(exact), true), gzipped).grpc_status(), kOk);
  for (const auto* result :
       {&client_->call_grpc(kTracesExport, over),
        &framed(kTracesExport, net::grpc_framed(gzip(over), true), gzipped),
        &framed(kTracesExport, net::grpc_framed(gzip(std::string(8U << 20, '\0')), true), gzipped),
        &framed(kTracesExport, std::string("\0\xff\xff\xff\xff", 5))}) {
    EXPECT_EQ(result->grpc_status(), kResourceExhausted);
    EXPECT_EQ(result->trailer("google.rpc.retryinfo-bin"), "");
    EXPECT_EQ(result->trailer("retry-after"), "");
  }
  EXPECT_EQ(client_->call_grpc(kTracesExport, exact).grpc_status(), kOk);
}

TEST_F(GrpcConformance, G16_G17_G18_G19_LaterIsUnavailableWithRetryInfo) {
  start();
  log_.set_admits(false);
  const auto& full = client_->call_grpc(kTracesExport, traces({span("a")}));
  EXPECT_EQ(full.grpc_status(), kUnavailable);
  EXPECT_NE(full.trailer("google.rpc.retryinfo-bin"), "");
  EXPECT_NE(full.trailer("grpc-status-details-bin"), "");
  EXPECT_EQ(full.trailer("grpc-status-details-bin").find('='), std::string::npos);
  log_.set_admits(true);
  for (const auto error :
       {storage::AppendErrc::full, storage::AppendErrc::io_error, storage::AppendErrc::stopped}) {
    log_.set_error(error);
    const auto& result = client_->call_grpc(kTracesExport, traces({span("a")}));
    EXPECT_EQ(result.grpc_status(), kUnavailable);
    EXPECT_NE(result.trailer("google.rpc.retryinfo-bin"), "");
  }
}

TEST_F(GrpcConformance, G16_ABudgetThatIsTakenRefusesAtOnceAndFreesItself) {
  set_budget(64U << 10);
  start();
  log_.hold(true);
  const std::string large = traces({span(std::string(40'000, 'n'))});
  const std::int32_t first = client_->grpc(kTracesExport, large);
  client_->flush();
  log_.wait_for_submitted(1);
  const auto& refused = client_->call_grpc(kTracesExport, large);
  EXPECT_EQ(refused.grpc_status(), kUnavailable);
  EXPECT_NE(refused.trailer("google.rpc.retryinfo-bin"), "");
  log_.hold(false);
  EXPECT_TRUE(client_->wait(first));
  EXPECT_EQ(client_->result(first).grpc_status(), kOk);
  EXPECT_EQ(client_->call_grpc(kTracesExport, large).grpc_status(), kOk);
}

TEST_F(GrpcConformance, G20_S19_S20_UnknownMethodsAreUnimplemented) {
  signals_enabled_ = 0b001;
  start();
  for (const std::string_view path :
       {std::string_view("/opentelemetry.proto.collector.trace.v1.TraceService/Exports"),
        std::string_view("/x"), kProfilesExport, kLogsExport,
        std::string_view("/opentelemetry.proto.experimental.arrow.v1.ArrowTracesService/"
                         "ArrowTraces")}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(client_->call_grpc(path, "").grpc_status(), kUnimplemented);
  }
  EXPECT_EQ(client_->call_grpc(kTracesExport, "").grpc_status(), kOk);
}

TEST_F(GrpcConformance, G22_AThousandCallsAtOnceOnOneConnection) {
  start();
  log_.hold(true);
  constexpr std::size_t kCalls = 1000;
  const std::string body = traces({span("a")});
  std::vector<std::int32_t> ids;
  // The first answer brings the server's stream limit; nghttp2 assumes 100 before.
  EXPECT_EQ(client_->call_grpc(kTracesExport, "").grpc_status(), kOk);
  for (std::size_t i = 0; i < kCalls; ++i) ids.push_back(client_->grpc(kTracesExport, body));
  client_->flush();
  log_.wait_for_submitted(kCalls);
  log_.hold(false);
  for (const std::int32_t id : ids) {
    ASSERT_TRUE(client_->wait(id));
    EXPECT_EQ(client_->result(id).grpc_status(), kOk);
  }
  EXPECT_EQ(log_.stored().size(), kCalls);
}

TEST_F(GrpcConformance, G23_ADeadlineThatPassesFreesTheCall) {
  start();
  // Half a message, then nothing more.
  const std::int32_t id = client_->request(
      [&] {
        auto headers = grpc_head(kTracesExport);
        headers.emplace_back("grpc-timeout", "1m");
        return headers;
      }(),
      std::string("\0\0\0\x10\0abc", 8), false);
  EXPECT_TRUE(client_->wait(id));
  EXPECT_EQ(client_->result(id).grpc_status(), kDeadlineExceeded);
  EXPECT_EQ(budget_->taken_bytes(), 0U);

  // One that is with the log: the sender gets its answer, the record is stored all the same.
  log_.hold(true);
  const auto& late =
      client_->call_grpc(kTracesExport, traces({span("a")}), {{"grpc-timeout", "1m"}});
  EXPECT_EQ(late.grpc_status(), kDeadlineExceeded);
  log_.hold(false);
  EXPECT_TRUE(eventually([&] { return log_.stored().size() == 1; }));
  EXPECT_TRUE(eventually([&] { return budget_->taken_bytes() == 0; }));
}

TEST_F(GrpcConformance, G23_ACancelledCallFreesWhatItHeld) {
  start();
  const std::int32_t half =
      client_->request(grpc_head(kTracesExport), std::string("\0\0\0\x10\0abc", 8), false);
  client_->flush();
  EXPECT_TRUE(eventually([&] { return budget_->taken_bytes() != 0; }));
  client_->reset(half);
  client_->flush();
  EXPECT_TRUE(eventually([&] { return budget_->taken_bytes() == 0; }));

  log_.hold(true);
  const std::int32_t whole = client_->grpc(kTracesExport, traces({span("a")}));
  client_->flush();
  log_.wait_for_submitted(1);
  client_->reset(whole);
  EXPECT_EQ(client_->call_grpc("/x", "").grpc_status(), kUnimplemented);  // the reset was read
  log_.hold(false);
  EXPECT_TRUE(eventually([&] { return budget_->taken_bytes() == 0; }));
  EXPECT_EQ(log_.stored().size(), 1U);
}

TEST_F(GrpcConformance, G24_PingsBetweenCallsAreFineAndAFloodIsNot) {
  settings_.grpc.keepalive_ping_interval_min = std::chrono::milliseconds(10'000);
  start();
  // Answers in between forgive: measuring the bandwidth by pings is no abuse.
  for (int i = 0; i < 10; ++i) {
    client_->ping();
    EXPECT_EQ(client_->call_grpc(kTracesExport, "").grpc_status(), kOk);
  }
  for (int i = 0; i < 5; ++i) client_->ping();
  client_->flush();
  EXPECT_TRUE(client_->wait_until(
      [](const net::Http2Client& c) { return c.goaway_code() != std::nullopt; }));
  EXPECT_EQ(client_->goaway_code(), static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
}

TEST_F(GrpcConformance, G24_PingsAtThePermittedRateAreAnswered) {
  settings_.grpc.keepalive_ping_interval_min = std::chrono::milliseconds(0);
  start();
  for (int i = 0; i < 50; ++i) client_->ping();
  client_->flush();
  EXPECT_TRUE(client_->wait_until([](const net::Http2Client& c) { return c.ping_acks() == 50; }));
  EXPECT_EQ(client_->goaway_code(), std::nullopt);
}

// Goal: no call is lost when the gateway goes. Method: calls held by the log while it drains.
TEST_F(GrpcConformance, G25_DrainSaysGoawayAndFinishesWhatIsInFlight) {
  start();
  log_.hold(true);
  std::vector<std::int32_t> ids;
  ids.reserve(20);
  for (int i = 0; i < 20; ++i) ids.push_back(client_->grpc(kTracesExport, traces({span("a")})));
  client_->flush();
  log_.wait_for_submitted(20);
  std::thread drain(
      [&] { receiver_->drain(std::chrono::steady_clock::now() + std::chrono::seconds(10)); });
  EXPECT_TRUE(client_->wait_until([](const net::Http2Client& c) { return c.goaway_count() == 2; }));
  EXPECT_EQ(client_->goaway_code(), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  log_.hold(false);
  for (const std::int32_t id : ids) {
    EXPECT_TRUE(client_->wait(id));
    EXPECT_EQ(client_->result(id).grpc_status(), kOk);
  }
  EXPECT_TRUE(client_->wait_until([](const net::Http2Client& c) { return c.ended(); }));
  client_.reset();
  drain.join();
  EXPECT_EQ(log_.stored().size(), 20U);
}

// Goal: what is served is not sent again. Method: a request that lies in the same segment as the
// answer to the PING behind the first GOAWAY; the last GOAWAY must name it.
TEST_F(GrpcConformance, G25_TheLastGoawayNamesARequestThatComesWithTheAnswerToThePing) {
  start();
  EXPECT_EQ(client_->call_grpc(kTracesExport, "").grpc_status(), kOk);
  const std::int32_t late = client_->grpc(kTracesExport, traces({span("a")}));
  const std::string request = client_->take_output();
  std::thread drain(
      [&] { receiver_->drain(std::chrono::steady_clock::now() + std::chrono::seconds(10)); });
  std::string answer;
  while (client_->goaway_count() == 0 || answer.empty()) {
    const std::string in = client_->raw().read();
    if (in.empty()) break;
    nghttp2_session_mem_recv(client_->session(), reinterpret_cast<const std::uint8_t*>(in.data()),
                             in.size());
    answer += client_->take_output();
  }
  client_->raw().send(answer + request);
  EXPECT_TRUE(client_->wait(late));
  EXPECT_EQ(client_->result(late).grpc_status(), kOk);
  client_.reset();
  drain.join();
  EXPECT_EQ(log_.stored().size(), 1U);
}

TEST_F(GrpcConformance, G25_AConnectionOfItsGreatestAgeIsAskedToGo) {
  settings_.grpc.max_connection_age = std::chrono::milliseconds(50);
  start();
  EXPECT_EQ(client_->call_grpc(kTracesExport, "").grpc_status(), kOk);
  EXPECT_TRUE(client_->wait_until([](const net::Http2Client& c) { return c.ended(); }));
  EXPECT_EQ(client_->goaway_code(), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
}

TEST_F(GrpcConformance, G26_HeadersOfNineKibibytesAreFineAndTheLimitIsTold) {
  start();
  EXPECT_EQ(client_->call_grpc(kTracesExport, "", {{"authorization", std::string(9216, 'a')}})
                .grpc_status(),
            kOk);
  EXPECT_EQ(client_->call_grpc(kTracesExport, "", {{"authorization", std::string(20'000, 'a')}})
                .grpc_status(),
            kResourceExhausted);
  EXPECT_EQ(client_->call_grpc(kTracesExport, "").grpc_status(), kOk);
}

TEST_F(GrpcConformance, FramesThatAreNotOneMessage) {
  start();
  const std::string message = net::grpc_framed(traces({span("a")}));
  struct Case {
    const char* what;
    std::string body;
  };
  for (const Case& c : std::vector<Case>{
           {"no message", ""},
           {"half a prefix", message.substr(0, 3)},
           {"half a message", message.substr(0, message.size() - 1)},
           {"two messages", message + message},
           {"a byte behind", message + "x"},
           {"a flag that is none", "\x02" + message.substr(1)},
       }) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(framed(kTracesExport, c.body).grpc_status(), kInvalidArgument);
  }
  EXPECT_TRUE(log_.stored().empty());
  EXPECT_EQ(framed(kTracesExport, message).grpc_status(), kOk);
}

TEST_F(GrpcConformance, P01_P07_RejectedItemsAreNamed) {
  start();
  const auto& partial =
      client_->call_grpc(kTracesExport, traces({span("good"), span("bad", false)}));
  EXPECT_EQ(partial.grpc_status(), kOk);
  EXPECT_NE(partial.body.find("1 of 2 spans rejected"), std::string::npos);
  const auto& none = client_->call_grpc(kTracesExport, traces({span("bad", false)}));
  EXPECT_EQ(none.grpc_status(), kOk);
  EXPECT_NE(none.body.find("1 of 1 spans rejected"), std::string::npos);
  EXPECT_EQ(log_.stored().size(), 1U);
}

TEST_F(GrpcConformance, HealthCheckTellsTheStateOfEachService) {
  serving_ = [](std::string_view service) {
    if (service.empty()) return ServingStatus::serving;
    if (service == "sick") return ServingStatus::not_serving;
    return ServingStatus::service_unknown;
  };
  start();
  const auto check = [&](std::string_view service) -> net::Http2Result& {
    return client_->call_grpc("/grpc.health.v1.Health/Check",
                              service.empty() ? "" : wire_field(1, service));
  };
  EXPECT_EQ(check("").body, net::grpc_framed("\x08\x01"));
  EXPECT_EQ(check("sick").body, net::grpc_framed("\x08\x02"));
  EXPECT_EQ(check("who").grpc_status(), kNotFound);
  EXPECT_EQ(client_->call_grpc("/grpc.health.v1.Health/Check", "\xff").grpc_status(),
            kInvalidArgument);
}

TEST_F(GrpcConformance, HealthWatchTellsEveryChangeAndEndsWithTheServer) {
  std::atomic<ServingStatus> state{ServingStatus::serving};
  serving_ = [&](std::string_view) { return state.load(); };
  start();
  const std::int32_t id = client_->grpc("/grpc.health.v1.Health/Watch", "");
  const auto& result = client_->result(id);
  const auto body_is = [&](const std::string& body) {
    while (result.body != body && client_->step()) {
    }
    return result.body == body;
  };
  const std::string serving = net::grpc_framed("\x08\x01");
  EXPECT_TRUE(body_is(serving));
  state = ServingStatus::not_serving;
  EXPECT_TRUE(body_is(serving + net::grpc_framed("\x08\x02")));
  std::thread drain(
      [&] { receiver_->drain(std::chrono::steady_clock::now() + std::chrono::seconds(10)); });
  EXPECT_TRUE(client_->wait(id));
  EXPECT_EQ(result.grpc_status(), kUnavailable);
  EXPECT_TRUE(client_->wait_until([](const net::Http2Client& c) { return c.ended(); }));
  client_.reset();
  drain.join();
}

// Goal: a Watch that comes during the drain does not hold it up. Method: one that is sent when the
// first has been ended, and before the peer has seen the GOAWAY.
TEST_F(GrpcConformance, AWatchThatComesDuringTheDrainIsRefused) {
  constexpr std::chrono::seconds kDrainMax{10};
  start();
  const std::int32_t first = client_->grpc("/grpc.health.v1.Health/Watch", "");
  while (client_->result(first).body.empty() && client_->step()) {
  }
  const std::int32_t second = client_->grpc("/grpc.health.v1.Health/Watch", "");
  const std::string request = client_->take_output();
  const auto began = std::chrono::steady_clock::now();
  std::thread drain([&] { receiver_->drain(began + kDrainMax); });
  const std::string end = client_->raw().read();
  nghttp2_session_mem_recv(client_->session(), reinterpret_cast<const std::uint8_t*>(end.data()),
                           end.size());
  EXPECT_TRUE(client_->result(first).closed);
  client_->raw().send(request);
  EXPECT_TRUE(client_->wait(second));
  EXPECT_EQ(client_->result(second).grpc_status(), kUnavailable);
  client_.reset();
  drain.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, kDrainMax / 2);
}

// Goal: one peer does not take the watchers of all. Method: a thousand Watch calls of one
// connection; and, on either thread, one of another.
TEST_F(GrpcConformance, WatchersOfOneConnectionLeaveRoomForOthers) {
  start();
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < 1'000; ++i) {
    ids.push_back(client_->grpc("/grpc.health.v1.Health/Watch", ""));
  }
  for (const std::int32_t id : ids) {
    while (client_->result(id).status == 0 && client_->step()) {
    }
  }
  const auto refused = std::count_if(ids.begin(), ids.end(), [&](std::int32_t id) {
    return client_->result(id).grpc_status() == kUnavailable;
  });
  EXPECT_EQ(static_cast<std::size_t>(refused), ids.size() - kWatchersOfConnectionMax);
  for (int i = 0; i < 2; ++i) {
    net::Http2Client other(receiver_->grpc_address());
    const std::int32_t id = other.grpc("/grpc.health.v1.Health/Watch", "");
    while (other.result(id).status == 0 && other.step()) {
    }
    EXPECT_EQ(other.result(id).grpc_status(), -1);
  }
}

}  // namespace
}  // namespace gateway::receiver::otlp
