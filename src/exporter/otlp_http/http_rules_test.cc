#include <string>

#include <gtest/gtest.h>

#include "exporter/otlp_http/http_answer.h"
#include "exporter/otlp_http/http_target.h"
#include "exporter/otlp_http/retry_after.h"

namespace gateway::exporter {
namespace {

// Goal: R-25. Method: the examples of the specification, and mistakes.
TEST(HttpTarget, FollowsTheRulesOfEndpoints) {
  config::Exporter settings;
  settings.endpoint = "http://collector:4318";
  auto target = http_target(settings, Signal::traces);
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/v1/traces");
  EXPECT_EQ(target->host, "collector");
  EXPECT_EQ(target->port, "4318");
  EXPECT_FALSE(target->tls);

  settings.endpoint = "https://api.example.com/mycollector/";
  EXPECT_EQ(http_target(settings, Signal::metrics)->path, "/mycollector/v1/metrics");
  EXPECT_EQ(http_target(settings, Signal::metrics)->port, "443");
  EXPECT_TRUE(http_target(settings, Signal::metrics)->tls);

  settings.logs_endpoint = "HTTP://[::1]:8080";
  EXPECT_EQ(http_target(settings, Signal::logs)->path, "/");
  EXPECT_EQ(http_target(settings, Signal::logs)->host, "::1");
  EXPECT_EQ(http_target(settings, Signal::logs)->authority, "[::1]:8080");
  settings.logs_endpoint = "http://collector/custom?key=1#part";
  EXPECT_EQ(http_target(settings, Signal::logs)->path, "/custom?key=1");

  for (const char* wrong : {"", "ftp://a", "http://", "http://a:b", "http://a:70000", "http://[::1",
                            "http://u:p@a/", "http://a b/", "http://a\r\nX: y/", "http://a/?q=1"}) {
    SCOPED_TRACE(wrong);
    settings.endpoint = wrong;
    EXPECT_FALSE(http_target(settings, Signal::traces).has_value());
  }
}

// Goal: R-07. Method: both forms; past dates, negative numbers and junk give nothing.
TEST(RetryAfter, ReadsSecondsAndDates) {
  using std::chrono::seconds;
  const std::int64_t now = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(read_retry_after("120", now), seconds(120));
  EXPECT_EQ(read_retry_after(" 0 ", now), seconds(0));
  EXPECT_EQ(read_retry_after("Sun, 06 Nov 1994 08:49:40 GMT", now), seconds(3));
  EXPECT_EQ(read_retry_after("99999999999", now), seconds(24 * 3600));
  for (const char* junk :
       {"", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1993 08:49:40 GMT",
        "Sun, 36 Nov 1994 08:49:40 GMT", "Sun, 06 Nob 1994 08:49:40 GMT",
        "Sun, 06 Nov 1994 08:49:40 CET", "99999999999999999999"}) {
    SCOPED_TRACE(junk);
    EXPECT_EQ(read_retry_after(junk, now), std::nullopt);
  }
}

// Goal: R-18: error bodies are read by their type. Method: three forms.
TEST(HttpAnswer, ReadsErrorBodiesByTheirType) {
  const HttpResponse proto{.status = 400,
                           .content_type = "application/x-protobuf",
                           .retry_after = "",
                           .body = std::string("\x08\x03\x12\x03", 4) + "bad"};
  EXPECT_EQ(answer_of(proto, "h:1", 0).message, "HTTP 400 from h:1: bad");
  EXPECT_EQ(answer_of(proto, "h:1", 0).kind, AnswerKind::data_refused);
  const HttpResponse json{.status = 401,
                          .content_type = "Application/JSON; charset=utf-8",
                          .retry_after = "",
                          .body = R"({"code":16,"message":"who are you"})"};
  EXPECT_EQ(answer_of(json, "h:1", 0).message, "HTTP 401 from h:1: who are you");
  EXPECT_EQ(answer_of(json, "h:1", 0).kind, AnswerKind::refused);
  const HttpResponse text{.status = 503,
                          .content_type = "text/plain",
                          .retry_after = "7",
                          .body = "try\r\nlater \xff" + std::string(10'000, 'x')};
  const Answer answer = answer_of(text, "h:1", 0);
  EXPECT_EQ(answer.message.find("HTTP 503 from h:1: try  later \xEF\xBF\xBD"), 0U);
  EXPECT_LE(answer.message.size(), kAnswerMessageSizeBytesMax);
  EXPECT_EQ(answer.kind, AnswerKind::retry);
  EXPECT_EQ(answer.retry_in, std::chrono::seconds(7));
}

}  // namespace
}  // namespace gateway::exporter
