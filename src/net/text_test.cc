#include "net/text.h"

#include <gtest/gtest.h>

namespace gateway::net {
namespace {

TEST(Text, PercentEncodingKeepsPrintableAsciiButThePercentSign) {
  EXPECT_EQ(percent_encode(""), "");
  EXPECT_EQ(percent_encode("a b~!\"#"), "a b~!\"#");
  EXPECT_EQ(percent_encode("100%"), "100%25");
  EXPECT_EQ(percent_encode(std::string_view("\0\n\x1f\x7f", 4)), "%00%0A%1F%7F");
  EXPECT_EQ(percent_encode("\xc3\xa4"), "%C3%A4");
}

TEST(Text, GrpcTimeoutsHaveEveryUnit) {
  using namespace std::chrono_literals;
  EXPECT_EQ(parse_grpc_timeout("2H"), 2h);
  EXPECT_EQ(parse_grpc_timeout("3M"), 3min);
  EXPECT_EQ(parse_grpc_timeout("4S"), 4s);
  EXPECT_EQ(parse_grpc_timeout("5m"), 5ms);
  EXPECT_EQ(parse_grpc_timeout("6u"), 6us);
  EXPECT_EQ(parse_grpc_timeout("7n"), 7ns);
  EXPECT_EQ(parse_grpc_timeout("0S"), 0s);
}

// Goal: no digits overflow. Method: the largest of each unit; nine digits are none.
TEST(Text, GrpcTimeoutsAreBounded) {
  for (const char unit : {'H', 'M', 'S', 'm', 'u', 'n'}) {
    SCOPED_TRACE(unit);
    const auto largest = parse_grpc_timeout(std::string("99999999") + unit);
    ASSERT_TRUE(largest.has_value());
    EXPECT_GT(largest->count(), 0);
    EXPECT_FALSE(parse_grpc_timeout(std::string("999999999") + unit));
  }
}

TEST(Text, WhatIsNoGrpcTimeoutIsNothing) {
  for (const std::string_view text :
       {"", "S", "1", "1s", "1 S", "-1S", "+1S", "1.5S", "0x1S", "1SS", " 1S", "1S "}) {
    EXPECT_FALSE(parse_grpc_timeout(text)) << text;
  }
}

TEST(Text, CaseIsIgnoredInAsciiOnly) {
  EXPECT_TRUE(equals_ignoring_case("Content-TYPE", "content-type"));
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));  // 0x20 apart, as letters are
  EXPECT_FALSE(equals_ignoring_case("\xc4", "\xe4"));
}

TEST(Text, TrimTakesSpacesAndTabsFromBothEnds) {
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim("\t a b \t"), "a b");
}

TEST(Text, AMediaTypeLosesItsParameters) {
  EXPECT_EQ(media_type("application/json"), "application/json");
  EXPECT_EQ(media_type(" Application/JSON ; charset=utf-8; a=b"), "Application/JSON");
  EXPECT_EQ(media_type(";"), "");
  EXPECT_EQ(media_type(""), "");
}

TEST(Text, TheGrpcFamilyIsKnownByItsPrefixAndWhatFollows) {
  for (const std::string_view type : {"application/grpc", "application/grpc+proto",
                                      "Application/gRPC;a=b", "application/grpc ; a=b"}) {
    EXPECT_TRUE(is_grpc_content_type(type)) << type;
  }
  for (const std::string_view type :
       {"", "application/grp", "application/grpc-web", "application/grpcx", "x-application/grpc"}) {
    EXPECT_FALSE(is_grpc_content_type(type)) << type;
  }
}

TEST(Text, DatesAreOfTheFixedForm) {
  EXPECT_EQ(http_date(std::chrono::system_clock::from_time_t(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  // Source: RFC 9110, 5.6.7.
  EXPECT_EQ(http_date(std::chrono::system_clock::from_time_t(784111777)),
            "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Text, EveryStatusHasAReason) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(429), "Too Many Requests");
  EXPECT_EQ(reason_phrase(299), "Status");
}

}  // namespace
}  // namespace gateway::net
