#include "config/load.h"

#include <map>
#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "config/node.h"
#include "io/file_system.h"

namespace gateway::config {
namespace {

constexpr std::string_view kSmall = R"(
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}}
exporters: {otlp: {endpoint: "backend:4317"}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp]}}}
)";

// Folders and files in memory, each of which can be made to fail.
class Files final : public io::FileSystem {
 public:
  std::map<std::string, std::string> texts;
  std::map<std::string, std::vector<std::string>> folders;
  std::string broken;  // a file that opens and cannot be read

  io::IoResult<std::unique_ptr<io::File>> open(const std::string& path, io::OpenOptions) override {
    const auto at = texts.find(path);
    if (at == texts.end()) return fail(io::IoError{ENOENT});
    return std::make_unique<OneFile>(at->second, path == broken);
  }
  io::IoResult<std::vector<std::string>> list(const std::string& path) override {
    const auto at = folders.find(path);
    if (at == folders.end()) return fail(io::IoError{ENOTDIR});
    return at->second;
  }
  io::IoResult<void> rename(const std::string&, const std::string&) override { return read_only(); }
  io::IoResult<void> remove(const std::string&) override { return read_only(); }
  io::IoResult<void> create_directories(const std::string&) override { return read_only(); }
  io::IoResult<void> sync_directory(const std::string&) override { return read_only(); }
  io::IoResult<std::unique_ptr<io::FileLock>> lock(const std::string&) override {
    return fail(io::IoError{EROFS});
  }

 private:
  static io::IoResult<void> read_only() { return fail(io::IoError{EROFS}); }

  class OneFile final : public io::File {
   public:
    OneFile(std::string text, bool is_broken) : text_(std::move(text)), is_broken_(is_broken) {}
    io::IoResult<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
      if (is_broken_) return fail(io::IoError{EIO});
      const std::string part = text_.substr(static_cast<std::size_t>(offset), into.size());
      std::copy(part.begin(), part.end(), reinterpret_cast<char*>(into.data()));
      return part.size();
    }
    io::IoResult<void> write_at(std::uint64_t,
                                std::span<const std::span<const std::byte>>) override {
      return read_only();
    }
    io::IoResult<void> sync() override { return read_only(); }
    io::IoResult<void> preallocate(std::uint64_t) override { return read_only(); }
    io::IoResult<void> truncate(std::uint64_t) override { return read_only(); }
    io::IoResult<std::uint64_t> size() override { return text_.size(); }
    bool direct() const noexcept override { return false; }

   private:
    std::string text_;
    bool is_broken_;
  };
};

class LoadTest : public testing::Test {
 protected:
  LoadTest() { request_.file_system = &files_; }
  [[nodiscard]] std::string failure() const {
    const auto loaded = load(request_);
    return loaded ? "loaded" : loaded.error().text();
  }
  Files files_;
  LoadRequest request_;
};

