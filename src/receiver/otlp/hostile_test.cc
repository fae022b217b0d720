// Peers that are slow, cut off, or mean: nothing of them may stay, and nothing may fall over.
#include <atomic>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/limits.h"
#include "receiver/otlp/receiver_fixture.h"

namespace gateway::receiver::otlp {
namespace {

constexpr std::string_view kProto = "application/x-protobuf";

class Hostile : public ReceiverTest {};

// Goal: no cut confuses the reader. Method: the same two requests, cut in two at every byte.
TEST_F(Hostile, Http1RequestsMayBeCutAnywhere) {
  start();
  const std::string chunked =
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\n" +
      wire_field(15, "a") + "\r\n0\r\n\r\n";
  const std::string both = net::http1_post("/v1/traces", kProto, traces({span("a")})) + chunked;
  for (std::size_t cut = 1; cut < both.size(); ++cut) {
    SCOPED_TRACE(cut);
    net::RawClient client(receiver_->http_address());
    client.send(std::string_view(both).substr(0, cut));
    client.send(std::string_view(both).substr(cut));
    ASSERT_EQ(client.response().status, 200);
    ASSERT_EQ(client.response().status, 200);
  }
}

// Goal: the end of an empty chunked body may come in any reads, also of a body that is thrown away.
// Method: each cut in two, and every byte alone; the next write goes out when the last was read.
TEST_F(Hostile, AnEmptyChunkedBodyMayBeCutAnywhere) {
  start();
  const auto answer_of = [&](std::string_view path, const std::vector<std::string>& writes) {
    net::RawClient client(receiver_->http_address());
    client.send("POST " + std::string(path) +
                " HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    for (const std::string& bytes : writes) {
      client.send(bytes);
      wait_until_read();
    }
    // Of a body that is thrown away the answer goes ahead: the next request shows that it is over.
    client.send(net::http1_post("/v1/traces", kProto, ""));
    const int status = client.response().status;
    EXPECT_EQ(client.response().status, 200);
    return status;
  };
  for (const auto& [path, status] : {std::pair("/v1/traces", 200), std::pair("/missing", 404)}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(answer_of(path, {"0\r\n", "\r", "\n"}), status);
    EXPECT_EQ(answer_of(path, {"0\r", "\n\r", "\n"}), status);
    EXPECT_EQ(answer_of(path, {"0", "\r", "\n", "\r", "\n"}), status);
    EXPECT_EQ(answer_of(path, {"0;a\r\n", "\r", "\n"}), status);
  }
}

TEST_F(Hostile, Http1RequestsThatEndAnywhereLeaveNothing) {
  start();
  const std::string whole = net::http1_post("/v1/traces", kProto, traces({span("a")}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    net::RawClient client(receiver_->http_address());
    client.send(std::string_view(whole).substr(0, size));
    if (size % 2 == 0) {
      client.shutdown_write();
      const auto response = client.response();
      EXPECT_TRUE(response.status == 0 || response.status == 400) << response.status;
      EXPECT_TRUE(client.closed_by_peer());
    } else {
      client.reset();
    }
  }
  EXPECT_TRUE(log_.stored().empty());
  EXPECT_TRUE(eventually([&] { return budget_->taken_bytes() == 0; }));
}

TEST_F(Hostile, PipelinedRequestsAreAnsweredInOrder) {
  start();
  net::RawClient client(receiver_->http_address());
  std::string many;
  for (int i = 0; i < 50; ++i) {
    many += net::http1_post("/v1/traces", kProto, traces({span("a")}));
    many += "GET /missing HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  client.send(many);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(client.response().status, 200);
    ASSERT_EQ(client.response().status, 404);
  }
  EXPECT_EQ(log_.stored().size(), 50U);
}

// Goal: heads that smuggle or lie are refused, and end the connection.
TEST_F(Hostile, HeadsThatContradictThemselvesAre400AndTheEnd) {
  start();
  for (const std::string_view head : std::initializer_list<std::string_view>{
           "POST /v1/traces HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",  // no Host
           "POST /v1/traces HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",  //
           "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
           "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",  //
           "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
           ("POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),  //
           "POST /v1/traces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
           "POST /v1/traces HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n",  //
           "POST /v1/traces HTTP/1.1\r\n Host: a\r\n\r\n",                      //
           "nonsense\r\n\r\n",
           std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
       }) {
    SCOPED_TRACE(head);
    net::RawClient client(receiver_->http_address());
    client.send(head);
    const auto response = client.response();
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.header("connection"), "close");
    EXPECT_EQ(response.body.rfind("{\"code\":3", 0), 0U);
    EXPECT_TRUE(client.closed_by_peer());
  }
}

TEST_F(Hostile, AHeadWithoutEndIs431) {
  settings_.http.max_header_size_bytes = 4096;
  start();
  net::RawClient client(receiver_->http_address());
  client.send("POST /v1/traces HTTP/1.1\r\nHost: x\r\nA: " + std::string(8000, 'a'));
  EXPECT_EQ(client.response().status, 431);
}

// Goal: H-37. Method: timeouts of a moment; peers that stop at each stage.
TEST_F(Hostile, H37_SlowPeersAreCutOff) {
  settings_.http.read_header_timeout = std::chrono::milliseconds(50);
  settings_.http.read_body_timeout = std::chrono::milliseconds(50);
  settings_.http.idle_timeout = std::chrono::milliseconds(50);
  start();
  net::RawClient silent(receiver_->http_address());
  net::RawClient head(receiver_->http_address());
  head.send("POST /v1/traces HTT");
  net::RawClient body(receiver_->http_address());
  body.send(
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
      "Content-Length: 100000\r\n\r\nab");
  net::RawClient idle(receiver_->http_address());
  idle.send(net::http1_post("/v1/traces", kProto, ""));
  EXPECT_TRUE(silent.closed_by_peer());
  EXPECT_TRUE(head.closed_by_peer());
  const auto late = body.response();
  EXPECT_EQ(late.status, 503);  // H-31: never 408
  EXPECT_NE(late.header("retry-after"), "");
  EXPECT_TRUE(body.closed_by_peer());
  EXPECT_EQ(idle.response().status, 200);
  EXPECT_TRUE(idle.closed_by_peer());
}

TEST_F(Hostile, H37_ConnectionsOverTheCapAreRefused) {
  settings_.http.max_connections = 2;
  start();
  net::RawClient one(receiver_->http_address());
  net::RawClient two(receiver_->http_address());
  for (net::RawClient* client : {&one, &two}) {
    client->send(net::http1_post("/v1/traces", kProto, ""));
    EXPECT_EQ(client->response().status, 200);
  }
  net::RawClient three(receiver_->http_address());
  EXPECT_TRUE(three.closed_by_peer());
}

// Goal: no cut of frames confuses the reader. Method: the bytes of one HTTP/2 call, cut at each.
TEST_F(Hostile, Http2CallsMayBeCutAnywhere) {
  start();
  std::string whole;
  {
    net::Http2Client template_client(receiver_->grpc_address());
    template_client.grpc(kTracesExport, traces({span("a")}));
    whole = template_client.take_output();
  }
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    net::Http2Client client(receiver_->grpc_address());
    const std::int32_t id = client.grpc(kTracesExport, traces({span("a")}));
    ASSERT_EQ(client.take_output(), whole);
    client.raw().send(std::string_view(whole).substr(0, cut));
    client.raw().send(std::string_view(whole).substr(cut));
    ASSERT_TRUE(client.wait(id));
    ASSERT_EQ(client.result(id).grpc_status(), 0);
  }
}

TEST_F(Hostile, Http2CallsThatEndAnywhereLeaveNothing) {
  start();
  net::Http2Client template_client(receiver_->grpc_address());
  template_client.grpc(kTracesExport, traces({span("a")}));
  const std::string whole = template_client.take_output();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    net::RawClient client(receiver_->grpc_address());
    client.send(std::string_view(whole).substr(0, size));
    if (size % 2 == 0) {
      client.shutdown_write();
      client.read_all();
    } else {
      client.reset();
    }
  }
  EXPECT_TRUE(log_.stored().empty());
  EXPECT_TRUE(eventually([&] { return budget_->taken_bytes() == 0; }));
}

// Goal: whatever bytes come, the server answers the next peer.
// Method: every byte of a call flipped.
TEST_F(Hostile, Http2BytesMayBeFlippedAnywhere) {
  start();
  net::Http2Client template_client(receiver_->grpc_address());
  template_client.grpc(kTracesExport, traces({span("a")}));
  const std::string whole = template_client.take_output();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x41);
    net::RawClient client(receiver_->grpc_address());
    client.send(flipped);
    client.shutdown_write();
    client.read_all();
  }
  net::Http2Client client(receiver_->grpc_address());
  EXPECT_EQ(client.call_grpc(kTracesExport, "").grpc_status(), 0);
}

