// What is kept of a request for `from_context`: the values that are asked for, and nothing else.
#include <string>

#include "pipeline/request_context.h"
#include "receiver/otlp/receiver_fixture.h"

namespace gateway::receiver::otlp {
namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";

class ContextTest : public ReceiverTest {
 protected:
  void start(std::vector<std::string> keys) {
    settings_.grpc.context_keys = settings_.http.context_keys = std::move(keys);
    ReceiverTest::start();
  }
  // What the last stored record has of `key`; "(none)" when it is not there.
  std::string kept(std::string_view key) {
    const auto stored = log_.stored();
    if (stored.empty()) return "(nothing stored)";
    const auto value = pipeline::find_context_value(stored.back().info.context, key);
    return value ? std::string(*value) : "(none)";
  }
};

// Goal: headers and the sender's address are kept over HTTP/1.1. Method: one header twice in two
// spellings, one empty, one that is not sent, one that nobody asks for.
TEST_F(ContextTest, OfAnHttpRequest) {
  start({"client.address", "metadata.x-empty", "metadata.x-none", "metadata.x-tenant"});
  EXPECT_EQ(post("/v1/traces", kProtobuf, traces({span("a")}),
                 {"X-Tenant: shop", "x-tenant: bar", "X-Empty:", "X-Other: secret"})
                .status,
            200);
  EXPECT_EQ(kept("metadata.x-tenant"), "shop;bar");
  EXPECT_EQ(kept("metadata.x-empty"), "");
  EXPECT_EQ(kept("metadata.x-none"), "(none)");
  EXPECT_EQ(kept("client.address"), "127.0.0.1");
  EXPECT_EQ(log_.stored().back().info.context.find("secret"), std::string::npos);
}

// Goal: the same over gRPC.
TEST_F(ContextTest, OfAGrpcCall) {
  start({"client.address", "metadata.x-tenant"});
  net::Http2Client client(receiver_->grpc_address());
  const auto head = net::grpc_head(kTracesExport, {{"x-tenant", "shop"}, {"x-tenant", "bar"}});
  EXPECT_EQ(client.call(head, net::grpc_framed(traces({span("a")}))).grpc_status(), 0);
  EXPECT_EQ(kept("metadata.x-tenant"), "shop;bar");
  EXPECT_EQ(kept("client.address"), "127.0.0.1");
}

// Goal: a request has nothing of the one before it, and one without an asked-for value nothing.
// Method: one connection, with and without.
TEST_F(ContextTest, IsOfOneRequestAlone) {
  start({"metadata.x-tenant"});
  net::RawClient client(receiver_->http_address());
  for (const bool with : {true, false, true}) {
    const std::vector<std::string> lines =
        with ? std::vector<std::string>{"x-tenant: shop"} : std::vector<std::string>{};
    client.send(net::http1_post("/v1/traces", kProtobuf, traces({span("a")}), lines));
    EXPECT_EQ(client.response().status, 200);
    EXPECT_EQ(kept("metadata.x-tenant"), with ? "shop" : "(none)");
    EXPECT_EQ(log_.stored().back().info.context.empty(), !with);
  }
}

TEST_F(ContextTest, NothingIsKeptWhenNothingIsAskedFor) {
  start({});
  EXPECT_EQ(post("/v1/traces", kProtobuf, traces({span("a")}), {"x-tenant: shop"}).status, 200);
  EXPECT_EQ(log_.stored().back().info.context, "");
}

// Goal: an attribute can hold what is kept. Method: bytes that are no UTF-8.
TEST_F(ContextTest, ValuesAreMadeUtf8) {
  start({"metadata.x-tenant"});
  EXPECT_EQ(post("/v1/traces", kProtobuf, traces({span("a")}), {"x-tenant: a\xff\x62"}).status,
            200);
  EXPECT_EQ(kept("metadata.x-tenant"), "a\xef\xbf\xbd\x62");
}

// Goal: a value that a record has no room for is left out, counted, and costs nothing else.
TEST_F(ContextTest, WhatIsTooLargeIsLeftOutAndCounted) {
  start({"client.address", "metadata.x-large", "metadata.x-tenant"});
  const std::string large(storage::kContextSizeBytesMax, 'v');
  EXPECT_EQ(
      post("/v1/traces", kProtobuf, traces({span("a")}), {"x-large: " + large, "x-tenant: shop"})
          .status,
      200);
  EXPECT_EQ(kept("metadata.x-large"), "(none)");
  EXPECT_EQ(kept("metadata.x-tenant"), "shop");
  EXPECT_EQ(kept("client.address"), "127.0.0.1");
  EXPECT_EQ(registry_.counter("otlp_receiver_context_values_left_out_total", "").value(), 1U);
}

}  // namespace
}  // namespace gateway::receiver::otlp