// Goal: it runs without a file. Method: load nothing.
TEST_F(LoadTest, WithoutAFileTheBuiltInConfigurationHolds) {
  const auto loaded = load(request_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_TRUE(loaded->files.empty());
  EXPECT_TRUE(loaded->remarks.empty());
  ASSERT_EQ(loaded->settings.pipelines.size(), 3U);
  EXPECT_EQ(loaded->settings.receivers[0].grpc.endpoint, "127.0.0.1:4317");
  EXPECT_EQ(loaded->settings.receivers[0].http.endpoint, "127.0.0.1:4318");
  EXPECT_EQ(loaded->settings.exporters[0].path, "./data/received/otlp.jsonl");
}

// Goal: the environment alone makes a gateway. Method: no file, one variable.
TEST_F(LoadTest, AnEndpointInTheEnvironmentReplacesTheBuiltInExporters) {
  request_.environment = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://backend:4318"}};
  const auto loaded = load(request_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  ASSERT_EQ(loaded->settings.exporters.size(), 1U);
  EXPECT_EQ(loaded->settings.exporters[0].id, "otlp_http");
  for (const Pipeline& pipeline : loaded->settings.pipelines) {
    EXPECT_EQ(pipeline.exporters, std::vector<std::string>{"otlp_http"});
  }
}

// Goal: the path may come from the environment, the command line wins. Method: each combination.
TEST_F(LoadTest, PathsComeFromTheCommandLineOrTheEnvironment) {
  for (const auto* name : {"a.yaml", "b.yaml", "c.yaml"}) files_.texts[name] = kSmall;
  request_.environment["CONFIG_PATH"] = "a.yaml";
  EXPECT_EQ(load(request_)->files, std::vector<std::string>{"a.yaml"});
  request_.environment["OTLP_CONFIG_PATH"] = "b.yaml";
  EXPECT_EQ(load(request_)->files, std::vector<std::string>{"b.yaml"});
  request_.files = {"c.yaml"};
  EXPECT_EQ(load(request_)->files, std::vector<std::string>{"c.yaml"});
}

// Goal: a folder stands for its files. Method: files of all kinds in it.
TEST_F(LoadTest, AFolderStandsForItsConfigurationFiles) {
  files_.folders["conf"] = {".hidden.yaml", "10-base.yaml", "20-more.toml", "README.md"};
  files_.texts["conf/10-base.yaml"] = kSmall;
  files_.texts["conf/20-more.toml"] = "[storage]\ndirectory = \"/data\"\n";
  request_.files = {"conf"};
  const auto loaded = load(request_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_EQ(loaded->settings.storage.directory, "/data");
  EXPECT_EQ(loaded->files.size(), 2U);
  files_.folders["conf"] = {"README.md"};
  EXPECT_EQ(failure(), "conf: error: no .yaml, .yml, .toml or .json file in this folder\n");
}

// Goal: a file that cannot be read refuses the start. Method: missing, broken, too large.
TEST_F(LoadTest, FilesThatCannotBeReadAreTold) {
  request_.files = {"missing.yaml", "broken.yaml", "large.yaml"};
  files_.texts["broken.yaml"] = kSmall;
  files_.broken = "broken.yaml";
  files_.texts["large.yaml"] = std::string(kConfigFileSizeBytesMax + 1, '#');
  EXPECT_EQ(failure(),
            "missing.yaml: error: cannot be read: No such file or directory\n"
            "broken.yaml: error: cannot be read: Input/output error\n"
            "large.yaml: error: is larger than 4 MiB\n");
}

// Goal: the last word is the command line's. Method: one setting in every source.
TEST_F(LoadTest, LaterSourcesWin) {
  files_.texts["a.yaml"] = std::string(kSmall) + "storage: {directory: /file}\n";
  request_.files = {"a.yaml"};
  request_.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://env:4317";
  auto loaded = load(request_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_EQ(loaded->settings.exporters[0].endpoint, "https://env:4317");
  EXPECT_FALSE(loaded->settings.exporters[0].tls.insecure);
  request_.assignments = {"exporters.otlp.endpoint=set:1", "storage::directory=/set"};
  loaded = load(request_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_EQ(loaded->settings.exporters[0].endpoint, "set:1");
  EXPECT_EQ(loaded->settings.storage.directory, "/set");
}

// Goal: R-26, the scheme beats INSECURE. Method: the four combinations.
TEST_F(LoadTest, TheSchemeBeatsInsecure) {
  for (const auto& [endpoint, insecure, expected] :
       {std::tuple("http://h:4317", "false", true), std::tuple("https://h:4317", "true", false),
        std::tuple("h:4317", "true", true), std::tuple("h:4317", "false", false)}) {
    files_.texts["a.yaml"] = kSmall;
    request_.files = {"a.yaml"};
    request_.environment = {{"OTEL_EXPORTER_OTLP_ENDPOINT", endpoint},
                            {"OTEL_EXPORTER_OTLP_INSECURE", insecure}};
    const auto loaded = load(request_);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    EXPECT_EQ(loaded->settings.exporters[0].tls.insecure, expected) << endpoint << insecure;
  }
}

// Goal: R-24 to R-30 as settings. Method: every variable at once.
TEST_F(LoadTest, EveryVariableOfTheSpecificationIsRead) {
  request_.environment = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://backend:4318"},
                          {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                          {"OTEL_EXPORTER_OTLP_CERTIFICATE", "ca.pem"},
                          {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "key.pem"},
                          {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "cert.pem"},
                          {"OTEL_EXPORTER_OTLP_HEADERS", "a=1%2C2, b = x"},
                          {"OTEL_EXPORTER_OTLP_COMPRESSION", "none"},
                          {"OTEL_EXPORTER_OTLP_TIMEOUT", "0"},
                          {"OTEL_SERVICE_NAME", "edge"},
                          {"OTEL_LOG_LEVEL", "debug"}};
  const auto loaded = load(request_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  const Exporter& e = loaded->settings.exporters[0];
  EXPECT_EQ(e.kind, ExporterKind::otlp_http);
  EXPECT_EQ(e.encoding, "json");
  EXPECT_EQ(e.tls.ca_file, "ca.pem");
  EXPECT_EQ(e.tls.key_file, "key.pem");
  EXPECT_EQ(e.tls.cert_file, "cert.pem");
  EXPECT_EQ(e.headers, (Headers{{"a", "1,2"}, {"b", "x"}}));
  EXPECT_EQ(e.compression, ContentCoding::identity);
  EXPECT_EQ(e.timeout, Millis(0));
  EXPECT_EQ(e.service_name, "edge");
  EXPECT_EQ(loaded->settings.logs.level, "debug");
}

// Goal: bad variables are told by name. Method: one mistake each.
TEST_F(LoadTest, MalformedVariablesAreTold) {
  const std::string prefix = "OTEL_EXPORTER_OTLP_";
  for (const auto& [name, value] :
       {std::pair("PROTOCOL", "thrift"), std::pair("TIMEOUT", "5s"), std::pair("INSECURE", "maybe"),
        std::pair("HEADERS", "no-equals"), std::pair("HEADERS", "a=%zz"),
        std::pair("COMPRESSION", "snappy"), std::pair("ENDPOINT", "h:4318")}) {
    request_.environment = {{prefix + "ENDPOINT", "http://h:4318"}};
    request_.environment[prefix + name] = value;
    EXPECT_NE(failure().find(prefix + name + ": error: "), std::string::npos)
        << name << ": " << failure();
  }
}

// Goal: the environment does not guess. Method: variables beside two exporters.
TEST_F(LoadTest, WithSeveralExportersTheEnvironmentIsNamedNotUsed) {
  files_.texts["a.yaml"] = R"(
receivers: {otlp: {protocols: {grpc: }}}
exporters: {otlp/a: {endpoint: "a:1"}, otlp/b: {endpoint: "b:1"}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp/a, otlp/b]}}}
)";
  request_.files = {"a.yaml"};
  request_.environment = {{"API_KEY", "secret"}, {"OTLP_ENDPOINT", "c:1"}};
  const auto loaded = load(request_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_EQ(loaded->settings.exporters[0].endpoint, "a:1");
  EXPECT_TRUE(loaded->settings.exporters[0].headers.empty());
  ASSERT_EQ(loaded->remarks.size(), 1U);
  EXPECT_NE(loaded->remarks[0].message.find("OTLP_ENDPOINT and API_KEY are not used"),
            std::string::npos);
}

// Goal: no secret is shown. Method: the effective configuration with a key in it.
TEST_F(LoadTest, SecretsAreMasked) {
  request_.environment = {{"OTLP_ENDPOINT", "https://c:4317"}, {"API_KEY", "s3cret"}};
  const auto loaded = load(request_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_EQ(loaded->settings.exporters[0].headers, (Headers{{"authorization", "Bearer s3cret"}}));
  EXPECT_EQ(loaded->effective_yaml.find("s3cret"), std::string::npos);
}

// Goal: --set is told when it is wrong. Method: malformed and unknown keys.
TEST_F(LoadTest, AssignmentsAreChecked) {
  request_.assignments = {"nonsense", "=x", "storage.directry=/x", "storage.durability=commt"};
  const std::string text = failure();
  EXPECT_NE(text.find("--set nonsense: error: is not key=value"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean `directory`?"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean `commit`?"), std::string::npos) << text;
}

// Goal: hostile text is refused in bounded time and memory. Method: deep nesting, aliases that
// multiply, a map that holds itself, and random bytes.
TEST(LoadText, HostileTextsAreRefused) {
  std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'j'; ++c) {
    laughs += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i)
      laughs += std::string(i == 0 ? "*" : ", *") + static_cast<char>(c - 1);
    laughs += "]\n";
  }
  const std::string deep_list = "receivers: " + std::string(5000, '[');
  const std::string deep_list_closed = "a: " + std::string(200, '[') + std::string(200, ']');
  for (const std::string& text :
       {laughs, deep_list, deep_list_closed, std::string("&a a: *a\n"),
        std::string("a: &x {b: *x}\n"), std::string("\x00\xFF\xFE{", 4), std::string("- a\n- b\n"),
        std::string("a: b\n---\nc: d\n"), std::string("? [a]\n: b\n"), std::string("<<: 5\n"),
        std::string("scalar")}) {
    const auto loaded = load_text(text, "hostile.yaml");
    EXPECT_FALSE(loaded.has_value());
    EXPECT_FALSE(loaded.error().text().empty());
    EXPECT_FALSE(load_text(text, "hostile.toml").has_value());
  }
}

// Goal: no cut of a good text crashes the loader. Method: every prefix, YAML and TOML.
TEST(LoadText, EveryPrefixIsLoadedOrRefused) {
  const std::string text(built_in_config());
  for (std::size_t size = 0; size < text.size(); size += 3) {
    const auto loaded = load_text(std::string_view(text).substr(0, size), "cut.yaml");
    EXPECT_TRUE(loaded.has_value() || !loaded.error().diagnostics.empty());
    (void)load_text(std::string_view(text).substr(0, size), "cut.toml");
  }
}

// Goal: a protocol keeps what processors ask for, and headers only where it may. Method: two
// receivers, two processors of which one is used twice, and one that nobody uses.
// Goal: a coding is kept for what an exporter can send on as it came, and for nothing else. Method:
// a signal that reuses gzip, one that is changed on its way, one whose exporter does not reuse; and
// two exporters that have nothing to reuse.
TEST(LoadText, ReceiversKeepTheCodingsThatAreReused) {
  const std::string text = R"(
receivers: {otlp: {protocols: {http: {}}}}
processors:
  batch: {}
  resource: {attributes: [{key: a, value: b, action: insert}]}
exporters:
  otlp: {endpoint: "a:4317", compression_params: {reuse: true}}
  otlp_http: {endpoint: "http://a", compression: zstd, compression_params: {reuse: true}}
  otlp/plain: {endpoint: "a:4317"}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [otlp, otlp_http]}
    metrics: {receivers: [otlp], processors: [resource], exporters: [otlp]}
    logs: {receivers: [otlp], exporters: [otlp/plain]}
)";
  const auto loaded = load_text(text, "a.yaml");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  const auto& kept = loaded->settings.receivers[0].kept_codings;
  EXPECT_EQ(kept[index_of(Signal::traces)], 0b110);  // gzip and zstd
  EXPECT_EQ(kept[index_of(Signal::metrics)], 0);
  EXPECT_EQ(kept[index_of(Signal::logs)], 0);

  const auto wrong = load_text(R"(
receivers: {otlp: {protocols: {http: {}}}}
exporters:
  otlp: {endpoint: "a:4317", compression: none, compression_params: {reuse: true}}
  otlp_http: {endpoint: "http://a", encoding: json, compression_params: {reuse: true}}
service:
  pipelines: {traces: {receivers: [otlp], exporters: [otlp, otlp_http]}}
)",
                               "a.yaml");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_NE(wrong.error().text().find("`compression: none`"), std::string::npos);
  EXPECT_NE(wrong.error().text().find("`encoding: json`"), std::string::npos);
}

