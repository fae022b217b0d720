#include "config/migration.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "config/schema.h"

namespace gateway::config {
namespace {

// --- validate --from-collector

[[nodiscard]] Migration migrated(const std::string& text, Environment environment = {}) {
  const std::string path = testing::TempDir() + "migration_test_" + std::to_string(::getpid());
  std::ofstream(path + ".yaml", std::ios::binary) << text;
  LoadRequest request;
  request.files = {path + ".yaml"};
  request.environment = std::move(environment);
  Migration result = migration_of(request);
  std::remove((path + ".yaml").c_str());
  return result;
}

[[nodiscard]] std::vector<std::string> told(const Migration& migration) {
  std::vector<std::string> lines;
  for (const KeyFate& key : migration.keys) {
    std::string line =
        std::to_string(key.origin.line) + ' ' + std::string(name_of(key.fate)) + ' ' + key.path;
    if (!key.paths.empty()) line += " -> " + joined(key.paths);
    if (!key.reason.empty()) line += ": " + key.reason;
    lines.push_back(std::move(line));
  }
  return lines;
}

using Lines = std::vector<std::string>;

constexpr std::string_view kQueue = "the queue is the log on disk, bounded by `storage.size_max`";

// Goal: each fate is told as what it is. Method: one key of each.
TEST(Migration, EachFateIsTold) {
  const Migration migration =
      migrated(R"(receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}}
processors:
  batch: {timeout: 1s}
exporters:
  otlphttp: {endpoint: "http://127.0.0.1:1", read_buffer_size: 1,
    sending_queue: {queue_size: 9}}
service: {pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [otlphttp]}}}
)");
  EXPECT_TRUE(migration.starts());
  EXPECT_EQ(told(migration),
            (Lines{"1 kept receivers.otlp.protocols.grpc.endpoint",
                   "3 mapped processors.batch.timeout -> exporters.otlp_http.batch.timeout",
                   "5 renamed exporters.otlphttp -> exporters.otlp_http",
                   "5 kept exporters.otlphttp.endpoint",
                   "5 ignored exporters.otlphttp.read_buffer_size: connections are kept and reused",
                   "6 better exporters.otlphttp.sending_queue.queue_size: " + std::string(kQueue),
                   "7 kept service.pipelines.traces.receivers",
                   "7 kept service.pipelines.traces.processors",
                   "7 kept service.pipelines.traces.exporters"}));
}

// Goal: every mistake has its line, and what is right is told all the same. Method: an unknown key,
// a wrong value, a component that there is not, one that is not defined, a missing endpoint.
TEST(Migration, RefusalsHaveLineAndReason) {
  const Migration migration = migrated(R"(receivers:
  otlp: {protocols: {grpc: {}}}
  zipkin: {}
exporters:
  otlp: {timeot: 1s, timeout: never}
  mystery: {}
service: {pipelines: {traces: {receivers: [otlp, zipkin], exporters: [otlp, mystery, nobody]}}}
)");
  EXPECT_FALSE(migration.starts());
  const Lines lines = told(migration);
  for (const auto* line :
       {"2 kept receivers.otlp.protocols.grpc",
        "5 refused exporters.otlp.timeot: unknown key; did you mean `timeout`?",
        "5 refused exporters.otlp.timeout: `never` is not a duration such as 5s, 100ms or 1m30s",
        "5 refused exporters.otlp: `endpoint` is missing: where to send, as host:port",
        "7 refused service.pipelines.traces.exporters: `nobody` is not defined in `exporters`"}) {
    EXPECT_NE(std::find(lines.begin(), lines.end(), line), lines.end()) << line;
  }
  for (const auto* head : {"3 refused receivers.zipkin: is not supported: only OTLP",
                           "6 refused exporters.mystery: `mystery` is not supported; supported are "
                           "otlp, otlp_http, file and debug"}) {
    const bool is_told = std::any_of(lines.begin(), lines.end(), [head](const std::string& line) {
      return line.starts_with(head);
    });
    EXPECT_TRUE(is_told) << head;
  }
}

// Goal: what nobody uses is left out, as in a Collector, and said. Method: components of each
// section that there are not, an extension that there is; none is named by a pipeline.
TEST(Migration, WhatNobodyUsesIsLeftOut) {
  const Migration migration = migrated(R"(extensions: {health_check: {}, opamp: {}}
receivers: {otlp: {protocols: {grpc: {}}}, jaeger: {}}
processors: {tail_sampling: {}, unheard_of: {}}
exporters: {debug: {}, kafka: {}}
connectors: {spanmetrics: {}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}
)");
  EXPECT_TRUE(migration.starts()) << text_of(migration);
  const std::string unused = ": is not supported; it is not used either, and left out";
  const Lines lines = told(migration);
  for (const auto* path : {"1 ignored extensions.opamp", "2 ignored receivers.jaeger",
                           "3 ignored processors.tail_sampling", "3 ignored processors.unheard_of",
                           "4 ignored exporters.kafka", "5 ignored connectors"}) {
    EXPECT_NE(std::find(lines.begin(), lines.end(), path + unused), lines.end()) << path;
  }
  EXPECT_EQ(lines[0],
            "1 ignored extensions.health_check: is not in service.extensions and so not used");
}

