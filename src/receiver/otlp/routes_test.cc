#include "receiver/otlp/routes.h"

#include <gtest/gtest.h>

namespace gateway::receiver::otlp {
namespace {

TEST(Routes, ExportMethodsAreKnownByTheirWholePath) {
  EXPECT_EQ(export_signal("/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
            Signal::traces);
  EXPECT_EQ(export_signal("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"),
            Signal::metrics);
  EXPECT_EQ(export_signal("/opentelemetry.proto.collector.logs.v1.LogsService/Export"),
            Signal::logs);
  EXPECT_EQ(
      export_signal("/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"),
      Signal::profiles);
  for (const std::string_view path :
       {"", "/", "opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/opentelemetry.proto.collector.trace.v1.TraceService/export",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export/",
        "/opentelemetry.proto.collector.trace.v1.TraceService", "/grpc.health.v1.Health/Check"}) {
    EXPECT_FALSE(export_signal(path)) << path;
  }
}

TEST(Routes, HealthHasTwoMethods) {
  EXPECT_EQ(health_method("/grpc.health.v1.Health/Check"), HealthMethod::check);
  EXPECT_EQ(health_method("/grpc.health.v1.Health/Watch"), HealthMethod::watch);
  EXPECT_FALSE(health_method("/grpc.health.v1.Health/List"));
}

TEST(Routes, HttpPathsAreThoseOfTheListener) {
  config::Listener listener;
  EXPECT_EQ(http_signal("/v1/traces", listener), Signal::traces);
  EXPECT_EQ(http_signal("/v1/metrics", listener), Signal::metrics);
  EXPECT_EQ(http_signal("/v1/logs", listener), Signal::logs);
  EXPECT_EQ(http_signal("/v1development/profiles", listener), Signal::profiles);
  for (const std::string_view path : {"", "/", "/v1/traces/", "/V1/traces", "//v1/traces", "/v1"}) {
    EXPECT_FALSE(http_signal(path, listener)) << path;
  }
  listener.traces_url_path = "/in/t";
  EXPECT_EQ(http_signal("/in/t", listener), Signal::traces);
  EXPECT_FALSE(http_signal("/v1/traces", listener));
}

TEST(Routes, MediaTypesHaveNoCaseAndMayHaveParameters) {
  EXPECT_EQ(encoding_of("application/x-protobuf"), Encoding::protobuf);
  EXPECT_EQ(encoding_of("Application/X-Protobuf; a=b"), Encoding::protobuf);
  EXPECT_EQ(encoding_of("application/json;charset=UTF-8"), Encoding::json);
  for (const std::string_view type :
       {"", "application/protobuf", "text/json", "application/jsonl", "application/json, a/b"}) {
    EXPECT_FALSE(encoding_of(type)) << type;
  }
  EXPECT_EQ(encoding_of(media_of(Encoding::json)), Encoding::json);
  EXPECT_EQ(encoding_of(media_of(Encoding::protobuf)), Encoding::protobuf);
}

TEST(Routes, GrpcCarriesProtobufOrIsNotOurs) {
  for (const std::string_view type :
       {"application/grpc", "application/grpc+proto", "Application/gRPC+Proto; a=b"}) {
    EXPECT_TRUE(is_grpc_proto(type)) << type;
  }
  for (const std::string_view type : {"", "application/grpc+json", "application/grpc-web"}) {
    EXPECT_FALSE(is_grpc_proto(type)) << type;
  }
}

// Goal: a star stands for anything within one origin, and for nothing around it.
TEST(Routes, AnAllowedOriginMayHoldOneStar) {
  const std::vector<std::string> allowed = {"https://app.example", "https://*.pages.example"};
  EXPECT_TRUE(origin_allowed("https://app.example", allowed));
  EXPECT_TRUE(origin_allowed("HTTPS://APP.example", allowed));
  EXPECT_TRUE(origin_allowed("https://a.pages.example", allowed));
  EXPECT_TRUE(origin_allowed("https://a.b.pages.example", allowed));
  for (const std::string_view origin :
       {"", "http://app.example", "https://app.example.evil", "https://pages.example",
        "https://.pages.example.evil", "https://pages.examplehttps://"}) {
    EXPECT_FALSE(origin_allowed(origin, allowed)) << origin;
  }
  // The front and the back of the pattern do not share bytes.
  EXPECT_FALSE(origin_allowed("aba", {"ab*ba"}));
  EXPECT_TRUE(origin_allowed("anything", {"*"}));
  EXPECT_FALSE(origin_allowed("https://app.example", {}));
}

}  // namespace
}  // namespace gateway::receiver::otlp