TEST_F(Hostile, AFloodOfResetsEndsTheConnection) {
  start();
  net::Http2Client client(receiver_->grpc_address());
  EXPECT_EQ(client.call_grpc(kTracesExport, "").grpc_status(), 0);
  for (int i = 0; i < 4000 && client.goaway_count() == 0; ++i) {
    const std::int32_t id = client.grpc(kTracesExport, traces({span("a")}));
    client.flush();
    client.reset(id);
    client.flush();
    if (i % 100 == 0) client.call_grpc("/x", "");
  }
  EXPECT_TRUE(client.wait_until([](const net::Http2Client& c) { return c.goaway_count() > 0; }));
  EXPECT_EQ(client.goaway_code(), static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
}

// Goal: a peer that goes on after it was told to calm down is not told again, and not kept, though
// a call of it is open. Method: resets of a call that has ended.
TEST_F(Hostile, AFloodOfResetsEndsTheConnectionWithACallOpen) {
  start();
  net::Http2Client client(receiver_->grpc_address());
  const std::int32_t watch = client.grpc("/grpc.health.v1.Health/Watch", "");
  while (client.result(watch).body.empty() && client.step()) {
  }
  const std::int32_t ended = client.grpc(kTracesExport, "");
  EXPECT_TRUE(client.wait(ended));
  ASSERT_LT(ended, 256);
  std::string reset("\0\0\x04\x03\0\0\0\0\0\0\0\0\x08", 13);
  reset[8] = static_cast<char>(ended);
  std::string resets;
  for (int i = 0; i < 4'000; ++i) resets += reset;
  client.raw().send(resets);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(client.wait_until([](const net::Http2Client& c) { return c.ended(); }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
  EXPECT_EQ(client.goaway_count(), 1);
  EXPECT_EQ(client.goaway_code(), static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
}

// Goal: half-sent bodies hold a first block each, and in all no more than the budget. Method: many
// streams, each with a length of 1 MiB and one byte; the budget has room for some blocks.
TEST_F(Hostile, HalfSentBodiesStayWithinTheBudget) {
  set_budget(8U << 20);
  start();
  net::Http2Client client(receiver_->grpc_address());
  EXPECT_EQ(client.call_grpc(kTracesExport, "").grpc_status(), 0);
  std::vector<std::int32_t> ids;
  ids.reserve(200);
  for (int i = 0; i < 200; ++i) {
    ids.push_back(
        client.request(net::grpc_head(kTracesExport), std::string("\0\0\x10\0\0x", 6), false));
  }
  client.flush();
  EXPECT_EQ(client.call_grpc("/x", "").grpc_status(), 12);  // all before it have been read
  int refused = 0;
  for (const std::int32_t id : ids) refused += client.result(id).grpc_status() == 14 ? 1 : 0;
  const int room = static_cast<int>(budget_->limit_bytes() / net::kBodyFirstBlockSizeBytes);
  EXPECT_EQ(refused, 200 - room);
  EXPECT_LE(budget_->taken_bytes(), budget_->limit_bytes());
  client.raw().reset();
  EXPECT_TRUE(eventually([&] { return budget_->taken_bytes() == 0; }));
}

// Goal: a length that is only announced takes nothing from the others. Method: one peer that
// announces nearly the whole budget and sends a byte, over each protocol.
TEST_F(Hostile, AnAnnouncedLengthLeavesTheBudgetToOthers) {
  set_budget(8U << 20);
  start();
  const std::string announced = std::to_string(7'900'000);
  net::RawClient silent(receiver_->http_address());
  silent.send("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: " + std::string(kProto) +
              "\r\nContent-Length: " + announced + "\r\n\r\nx");
  net::Http2Client silent_call(receiver_->grpc_address());
  silent_call.request(net::grpc_head(kTracesExport), std::string("\0\0\x78\0\0x", 6), false);
  silent_call.flush();
  EXPECT_TRUE(
      eventually([&] { return budget_->taken_bytes() >= 2 * net::kBodyFirstBlockSizeBytes; }));
  EXPECT_EQ(post("/v1/traces", kProto, traces({span(std::string(1'000, 'a'))})).status, 200);
  EXPECT_EQ(post("/v1/traces", kProto, traces({span(std::string(1'000'000, 'a'))})).status, 200);
  silent.reset();
  silent_call.raw().reset();
  EXPECT_TRUE(eventually([&] { return budget_->taken_bytes() == 0; }));
}

// Goal: drain over HTTP/1.1 finishes what it has and closes what is idle.
TEST_F(Hostile, G25_Http1DrainFinishesWhatIsInFlight) {
  start();
  // Threads are told to drain in their order, and connections dealt to them in turn: when the idle
  // one, on the second thread, is closed, the busy one has been told.
  log_.hold(true);
  net::RawClient busy(receiver_->http_address());
  busy.send(net::http1_post("/v1/traces", kProto, traces({span("a")})));
  log_.wait_for_submitted(1);
  net::RawClient idle(receiver_->http_address());
  idle.send(net::http1_post("/v1/traces", kProto, ""));
  EXPECT_EQ(idle.response().status, 200);
  std::thread drain(
      [&] { receiver_->drain(std::chrono::steady_clock::now() + std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.closed_by_peer());
  idle.reset();
  log_.hold(false);
  const auto last = busy.response();
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(busy.closed_by_peer());
  busy.reset();
  drain.join();
  EXPECT_EQ(log_.stored().size(), 1U);
}

// Goal: health, numbers and addresses may be asked for by any thread at any time. Method: one that
// asks without a pause while the receiver starts and stops; ThreadSanitizer and crashes tell.
TEST_F(Hostile, WhoAsksIsAnsweredWhileItStartsAndStops) {
  start();
  std::atomic<bool> done{false};
  std::thread asking([&] {
    while (!done) {
      EXPECT_EQ(receiver_->stats().count("in_flight_requests"), 1U);
      const pipeline::HealthState state = receiver_->health().state;
      EXPECT_TRUE(state == pipeline::HealthState::healthy ||
                  state == pipeline::HealthState::unhealthy);
      const std::string address = receiver_->http_address();
      EXPECT_TRUE(address.empty() || address.rfind("127.0.0.1:", 0) == 0) << address;
    }
  });
  for (int i = 0; i < 20; ++i) {
    receiver_->stop();
    EXPECT_EQ(receiver_->grpc_address(), "");
    ASSERT_TRUE(receiver_->start().has_value());
    EXPECT_NE(receiver_->grpc_address(), "");
  }
  done = true;
  asking.join();
}

TEST_F(Hostile, StopWithRequestsInTheLogWaitsForTheLog) {
  start();
  log_.hold(true);
  net::RawClient client(receiver_->http_address());
  client.send(net::http1_post("/v1/traces", kProto, traces({span("a")})));
  log_.wait_for_submitted(1);
  std::thread stop([&] { receiver_->stop(); });
  EXPECT_TRUE(client.closed_by_peer());
  log_.hold(false);
  stop.join();
  EXPECT_EQ(log_.stored().size(), 1U);
}

TEST_F(Hostile, AnAddressThatCannotBeBoundIsNamed) {
  settings_.grpc.endpoint = "192.0.2.1:1";
  Dependencies dependencies;
  dependencies.threads = &threads_;
  dependencies.log = &log_;
  dependencies.budget = budget_.get();
  dependencies.metrics = &registry_;
  receiver_ = make_receiver(settings_, dependencies);
  const auto started = receiver_->start();
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().message.find("192.0.2.1:1"), std::string::npos);
}

}  // namespace
}  // namespace gateway::receiver::otlp
