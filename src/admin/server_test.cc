#include <atomic>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "admin/admin.h"
#include "net/test_client.h"
#include "telemetry/metrics.h"

namespace gateway::admin {
namespace {

[[nodiscard]] net::TestResponse request(const std::string& address, const std::string& line,
                                        bool without_body = false) {
  net::RawClient client(address);
  client.send(line + " HTTP/1.1\r\nHost: test\r\n\r\n");
  return client.response(without_body);
}

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    registry_.counter("x_total", "X.").add(7);
    settings_.endpoint = "127.0.0.1:0";
    settings_.metrics_endpoint = "127.0.0.1:0";
    sources_.metrics = &registry_;
    sources_.ready = [] { return Probe{.ok = false, .reason = "starting"}; };
  }
  telemetry::Registry registry_;
  config::Admin settings_;
  Sources sources_;
};

// Goal: probes and scrapers are served over a real socket. Method: HTTP/1.1 on free ports.
TEST_F(AdminServerTest, ServesPagesAndMetricsOnTheirListeners) {
  const auto server = make_admin_server(settings_, sources_);
  ASSERT_TRUE(server->start().has_value());
  EXPECT_EQ(request(server->address(), "GET /health/live").status, 200);
  const auto ready = request(server->address(), "GET /ready");
  EXPECT_EQ(ready.status, 503);
  EXPECT_NE(ready.body.find("starting"), std::string::npos);
  const auto metrics = request(server->metrics_address(), "GET /metrics?x=1");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_NE(metrics.body.find("x_total 7\n"), std::string::npos);
  EXPECT_EQ(request(server->metrics_address(), "GET /health").status, 404);
  server->stop();
  EXPECT_EQ(request(server->address(), "GET /health/live").status, 0);
}

// Goal: HEAD has the head of GET and no body. Method: both on one connection.
TEST_F(AdminServerTest, HeadHasNoBodyAndTheConnectionGoesOn) {
  const auto server = make_admin_server(settings_, sources_);
  ASSERT_TRUE(server->start().has_value());
  net::RawClient client(server->address());
  client.send("HEAD /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto head = client.response(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  client.send("POST /health HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.response().status, 405);
}

// Goal: the end of a body that is thrown away may come in any reads. Method: writes that leave
// Beast's parser with four bytes; the next goes out when another connection shows it was read.
TEST_F(AdminServerTest, ARefusedChunkedBodyMayBeCutAnywhere) {
  const auto server = make_admin_server(settings_, sources_);
  ASSERT_TRUE(server->start().has_value());
  net::RawClient client(server->address());
  client.send("POST /health/live HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const std::string bytes : {"0\r\n", "\r", "\n"}) {
    client.send(bytes);
    EXPECT_EQ(request(server->address(), "GET /health/live").status, 200);
  }
  client.send("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.response().status, 405);
  EXPECT_EQ(client.response().status, 200);
}

// Goal: pages are made as they are read, not as they are asked for. Method: many requests at once
// and nothing read, while another connection shows that the thread has had its turns; then all.
TEST_F(AdminServerTest, PagesThatNobodyReadsAreNotMade) {
  constexpr int kRequests = 400;
  constexpr int kTurns = 2 * kRequests;
  // What the kernel's buffers on both sides take, and more.
  constexpr int kPagesMax = kRequests / 4;
  std::atomic<int> made{0};
  sources_.pages["/large"] = [&made](std::string_view, std::string_view) {
    ++made;
    return Page{.content_type = "text/plain", .body = std::string(256 * 1024, 'x')};
  };
  const auto server = make_admin_server(settings_, sources_);
  ASSERT_TRUE(server->start().has_value());
  net::RawClient client(server->address());
  std::string requests;
  for (int i = 0; i < kRequests; ++i) requests += "GET /large HTTP/1.1\r\nHost: test\r\n\r\n";
  client.send(requests);
  net::RawClient other(server->address());
  for (int i = 0; i < kTurns; ++i) {
    other.send("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n");
    ASSERT_EQ(other.response().status, 200);
  }
  EXPECT_GT(made, 0);
  EXPECT_LT(made, kPagesMax);
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.response().body.size(), 256U * 1024);
  EXPECT_EQ(made, kRequests);
}

// Goal: an address in use is told. Method: two servers on one port.
TEST_F(AdminServerTest, AnAddressInUseIsAFailureWithItsName) {
  const auto first = make_admin_server(settings_, sources_);
  ASSERT_TRUE(first->start().has_value());
  config::Admin second_settings = settings_;
  second_settings.metrics_endpoint = first->address();
  const auto second = make_admin_server(second_settings, sources_);
  const auto started = second->start();
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().message.find(first->address()), std::string::npos)
      << started.error().message;
}

}  // namespace
}  // namespace gateway::admin
