// Goal: defaults < files in order < environment < `--set`, for every kind of value.
// Method: one setting of each kind, set by one source more at each step; what holds is that of the
// last. Where a kind has no variable, that step is left out.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "config/build.h"
#include "config/load.h"
#include "config/node.h"
#include "config/schema.h"

namespace gateway::config {
namespace {

struct Case {
  Type type;
  std::string_view path;  // dotted; below the exporter `otlp` or elsewhere
  std::string_view by_default;
  std::string_view first, second;  // of the files
  std::string_view variable, in_environment;
  std::string_view set;
  std::string_view shown = {};  // of the environment, where it is not as written
};

constexpr Case kCases[] = {
    {Type::text, "exporters.otlp.tls.ca_file", "", "/one", "/two", "OTEL_EXPORTER_OTLP_CERTIFICATE",
     "/three", "/four"},
    {Type::text, "exporters.otlp.endpoint", "", "one:1", "two:2", "OTLP_ENDPOINT", "three:3",
     "four:4"},
    {Type::boolean, "exporters.otlp.tls.insecure", "false", "true", "false",
     "OTEL_EXPORTER_OTLP_INSECURE", "true", "false"},
    {Type::integer, "exporters.otlp.sending_queue.num_consumers", "4", "5", "6", "", "", "7"},
    {Type::level, "exporters.otlp.compression_params.level", "-1", "5", "6", "", "", "-1"},
    {Type::number, "exporters.otlp.retry_on_failure.multiplier", "1.5", "2", "3", "", "", "4.5"},
    {Type::duration, "exporters.otlp.timeout", "5s", "1s", "2s", "OTEL_EXPORTER_OTLP_TIMEOUT",
     "3000", "4s", "3s"},
    {Type::size, "storage.size_max", "10GiB", "11GiB", "12GiB", "", "", "13GiB"},
    {Type::address, "admin.endpoint", "127.0.0.1:8080", "127.0.0.1:1", "127.0.0.1:2", "", "",
     "127.0.0.1:4"},
    {Type::url, "service.telemetry.export.metrics.endpoint", "", "http://one", "http://two", "", "",
     "http://four"},
    {Type::choice, "exporters.otlp.compression", "gzip", "none", "gzip",
     "OTEL_EXPORTER_OTLP_COMPRESSION", "none", "gzip"},
    {Type::filter, "service.telemetry.logs.level", "info", "warn", "error", "OTLP_LOG", "debug",
     "trace"},
    {Type::list, "service.pipelines.traces.processors", "", "[batch]", "[memory_limiter]", "", "",
     "[memory_limiter, batch]"},
    {Type::pairs, "service.telemetry.resource", "", "{a: 1}", "{a: 2}", "", "", "{a: 4}"},
};

constexpr std::string_view kBase = R"(
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}}
processors: {batch: {}, memory_limiter: {}}
exporters: {otlp: {endpoint: "backend:4317"}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp]}}}
)";

// "a.b.c" and a value: "{a: {b: {c: value}}}".
[[nodiscard]] std::string nested(std::string_view path, std::string_view value) {
  std::string text, end;
  while (true) {
    const std::size_t dot = path.find('.');
    text.append("{").append(path.substr(0, dot)).append(": ");
    end += '}';
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  const bool is_text = value.find(':') != std::string_view::npos && value.front() != '{';
  if (is_text) return text.append("\"").append(value).append("\"").append(end);
  return text.append(value).append(end);
}

class Precedence : public testing::Test {
 protected:
  void TearDown() override {
    for (const std::string& file : request_.files) ::unlink(file.c_str());
  }
  void add_file(const std::string& text) {
    const std::string path = testing::TempDir() + "precedence_" + std::to_string(::getpid()) + '_' +
                             std::to_string(request_.files.size()) + ".yaml";
    std::ofstream(path, std::ios::binary) << text;
    request_.files.push_back(path);
  }
  // The value that holds; empty when there is none.
  [[nodiscard]] std::string value(std::string_view path) const {
    const auto loaded = load(request_);
    if (!loaded) return "refused: " + loaded.error().text();
    const Node* node = &loaded->effective;
    while (!path.empty() && node != nullptr) {
      const std::size_t dot = path.find('.');
      node = node->find(path.substr(0, dot));
      path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
    }
    return node == nullptr ? std::string() : flow_text(*node);
  }
  void expect(const Case& it) {
    if (it.path != "exporters.otlp.endpoint") {
      EXPECT_EQ(value(it.path), it.by_default);
    }
    add_file(nested(it.path, it.first));
    EXPECT_EQ(value(it.path), it.first) << "one file";
    add_file(nested(it.path, it.second));
    EXPECT_EQ(value(it.path), it.second) << "two files";
    if (!it.variable.empty()) {
      request_.environment.emplace(it.variable, it.in_environment);
      EXPECT_EQ(value(it.path), it.shown.empty() ? it.in_environment : it.shown) << "environment";
    }
    request_.assignments.push_back(std::string(it.path) + '=' + std::string(it.set));
    EXPECT_EQ(value(it.path), it.set) << "--set";
    request_.assignments.push_back(std::string(it.path) + '=' + std::string(it.first));
    EXPECT_EQ(value(it.path), it.first) << "the later --set";
  }

  LoadRequest request_;
};

class PrecedenceOfAKind : public Precedence, public testing::WithParamInterface<Case> {};

TEST_P(PrecedenceOfAKind, TheLaterSourceWins) {
  add_file(std::string(kBase));
  expect(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Kinds, PrecedenceOfAKind, testing::ValuesIn(kCases), [](const auto& test) {
  std::string name(test.param.path);
  for (char& c : name) {
    if (c == '.') c = '_';
  }
  return name;
});

// Goal: no kind of value is forgotten above. Method: the kinds of the schema's rows.
TEST(PrecedenceOfKinds, EveryKindIsThere) {
  for (const SchemaRow& row : schema_rows()) {
    const bool is_value = row.type != Type::section && row.type != Type::any &&
                          row.type != Type::ignored && row.type != Type::better &&
                          row.type != Type::unsupported;
    if (!is_value) continue;
    const bool is_there = std::any_of(std::begin(kCases), std::end(kCases),
                                      [&](const Case& it) { return it.type == row.type; });
    EXPECT_TRUE(is_there) << name_of(row.type);
  }
  for (const Case& it : kCases) {
    const SchemaNode* node = &schema();
    for (std::string_view path = it.path; !path.empty();) {
      const std::size_t dot = std::min(path.find('.'), path.size());
      node = node->child(path.substr(0, dot));
      ASSERT_NE(node, nullptr) << it.path;
      path.remove_prefix(std::min(dot + 1, path.size()));
    }
    EXPECT_EQ(node->row->type, it.type) << it.path;
  }
}

// Goal: maps merge by key, lists and single values are replaced. Method: headers of two files.
TEST_F(Precedence, MapsMergeAndListsAreReplaced) {
  add_file(std::string(kBase));
  add_file("{service: {telemetry: {resource: {a: 1, b: 2}}}}");
  add_file("{service: {telemetry: {resource: {b: 3, c: 4}}}}");
  EXPECT_EQ(value("service.telemetry.resource"), "{a: 1, b: 3, c: 4}");
  add_file("{service: {pipelines: {traces: {processors: [memory_limiter, batch]}}}}");
  add_file("{service: {pipelines: {traces: {processors: [batch]}}}}");
  EXPECT_EQ(value("service.pipelines.traces.processors"), "[batch]");
}

}  // namespace
}  // namespace gateway::config