// Goal: a file that is none is refused, not passed over. Method: no file, no YAML, no map.
TEST(Migration, AFileThatIsNoneIsRefused) {
  LoadRequest request;
  request.files = {"/no/such/file.yaml"};
  EXPECT_FALSE(migration_of(request).starts());
  for (const auto* text : {"a: [", "- a\n- b\n", ""}) {
    const Migration migration = migrated(text);
    EXPECT_FALSE(migration.starts()) << text;
    EXPECT_FALSE(migration.keys.empty());
  }
}

// Goal: secrets of extensions reach the exporter and are shown nowhere. Method: a token and a
// password; the settings, and everything that is printed.
TEST(Migration, CredentialsAreSentAndNotShown) {
  const std::string text = R"(
extensions:
  bearertokenauth: {token: very-secret}
  basicauth: {client_auth: {username: me, password: very-secret}}
receivers: {otlp: {protocols: {grpc: {}}}}
exporters:
  otlp: {endpoint: "https://a:1", auth: {authenticator: bearertokenauth}}
  otlp_http: {endpoint: "https://a:2", headers: {x: y}, auth: {authenticator: basicauth}}
service:
  extensions: [bearertokenauth, basicauth]
  pipelines: {traces: {receivers: [otlp], exporters: [otlp, otlp_http]}}
)";
  const auto loaded = load_text(text, "test.yaml");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_EQ(loaded->settings.exporters[0].headers,
            (Headers{{"authorization", "Bearer very-secret"}}));
  EXPECT_EQ(loaded->settings.exporters[1].headers,
            (Headers{{"x", "y"}, {"authorization", "Basic bWU6dmVyeS1zZWNyZXQ="}}));
  EXPECT_EQ(loaded->effective_yaml.find("secret"), std::string::npos);
  const Migration migration = migrated(text);
  EXPECT_TRUE(migration.starts());
  EXPECT_EQ(text_of(migration).find("very-secret"), std::string::npos);
  EXPECT_NE(text_of(migration).find("extensions.bearertokenauth.token -> exporters.otlp.headers"),
            std::string::npos)
      << text_of(migration);
}

// Goal: an authenticator that cannot be had is refused where it is named. Method: each mistake.
TEST(Migration, AuthenticatorsThatCannotBeHadAreRefused) {
  const auto mistake = [](const std::string& extensions, const std::string& used) {
    const auto loaded = load_text("extensions: " + extensions + R"(
receivers: {otlp: {protocols: {grpc: {}}}}
exporters: {otlp: {endpoint: "https://a:1", auth: {authenticator: bearertokenauth}}}
service:
  extensions: )" + used + R"(
  pipelines: {traces: {receivers: [otlp], exporters: [otlp]}}
)",
                                  "test.yaml");
    return loaded ? std::string() : loaded.error().text();
  };
  EXPECT_EQ(mistake("{bearertokenauth: {token: a}}", "[bearertokenauth]"), "");
  EXPECT_NE(mistake("{}", "[]").find("is not defined in `extensions`"), std::string::npos);
  EXPECT_NE(mistake("{bearertokenauth: {token: a}}", "[]").find("is not in service.extensions"),
            std::string::npos);
  EXPECT_NE(mistake("{bearertokenauth: {}}", "[bearertokenauth]").find("`token` is missing"),
            std::string::npos);
}

// --- docs/migrating-from-the-collector.md

// "a.{b,c}.d": "a.b.d" and "a.c.d".
[[nodiscard]] Lines expanded(const std::string& path) {
  const std::size_t open = path.find('{');
  if (open == std::string::npos) return {path};
  const std::size_t close = path.find('}', open);
  Lines all;
  for (std::size_t at = open + 1; at <= close;) {
    const std::size_t end = std::min(path.find(',', at), close);
    for (const std::string& one :
         expanded(path.substr(0, open) + path.substr(at, end - at) + path.substr(close + 1))) {
      all.push_back(one);
    }
    at = end + 1;
  }
  return all;
}

// The row that a setting of the Collector meets; null when the schema does not know it.
[[nodiscard]] const SchemaRow* row_of(std::string_view path) {
  const SchemaNode* node = &schema();
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    node = node->child(path.substr(0, dot));
    if (node == nullptr) return nullptr;
    path.remove_prefix(std::min(dot + 1, path.size()));
    if (node->is_foreign()) break;  // the whole section is the Collector's
  }
  return node->row;
}

