#include "config/header_rules.h"

#include <string>

#include <gtest/gtest.h>

namespace gateway::config {
namespace {

bool over_http(std::string_view name, std::string_view value) {
  return header_fault(ExporterKind::otlp_http, name, value).empty();
}
bool over_grpc(std::string_view name, std::string_view value) {
  return header_fault(ExporterKind::otlp, name, value).empty();
}

// Goal: gRPC has the narrower rule. Method: what both, one and none can send.
TEST(HeaderRules, GrpcAllowsLessThanHttp) {
  for (const std::string_view name : {"x-team", "X-Team", "x_team.1"}) {
    EXPECT_TRUE(over_http(name, "a b~")) << name;
    EXPECT_TRUE(over_grpc(name, "a b~")) << name;
  }
  for (const std::string_view name : {"x!", "x#team", "a|b"}) {
    EXPECT_TRUE(over_http(name, "")) << name;
    EXPECT_FALSE(over_grpc(name, "")) << name;
  }
  for (const std::string_view value : {"Z\xc3\xbcrich", "a\tb"}) {
    EXPECT_TRUE(over_http("x-team", value)) << value;
    EXPECT_FALSE(over_grpc("x-team", value)) << value;
  }
  for (const std::string_view value : {"a\nb", "a\x7f"}) {
    EXPECT_FALSE(over_http("x-team", value));
    EXPECT_FALSE(over_grpc("x-team", value));
  }
  for (const std::string_view name : {"", "bad name", ":path", "a\xc3\xbc"}) {
    EXPECT_FALSE(over_http(name, "")) << name;
    EXPECT_FALSE(over_grpc(name, "")) << name;
  }
}

// Goal: a binary header holds anything. Method: the suffix in both cases, and almost.
TEST(HeaderRules, ABinaryHeaderHoldsAnything) {
  const std::string value("\0\n\xff", 3);
  EXPECT_TRUE(over_grpc("x-bin", value));
  EXPECT_TRUE(over_grpc("X-BIN", value));
  EXPECT_FALSE(over_grpc("x-bins", value));
  EXPECT_FALSE(over_grpc("bin", value));
}

// Goal: a fault gives no secret away. Method: the value is not in it.
TEST(HeaderRules, AFaultDoesNotSayTheValue) {
  const std::string_view fault = header_fault(ExporterKind::otlp, "authorization", "s3cret\xff");
  EXPECT_NE(fault, "");
  EXPECT_EQ(fault.find("s3cret"), std::string_view::npos);
}

}  // namespace
}  // namespace gateway::config
