#include "config/changes.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/load.h"
#include "config/schema.h"

namespace gateway::config {
namespace {

constexpr std::string_view kBase = R"(
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:4317"}, http: }}}
exporters:
  otlp/a: {endpoint: "a:4317", headers: {authorization: old-secret}}
  debug: {}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp/a, debug]}
)";

[[nodiscard]] Loaded loaded(std::string_view text, const std::vector<std::string>& set = {}) {
  LoadRequest request;
  request.assignments = set;
  auto result = load_text(text, "test.yaml", request);
  EXPECT_TRUE(result.has_value()) << result.error().text();
  return result ? *std::move(result) : Loaded{};
}

[[nodiscard]] std::vector<std::string> told(std::string_view text,
                                            const std::vector<std::string>& set = {}) {
  std::vector<std::string> lines;
  for (const Change& change :
       changes_between(loaded(kBase).effective, loaded(text, set).effective)) {
    lines.push_back(std::string(name_of(change.effect)) + ' ' + text_of(change));
  }
  return lines;
}

using Lines = std::vector<std::string>;

// Goal: what is the same is not told. Method: the same text; the same with a default written out.
TEST(Changes, TheSameConfigurationHasNone) {
  EXPECT_EQ(told(kBase), Lines{});
  EXPECT_EQ(told(kBase, {"storage.durability=commit"}), Lines{});
  EXPECT_EQ(loaded(kBase).settings, loaded(kBase, {"storage.durability=commit"}).settings);
}

// Goal: each change is told by its path, old and new value, and effect. Method: one of each kind.
TEST(Changes, EachIsToldWithItsEffect) {
  EXPECT_EQ(told(kBase, {"exporters.debug.verbosity=detailed"}),
            Lines{"rebuild exporters.debug.verbosity: basic -> detailed"});
  EXPECT_EQ(told(kBase, {"storage.size_max=20GiB"}),
            Lines{"live storage.size_max: 10GiB -> 20GiB"});
  EXPECT_EQ(told(kBase, {"storage.directory=/other"}),
            Lines{"restart storage.directory: ./data -> /other"});
  EXPECT_EQ(told(kBase, {"service.telemetry.logs.level=debug"}),
            Lines{"live service.telemetry.logs.level: info -> debug"});
  EXPECT_EQ(
      told(kBase, {"receivers.otlp.protocols.grpc.endpoint=0.0.0.0:4317"}),
      Lines{"restart receivers.otlp.protocols.grpc.endpoint: 127.0.0.1:4317 -> 0.0.0.0:4317"});
  EXPECT_EQ(told(kBase, {"receivers.otlp.protocols.grpc.max_recv_msg_size_mib=8"}),
            Lines{"live receivers.otlp.protocols.grpc.max_recv_msg_size_mib: 64 -> 8"});
}

// Goal: a component that comes or goes is one change, not one for each of its settings.
TEST(Changes, AComponentComesAndGoesAsOne) {
  EXPECT_EQ(
      told(R"(
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:4317"}}}}
exporters: {debug: {}, otlp/b: {endpoint: "b:4317"}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [debug, otlp/b]}}}
)"),
      (Lines{"restart receivers.otlp.protocols.http: there -> (none)",
             "rebuild exporters.otlp/a: there -> (none)",
             "rebuild exporters.otlp/b: (none) -> there",
             "rebuild service.pipelines.traces.exporters: [otlp/a, debug] -> [debug, otlp/b]"}));
}

// Goal: a receiver listens from the start on or not at all, so one that a pipeline names, or no
// longer does, waits for a restart, and what listens goes on as it is. Method: two receivers, each
// alone in the pipeline.
TEST(Changes, AReceiverComesAndGoesWithItsPipelines) {
  const auto with = [](const std::string& receiver) {
    return loaded(
        "receivers: {otlp/a: {protocols: {grpc: {}}}, otlp/b: {protocols: {grpc: {}}}}\n"
        "exporters: {debug: {}}\n"
        "service: {pipelines: {traces: {receivers: [" +
        receiver + "], exporters: [debug]}}}\n");
  };
  const Loaded a = with("otlp/a");
  const Loaded b = with("otlp/b");
  Lines waiting;
  for (const Change& change : changes_between(a.effective, b.effective)) {
    if (change.effect == Effect::restart) waiting.push_back(text_of(change));
  }
  EXPECT_EQ(waiting, (Lines{"receivers.otlp/a: in a pipeline -> in no pipeline",
                            "receivers.otlp/b: in no pipeline -> in a pipeline"}));
  ASSERT_EQ(a.settings.receivers.size(), 1U);
  EXPECT_EQ(without_restart(a.settings, b.settings).receivers, a.settings.receivers);
}