struct Place {
  std::string_view status;
  std::string note;
  bool operator==(const Place&) const = default;
};

[[nodiscard]] Place place_of(const SchemaRow& row, const std::string& their_default) {
  switch (row.type) {
    case Type::ignored:
      return {"ignored", std::string(row.doc)};
    case Type::better:
      return {"better", std::string(row.doc)};
    case Type::unsupported:
      return {"missing", std::string(row.doc)};
    default:
      break;
  }
  const bool sets_another = row.doc.starts_with("As `") || row.path.ends_with(".receivers") ||
                            row.path.starts_with("extensions.") ||
                            row.path.starts_with("service.telemetry.metrics.") ||
                            row.path.starts_with("service.telemetry.traces.");
  if (sets_another) return {"same", std::string(row.doc)};
  const bool has_other_default =
      !row.default_text.empty() && !their_default.empty() && row.default_text != their_default;
  return {"same", has_other_default ? "`" + std::string(row.default_text) + "` here" : ""};
}

[[nodiscard]] std::string document() {
  std::ifstream stream(COLLECTOR_SETTINGS);
  std::string text, heading;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::string path = line.substr(0, line.find('\t'));
    const std::string their_default =
        path.size() == line.size() ? "" : line.substr(path.size() + 1);
    const std::size_t first = path.find('.');
    const std::size_t second = std::min(path.find('.', first + 1), path.size());
    const std::string component =
        path.substr(0, path[first + 1] == '{' ? path.find('}') + 1 : second);
    if (component != heading) {
      heading = component;
      text +=
          "\n### `" + component + "`\n\n| Setting | There | Here | |\n| --- | --- | --- | --- |\n";
    }
    Place place;
    for (const std::string& one : expanded(path)) {
      const SchemaRow* const row = row_of(one);
      EXPECT_NE(row, nullptr) << one << " is not in the schema";
      if (row == nullptr) continue;
      const Place found = place_of(*row, their_default);
      EXPECT_TRUE(place.status.empty() || place == found) << one << ": " << found.note;
      place = found;
    }
    const std::string key =
        path.size() == component.size() ? path : path.substr(component.size() + 1);
    text += "| `" + key + "` | " + (their_default.empty() ? "" : "`" + their_default + "`") +
            " | " + std::string(place.status) + " | " + place.note + " |\n";
  }
  return text;
}

// Goal: the page has every setting of the Collector's components that we take, and says of each
// what loading it does. Method: the Collector's list against the schema; TEST_ACCEPT=1 rewrites it.
TEST(Migration, TheDocumentIsTheListAndTheSchema) {
  constexpr std::string_view kMark =
      "<!-- The rest is made from tests/golden/collector_settings.tsv and the schema. -->\n";
  std::ifstream stream(MIGRATION_DOC, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const std::size_t at = text.find(kMark);
  ASSERT_NE(at, std::string::npos);
  const std::string wanted = text.substr(0, at + kMark.size()) + document();
  const char* const accept = std::getenv("TEST_ACCEPT");
  if (accept != nullptr && *accept == '1') {
    std::ofstream(MIGRATION_DOC, std::ios::binary) << wanted;
    GTEST_SKIP() << "rewrote " << MIGRATION_DOC;
  }
  EXPECT_EQ(text, wanted);
}

// Goal: a setting that we accept for the Collector's sake is in the list. Method: every row that is
// ignored, better or missing, below a component of the list.
TEST(Migration, TheListHasWhatIsTheCollectorsAlone) {
  std::ifstream stream(COLLECTOR_SETTINGS);
  Lines listed;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    for (std::string& one : expanded(line.substr(0, line.find('\t')))) {
      listed.push_back(std::move(one));
    }
  }
  for (const SchemaRow& row : schema_rows()) {
    const bool is_foreign = row.type == Type::ignored || row.type == Type::better;
    if (!is_foreign || row.path.starts_with("exporters.file")) continue;
    std::string path;
    for (std::size_t i = 0; i < row.path.size();) {
      const std::string_view rest = row.path.substr(i);
      const std::size_t skipped = rest.starts_with("[/name]") ? 7 : rest.starts_with("[]") ? 2 : 0;
      if (skipped == 0) path += rest[0];
      i += skipped == 0 ? 1 : skipped;
    }
    // Older names, and settings of a listener that the health page does not have.
    const bool is_of_old = path == "exporters.debug.loglevel" ||
                           path.starts_with("extensions.health_check.") ||
                           path.starts_with("exporters.debug.retry_on_failure");
    EXPECT_TRUE(is_of_old || std::find(listed.begin(), listed.end(), path) != listed.end()) << path;
  }
}

}  // namespace
}  // namespace gateway::config
