// The H lines of the conformance list, over HTTP/1.1 (and HTTP/2 where it says so), by raw bytes.
#include <string>
#include <vector>

#include "net/coding_for_tests.h"
#include "receiver/otlp/receiver_fixture.h"

namespace gateway::receiver::otlp {
namespace {

using net::gzip;

constexpr std::string_view kProto = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";

std::string request_line(std::string_view method, std::string_view path) {
  return std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

class HttpConformance : public ReceiverTest {};

// Goal: each signal has its path, and nothing else has one.
TEST_F(HttpConformance, H02_H36_PathsAreExactAndQueriesAreIgnored) {
  start();
  struct Case {
    std::string_view path;
    int status;
  };
  for (const Case& c : std::vector<Case>{{"/v1/traces", 200},
                                         {"/v1/metrics", 200},
                                         {"/v1/logs", 200},
                                         {"/v1/traces?x=1", 200},
                                         {"http://elsewhere/v1/traces", 200},
                                         {"/v1/traces/", 404},
                                         {"/v1/Traces", 404},
                                         {"/v1//traces", 404},
                                         {"/v1/profiles", 404},
                                         {"/v1development/profiles", 404},
                                         {"/", 404}}) {
    SCOPED_TRACE(c.path);
    EXPECT_EQ(post(c.path, kProto, "").status, c.status);
  }
}

TEST_F(HttpConformance, H02_ProfilesAreServedWhenTheyAreOn) {
  settings_.signals = 0b1111;
  start();
  EXPECT_EQ(post("/v1development/profiles", kProto, "").status, 200);
}

TEST_F(HttpConformance, H03_OtherMethodsAre405WithAllow) {
  start();
  for (const std::string_view method : {"GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}) {
    SCOPED_TRACE(method);
    net::RawClient client(receiver_->http_address());
    client.send(request_line(method, "/v1/traces"));
    const auto response = client.response(method == "HEAD");
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.header("allow"), "POST");
    // The connection stays usable, so a HEAD had no body.
    client.send(net::http1_post("/v1/traces", kProto, ""));
    EXPECT_EQ(client.response().status, 200);
  }
}

TEST_F(HttpConformance, H04_H08_BothEncodingsOnOneConnection) {
  start();
  net::RawClient client(receiver_->http_address());
  client.send(net::http1_post("/v1/traces", kProto, traces({span("a")})));
  const auto proto = client.response();
  EXPECT_EQ(proto.status, 200);
  EXPECT_EQ(proto.body, "");
  EXPECT_EQ(proto.header("content-type"), kProto);
  client.send(net::http1_post("/v1/traces", kJson, R"({"resourceSpans":[]})"));
  const auto json = client.response();
  EXPECT_EQ(json.status, 200);
  EXPECT_EQ(json.body, "{}");
  EXPECT_EQ(json.header("content-type"), kJson);
}

TEST_F(HttpConformance, H05_MediaTypesHaveNoCaseAndMayHaveParameters) {
  start();
  EXPECT_EQ(post("/v1/traces", "Application/JSON; charset=utf-8", "{}").status, 200);
  EXPECT_EQ(post("/v1/traces", "APPLICATION/X-PROTOBUF;a=b", "").status, 200);
}

TEST_F(HttpConformance, H06_H15_OtherMediaTypesAre415WithAJsonStatus) {
  start();
  for (const std::string_view type : {"", "text/plain", "application/protobuf", "application/"}) {
    SCOPED_TRACE(type);
    const auto response = post("/v1/traces", type, "x");
    EXPECT_EQ(response.status, 415);
    EXPECT_EQ(response.header("content-type"), kJson);
    EXPECT_EQ(response.body.rfind("{\"code\":", 0), 0U);
  }
}

TEST_F(HttpConformance, H07_TheAnswerHasTheMediaTypeOfTheRequestWhateverAcceptSays) {
  start();
  const auto response = post("/v1/traces", kJson, "{", {"Accept: application/x-protobuf"});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.header("content-type"), kJson);
}

TEST_F(HttpConformance, H09_AnEmptyRequestIsASuccessButNoJsonIsNotJson) {
  start();
  EXPECT_EQ(post("/v1/logs", kProto, "").status, 200);
  EXPECT_EQ(post("/v1/logs", kJson, "{}").status, 200);
  EXPECT_EQ(post("/v1/logs", kJson, "").status, 400);
  EXPECT_TRUE(log_.stored().empty());
}

TEST_F(HttpConformance, H10_H11_H12_BadDataIs400WithAStatusInTheRequestsEncoding) {
  start();
  const auto proto = post("/v1/traces", kProto, "\xff");
  EXPECT_EQ(proto.status, 400);
  EXPECT_EQ(proto.header("content-type"), kProto);
  EXPECT_EQ(proto.body.substr(0, 3), std::string("\x08\x03\x12"));  // code 3, then a message
  const auto json = post("/v1/traces", kJson, "{");
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(json.body.rfind("{\"code\":3,\"message\":\"", 0), 0U);
}

TEST_F(HttpConformance, H13_NoByteThatIsNotUtf8ReachesAMessage) {
  start();
  for (const std::string& body :
       {std::string("{\"resourceSpans\":[{\"\xff"), std::string("\xef\xbb\xbf{}"),
        std::string("{\0}\0", 4), std::string("\xff\xfe{\0}\0", 6)}) {
    const auto response = post("/v1/traces", kJson, body);
    if (response.status == 200) continue;  // a mark in front may be skipped
    EXPECT_EQ(response.status, 400);
    for (const char c : response.body) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
  }
}

TEST_F(HttpConformance, H16_H17_CodingsHaveNoCase) {
  start();
  const std::string body = traces({span("a")});
  const std::string packed = gzip(body);
  EXPECT_EQ(post("/v1/traces", kProto, body).status, 200);
  EXPECT_EQ(post("/v1/traces", kProto, body, {"Content-Encoding: identity"}).status, 200);
  for (const std::string_view coding : {"gzip", "GZIP", "x-gzip"}) {
    SCOPED_TRACE(coding);
    EXPECT_EQ(
        post("/v1/traces", kProto, packed, {"Content-Encoding: " + std::string(coding)}).status,
        200);
  }
  EXPECT_EQ(post("/v1/traces", kJson, gzip("{}"), {"Content-Encoding: gzip"}).status, 200);
  const auto stored = log_.stored();
  ASSERT_EQ(stored.size(), 5U);
  for (const auto& record : stored) EXPECT_EQ(record.payload, body);
}

TEST_F(HttpConformance, H18_H19_OtherCodingsAndListsOfThemAre415) {
  start();
  for (const std::string_view coding : {"br", "gzip, gzip", "deflate"}) {
    SCOPED_TRACE(coding);
    const auto response =
        post("/v1/traces", kProto, "x", {"Content-Encoding: " + std::string(coding)});
    EXPECT_EQ(response.status, 415);
    EXPECT_EQ(response.header("accept-encoding"), "gzip, zstd");
    EXPECT_EQ(response.header("content-type"), kProto);
  }
  EXPECT_EQ(
      post("/v1/traces", kProto, "x", {"Content-Encoding: gzip", "Content-Encoding: gzip"}).status,
      415);
}

TEST_F(HttpConformance, H20_BrokenGzipIs400) {
  start();
  const std::string packed = gzip(traces({span("a")}));
  std::string wrong_crc = packed;
  wrong_crc[wrong_crc.size() - 6] = static_cast<char>(wrong_crc[wrong_crc.size() - 6] ^ 1);
  for (const std::string& body :
       {packed.substr(0, packed.size() - 3), wrong_crc, traces({span("plain")}), std::string()}) {
    EXPECT_EQ(post("/v1/traces", kProto, body, {"Content-Encoding: gzip"}).status, 400);
  }
}

TEST_F(HttpConformance, H21_AllMembersAreOneBodyAndJunkBehindThemIs400) {
  start();
  const std::string one = traces({span("one")});
  const std::string two = traces({span("two")});
  EXPECT_EQ(post("/v1/traces", kProto, gzip(one) + gzip(two), {"Content-Encoding: gzip"}).status,
            200);
  ASSERT_EQ(log_.stored().size(), 1U);
  EXPECT_EQ(log_.stored()[0].payload, one + two);
  EXPECT_EQ(log_.stored()[0].info.item_count, 2U);
  EXPECT_EQ(post("/v1/traces", kProto, gzip(one) + "junk", {"Content-Encoding: gzip"}).status, 400);
}

TEST_F(HttpConformance, H22_H24_H26_TheLimitHoldsBeforeAndAfterInflation) {
  settings_.http.max_recv_msg_size_bytes = 1000;
  start();
  const std::string small = traces({span(std::string(900, 'n'))});
  const std::string padding(1000 - small.size() - 2, 'x');
  ASSERT_LT(padding.size(), 128U);
  const std::string exact = small + wire_field(15, padding);  // an unknown field
  ASSERT_EQ(exact.size(), 1000U);
  const std::string over = small + wire_field(15, padding + "x");
  EXPECT_EQ(post("/v1/traces", kProto, exact).status, 200);
  EXPECT_EQ(post("/v1/traces", kProto, over).status, 413);
  EXPECT_EQ(post("/v1/traces", kProto, gzip(exact), {"Content-Encoding: gzip"}).status, 200);
  EXPECT_EQ(post("/v1/traces", kProto, gzip(over), {"Content-Encoding: gzip"}).status, 413);

  // A refused body that is small is read over, and the connection goes on.
  net::RawClient client(receiver_->http_address());
  client.send(net::http1_post("/v1/traces", kProto, over));
  EXPECT_EQ(client.response().status, 413);
  client.send(net::http1_post("/v1/traces", kProto, exact));
  EXPECT_EQ(client.response().status, 200);

  // A huge one is refused by its announcement, and the connection ends.
  net::RawClient huge(receiver_->http_address());
  huge.send(
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
      "Content-Length: 1000000000000\r\n\r\n");
  const auto response = huge.response();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.header("connection"), "close");
}

// Goal: a bomb takes what the limit allows. Method: 64 MiB of zeros, limit and budget of 1 MiB.
TEST_F(HttpConformance, H23_ABombTakesNoMoreThanTheLimit) {
  settings_.http.max_recv_msg_size_bytes = 1U << 20;
  set_budget(4U << 20);
  start();
  const std::string bomb = gzip(std::string(64U << 20, '\0'));
  EXPECT_EQ(post("/v1/traces", kProto, bomb, {"Content-Encoding: gzip"}).status, 413);
  EXPECT_EQ(post("/v1/traces", kJson, bomb, {"Content-Encoding: gzip"}).status, 413);
}

TEST_F(HttpConformance, H25_ChunksAndExpectContinue) {
  start();
  const std::string body = traces({span("chunked")});
  net::RawClient client(receiver_->http_address());
  client.send(
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
      "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.response().status, 100);
  for (const char c : body) client.send(std::string("1;x=y\r\n") + c + "\r\n");
  client.send("0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.response().status, 200);
  ASSERT_EQ(log_.stored().size(), 1U);
  EXPECT_EQ(log_.stored()[0].payload, body);

  // A refusal comes instead of the 100, and the body is never asked for.
  client.send(
      "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
      "Expect: 100-continue\r\n\r\n");
  const auto refused = client.response();
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.header("connection"), "close");
}

TEST_F(HttpConformance, H22_ChunkedBodiesAreCountedAsTheyCome) {
  settings_.http.max_recv_msg_size_bytes = 1000;
  start();
  net::RawClient client(receiver_->http_address());
  client.send(
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) client.send("64\r\n" + std::string(100, 'x') + "\r\n");
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.response().status, 413);
  client.send(net::http1_post("/v1/traces", kProto, ""));
  EXPECT_EQ(client.response().status, 200);
}

TEST_F(HttpConformance, H28_H29_H31_OverloadIsRetryableOnEveryPath) {
  set_budget(64U << 10);
  start();
  log_.set_admits(false);
  const auto full = post("/v1/traces", kProto, traces({span("a")}));
  EXPECT_EQ(full.status, 429);
  EXPECT_GE(std::stoi(full.header("retry-after")), 1);
  EXPECT_EQ(log_.refused(), 1);
  log_.set_admits(true);

  struct Case {
    storage::AppendErrc error;
    int status;
  };
  for (const Case& c : std::vector<Case>{{storage::AppendErrc::full, 429},
                                         {storage::AppendErrc::io_error, 503},
                                         {storage::AppendErrc::stopped, 503},
                                         {storage::AppendErrc::too_large, 413}}) {
    log_.set_error(c.error);
    const auto response = post("/v1/traces", kProto, traces({span("a")}));
    EXPECT_EQ(response.status, c.status);
    EXPECT_EQ(response.header("retry-after").empty(), c.status == 413);
  }
  log_.set_error({});

  // The budget: one request holds most of it, the next is refused at once, later there is room.
  log_.hold(true);
  net::RawClient first(receiver_->http_address());
  first.send(net::http1_post("/v1/traces", kProto, traces({span(std::string(40'000, 'n'))})));
  log_.wait_for_submitted(5);
  const std::string large = traces({span(std::string(30'000, 'n'))});
  EXPECT_EQ(post("/v1/traces", kProto, large).status, 429);
  log_.hold(false);
  EXPECT_EQ(first.response().status, 200);
  EXPECT_EQ(post("/v1/traces", kProto, large).status, 200);
}

// Goal: "later" is never said of what cannot succeed. Method: bodies that fit into the budget, but
// not with what it takes to read them: inflated, transcoded, rewritten, grown from no known length.
TEST_F(HttpConformance, H30_WhatCanNeverFitIntoTheBudgetIsTooLarge) {
  set_budget(1U << 20);
  start();
  EXPECT_EQ(post("/v1/traces", kProto, std::string(1'100'000, '\n')).status, 413);

  const std::string noise = [] {
    std::string out;
    for (unsigned i = 0, x = 1; i < 600'000; ++i) {
      x = x * 1'664'525U + 1'013'904'223U;
      out.push_back(static_cast<char>('!' + (x >> 24) % 90));
    }
    return out;
  }();
  const std::string good = traces({span(noise)});
  EXPECT_EQ(post("/v1/traces", kProto, good).status, 200);
  EXPECT_EQ(post("/v1/traces", kProto, gzip(good), {"Content-Encoding: gzip"}).status, 413);
  EXPECT_EQ(post("/v1/traces", kProto, traces({span(noise), span("", false)})).status, 413);

  std::string chunks;
  for (std::size_t at = 0; at < good.size(); at += 0x1000) {
    const std::string chunk = good.substr(at, 0x1000);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string size;
    for (int shift = 12; shift >= 0; shift -= 4) size += kDigits[chunk.size() >> shift & 0xf];
    chunks.append(size).append("\r\n").append(chunk).append("\r\n");
  }
  net::RawClient client(receiver_->http_address());
  client.send(
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
      "Transfer-Encoding: chunked\r\n\r\n" +
      chunks + "0\r\n\r\n");
  const int chunked = client.response().status;
  EXPECT_TRUE(chunked == 200 || chunked == 413) << chunked;
}

// Goal: JSON may be longer than half the budget: most of it is white space and names.
TEST_F(HttpConformance, H30_JsonMayTakeMoreThanHalfTheBudget) {
  set_budget(1U << 20);
  start();
  const auto json = [](std::size_t padding_bytes, std::size_t name_bytes) {
    return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",)"
           R"("spanId":"eee19b7ec3c1b174","name":")" +
           std::string(name_bytes, 'n') + "\"" + std::string(padding_bytes, ' ') + "}]}]}]}";
  };
  EXPECT_EQ(post("/v1/traces", kJson, json(700'000, 1'000)).status, 200);
  EXPECT_EQ(post("/v1/traces", kJson, json(1'000, 400'000)).status, 200);
  EXPECT_EQ(post("/v1/traces", kJson, json(1'000, 700'000)).status, 413);
  ASSERT_EQ(log_.stored().size(), 2U);
}

// Goal: what is larger than the whole budget is taken, one after the other. Method: a body of 6 MiB
// in each coding against a budget of 1 MiB; a second one while the log holds the first.
TEST_F(HttpConformance, H22_LargerThanTheBudgetGoesAlone) {
  set_budget(1U << 20);
  start();
  const std::string large = traces({span(std::string(6U << 20, 'n'))});
  const std::string json =
      R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"11111111111111111111111111111111",)"
      R"("spanId":"1111111111111111","name":")" +
      std::string(6U << 20, 'n') + "\"}]}]}]}";
  EXPECT_EQ(post("/v1/traces", kProto, large).status, 200);
  EXPECT_EQ(post("/v1/traces", kProto, gzip(large), {"Content-Encoding: gzip"}).status, 200);
  EXPECT_EQ(post("/v1/traces", kJson, json).status, 200);
  EXPECT_EQ(post("/v1/traces", kJson, gzip(json), {"Content-Encoding: gzip"}).status, 200);
  log_.hold(true);
  net::RawClient first(receiver_->http_address());
  first.send(net::http1_post("/v1/traces", kProto, large));
  log_.wait_for_submitted(5);
  EXPECT_EQ(post("/v1/traces", kProto, large).status, 429);
  EXPECT_EQ(post("/v1/traces", kProto, "").status, 200);
  log_.hold(false);
  EXPECT_EQ(first.response().status, 200);
  EXPECT_EQ(post("/v1/traces", kProto, large).status, 200);
  EXPECT_EQ(log_.stored().size(), 6U);
}

// Goal: an answer is compressed for those who ask, and where there is something to compress.
TEST_F(HttpConformance, H27_AnswersAreGzipOnlyForThoseWhoAcceptIt) {
  start();
  const std::string bad = traces({span("bad", false)});
  for (const std::string_view accepted : {"gzip", "br, GZIP;q=0.5", "*", "x-gzip"}) {
    SCOPED_TRACE(accepted);
    const std::string line = "Accept-Encoding: " + std::string(accepted);
    const auto answer = post("/v1/traces", kProto, bad, {line});
    EXPECT_EQ(answer.header("content-encoding"), "gzip");
    EXPECT_EQ(net::gunzip(answer.body), post("/v1/traces", kProto, bad).body);
    EXPECT_EQ(post("/v1/traces", kProto, "", {line}).header("content-encoding"), "");
  }
  for (const std::string_view refused :
       {"", "br", "gzip;q=0", "gzip; Q=0.00", "identity, deflate"}) {
    SCOPED_TRACE(refused);
    const auto answer =
        post("/v1/traces", kProto, bad, {"Accept-Encoding: " + std::string(refused)});
    EXPECT_EQ(answer.header("content-encoding"), "");
    EXPECT_NE(answer.body.find("rejected"), std::string::npos);
  }
}

TEST_F(HttpConformance, H33_H34_PlainHttpOverHttp2OnBothPorts) {
  start();
  for (const std::string& address : {receiver_->http_address(), receiver_->grpc_address()}) {
    net::Http2Client client(address);
    const std::string body = traces({span("h2")});
    const auto& ok = client.call({{":method", "POST"},
                                  {":scheme", "http"},
                                  {":path", "/v1/traces"},
                                  {":authority", "x"},
                                  {"content-type", "application/x-protobuf"}},
                                 body);
    EXPECT_EQ(ok.status, 200);
    EXPECT_EQ(ok.header("content-type"), kProto);
    const auto& lost = client.call(
        {{":method", "GET"}, {":scheme", "http"}, {":path", "/x"}, {":authority", "x"}}, "");
    EXPECT_EQ(lost.status, 404);
    EXPECT_EQ(lost.body.rfind("{\"code\":", 0), 0U);
    const auto& grpc = client.call_grpc(kTracesExport, body);
    EXPECT_EQ(grpc.grpc_status(), 0);
  }
}

TEST_F(HttpConformance, H35_CorsAnswersAllowedOriginsOnly) {
  settings_.http.cors_allowed_origins = {"https://app.example", "https://*.pages.example"};
  start();
  const auto preflight = [&](std::string_view origin) {
    net::RawClient client(receiver_->http_address());
    client.send("OPTIONS /v1/traces HTTP/1.1\r\nHost: x\r\nOrigin: " + std::string(origin) +
                "\r\nAccess-Control-Request-Method: POST\r\n\r\n");
    return client.response();
  };
  for (const std::string_view origin : {"https://app.example", "https://a.pages.example"}) {
    const auto allowed = preflight(origin);
    EXPECT_EQ(allowed.status, 204);
    EXPECT_EQ(allowed.header("access-control-allow-origin"), origin);
    EXPECT_EQ(allowed.header("vary"), "Origin");
  }
  for (const std::string_view origin : {"https://evil.example", "https://app.example.evil"}) {
    EXPECT_EQ(preflight(origin).header("access-control-allow-origin"), "");
  }
  const auto sent = post("/v1/traces", kProto, "", {"Origin: https://app.example"});
  EXPECT_EQ(sent.status, 200);
  EXPECT_EQ(sent.header("access-control-allow-origin"), "https://app.example");
}

// Goal: P-01 to P-08 over HTTP. Method: one good span, two with a trace id of three bytes.
TEST_F(HttpConformance, P01_P02_P05_P08_RejectedItemsAreNamedAndTheRestIsStored) {
  start();
  const std::string body = traces({span("good"), span("bad", false), span("worse", false)});
  const auto proto = post("/v1/traces", kProto, body);
  EXPECT_EQ(proto.status, 200);
  ASSERT_GT(proto.body.size(), 6U);
  EXPECT_EQ(proto.body[0], '\x0a');
  EXPECT_EQ(proto.body.substr(2, 3), "\x08\x02\x12");
  EXPECT_NE(proto.body.find("2 of 3 spans rejected"), std::string::npos);
  ASSERT_EQ(log_.stored().size(), 1U);
  EXPECT_EQ(log_.stored()[0].info.item_count, 1U);
  EXPECT_EQ(log_.stored()[0].payload, traces({span("good")}));

  const auto json = post("/v1/traces", kJson,
                         R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"abcd"}]}]}]})");
  EXPECT_EQ(json.status, 200);
  EXPECT_EQ(json.body.rfind("{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"", 0),
            0U);
  EXPECT_EQ(log_.stored().size(), 1U);  // P-07: all of them rejected is a success, nothing stored
}

}  // namespace
}  // namespace gateway::receiver::otlp
