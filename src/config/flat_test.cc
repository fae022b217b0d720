// The three short forms of the deployment guides, as they stand in config/guides/, key by key.
#include <algorithm>
#include <array>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "config/build.h"
#include "config/load.h"
#include "config/node.h"
#include "config/source.h"

namespace gateway::config {
namespace {

// A key of the file, what it says there, and what it became. No path: a note says why it has no
// effect, or it is read for another key's sake; then `value` is that sentence.
struct Row {
  std::string_view key, written, path, value;
};

[[nodiscard]] std::string read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// "a.b[c.d].e": in brackets stands a key with dots.
[[nodiscard]] const Node* node_at(const Node& root, std::string_view path) {
  const Node* node = &root;
  while (!path.empty() && node != nullptr) {
    std::size_t end = path.find_first_of(".[");
    std::string_view key = path.substr(0, end);
    if (path.starts_with('[')) {
      end = path.find(']');
      key = path.substr(1, end - 1);
      ++end;
    }
    node = node->find(key);
    path.remove_prefix(std::min(end, path.size()));
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  return node;
}

void add_leaves(const Node& node, const std::string& path, std::vector<std::string>& out) {
  if (!node.is_map()) out.push_back(path);
  for (const Entry& entry : node.entries) {
    add_leaves(entry.value, path.empty() ? entry.key : path + '.' + entry.key, out);
  }
}

class FlatForms : public testing::Test {
 protected:
  void load_guides(const std::vector<std::string>& names, Environment environment = {}) {
    LoadRequest request;
    for (const std::string& name : names) {
      const std::string path = std::string(CONFIG_FOLDER) + "/guides/" + name;
      request.files.push_back(path);
      Diagnostics diagnostics;
      Node tree = name.ends_with(".toml") ? parse_toml(read(path), name, diagnostics)
                                          : parse_yaml(read(path), name, diagnostics);
      ASSERT_FALSE(diagnostics.has_errors());
      merge(written_, std::move(tree));
    }
    request.environment = std::move(environment);
    auto loaded = load(request);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    loaded_ = *std::move(loaded);
    for (const Diagnostic& remark : loaded_.remarks) remarks_ += text_of(remark) + '\n';
  }

  void expect(std::span<const Row> rows) {
    std::set<std::string, std::less<>> told;
    for (const Row& row : rows) {
      SCOPED_TRACE(row.key);
      told.emplace(row.key);
      const Node* const written = node_at(written_, row.key);
      ASSERT_NE(written, nullptr);
      EXPECT_EQ(flow_text(*written), row.written);
      if (row.path.empty()) {
        if (!row.value.empty()) {
          EXPECT_NE(remarks_.find(std::string(row.key) + ": " + std::string(row.value)),
                    std::string::npos)
              << remarks_;
        }
        continue;
      }
      const Node* const became = node_at(loaded_.effective, row.path);
      ASSERT_NE(became, nullptr) << row.path;
      EXPECT_EQ(flow_text(*became), row.value);
    }
    std::vector<std::string> leaves;
    add_leaves(written_, "", leaves);
    for (const std::string& leaf : leaves) EXPECT_TRUE(told.contains(leaf)) << leaf;
  }

  Node written_ = Node::map();
  Loaded loaded_;
  std::string remarks_;
};

constexpr std::string_view kQueueIsLog = "has no effect: the queue is the log on disk";

constexpr Row kGuide000[] = {
    {"otlp.endpoint", "http://otel-collector:4317", "exporters.otlp.endpoint",
     "http://otel-collector:4317"},
    {"otlp.service_name", "otlp-service", "service.telemetry.resource[service.name]",
     "otlp-service"},
    {"otlp.service_version", "1.0.0", "service.telemetry.resource[service.version]", "1.0.0"},
    {"otlp.environment", "production", "service.telemetry.resource[deployment.environment]",
     "production"},
    {"batch.max_export_batch_size", "1000", "exporters.otlp.batch.send_batch_max_size", "1000"},
    {"batch.max_export_batch_size", "1000", "exporters.otlp.batch.send_batch_size", "1000"},
    {"batch.export_timeout", "5s", "exporters.otlp.timeout", "5s"},
    {"batch.max_queue_size", "10000", "", kQueueIsLog},
    {"batch.scheduled_delay", "1s", "exporters.otlp.batch.timeout", "1s"},
    {"retry.enabled", "true", "exporters.otlp.retry_on_failure.enabled", "true"},
    {"retry.initial_interval", "1s", "exporters.otlp.retry_on_failure.initial_interval", "1s"},
    {"retry.max_interval", "30s", "exporters.otlp.retry_on_failure.max_interval", "30s"},
    {"retry.max_elapsed_time", "300s", "exporters.otlp.retry_on_failure.max_elapsed_time", "300s"},
    {"retry.multiplier", "2.0", "exporters.otlp.retry_on_failure.multiplier", "2.0"},
    {"compression.enabled", "true", "", ""},
    {"compression.algorithm", "gzip", "exporters.otlp.compression", "gzip"},
    {"compression.level", "6", "exporters.otlp.compression_params.level", "6"},
};

// Goal: the guide for cloud-native services loads as it stands. Method: each key, none left out.
TEST_F(FlatForms, Guide000KeyByKey) {
  load_guides({"000.yaml"});
  expect(kGuide000);
  const Exporter& exporter = loaded_.settings.exporters.at(0);
  EXPECT_EQ(exporter.kind, ExporterKind::otlp);
  EXPECT_TRUE(exporter.tls.insecure);  // http://
  EXPECT_EQ(loaded_.settings.pipelines.size(), 3U);
}

// Goal: its three variables win over it. Method: each, and what they set.
TEST_F(FlatForms, Guide000TakesItsVariables) {
  load_guides(
      {"000.yaml"},
      {{"OTLP_ENDPOINT", "http://other:4317"}, {"SERVICE_NAME", "edge"}, {"API_KEY", "key"}});
  const Exporter& exporter = loaded_.settings.exporters.at(0);
  EXPECT_EQ(exporter.endpoint, "http://other:4317");
  EXPECT_EQ(exporter.headers, (Headers{{"authorization", "Bearer key"}}));
  EXPECT_EQ(node_at(loaded_.effective, "service.telemetry.resource[service.name]")->text, "edge");
}

constexpr Row kGuide002[] = {
    {"otlp.endpoint", "http://jaeger-collector:14268", "exporters.otlp.endpoint",
     "http://jaeger-collector:14268"},
    {"otlp.protocol", "grpc", "", ""},  // makes it an `otlp` exporter
    {"otlp.batch_size", "100", "exporters.otlp.batch.send_batch_max_size", "100"},
    {"otlp.batch_size", "100", "exporters.otlp.batch.send_batch_size", "100"},
    {"otlp.timeout", "5s", "exporters.otlp.timeout", "5s"},
    {"resilience.max_retries", "3", "",
     "has no effect: data is tried again for as long as the log keeps it"},
    {"resilience.retry_delay", "100ms", "exporters.otlp.retry_on_failure.initial_interval",
     "100ms"},
    {"resilience.circuit_breaker_threshold", "5",
     "exporters.otlp.circuit_breaker.failure_threshold", "5"},
    {"monitoring.metrics_enabled", "true", "admin.metrics_enabled", "true"},
    {"monitoring.health_check_interval", "30s", "",
     "has no effect: health is worked out whenever it is asked for"},
};

// Goal: the deployment and operations plan loads as it stands, with a warning for Jaeger's port.
TEST_F(FlatForms, Guide002KeyByKey) {
  load_guides({"002.toml"});
  expect(kGuide002);
  EXPECT_EQ(loaded_.settings.exporters.at(0).kind, ExporterKind::otlp);
  EXPECT_NE(remarks_.find("14268 is Jaeger's Thrift port"), std::string::npos);
}

// Goal: so does the logging.yaml beside it.
TEST_F(FlatForms, Guide002HasALogBesideIt) {
  load_guides({"002.toml", "002-logging.yaml"});
  std::vector<Row> rows(std::begin(kGuide002), std::end(kGuide002));
  rows.insert(rows.end(),
              {{"version", "1", "", ""},
               {"formatters.default.format", "\"%(asctime)s %(levelname)s %(name)s %(message)s\"",
                "service.telemetry.logs.encoding", "console"},
               {"handlers.console.class", "logging.StreamHandler", "", ""},
               {"handlers.console.formatter", "default", "", ""},
               {"handlers.console.level", "INFO", "", ""},
               {"root.level", "INFO", "service.telemetry.logs.level", "INFO"},
               {"root.handlers", "[console]", "", ""}});
  expect(rows);
}

constexpr Row kGuide003[] = {
    {"server.host", "0.0.0.0", "receivers.otlp.protocols.http.endpoint", "0.0.0.0:4318"},
    {"server.port", "8080", "admin.endpoint", "0.0.0.0:8080"},
    {"server.grpc_port", "4317", "receivers.otlp.protocols.grpc.endpoint", "0.0.0.0:4317"},
    {"exporter.endpoint", "http://otel-collector:4318", "exporters.otlp_http.endpoint",
     "http://otel-collector:4318"},
    {"exporter.timeout", "30s", "exporters.otlp_http.timeout", "30s"},
    {"exporter.batch_size", "1000", "exporters.otlp_http.batch.send_batch_max_size", "1000"},
    {"exporter.batch_size", "1000", "exporters.otlp_http.batch.send_batch_size", "1000"},
    {"tracing.service_name", "otlp-service", "service.telemetry.resource[service.name]",
     "otlp-service"},
    {"tracing.sampling_rate", "1.0", "", ""},  // everything is kept; anything else is refused
    {"logging.level", "info", "service.telemetry.logs.level", "info"},
    {"logging.format", "json", "service.telemetry.logs.encoding", "json"},
    {"metrics.enabled", "true", "admin.metrics_enabled", "true"},
    {"metrics.port", "9090", "admin.metrics_endpoint", "0.0.0.0:9090"},
    {"metrics.path", "/metrics", "admin.metrics_path", "/metrics"},
};

// Goal: the Kubernetes guide loads as it stands, without a remark.
TEST_F(FlatForms, Guide003KeyByKey) {
  load_guides({"003.yaml"});
  expect(kGuide003);
  EXPECT_EQ(remarks_, "");
}

// Goal: its variable and its log filter win over it.
TEST_F(FlatForms, Guide003TakesItsVariables) {
  load_guides({"003.yaml"}, {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://other:4318"},
                             {"OTLP_LOG", "info,storage=debug"}});
  EXPECT_EQ(loaded_.settings.exporters.at(0).endpoint, "http://other:4318");
  EXPECT_EQ(loaded_.settings.logs.level, "info,storage=debug");
}

// Goal: a key of a short form is not read and forgotten. Method: change some to another value that
// is allowed; what holds changes, or the file is refused.
TEST_F(FlatForms, EachKeyCounts) {
  const auto effective = [](const std::string& text, const std::string& name) {
    const auto loaded = load_text(text, name);
    return loaded ? loaded->effective_yaml : "refused: " + loaded.error().text();
  };
  for (const auto& [name, key, other] : std::initializer_list<std::array<std::string, 3>>{
           {"000.yaml", "endpoint: http://otel-collector:4317", "endpoint: http://other:4317"},
           {"000.yaml", "max_export_batch_size: 1000", "max_export_batch_size: 7"},
           {"000.yaml", "export_timeout: 5s", "export_timeout: 7s"},
           {"000.yaml", "scheduled_delay: 1s", "scheduled_delay: 7s"},
           {"000.yaml", "enabled: true", "enabled: false"},
           {"000.yaml", "enabled: true\n  algorithm", "enabled: false\n  algorithm"},
           {"000.yaml", "multiplier: 2.0", "multiplier: 3.0"},
           {"000.yaml", "algorithm: gzip", "algorithm: none"},
           {"002.toml", "protocol = \"grpc\"", "protocol = \"http\""},
           {"002.toml", "metrics_enabled = true", "metrics_enabled = false"},
           {"003.yaml", "host: 0.0.0.0", "host: 127.0.0.1"},
           {"003.yaml", "sampling_rate: 1.0", "sampling_rate: 0.5"},
           {"003.yaml", "format: json", "format: console"},
           {"003.yaml", "enabled: true", "enabled: false"}}) {
    SCOPED_TRACE(other);
    const std::string text = read(std::string(CONFIG_FOLDER) + "/guides/" + name);
    std::string changed = text;
    ASSERT_NE(changed.find(key), std::string::npos);
    changed.replace(changed.find(key), key.size(), other);
    EXPECT_NE(effective(text, name), effective(changed, name));
  }
}

}  // namespace
}  // namespace gateway::config
