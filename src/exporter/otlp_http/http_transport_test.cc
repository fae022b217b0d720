#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <zstd.h>

#include "exporter/testing/exporter_test_case.h"
#include "exporter/testing/http_destination.h"

namespace gateway::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using testing::HttpCall;
using testing::HttpDestination;
using testing::HttpReply;
using testing::reply;

class OtlpHttpExporterTest : public testing::ExporterTestCase {
 protected:
  static config::Exporter settings_for(const std::string& endpoint) {
    return testing::quick_settings(config::ExporterKind::otlp_http, endpoint);
  }
};

HttpReply ok(const HttpCall&) { return reply(200); }

// Goal: the stored bytes arrive, merged, with the headers of R-15 and R-21. Method: capture.
TEST_F(OtlpHttpExporterTest, DeliversTheStoredBytes) {
  HttpDestination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint() + "/base/");
  settings.headers = {{"X-Tenant", "blue"}};
  log_.add(Signal::traces, 2, std::string(300'000, 'a'));
  log_.add(Signal::traces, 3, "bc");
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 5; }));
  ASSERT_EQ(destination.call_count(), 1U);
  HttpCall call = destination.call(0);
  EXPECT_EQ(call.target, "/base/v1/traces");
  EXPECT_EQ(call.body, std::string(300'000, 'a') + "bc");
  EXPECT_EQ(call.headers["content-type"], "application/x-protobuf");
  EXPECT_EQ(call.headers.count("content-encoding"), 0U);
  EXPECT_EQ(call.headers["x-tenant"], "blue");
  EXPECT_EQ(call.headers["user-agent"].find("otlp-service/"), 0U);
  EXPECT_EQ("http://" + call.headers["host"], destination.endpoint());
}

// Goal: both codings give the same bytes back. Method: decompress what came.
TEST_F(OtlpHttpExporterTest, CompressesWithGzip) {
  HttpDestination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.compression = ContentCoding::gzip;
  log_.add(Signal::traces, 1, std::string(50'000, 'z'));
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  HttpCall call = destination.call(0);
  EXPECT_EQ(call.headers["content-encoding"], "gzip");
  EXPECT_LT(call.body.size(), 1000U);
  std::string out(50'000, '\0');
  std::size_t size = 0;
  libdeflate_decompressor* gzip = libdeflate_alloc_decompressor();
  EXPECT_EQ(libdeflate_gzip_decompress(gzip, call.body.data(), call.body.size(), out.data(),
                                       out.size(), &size),
            LIBDEFLATE_SUCCESS);
  libdeflate_free_decompressor(gzip);
  EXPECT_EQ(out, std::string(50'000, 'z'));
}

TEST_F(OtlpHttpExporterTest, CompressesWithZstd) {
  HttpDestination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.compression = ContentCoding::zstd;
  log_.add(Signal::traces, 1, std::string(50'000, 'z'));
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  HttpCall call = destination.call(0);
  EXPECT_EQ(call.headers["content-encoding"], "zstd");
  std::string out(50'000, '\0');
  EXPECT_EQ(ZSTD_decompress(out.data(), out.size(), call.body.data(), call.body.size()), 50'000U);
  EXPECT_EQ(out, std::string(50'000, 'z'));
}

// Goal: encoding json sends OTLP JSON. Method: one empty ResourceSpans.
TEST_F(OtlpHttpExporterTest, SendsJson) {
  HttpDestination destination(ok);
  config::Exporter settings = settings_for(destination.endpoint());
  settings.encoding = "json";
  log_.add(Signal::traces, 1, std::string("\x0a\x00", 2));
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  HttpCall call = destination.call(0);
  EXPECT_EQ(call.headers["content-type"], "application/json");
  EXPECT_EQ(call.body.find("{\"resourceSpans\":["), 0U) << call.body;
}

// Goal: R-05: what may pass is sent again. Method: each status once; R-16: any 2xx is success.
TEST_F(OtlpHttpExporterTest, RetriesEachRetryableStatus) {
  const std::vector<int> statuses = {429, 502, 503, 504, 202};
  std::size_t next = 0;
  HttpDestination destination([&](const HttpCall&) { return reply(statuses.at(next++)); });
  log_.add(Signal::traces, 1, "x");
  start(settings_for(destination.endpoint()));
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(destination.call_count(), statuses.size());
}

// Goal: R-06, R-23: what cannot pass is sent once, redirects are not followed. Method: each status,
// one record each.
TEST_F(OtlpHttpExporterTest, SendsOnceWhatIsRefusedForGood) {
  const std::vector<int> statuses = {301, 307, 400, 401, 403, 404, 405, 408,
                                     413, 415, 422, 431, 500, 501, 505};
  std::size_t next = 0;
  HttpDestination destination([&](const HttpCall&) {
    return reply(statuses.at(next++), "", "text/plain", "Location: http://127.0.0.1:1/\r\n");
  });
  config::Exporter settings = settings_for(destination.endpoint());
  settings.circuit_breaker.enabled = false;
  start(settings);
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    SCOPED_TRACE(statuses[i]);
    log_.add(Signal::traces, 1, "x");
    ASSERT_TRUE(eventually([&] { return outcomes().dead_lettered == i + 1; }));
    EXPECT_EQ(destination.call_count(), i + 1);
  }
}

// Goal: R-07: Retry-After is waited for. Method: one second, against a backoff of 5 ms.
TEST_F(OtlpHttpExporterTest, WaitsForRetryAfter) {
  std::vector<std::chrono::steady_clock::time_point> times;
  HttpDestination destination([&](const HttpCall&) {
    times.push_back(std::chrono::steady_clock::now());
    return times.size() > 1 ? reply(200) : reply(503, "", "text/plain", "Retry-After: 1\r\n");
  });
  log_.add(Signal::traces, 1, "x");
  start(settings_for(destination.endpoint()));
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_GE(times.at(1) - times.at(0), seconds(1));
}

// Goal: P-09 to P-11 in both encodings. Method: each body once.
TEST_F(OtlpHttpExporterTest, CountsPartialSuccessAndBelievesATwoHundredWithJunk) {
  std::size_t count = 0;
  HttpDestination destination([&](const HttpCall&) {
    switch (++count) {
      case 1:
        return reply(200, std::string("\x0a\x07\x08\x02\x12\x03", 6) + "old");
      case 2:
        return reply(200, R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"old"}})",
                     "application/json; charset=utf-8");
      case 3:
        return reply(200, "{\"partialSuccess\":{}}", "application/json");
      case 4:
        return reply(200, "<html>fine</html>", "text/html");
      default:
        return reply(200, "\xff\xff junk");
    }
  });
  start(settings_for(destination.endpoint()));
  const std::vector<std::uint64_t> lost = {2, 5, 5, 5, 5};
  for (std::size_t i = 0; i < lost.size(); ++i) {
    SCOPED_TRACE(i);
    log_.add(Signal::traces, 10, "x");
    ASSERT_TRUE(eventually([&] { return outcomes().sum() == 10 * (i + 1); }));
    EXPECT_EQ(outcomes().dead_lettered, lost[i]);
  }
  EXPECT_EQ(destination.call_count(), lost.size());
}

// Goal: R-17: connections are kept. Method: requests one after the other, count connections.
TEST_F(OtlpHttpExporterTest, KeepsConnections) {
  HttpDestination destination(ok);
  start(settings_for(destination.endpoint()));
  for (std::uint64_t i = 1; i <= 20; ++i) {
    log_.add(Signal::traces, 1, "x");
    ASSERT_TRUE(eventually([&] { return outcomes().delivered == i; }));
  }
  EXPECT_EQ(destination.call(19).connection, 0U);
}

// Goal: a kept connection that the peer has closed costs no failure. Method: the peer closes after
// each answer, and does not say so.
TEST_F(OtlpHttpExporterTest, AStaleConnectionIsNoFailure) {
  HttpDestination destination([](const HttpCall&) {
    HttpReply given = reply(200);
    given.close = true;
    return given;
  });
  config::Exporter settings = settings_for(destination.endpoint());
  settings.retry_on_failure.enabled = false;  // a failure would be final
  start(settings);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    log_.add(Signal::traces, 1, "x");
    ASSERT_TRUE(eventually([&] { return outcomes().sum() == i; }));
  }
  EXPECT_EQ(outcomes().delivered, 20U);
}

// Goal: interim answers are skipped. Method: 100 and 103 before 200.
TEST_F(OtlpHttpExporterTest, SkipsInterimAnswers) {
  HttpDestination destination([](const HttpCall&) {
    HttpReply given = reply(200);
    given.bytes =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + given.bytes;
    return given;
  });
  log_.add(Signal::traces, 1, "x");
  start(settings_for(destination.endpoint()));
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(destination.call_count(), 1U);
}

// Goal: R-14, P-11: an endless answer is given up and not retried; its status decides whether the
// data was taken. Method: 8 MiB announced, and 5 MiB that nobody announced, for each status.
TEST_F(OtlpHttpExporterTest, GivesUpAnAnswerThatIsTooLarge) {
  std::size_t count = 0;
  HttpDestination destination([&](const HttpCall&) -> HttpReply {
    const std::string status = count % 2 == 0 ? "200 OK" : "503 Service Unavailable";
    if (count++ < 2) {
      return {.bytes = "HTTP/1.1 " + status + "\r\nContent-Length: 8388608\r\n\r\n" +
                       std::string(1000, 'x')};
    }
    return {.bytes = "HTTP/1.1 " + status + "\r\n\r\n" + std::string(5U << 20U, 'x')};
  });
  start(settings_for(destination.endpoint()));
  for (std::uint64_t i = 1; i <= 4; ++i) {
    SCOPED_TRACE(i);
    log_.add(Signal::traces, 1, "x");
    ASSERT_TRUE(eventually([&] { return outcomes().sum() == i; }));
    EXPECT_EQ(outcomes().delivered, (i + 1) / 2);
    EXPECT_EQ(outcomes().dead_lettered, i / 2);
    EXPECT_EQ(destination.call_count(), i);
  }
  EXPECT_NE(exporter_->status().last_error.find("HTTP 503"), std::string::npos);
}

// Goal: R-09: a connection that drops before the answer is a failure that may pass. Method: close
// without an answer, send half of one, send junk, then answer.
TEST_F(OtlpHttpExporterTest, ADroppedConnectionIsRetried) {
  std::size_t count = 0;
  HttpDestination destination([&](const HttpCall&) -> HttpReply {
    switch (++count) {
      case 1:
        return {.bytes = "", .close = true};
      case 2:
        return {.bytes = "HTTP/1.1 200 OK\r\nContent-Le", .close = true};
      case 3:
        return {.bytes = "SMTP/1.0 hello\r\n\r\n", .close = true};
      default:
        return reply(200);
    }
  });
  log_.add(Signal::traces, 1, "x");
  start(settings_for(destination.endpoint()));
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(destination.call_count(), 4U);
}

// Goal: an answer that does not come in time is retried. Method: swallow the first request.
TEST_F(OtlpHttpExporterTest, ARequestWithoutAnAnswerTimesOut) {
  std::size_t count = 0;
  HttpDestination destination([&](const HttpCall&) -> HttpReply {
    if (++count == 1) return {.bytes = "", .never = true};
    return reply(200);
  });
  config::Exporter settings = settings_for(destination.endpoint());
  settings.timeout = milliseconds(100);
  log_.add(Signal::traces, 1, "x");
  start(settings);
  ASSERT_TRUE(eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(destination.call_count(), 2U);
}

// Goal: a signal whose requests hang delays no other (promise 5). Method: swallow traces only.
TEST_F(OtlpHttpExporterTest, LanesDoNotDelayEachOther) {
  HttpDestination destination([](const HttpCall& call) -> HttpReply {
    if (call.target == "/v1/traces") return {.bytes = "", .never = true};
    return reply(200);
  });
  for (int i = 0; i < 20; ++i) {
    log_.add(Signal::traces, 10'000, std::string(1000, 't'));
    log_.add(Signal::logs, 10'000, std::string(1000, 'l'));
  }
  start(settings_for(destination.endpoint()), {Signal::traces, Signal::logs});
  storage::Cursor& logs = log_.cursor("test", Signal::logs, storage::StartAt::earliest);
  ASSERT_TRUE(eventually([&] { return logs.outcomes().delivered == 200'000; }));
  EXPECT_EQ(outcomes().delivered, 0U);
}

// Goal: stop does not hang on a peer that never answers. Method: stop with requests in flight.
TEST_F(OtlpHttpExporterTest, StopsWithASlowPeer) {
  HttpDestination destination(
      [](const HttpCall&) -> HttpReply { return {.bytes = "", .never = true}; });
  config::Exporter settings = settings_for(destination.endpoint());
  settings.timeout = seconds(60);
  for (int i = 0; i < 10; ++i) log_.add(Signal::traces, 10'000, "x");
  start(settings);
  ASSERT_TRUE(destination.wait_for_calls(1));
  const auto begin = std::chrono::steady_clock::now();
  exporter_->drain(begin + milliseconds(50));
  exporter_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
  EXPECT_EQ(outcomes().sum(), 0U);
}

// Goal: health names the address that refuses. Method: a port that nobody listens on any more.
TEST_F(OtlpHttpExporterTest, ADeadDestinationShowsInHealth) {
  std::string endpoint;
  {
    HttpDestination gone(ok);
    endpoint = gone.endpoint();
  }
  config::Exporter settings = settings_for(endpoint);
  settings.circuit_breaker.failure_threshold = 2;
  settings.circuit_breaker.open_interval = seconds(100);
  settings.circuit_breaker.open_interval_max = seconds(100);
  log_.add(Signal::traces, 1, "x");
  start(settings);
  ASSERT_TRUE(eventually([&] { return exporter_->status().breaker == BreakerState::open; }));
  EXPECT_NE(exporter_->health().reason.find("connection refused by 127.0.0.1:"), std::string::npos)
      << exporter_->health().reason;
}

// Goal: mistakes are said at start, and no header can smuggle a line. Method: each mistake.
TEST_F(OtlpHttpExporterTest, MistakesInSettingsAreSaidAtStart) {
  const auto message_of = [&](const config::Exporter& settings) -> std::string {
    const auto exporter = make_exporter(settings, {Signal::traces}, log_, registry_);
    const auto started = exporter->start();
    return started ? "" : started.error().message;
  };
  EXPECT_NE(message_of(settings_for("ftp://host")).find("neither http nor https"),
            std::string::npos);
  config::Exporter settings = settings_for("http://127.0.0.1:1");
  settings.headers = {{"A", "b\r\nEvil: 1"}};
  EXPECT_NE(message_of(settings).find("malformed value"), std::string::npos);
  settings.headers = {{"A b", "c"}};
  EXPECT_NE(message_of(settings).find("malformed name"), std::string::npos);
  settings = settings_for("https://127.0.0.1:1");
  settings.tls.ca_file = "/nonexistent/ca.pem";
  EXPECT_NE(message_of(settings).find("/nonexistent/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace gateway::exporter