// Goal: a secret that changes is told as changed, and not shown.
TEST(Changes, SecretsAreNotShown) {
  EXPECT_EQ(told(kBase, {"exporters.otlp/a.headers={authorization: new-secret}"}),
            Lines{"rebuild exporters.otlp/a.headers: **** -> ****"});
}

// Goal: settings that need a restart keep what runs; all others are taken over. Method: change one
// of each, and compare with the changes that are told.
TEST(Changes, WhatNeedsARestartStaysAsItRuns) {
  const Settings running = loaded(kBase).settings;
  const Loaded wanted =
      loaded(kBase, {"storage.directory=/other", "storage.size_max=20GiB", "service.io_threads=7",
                     "admin.endpoint=127.0.0.1:9999", "service.shutdown_timeout=1s",
                     "receivers.otlp.protocols.grpc.endpoint=0.0.0.0:4317",
                     "receivers.otlp.protocols.grpc.max_connections=5",
                     "receivers.otlp/new.protocols.http.endpoint=127.0.0.1:5318"});
  const Settings result = without_restart(running, wanted.settings);
  EXPECT_EQ(result.storage.directory, "./data");
  EXPECT_EQ(result.storage.size_bytes_max, 20ULL << 30);
  EXPECT_EQ(result.io_threads, running.io_threads);
  EXPECT_EQ(result.admin, running.admin);
  EXPECT_EQ(result.shutdown_timeout, Millis(1000));
  ASSERT_EQ(result.receivers.size(), 1U);
  EXPECT_EQ(result.receivers[0].grpc.endpoint, "127.0.0.1:4317");
  EXPECT_EQ(result.receivers[0].grpc.max_connections, 5U);
}

// Goal: no limit is taken over that the running log could not hold. Method: a larger message with
// larger segments, and a smaller log with smaller ones; segments stay as they are.
TEST(Changes, LimitsThatDependOnARestartWaitForIt) {
  const Settings running = loaded(kBase).settings;
  const Settings larger = loaded(kBase, {"storage.segment_size=256MiB",
                                         "receivers.otlp.protocols.grpc.max_recv_msg_size_mib=128"})
                              .settings;
  EXPECT_EQ(without_restart(running, larger).receivers[0].grpc.max_recv_msg_size_bytes,
            running.receivers[0].grpc.max_recv_msg_size_bytes);
  const Settings smaller =
      loaded(kBase, {"storage.segment_size=32MiB", "storage.size_max=64MiB"}).settings;
  EXPECT_EQ(without_restart(running, smaller).storage.size_bytes_max, 10ULL << 30);
}

// Goal: a setting that nobody has thought about is not promised to change live. Method: every row
// of the table; what is not named here must be under a section that is.
TEST(Changes, EverySettingHasAnEffectThatWasChosen) {
  EXPECT_EQ(effect_of("storage.direct_io"), Effect::restart);
  EXPECT_EQ(effect_of("no.such.setting"), Effect::restart);
  for (const SchemaRow& row : schema_rows()) {
    SCOPED_TRACE(row.path);
    const Effect effect = effect_of(row.path);
    if (row.path.starts_with("exporters.")) {
      EXPECT_EQ(effect, Effect::rebuild);
    }
    if (row.path.starts_with("admin.")) {
      EXPECT_EQ(effect, Effect::restart);
    }
    if (row.path.ends_with(".endpoint") && row.path.starts_with("receivers.")) {
      EXPECT_EQ(effect, Effect::restart);
    }
  }
}

// Goal: what is read for a reload is what load() would read. Method: a folder, a missing file.
TEST(Changes, SourceTextsAreThoseThatLoadReads) {
  LoadRequest request;
  request.files = {"/no/such/file.yaml"};
  EXPECT_EQ(source_texts(request), (std::vector<SourceText>{{"/no/such/file.yaml", ""}}));
  request.files.clear();
  EXPECT_TRUE(source_texts(request).empty());  // built in
  request.environment["CONFIG_PATH"] = std::string(CONFIG_FOLDER) + "/examples";
  const auto texts = source_texts(request);
  ASSERT_FALSE(texts.empty());
  for (const SourceText& text : texts) EXPECT_FALSE(text.text.empty()) << text.file;
}

}  // namespace
}  // namespace gateway::config
