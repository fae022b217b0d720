#include "config/schema.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "config/build.h"
#include "config/load.h"
#include "config/schema_doc.h"

namespace gateway::config {
namespace {

// Goal: docs/configuration.md has every setting, and no other.
// Method: its second half is the table as Markdown; TEST_ACCEPT=1 rewrites it.
TEST(Schema, TheDocumentIsTheTable) {
  constexpr std::string_view kMark = "<!-- The rest is made from src/config/schema_table.cc. -->\n";
  std::ifstream stream(CONFIGURATION_DOC, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const std::size_t at = text.find(kMark);
  ASSERT_NE(at, std::string::npos);
  const std::string head = text.substr(0, at + kMark.size()) + '\n';
  const char* const accept = std::getenv("TEST_ACCEPT");
  if (accept != nullptr && *accept == '1') {
    std::ofstream(CONFIGURATION_DOC, std::ios::binary) << head << schema_markdown();
    GTEST_SKIP() << "rewrote " << CONFIGURATION_DOC;
  }
  EXPECT_EQ(text, head + schema_markdown());
}

// Goal: a default in the table is right by its own rules. Method: check each.
TEST(Schema, EveryDefaultIsAllowed) {
  std::set<std::string_view> paths;
  for (const SchemaRow& row : schema_rows()) {
    SCOPED_TRACE(row.path);
    EXPECT_TRUE(paths.insert(row.path).second) << "stands twice";
    EXPECT_FALSE(row.doc.empty());
    if (row.default_text.empty()) continue;
    EXPECT_EQ(value_mistake(row, Node::scalar(row.default_text)).value_or(""), "");
  }
}

// Goal: settings.h and the table name the same defaults. Method: build from the table alone, and
// compare with values that nothing was read into.
TEST(Schema, DefaultsAreThoseOfSettings) {
  const auto loaded = load_text(R"(
receivers: {otlp: {protocols: {grpc: , http: }}}
exporters: {otlp: {endpoint: "a:1"}, otlp_http: {endpoint: "http://a"}, debug: , file: {path: f}}
processors: {memory_limiter: }
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter]
      exporters: [otlp, otlp_http, debug, file]
)",
                                "test.yaml");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  const Settings& s = loaded->settings;
  const Listener listener;
  for (const Listener& l : {s.receivers[0].grpc, s.receivers[0].http}) {
    EXPECT_TRUE(l.enabled);
    EXPECT_FALSE(l.tls.has_value());
    EXPECT_EQ(l.max_recv_msg_size_bytes, listener.max_recv_msg_size_bytes);
    EXPECT_EQ(l.max_concurrent_streams, listener.max_concurrent_streams);
    EXPECT_EQ(l.max_header_size_bytes, listener.max_header_size_bytes);
    EXPECT_EQ(l.max_connections, listener.max_connections);
    EXPECT_EQ(l.read_header_timeout, listener.read_header_timeout);
    EXPECT_EQ(l.read_body_timeout, listener.read_body_timeout);
    EXPECT_EQ(l.idle_timeout, listener.idle_timeout);
    EXPECT_EQ(l.keepalive_ping_interval_min, listener.keepalive_ping_interval_min);
    EXPECT_EQ(l.max_connection_age, listener.max_connection_age);
    EXPECT_EQ(l.max_connection_age_grace, listener.max_connection_age_grace);
    EXPECT_EQ(l.traces_url_path, listener.traces_url_path);
    EXPECT_EQ(l.metrics_url_path, listener.metrics_url_path);
    EXPECT_EQ(l.logs_url_path, listener.logs_url_path);
  }
  EXPECT_EQ(s.receivers[0].accept_proto_names, OtlpReceiver().accept_proto_names);
  EXPECT_EQ(s.receivers[0].accept_enum_names, OtlpReceiver().accept_enum_names);
  ASSERT_EQ(s.exporters.size(), 4U);
  for (const Exporter& e : s.exporters) {
    SCOPED_TRACE(e.id);
    const Exporter d;
    EXPECT_EQ(e.encoding, e.kind == ExporterKind::file ? "json" : d.encoding);
    EXPECT_EQ(e.compression_level, d.compression_level);
    EXPECT_EQ(e.max_connections, d.max_connections);
    EXPECT_EQ(e.retry_on_failure.initial_interval, d.retry_on_failure.initial_interval);
    EXPECT_EQ(e.retry_on_failure.randomization_factor, d.retry_on_failure.randomization_factor);
    EXPECT_EQ(e.retry_on_failure.multiplier, d.retry_on_failure.multiplier);
    EXPECT_EQ(e.retry_on_failure.max_interval, d.retry_on_failure.max_interval);
    EXPECT_EQ(e.retry_on_failure.max_elapsed_time, d.retry_on_failure.max_elapsed_time);
    EXPECT_EQ(e.circuit_breaker.failure_threshold, d.circuit_breaker.failure_threshold);
    EXPECT_EQ(e.circuit_breaker.open_interval, d.circuit_breaker.open_interval);
    EXPECT_EQ(e.circuit_breaker.open_interval_max, d.circuit_breaker.open_interval_max);
    EXPECT_EQ(e.sending_queue.num_consumers, d.sending_queue.num_consumers);
    EXPECT_EQ(e.sending_queue.in_flight_size_bytes_max, d.sending_queue.in_flight_size_bytes_max);
    EXPECT_EQ(e.sending_queue.start_at_latest, d.sending_queue.start_at_latest);
    EXPECT_EQ(e.batch.send_batch_size, d.batch.send_batch_size);
    EXPECT_EQ(e.batch.send_batch_max_size, d.batch.send_batch_max_size);
    EXPECT_EQ(e.batch.max_size_bytes, d.batch.max_size_bytes);
    EXPECT_EQ(e.batch.timeout, d.batch.timeout);
    EXPECT_EQ(e.rotation_max_size_bytes, d.rotation_max_size_bytes);
    EXPECT_EQ(e.rotation_max_backups, d.rotation_max_backups);
    EXPECT_EQ(e.verbosity, d.verbosity);
    const bool is_http = e.kind == ExporterKind::otlp_http;
    EXPECT_EQ(e.timeout, is_http ? Millis(30'000) : d.timeout);
  }
  EXPECT_EQ(s.storage.directory, Storage().directory);
  EXPECT_EQ(s.storage.durability, Storage().durability);
  EXPECT_EQ(s.storage.sync_interval, Storage().sync_interval);
  EXPECT_EQ(s.storage.segment_size_bytes, Storage().segment_size_bytes);
  EXPECT_EQ(s.storage.size_bytes_max, Storage().size_bytes_max);
  EXPECT_EQ(s.storage.history_size_bytes_max, Storage().history_size_bytes_max);
  EXPECT_EQ(s.storage.age_max, Storage().age_max);
  EXPECT_EQ(s.storage.when_full, Storage().when_full);
  EXPECT_EQ(s.storage.tail_cache_size_bytes, Storage().tail_cache_size_bytes);
  EXPECT_EQ(s.storage.direct_io, Storage().direct_io);
  EXPECT_EQ(s.admin.endpoint, Admin().endpoint);
  EXPECT_EQ(s.admin.metrics_endpoint, Admin().metrics_endpoint);
  EXPECT_EQ(s.admin.metrics_path, Admin().metrics_path);
  EXPECT_EQ(s.admin.metrics_enabled, Admin().metrics_enabled);
  EXPECT_EQ(s.memory_limiter.limit_bytes, MemoryLimiter().limit_bytes);
  EXPECT_EQ(s.logs.level, LogSettings().level);
  EXPECT_EQ(s.logs.format, LogSettings().format);
  EXPECT_EQ(s.io_threads, Settings().io_threads);
  EXPECT_EQ(s.shutdown_timeout, Settings().shutdown_timeout);
}

// Goal: each kind of value has its mistakes told. Method: table.
TEST(Schema, MistakesOfValuesAreTold) {
  const auto mistake = [](Type type, std::string_view allowed, std::string_view text) {
    SchemaRow row;
    row.type = type;
    row.allowed = allowed;
    return value_mistake(row, Node::scalar(text)).value_or("");
  };
  EXPECT_EQ(mistake(Type::integer, "1..10", "10"), "");
  EXPECT_EQ(mistake(Type::integer, "1..10", "11"), "`11` is too large; at most 10");
  EXPECT_EQ(mistake(Type::integer, "1..10", "0"), "`0` is too small; at least 1");
  EXPECT_EQ(mistake(Type::integer, "", "1.5"), "`1.5` is not a whole number");
  EXPECT_EQ(mistake(Type::level, "-1..22", "-2"), "`-2` is too small; at least -1");
  EXPECT_EQ(mistake(Type::number, "0..1", "nan"), "`nan` is not a number");
  EXPECT_EQ(mistake(Type::boolean, "", "yes"), "`yes` is not true or false");
  EXPECT_EQ(mistake(Type::duration, "1s..", "10ms"), "`10ms` is too small; at least 1s");
  EXPECT_EQ(mistake(Type::size, "", "5XB"), "`5XB` is not a size such as 65536, 64KiB or 10GiB");
  EXPECT_EQ(mistake(Type::text, "", ""), "must not be empty");
  EXPECT_EQ(mistake(Type::text, "", "a\nb"), "must be one line");
  EXPECT_EQ(mistake(Type::choice, "gzip|zstd", "gzp"),
            "`gzp` is not possible here; did you mean `gzip`? possible are gzip and zstd");
  SchemaRow row;
  row.type = Type::text;
  EXPECT_EQ(value_mistake(row, Node::list({"a"})).value_or(""),
            "one value is wanted (text); this is a list");
}

}  // namespace
}  // namespace gateway::config
