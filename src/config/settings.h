// The effective configuration as typed values: what the schema (config/schema.h) fills in and every
// component is built from. Names are the Collector's; defaults are those of docs/configuration.md.
//
// All compare, so that a reload rebuilds what differs and nothing else.
//
// Units:   bytes, milliseconds unless the type says otherwise.
// Errors:  none here; every rule is checked by the loader, so a Settings in hand is valid.
// Threads: values, immutable after load.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/content_coding.h"
#include "base/signal.h"
#include "config/processor_settings.h"

namespace gateway::config {

using Millis = std::chrono::milliseconds;
using Headers = std::vector<std::pair<std::string, std::string>>;

// What a message takes in a segment of the log beside its own bytes, at most.
inline constexpr std::uint64_t kRecordOverheadBytesMax = 64 * 1024;

// Where a value stands, for messages: "gateway.yaml:12:5".
struct Origin {
  std::string file;
  int line = 0;    // from 1; 0: no line (default, environment, --set)
  int column = 0;  // from 1
};

struct TlsServer {
  std::string cert_file, key_file, client_ca_file;
  std::string min_version = "1.2";
  bool operator==(const TlsServer&) const = default;
};

struct TlsClient {
  bool insecure = false;  // no TLS at all
  bool insecure_skip_verify = false;
  std::string ca_file, cert_file, key_file, server_name_override;
  bool operator==(const TlsClient&) const = default;
};

// receivers.otlp.protocols.grpc / .http
struct Listener {
  bool enabled = false;
  std::string endpoint;  // host:port; port 0 takes a free one
  std::optional<TlsServer> tls;
  std::uint64_t max_recv_msg_size_bytes = 64ULL << 20;  // after decompression too
  std::uint32_t max_concurrent_streams = 1024;
  std::uint32_t max_header_size_bytes = 16 << 10;
  std::uint32_t max_connections = 10'000;
  Millis read_header_timeout{10'000};
  Millis read_body_timeout{30'000};
  Millis idle_timeout{60'000};
  Millis keepalive_ping_interval_min{10'000};  // enforcement_policy.min_time
  std::optional<Millis> max_connection_age;
  Millis max_connection_age_grace{10'000};
  std::vector<std::string> cors_allowed_origins;
  std::string traces_url_path = "/v1/traces", metrics_url_path = "/v1/metrics",
              logs_url_path = "/v1/logs";
  bool include_metadata = false;
  // What is kept of each request for processors; worked out from their `from_context`. Sorted.
  std::vector<std::string> context_keys;
  bool operator==(const Listener&) const = default;
};

struct OtlpReceiver {
  std::string id = "otlp";
  Listener grpc, http;
  bool accept_proto_names = false;  // JSON keys as in the .proto, beside camelCase
  bool accept_enum_names = true;
  std::uint32_t max_nesting_levels = 100;  // messages in messages, in protobuf and JSON alike
  std::uint32_t signals = 0b0111;          // bit i: Signal i; those of the pipelines that name it
  // What is stored as it came, because an exporter sends it on so; worked out from
  // compression_params.reuse. By index_of(signal); bit i: ContentCoding i.
  std::array<std::uint8_t, kSignalCount> kept_codings{};
  bool operator==(const OtlpReceiver&) const = default;
};

struct RetryOnFailure {
  bool enabled = true;
  Millis initial_interval{5'000};
  double randomization_factor = 0.5;
  double multiplier = 1.5;
  Millis max_interval{30'000};
  Millis max_elapsed_time{0};  // 0: as long as the log keeps the data; then dead letters
  bool operator==(const RetryOnFailure&) const = default;
};

struct CircuitBreaker {
  bool enabled = true;
  std::uint32_t failure_threshold = 5;  // consecutive failures that open it
  Millis open_interval{5'000};          // before the first half-open probe; grows like a backoff
  Millis open_interval_max{60'000};
  bool operator==(const CircuitBreaker&) const = default;
};

// sending_queue: the queue is the log; these bound what is in flight.
struct SendingQueue {
  std::uint32_t num_consumers = 4;  // requests in flight at most, per signal
  std::uint64_t in_flight_size_bytes_max = 16ULL << 20;
  bool start_at_latest = false;  // a new exporter begins with new data, not with history
  bool operator==(const SendingQueue&) const = default;
};

struct Batch {
  std::uint32_t send_batch_size = 8192;      // items that make a batch due at once
  std::uint32_t send_batch_max_size = 0;     // items at most; 0: no limit, never cut a request
  std::uint64_t max_size_bytes = 3'500'000;  // below the default limit of gRPC peers (4 MiB)
  Millis timeout{200};
  bool operator==(const Batch&) const = default;
};

enum class ExporterKind : std::uint8_t { otlp, otlp_http, debug, file };

struct Exporter {
  std::string id;  // "otlp/primary"
  ExporterKind kind = ExporterKind::otlp;
  std::string endpoint;  // otlp: host:port or URL; otlp_http: base URL
  std::string traces_endpoint, metrics_endpoint, logs_endpoint;  // otlp_http: whole URLs
  std::string encoding = "proto";                                // otlp_http, file: proto or json
  std::string balancer_name = "round_robin";                     // otlp: or pick_first
  std::string authority;                                         // otlp: empty: the endpoint's
  TlsClient tls;
  ContentCoding compression = ContentCoding::gzip;
  int compression_level = -1;  // -1: the coding's default
  bool reuse_compression = false;
  Headers headers;
  Millis timeout{5'000};              // otlp_http: 30 s
  std::uint32_t max_connections = 4;  // otlp_http
  RetryOnFailure retry_on_failure;
  CircuitBreaker circuit_breaker;
  SendingQueue sending_queue;
  Batch batch;
  // Of the pipelines that bring it a signal, in their order; by index_of(signal).
  std::array<std::vector<Processor>, kSignalCount> processors;
  // file
  std::string path;
  std::uint64_t rotation_max_size_bytes = 100ULL << 20;
  std::uint32_t rotation_max_backups = 10;
  // debug
  std::string verbosity = "basic";  // basic, normal, detailed
  std::string service_name;         // sent in User-Agent only
  bool operator==(const Exporter&) const = default;
};

struct Storage {
  std::string directory = "./data";
  std::string durability = "commit";  // commit, interval, memory
  Millis sync_interval{50};
  std::uint64_t segment_size_bytes = 128ULL << 20;
  std::uint64_t size_bytes_max = 10ULL << 30;
  std::uint64_t history_size_bytes_max = 0;
  std::chrono::seconds age_max{0};
  std::string when_full = "refuse";  // refuse, drop_oldest
  std::uint64_t tail_cache_size_bytes = 16ULL << 20;
  bool direct_io = true;
  Millis removed_exporters_kept{3'600'000};  // the place of one that is no longer configured
  bool operator==(const Storage&) const = default;
};

struct Admin {
  std::string endpoint = "127.0.0.1:8080";
  std::string metrics_endpoint;  // a listener for /metrics alone; off when empty
  std::string metrics_path = "/metrics";
  bool metrics_enabled = true;
  std::string health_path;  // one more, for probes of old; none when empty
  bool operator==(const Admin&) const = default;
};

// memory_limiter: the byte budget of bodies in memory, all listeners together.
struct MemoryLimiter {
  std::uint64_t limit_bytes = 32ULL << 20;
  bool operator==(const MemoryLimiter&) const = default;
};

struct Pipeline {
  std::string id;  // "traces", "traces/2"
  Signal signal = Signal::traces;
  std::vector<std::string> receivers, processors, exporters;
  bool operator==(const Pipeline&) const = default;
};

struct LogSettings {
  std::string level = "info";  // or a filter "info,storage=debug"
  std::string format = "json";
  bool operator==(const LogSettings&) const = default;
};

// service.telemetry.export.metrics / .traces: own telemetry, sent as OTLP.
struct OwnExport {
  bool enabled = false;
  Exporter exporter;  // endpoint, kind, headers, compression, timeout
  Millis interval{60'000};
  double ratio = 0;  // traces: of the requests
  bool operator==(const OwnExport&) const = default;
};

struct Settings {
  std::vector<OtlpReceiver> receivers;  // that a pipeline names
  std::vector<Exporter> exporters;
  std::vector<Pipeline> pipelines;
  MemoryLimiter memory_limiter;
  Storage storage;
  Admin admin;
  LogSettings logs;
  OwnExport own_metrics, own_traces;
  Headers resource;              // service.telemetry.resource
  std::uint32_t io_threads = 0;  // 0: one a core that may be used
  Millis shutdown_timeout{20'000};
  std::vector<std::string> services;  // --services=; empty: all
  bool operator==(const Settings&) const = default;
};

}  // namespace gateway::config