TEST(LoadText, ReceiversKeepWhatProcessorsAskFor) {
  const std::string receivers = R"(
receivers:
  otlp: {protocols: {grpc: {include_metadata: true}, http: {}}}
)";
  const std::string rest = R"(
processors:
  attributes:
    actions:
      - {key: a, from_context: metadata.X-B, action: insert}
      - {key: b, from_context: x-a, action: insert}
  resource:
    attributes:
      - {key: a, from_context: client.address, action: insert}
      - {key: b, from_context: x-b, action: insert}
  attributes/unused: {actions: [{key: a, from_context: metadata.none, action: insert}]}
exporters: {debug: {}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [attributes, resource], exporters: [debug]}
    logs: {receivers: [otlp], processors: [attributes], exporters: [debug]}
)";
  const auto loaded = load_text(receivers + rest, "a.yaml");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  const OtlpReceiver& receiver = loaded->settings.receivers[0];
  EXPECT_EQ(receiver.grpc.context_keys,
            (std::vector<std::string>{"client.address", "metadata.x-a", "metadata.x-b"}));
  EXPECT_EQ(receiver.http.context_keys, std::vector<std::string>{"client.address"});
  for (const Diagnostic& remark : loaded->remarks) {
    EXPECT_EQ(text_of(remark).find("include_metadata"), std::string::npos) << text_of(remark);
  }

  const auto without = load_text("receivers: {otlp: {protocols: {grpc: {}}}}\n" + rest, "a.yaml");
  ASSERT_TRUE(without.has_value()) << without.error().text();
  std::size_t told = 0;
  for (const Diagnostic& remark : without->remarks) {
    told += text_of(remark).find("no receiver has `include_metadata: true`") != std::string::npos;
  }
  EXPECT_EQ(told, 2U);
}

