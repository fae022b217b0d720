#include "telemetry/log.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "telemetry/log_filter.h"
#include "telemetry/log_line.h"

namespace gateway::telemetry {
namespace {

constexpr std::int64_t kTime = 1'795'255'500'123'456'789;  // 2026-11-21T10:05:00.123456789Z

std::string line(LogFormat format, const LogEvent& event, Fields fields) {
  std::string out;
  append_log_line(out, format, event, fields);
  return out;
}

// Catches what is logged while it lives.
class Capture {
 public:
  explicit Capture(LogFormat format, std::string_view filter) {
    flush_log();
    set_log_output([this](std::string_view text) {
      lines.emplace_back(text);
      return !broken;
    });
    EXPECT_TRUE(configure_log(format, filter));
  }
  ~Capture() {
    flush_log();
    set_log_output({});
    configure_log(LogFormat::json, "info");
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::vector<std::string> lines;
  bool broken = false;
};

// Goal: machines read the log. Method: every type of field in one line.
TEST(LogLine, JsonKeepsTypesAndEscapes) {
  EXPECT_EQ(
      line(LogFormat::json,
           {.unix_nano = kTime, .level = LogLevel::info, .module = "net", .message = "a \"b\""},
           {{"address", "127.0.0.1:4317"},
            {"count", 3U},
            {"delta", -4},
            {"share", 0.5},
            {"tls", false},
            {"name", std::string("x\ny")}}),
      R"({"time":"2026-11-21T10:05:00.123456789Z","level":"info","module":"net",)"
      R"("message":"a \"b\"","address":"127.0.0.1:4317","count":3,"delta":-4,"share":0.5,)"
      R"("tls":false,"name":"x\ny"})"
      "\n");
}

// Goal: no key stands twice. Method: fields with the names of our own keys.
TEST(LogLine, AFieldNeverTakesTheNameOfAnOwnKey) {
  EXPECT_EQ(
      line(LogFormat::json,
           {.unix_nano = 0, .level = LogLevel::warn, .module = "m", .message = "t", .repeated = 7},
           {{"level", 1}}),
      R"({"time":"1970-01-01T00:00:00.000000000Z","level":"warn","module":"m",)"
      R"("message":"t","level_":1,"repeated":7})"
      "\n");
}

// Goal: people read the log, and no value forges a line. Method: values that need quotes.
TEST(LogLine, ConsoleQuotesWhatIsNotPlain) {
  EXPECT_EQ(line(LogFormat::console,
                 {.unix_nano = kTime, .level = LogLevel::info, .module = "net", .message = "x\ny"},
                 {{"a", "plain"}, {"b", "two words"}, {"c", ""}, {"d", true}}),
            "2026-11-21T10:05:00.123456789Z info  net: x\\ny a=plain b=\"two words\" c=\"\" "
            "d=true\n");
}

// Goal: each module has its level. Method: table of filters.
TEST(LogFilter, AModulesLevelAlsoHoldsBelowIt) {
  const auto filter = LogFilter::parse("info, storage=debug,receiver=warn,receiver/otlp=TRACE");
  ASSERT_TRUE(filter.has_value());
  EXPECT_EQ(filter->level_of("net"), LogLevel::info);
  EXPECT_EQ(filter->level_of("storage"), LogLevel::debug);
  EXPECT_EQ(filter->level_of("storage2"), LogLevel::info);
  EXPECT_EQ(filter->level_of("receiver/zipkin"), LogLevel::warn);
  EXPECT_EQ(filter->level_of("receiver/otlp/2"), LogLevel::trace);
  EXPECT_EQ(filter->lowest(), LogLevel::trace);
}

// Goal: a mistake in a filter is told. Method: malformed filters.
TEST(LogFilter, MalformedFiltersAreRefused) {
  for (const auto* text :
       {"", "loud", "info,", "info,warn", "=info", "storage=", "a=b=info", ","}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(LogFilter::parse(text).has_value());
    EXPECT_FALSE(is_log_filter(text));
  }
  for (const auto* text : {"info", "WARNING", "off", "storage=debug", "Critical"}) {
    SCOPED_TRACE(text);
    EXPECT_TRUE(is_log_filter(text));
  }
}

// Goal: levels filter, and a bad filter changes nothing. Method: the process's log, caught.
TEST(Log, LinesBelowTheLevelAreNotWritten) {
  Capture capture(LogFormat::console, "warn,storage=debug");
  EXPECT_FALSE(configure_log(LogFormat::json, "nonsense"));
  EXPECT_FALSE(log_enabled(LogLevel::info, "net"));
  EXPECT_TRUE(log_enabled(LogLevel::debug, "storage"));
  EXPECT_FALSE(log_enabled(LogLevel::off, "storage"));
  log_info("net", "hidden");
  log_debug("storage", "shown");
  log_error("net", "shown too");
  ASSERT_EQ(capture.lines.size(), 2U);
  EXPECT_NE(capture.lines[0].find("debug storage: shown"), std::string::npos);
  EXPECT_NE(capture.lines[1].find("error net: shown too"), std::string::npos);
}

// Goal: the levels change while lines are written. Method: let a module through, a mistake, back.
TEST(Log, TheFilterChangesAlone) {
  Capture capture(LogFormat::console, "warn");
  EXPECT_TRUE(set_log_filter("warn,net=info"));
  EXPECT_EQ(log_filter(), "warn,net=info");
  log_info("net", "shown");
  EXPECT_FALSE(set_log_filter("nonsense"));
  EXPECT_EQ(log_filter(), "warn,net=info");
  EXPECT_TRUE(set_log_filter("warn"));
  log_info("net", "hidden");
  ASSERT_EQ(capture.lines.size(), 1U);
  EXPECT_NE(capture.lines[0].find("net: shown"), std::string::npos);
  EXPECT_FALSE(capture.lines[0].starts_with("{"));  // still console text
}

// Goal: a repeated line is summed up. Method: say it 30 times, then flush.
TEST(Log, RepeatedLinesAreSummedUp) {
  Capture capture(LogFormat::console, "info");
  for (int i = 0; i < 30; ++i) log_info("test", "again and again", {{"i", i}});
  EXPECT_EQ(capture.lines.size(), kRepeatLinesMax);
  flush_log();
  ASSERT_EQ(capture.lines.size(), kRepeatLinesMax + 1);
  EXPECT_NE(capture.lines.back().find("again and again repeated=20"), std::string::npos);
}

// Goal: a lost line is counted. Method: an output that refuses.
TEST(Log, ALineThatIsNotWrittenIsCounted) {
  Capture capture(LogFormat::json, "info");
  const LogStats before = log_stats();
  capture.broken = true;
  log_warn("test", "nobody reads this");
  capture.broken = false;
  const LogStats after = log_stats();
  EXPECT_EQ(after.lost - before.lost, 1U);
}

// Goal: lines of many threads never mix. Method: four threads, whole lines counted.
TEST(Log, LinesOfManyThreadsStayWhole) {
  Capture capture(LogFormat::json, "info");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      const std::string module = "m" + std::to_string(t);
      for (int i = 0; i < 50; ++i) log_info(module, std::to_string(i));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(capture.lines.size(), 200U);
  for (const auto& text : capture.lines) {
    EXPECT_TRUE(text.starts_with("{\"time\":") && text.ends_with("}\n")) << text;
  }
}

}  // namespace
}  // namespace gateway::telemetry
