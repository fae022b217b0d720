#include <cstdlib>
#include <string>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "exporter/dead_letters.h"
#include "exporter/file/file_transport.h"
#include "exporter/read_file.h"
#include "exporter/rotating_file.h"
#include "exporter/testing/exporter_test_case.h"
#include "io/clock.h"
#include "io/file_system.h"

namespace gateway::exporter {
namespace {

// A folder of the test's own, gone with it.
class FileExporterTest : public testing::ExporterTestCase {
 protected:
  FileExporterTest() {
    std::string pattern = ::testing::TempDir() + "exporter_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  ~FileExporterTest() override {
    if (exporter_) exporter_->stop();
    for (const std::string& folder : {directory_ + "/dead/test/", directory_ + "/"}) {
      const auto names = files_.list(folder);
      if (!names) continue;
      for (const std::string& name : *names) static_cast<void>(files_.remove(folder + name));
    }
  }
  [[nodiscard]] std::string content(const std::string& name) {
    return read_file(files_, directory_ + "/" + name).value_or("");
  }

  io::FileSystem& files_ = io::real_file_system();
  std::string directory_;
};

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::optional<std::uint64_t> all_whole(const std::shared_ptr<io::File>&, std::uint64_t size_bytes) {
  return size_bytes;
}

std::shared_ptr<const Request> request_of(const std::string& payload) {
  Buffer buffer = Buffer::allocate(payload.size());
  buffer.append(bytes(payload));
  const auto view = std::as_const(buffer).payload();
  return std::make_shared<Request>(
      Request{.signal = Signal::traces,
              .pieces = {{.payload = {.owner = buffer, .bytes = view}, .item_count = 1}},
              .item_count = 1,
              .size_bytes = payload.size()});
}

// Goal: entries are whole, rotation keeps the newest. Method: entries of 10 bytes, files of 25.
TEST_F(FileExporterTest, RotatesBetweenEntriesAndDropsTheOldest) {
  RotatingFile file(files_, directory_ + "/f", 25, 2, all_whole);
  for (char c = 'a'; c <= 'i'; ++c) {
    const std::string entry(10, c);
    const std::span<const std::byte> part = bytes(entry);
    ASSERT_TRUE(file.append(std::span(&part, 1)).has_value());
  }
  EXPECT_EQ(content("f"), std::string(10, 'i'));
  EXPECT_EQ(content("f.1"), std::string(10, 'g') + std::string(10, 'h'));
  EXPECT_EQ(content("f.2"), std::string(10, 'e') + std::string(10, 'f'));
  EXPECT_EQ(content("f.3"), "");
}

// Goal: an existing file is continued. Method: two writers, one after the other.
TEST_F(FileExporterTest, ContinuesAnExistingFile) {
  for (const char* text : {"first", "second"}) {
    RotatingFile file(files_, directory_ + "/sub/f", 1000, 2, all_whole);
    const std::string entry(text);
    const std::span<const std::byte> part = bytes(entry);
    ASSERT_TRUE(file.append(std::span(&part, 1)).has_value());
  }
  EXPECT_EQ(content("sub/f"), "firstsecond");
  static_cast<void>(files_.remove(directory_ + "/sub/f"));
}

// Goal: a line a batch, there before the cursor moves. Method: two batches as JSON.
TEST_F(FileExporterTest, WritesALineABatch) {
  config::Exporter settings = testing::quick_settings(config::ExporterKind::file, "");
  settings.path = directory_ + "/out.jsonl";
  settings.encoding = "json";
  start(settings);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    log_.add(Signal::traces, 1, std::string("\x0a\x00", 2));
    ASSERT_TRUE(testing::eventually([&] { return outcomes().delivered == i; }));
  }
  const std::string text = content("out.jsonl");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.find("{\"resourceSpans\":["), 0U) << text;
}

// Goal: protobuf comes behind its length. Method: one batch.
TEST_F(FileExporterTest, WritesProtobufBehindItsLength) {
  config::Exporter settings = testing::quick_settings(config::ExporterKind::file, "");
  settings.path = directory_ + "/out.pb";
  settings.encoding = "proto";
  log_.add(Signal::traces, 1, "abc");
  start(settings);
  ASSERT_TRUE(testing::eventually([&] { return outcomes().delivered == 1; }));
  EXPECT_EQ(content("out.pb"), std::string("\0\0\0\x03", 4) + "abc");
}

// Goal: a folder gets a file a signal. Method: one record of each of two.
TEST_F(FileExporterTest, AFolderHoldsAFileForEachSignal) {
  config::Exporter settings = testing::quick_settings(config::ExporterKind::file, "");
  settings.path = directory_ + "/";
  settings.encoding = "json";
  log_.add(Signal::traces, 1, std::string("\x0a\x00", 2));
  log_.add(Signal::logs, 1, std::string("\x0a\x00", 2));
  start(settings, {Signal::traces, Signal::logs});
  storage::Cursor& logs = log_.cursor("test", Signal::logs, storage::StartAt::earliest);
  ASSERT_TRUE(testing::eventually(
      [&] { return outcomes().delivered == 1 && logs.outcomes().delivered == 1; }));
  EXPECT_EQ(content("traces.jsonl").find("{\"resourceSpans\":["), 0U);
  EXPECT_EQ(content("logs.jsonl").find("{\"resourceLogs\":["), 0U);
}

