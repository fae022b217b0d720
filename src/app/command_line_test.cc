#include "app/command_line.h"

#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "app/version.h"

namespace gateway::app {
namespace {

std::variant<CommandLine, int> parse(const std::vector<const char*>& words) {
  std::vector<const char*> argv = {"otlp-service"};
  argv.insert(argv.end(), words.begin(), words.end());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

CommandLine line_of(const std::vector<const char*>& words) {
  auto parsed = parse(words);
  EXPECT_TRUE(std::holds_alternative<CommandLine>(parsed));
  return std::get<CommandLine>(std::move(parsed));
}

// Goal: a library says its version, whatever form its header gives it (simdjson's became a string).
// Method: every line of a library is a name, and digits with dots or a suffix.
TEST(Version, EveryLibraryHasAPlainVersion) {
  std::istringstream lines(version_text());
  std::string name;
  std::string version;
  std::size_t libraries = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    words >> name >> version;
    if (name == "otlp-service" || name == "revision" || name == "compiler") continue;
    SCOPED_TRACE(line);
    EXPECT_EQ(version.find_first_not_of("0123456789.-abcdefghijklmnopqrstuvwxyz"),
              std::string::npos);
    EXPECT_NE(version.find('.'), std::string::npos);
    ++libraries;
  }
  EXPECT_EQ(libraries, 6U);
}

// Goal: `otlp-service --config FILE` runs. Method: with and without the word `run`.
TEST(CommandLine, RunIsTheDefaultCommandAndTakesItsOptionsEitherWay) {
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"--config", "a.yaml", "--config", "b.yaml", "--set", "a=b"},
        std::vector<const char*>{"run", "--config", "a.yaml", "--config", "b.yaml", "--set",
                                 "a=b"}}) {
    const CommandLine line = line_of(words);
    EXPECT_EQ(line.command, Command::run);
    EXPECT_EQ(line.config_files, (std::vector<std::string>{"a.yaml", "b.yaml"}));
    EXPECT_EQ(line.overrides, (std::vector<std::string>{"a=b"}));
  }
}

// Goal: one image serves a deployment per signal. Method: the form of the design.
TEST(CommandLine, ServicesAreAListSeparatedByCommas) {
  EXPECT_EQ(line_of({"--services=trace,health"}).services,
            (std::vector<std::string>{"trace", "health"}));
}

// Goal: every command of the design is there. Method: one call each.
TEST(CommandLine, KnowsEveryCommand) {
  EXPECT_EQ(line_of({"validate", "--config", "a.yaml"}).command, Command::validate);
  EXPECT_EQ(line_of({"config"}).command, Command::config);
  EXPECT_EQ(line_of({"health", "--probe", "live"}).probe, "live");
  EXPECT_EQ(line_of({"log", "inspect", "data"}).command, Command::log_inspect);
  EXPECT_EQ(line_of({"log", "verify", "data"}).directory, "data");
  EXPECT_TRUE(line_of({"test", "a.yaml", "--accept"}).test.accept);
  EXPECT_EQ(line_of({"version", "--json"}).command, Command::version);
}

// Goal: what a tap looks for is a list, in any number. Method: each option once, one of them twice.
TEST(CommandLine, ATapTakesItsConditions) {
  const TapLine tap =
      line_of({"tap", "--signal", "traces,logs", "--service", "shop", "--attribute", "a=1",
               "--attribute", "b=2", "--name", "GET *", "--severity", "warn", "--trace-id", "00"})
          .tap;
  using Conditions = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(tap.conditions, (Conditions{{"signal", "traces,logs"},
                                        {"service", "shop"},
                                        {"attribute", "a=1"},
                                        {"attribute", "b=2"},
                                        {"name", "GET *"},
                                        {"severity", "warn"},
                                        {"trace_id", "00"}}));
  EXPECT_EQ(tap.output, "text");
  EXPECT_EQ(line_of({"tap", "--record", "file"}).tap.output, "none");
  EXPECT_EQ(line_of({"tap", "--record", "file", "--output", "json"}).tap.output, "json");
}

// Goal: a replay says what, from when, and where to. Method: all of it in one call.
TEST(CommandLine, AReplayTakesSourceTimesAndDestination) {
  const CommandLine line =
      line_of({"log", "replay", "data", "--dead-letters", "otlp", "--signal", "logs", "--from",
               "-15m", "--until=2026-11-21", "--to", "http://h:1", "--rate", "5", "--dry-run"});
  EXPECT_EQ(line.command, Command::log_replay);
  EXPECT_EQ(line.replay.source, "data");
  EXPECT_EQ(line.replay.dead_letters, "otlp");
  EXPECT_EQ(line.replay.signals, "logs");
  EXPECT_EQ(line.replay.from, "-15m");
  EXPECT_EQ(line.replay.until, "2026-11-21");
  EXPECT_EQ(line.replay.to, "http://h:1");
  EXPECT_EQ(line.replay.rate, 5U);
  EXPECT_TRUE(line.replay.dry_run);
  EXPECT_EQ(line_of({"log", "replay", "--endpoint", "h:1", "--to-exporter", "a"}).replay.source,
            "");
}

// Goal: a mistake is told and does not start a gateway. Method: words and values that are not.
TEST(CommandLine, AMistakeIsExitCodeTwo) {
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"serve"}, std::vector<const char*>{"--confg", "a"},
        std::vector<const char*>{"health", "--probe", "well"},
        std::vector<const char*>{"--services=trace,spans"},
        std::vector<const char*>{"log", "verify"}, std::vector<const char*>{"tap", "--from", "x"},
        std::vector<const char*>{"tap", "--output", "xml"}}) {
    const auto parsed = parse(words);
    ASSERT_TRUE(std::holds_alternative<int>(parsed));
    EXPECT_EQ(std::get<int>(parsed), 2);
  }
}

}  // namespace
}  // namespace gateway::app