// Goal: a receiver takes the signals of the pipelines that name it, and one that none names is not
// there. Method: one of each kind.
TEST(LoadText, ReceiversTakeTheSignalsOfTheirPipelines) {
  const auto loaded = load_text(R"(
receivers:
  otlp/a: {protocols: {grpc: {endpoint: "127.0.0.1:1"}}}
  otlp/none: {protocols: {grpc: {endpoint: "127.0.0.1:1"}}}
  otlp/b: {protocols: {grpc: {endpoint: "127.0.0.1:2"}}}
exporters: {debug: {}}
service:
  pipelines:
    traces: {receivers: [otlp/a], exporters: [debug]}
    logs: {receivers: [otlp/b, otlp/a], exporters: [debug]}
    profiles: {receivers: [otlp/b], exporters: [debug]}
)",
                                "a.yaml");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  const std::vector<OtlpReceiver>& receivers = loaded->settings.receivers;
  ASSERT_EQ(receivers.size(), 2U);
  const auto bit = [](Signal signal) { return 1U << index_of(signal); };
  EXPECT_EQ(receivers[0].signals, bit(Signal::traces) | bit(Signal::logs));
  EXPECT_EQ(receivers[1].signals, bit(Signal::logs) | bit(Signal::profiles));
}

// Goal: anchors, merge keys and JSON work as people know them. Method: one text with all.
TEST(LoadText, AnchorsMergeKeysAndJsonAreRead) {
  const auto loaded = load_text(R"(
x: &base
  endpoint: "a:1"
)",
                                "a.yaml");
  EXPECT_FALSE(loaded.has_value());  // unknown section `x`
  const auto merged = load_text(R"(
receivers: {"otlp": {"protocols": {"grpc": {}}}}
exporters:
  otlp/a: &base {endpoint: "a:1", timeout: 9s}
  otlp/b: {<<: *base, endpoint: "b:1"}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp/a, otlp/b]}}}
)",
                                "a.yaml");
  ASSERT_TRUE(merged.has_value()) << merged.error().text();
  EXPECT_EQ(merged->settings.exporters[1].endpoint, "b:1");
  EXPECT_EQ(merged->settings.exporters[1].timeout, Millis(9'000));
}

}  // namespace
}  // namespace gateway::config