// Goal: a batch that a crash cut off spoils none that come after the restart, and no bytes that are
// not such a batch are lost. Method: what was left, by encoding, and what is there one batch later.
TEST_F(FileExporterTest, WhatACrashCutOffSpoilsNothingBehindIt) {
  const std::string batch("\x0a\x00", 2);
  const std::string line = R"({"resourceSpans":[{}]})"
                           "\n";
  const std::string entry = std::string("\0\0\0\x02", 4) + batch;
  struct Case {
    std::string encoding, left, then, aside;
  };
  std::vector<Case> cases = {
      {"json", line, line + line, ""},
      {"proto", entry, entry + entry, ""},
      {"json", line + entry, line, line + entry},  // the encoding was another one
      {"proto", line, entry, line},
  };
  for (std::size_t cut = 1; cut < line.size(); ++cut) {
    cases.push_back({"json", line.substr(0, cut), line, ""});
    cases.push_back({"json", line + line.substr(0, cut), line + line, ""});
  }
  for (std::size_t cut = 1; cut < entry.size(); ++cut) {
    cases.push_back({"proto", entry.substr(0, cut), entry, ""});
    cases.push_back({"proto", entry + entry.substr(0, cut), entry + entry, ""});
  }
  // Longer than what is read at once on the way back to the last line.
  const std::string long_line = '{' + std::string(200'000, ' ');
  cases.push_back({"json", line + long_line, line + line, ""});
  const std::string path = directory_ + "/out";
  for (const Case& it : cases) {
    SCOPED_TRACE(it.encoding + ": " + it.left);
    const auto file = std::move(*files_.open(path, {.write = true, .create = true}));
    ASSERT_TRUE(file->truncate(0).has_value());
    const std::span<const std::byte> part = bytes(it.left);
    ASSERT_TRUE(file->write_at(0, std::span(&part, 1)).has_value());
    config::Exporter settings = testing::quick_settings(config::ExporterKind::file, "");
    settings.path = path;
    settings.encoding = it.encoding;
    boost::asio::io_context loop;
    const auto transport = make_file_transport(settings, loop, files_);
    ASSERT_TRUE(transport->start().has_value());
    transport->send(request_of(batch), [](const Answer& answer) {
      EXPECT_EQ(answer.kind, AnswerKind::delivered) << answer.message;
    });
    loop.run();
    EXPECT_EQ(content("out"), it.then);
    EXPECT_EQ(content("out.1"), it.aside);
    static_cast<void>(files_.remove(path + ".1"));
  }
}

// Goal: a path that cannot be written is said at start. Method: a folder as path.
TEST_F(FileExporterTest, AnUnusablePathIsSaidAtStart) {
  config::Exporter settings = testing::quick_settings(config::ExporterKind::file, "");
  settings.path = directory_;
  const auto exporter = make_exporter(settings, {Signal::traces}, log_, registry_);
  const auto started = exporter->start();
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().message.find(directory_), std::string::npos);
}

// Goal: the debug exporter takes all verbosities. Method: each, with bytes that are no OTLP too.
TEST_F(FileExporterTest, DebugDeliversInEveryVerbosity) {
  log_.add(Signal::traces, 1, std::string("\x0a\x00", 2));
  log_.add(Signal::traces, 1, "\xff");
  for (const char* verbosity : {"basic", "normal", "detailed"}) {
    config::Exporter settings = testing::quick_settings(config::ExporterKind::debug, "");
    settings.id = std::string("debug/") + verbosity;
    settings.verbosity = verbosity;
    start(settings);
    EXPECT_TRUE(testing::eventually([&] { return outcomes().delivered == 2; }));
    exporter_->stop();
  }
}

// Goal: a dead letter holds what it takes to look at it and send it again. Method: write one, read
// it by docs/formats/dead_letters.md.
TEST_F(FileExporterTest, DeadLettersCarryTheirReason) {
  io::SimClock clock;
  DeadLetters letters(files_, clock, directory_ + "/dead", "test");
  const std::string payload = "pay\nload";
  Buffer buffer = Buffer::allocate(payload.size());
  buffer.append(bytes(payload));
  const auto view = std::as_const(buffer).payload();
  const Request request{.signal = Signal::logs,
                        .pieces = {{.payload = {.owner = buffer, .bytes = view}, .item_count = 2}},
                        .item_count = 2,
                        .size_bytes = payload.size()};
  ASSERT_TRUE(letters.write(request, "refused_by_destination", "say \"no\"\n"));
  EXPECT_EQ(content("dead/test/dead_letters.otlp"),
            "{\"time_unix_nano\":\"" + std::to_string(clock.unix_nano()) +
                "\",\"signal\":\"logs\",\"item_count\":2,\"size_bytes\":8,"
                "\"reason\":\"refused_by_destination\",\"message\":\"say \\\"no\\\"\"}\n"
                "pay\nload\n");
}

// Goal: dead letters that cannot be kept stop nothing. Method: a folder that cannot be made.
TEST_F(FileExporterTest, DeadLettersThatCannotBeKeptStopNothing) {
  DeadLetters letters(files_, io::real_clock(), "/proc/no/such", "test");
  EXPECT_FALSE(letters.write({}, "reason", ""));
  DeadLetters none(files_, io::real_clock(), "", "test");
  EXPECT_FALSE(none.write({}, "reason", ""));
}

}  // namespace
}  // namespace gateway::exporter
