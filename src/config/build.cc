#include "config/build.h"

#include <algorithm>
#include <initializer_list>
#include <set>

#include "config/convert.h"
#include "config/processors.h"
#include "config/values.h"

namespace gateway::config {
namespace {

using Path = std::initializer_list<std::string_view>;

// Reads typed values out of one section; what is not there is left as it is.
class Section {
 public:
  explicit Section(const Node* node) : node_(node) {}

  [[nodiscard]] bool exists() const noexcept { return node_ != nullptr; }
  [[nodiscard]] const Node* node(Path path) const noexcept {
    return node_ == nullptr ? nullptr : node_->find_path(path);
  }
  [[nodiscard]] Section section(Path path) const noexcept { return Section(node(path)); }

  // Set by somebody, and not by default.
  [[nodiscard]] bool is_set(Path path) const noexcept {
    const Node* const found = scalar(path);
    return found != nullptr && !found->origin.file.empty();
  }
  void text(Path path, std::string& out) const {
    if (const Node* const found = scalar(path)) out = found->text;
  }
  void boolean(Path path, bool& out) const { convert(path, out, parse_bool); }
  void number(Path path, double& out) const { convert(path, out, parse_number); }
  void duration(Path path, Millis& out) const { convert(path, out, parse_duration); }
  void duration(Path path, std::optional<Millis>& out) const { convert(path, out, parse_duration); }
  void size(Path path, std::uint64_t& out) const { convert(path, out, parse_size); }
  void size(Path path, std::uint32_t& out) const { narrow(path, out, parse_size); }
  void integer(Path path, std::uint32_t& out) const { narrow(path, out, parse_integer); }
  void level(Path path, int& out) const { narrow(path, out, parse_signed); }
  void mebibytes(Path path, std::uint64_t& out) const {
    std::uint64_t count = 0;
    convert(path, count, parse_integer);
    if (count != 0) out = count << 20U;
  }
  void list(Path path, std::vector<std::string>& out) const {
    const Node* const found = node(path);
    if (found == nullptr || !found->is_list()) return;
    out.clear();
    for (const Node& item : found->items) out.push_back(item.text);
  }
  void pairs(Path path, Headers& out) const {
    const Node* const found = node(path);
    if (found == nullptr) return;
    for (const Entry& entry : found->entries) out.emplace_back(entry.key, entry.value.text);
    for (const Node& item : found->items) {
      const Node* const name = item.find("name");
      const Node* const value = item.find("value");
      if (name != nullptr && value != nullptr) out.emplace_back(name->text, value->text);
    }
  }

 private:
  [[nodiscard]] const Node* scalar(Path path) const noexcept {
    const Node* const found = node(path);
    return found != nullptr && found->is_scalar() ? found : nullptr;
  }
  template <typename T, typename Parse>
  void convert(Path path, T& out, Parse parse) const {
    const Node* const found = scalar(path);
    if (found == nullptr) return;
    if (const auto value = parse(found->text)) out = *value;
  }
  template <typename T, typename Parse>
  void narrow(Path path, T& out, Parse parse) const {
    const Node* const found = scalar(path);
    if (found == nullptr) return;
    if (const auto value = parse(found->text); value && std::in_range<T>(*value)) {
      out = static_cast<T>(*value);
    }
  }

  const Node* node_;
};

[[nodiscard]] std::optional<TlsServer> build_tls_server(const Section& from) {
  if (!from.exists()) return std::nullopt;
  TlsServer tls;
  from.text({"cert_file"}, tls.cert_file);
  from.text({"key_file"}, tls.key_file);
  from.text({"client_ca_file"}, tls.client_ca_file);
  from.text({"min_version"}, tls.min_version);
  return tls;
}

[[nodiscard]] Listener build_listener(const Section& from) {
  Listener listener;
  listener.enabled = from.exists();
  if (!listener.enabled) return listener;
  from.text({"endpoint"}, listener.endpoint);
  listener.tls = build_tls_server(from.section({"tls"}));
  from.mebibytes({"max_recv_msg_size_mib"}, listener.max_recv_msg_size_bytes);  // grpc
  from.size({"max_request_body_size"}, listener.max_recv_msg_size_bytes);       // http
  from.integer({"max_concurrent_streams"}, listener.max_concurrent_streams);
  from.size({"max_header_size"}, listener.max_header_size_bytes);
  from.integer({"max_connections"}, listener.max_connections);
  from.duration({"read_header_timeout"}, listener.read_header_timeout);
  from.duration({"read_timeout"}, listener.read_body_timeout);
  from.duration({"idle_timeout"}, listener.idle_timeout);
  const Section server = from.section({"keepalive", "server_parameters"});
  server.duration({"max_connection_idle"}, listener.idle_timeout);
  server.duration({"max_connection_age"}, listener.max_connection_age);
  server.duration({"max_connection_age_grace"}, listener.max_connection_age_grace);
  from.duration({"keepalive", "enforcement_policy", "min_time"},
                listener.keepalive_ping_interval_min);
  from.list({"cors", "allowed_origins"}, listener.cors_allowed_origins);
  from.text({"traces_url_path"}, listener.traces_url_path);
  from.text({"metrics_url_path"}, listener.metrics_url_path);
  from.text({"logs_url_path"}, listener.logs_url_path);
  from.boolean({"include_metadata"}, listener.include_metadata);
  return listener;
}

[[nodiscard]] OtlpReceiver build_receiver(const Entry& entry) {
  const Section from(&entry.value);
  OtlpReceiver receiver;
  receiver.id = entry.key;
  receiver.grpc = build_listener(from.section({"protocols", "grpc"}));
  receiver.http = build_listener(from.section({"protocols", "http"}));
  from.boolean({"accept_proto_names"}, receiver.accept_proto_names);
  from.boolean({"accept_enum_names"}, receiver.accept_enum_names);
  from.integer({"max_nesting_levels"}, receiver.max_nesting_levels);
  return receiver;
}

[[nodiscard]] ExporterKind kind_of(std::string_view type) noexcept {
  if (type == "otlp_http") return ExporterKind::otlp_http;
  if (type == "debug") return ExporterKind::debug;
  if (type == "file") return ExporterKind::file;
  return ExporterKind::otlp;
}

[[nodiscard]] ContentCoding compression_of(std::string_view text) noexcept {
  if (text == "gzip") return ContentCoding::gzip;
  if (text == "zstd") return ContentCoding::zstd;
  return ContentCoding::identity;
}

void build_delivery(const Section& from, Exporter& exporter) {
  const Section retry = from.section({"retry_on_failure"});
  retry.boolean({"enabled"}, exporter.retry_on_failure.enabled);
  retry.duration({"initial_interval"}, exporter.retry_on_failure.initial_interval);
  retry.number({"randomization_factor"}, exporter.retry_on_failure.randomization_factor);
  retry.number({"multiplier"}, exporter.retry_on_failure.multiplier);
  retry.duration({"max_interval"}, exporter.retry_on_failure.max_interval);
  retry.duration({"max_elapsed_time"}, exporter.retry_on_failure.max_elapsed_time);
  const Section breaker = from.section({"circuit_breaker"});
  breaker.boolean({"enabled"}, exporter.circuit_breaker.enabled);
  breaker.integer({"failure_threshold"}, exporter.circuit_breaker.failure_threshold);
  breaker.duration({"open_interval"}, exporter.circuit_breaker.open_interval);
  breaker.duration({"open_interval_max"}, exporter.circuit_breaker.open_interval_max);
  const Section queue = from.section({"sending_queue"});
  queue.integer({"num_consumers"}, exporter.sending_queue.num_consumers);
  queue.size({"in_flight_size_max"}, exporter.sending_queue.in_flight_size_bytes_max);
  std::string start_at;
  queue.text({"start_at"}, start_at);
  exporter.sending_queue.start_at_latest = start_at == "latest";
  const Section batch = from.section({"batch"});
  batch.integer({"send_batch_size"}, exporter.batch.send_batch_size);
  batch.integer({"send_batch_max_size"}, exporter.batch.send_batch_max_size);
  batch.size({"max_size"}, exporter.batch.max_size_bytes);
  batch.duration({"timeout"}, exporter.batch.timeout);
}

// A URL's scheme decides on TLS, whatever `insecure` says.
[[nodiscard]] bool is_insecure(const Exporter& exporter) {
  for (const std::string& endpoint : {exporter.endpoint, exporter.traces_endpoint,
                                      exporter.metrics_endpoint, exporter.logs_endpoint}) {
    if (const auto url = parse_url(endpoint)) return url->scheme == "http";
  }
  return exporter.tls.insecure;
}

[[nodiscard]] Exporter build_exporter(const Entry& entry) {
  const Section from(&entry.value);
  Exporter exporter;
  exporter.id = entry.key;
  exporter.kind = kind_of(type_of(entry.key));
  from.text({"endpoint"}, exporter.endpoint);
  from.text({"traces_endpoint"}, exporter.traces_endpoint);
  from.text({"metrics_endpoint"}, exporter.metrics_endpoint);
  from.text({"logs_endpoint"}, exporter.logs_endpoint);
  from.text({"balancer_name"}, exporter.balancer_name);
  from.text({"authority"}, exporter.authority);
  from.text({"encoding"}, exporter.encoding);
  from.text({"format"}, exporter.encoding);  // file
  const Section tls = from.section({"tls"});
  tls.boolean({"insecure"}, exporter.tls.insecure);
  tls.boolean({"insecure_skip_verify"}, exporter.tls.insecure_skip_verify);
  tls.text({"ca_file"}, exporter.tls.ca_file);
  tls.text({"cert_file"}, exporter.tls.cert_file);
  tls.text({"key_file"}, exporter.tls.key_file);
  tls.text({"server_name_override"}, exporter.tls.server_name_override);
  exporter.tls.insecure = is_insecure(exporter);
  std::string compression = "none";
  from.text({"compression"}, compression);
  exporter.compression = compression_of(compression);
  from.level({"compression_params", "level"}, exporter.compression_level);
  from.boolean({"compression_params", "reuse"}, exporter.reuse_compression);
  from.pairs({"headers"}, exporter.headers);
  from.duration({"timeout"}, exporter.timeout);
  from.integer({"max_conns_per_host"}, exporter.max_connections);
  build_delivery(from, exporter);
  from.text({"path"}, exporter.path);
  from.mebibytes({"rotation", "max_megabytes"}, exporter.rotation_max_size_bytes);
  from.integer({"rotation", "max_backups"}, exporter.rotation_max_backups);
  from.text({"verbosity"}, exporter.verbosity);
  return exporter;
}

[[nodiscard]] Storage build_storage(const Section& from) {
  Storage storage;
  from.text({"directory"}, storage.directory);
  from.text({"durability"}, storage.durability);
  from.duration({"sync_interval"}, storage.sync_interval);
  from.size({"segment_size"}, storage.segment_size_bytes);
  from.size({"size_max"}, storage.size_bytes_max);
  from.size({"history_size_max"}, storage.history_size_bytes_max);
  Millis age_max{0};
  from.duration({"age_max"}, age_max);
  storage.age_max = std::chrono::ceil<std::chrono::seconds>(age_max);
  from.text({"when_full"}, storage.when_full);
  from.size({"tail_cache_size"}, storage.tail_cache_size_bytes);
  from.boolean({"direct_io"}, storage.direct_io);
  from.duration({"removed_exporters_kept"}, storage.removed_exporters_kept);
  return storage;
}

[[nodiscard]] std::optional<Signal> signal_of(std::string_view name) noexcept {
  for (const Signal signal : kSignals) {
    if (name_of(signal) == name) return signal;
  }
  return std::nullopt;
}

void build_pipelines(const Section& from, Settings& settings) {
  const Node* const pipelines = from.node({"pipelines"});
  if (pipelines == nullptr) return;
  for (const Entry& entry : pipelines->entries) {
    const auto signal = signal_of(type_of(entry.key));
    if (!signal) continue;
    const Section section(&entry.value);
    Pipeline pipeline;
    pipeline.id = entry.key;
    pipeline.signal = *signal;
    section.list({"receivers"}, pipeline.receivers);
    section.list({"processors"}, pipeline.processors);
    section.list({"exporters"}, pipeline.exporters);
    settings.pipelines.push_back(std::move(pipeline));
  }
}

// What each receiver takes: the signals of the pipelines that name it.
void build_signals(Settings& settings) {
  for (OtlpReceiver& receiver : settings.receivers) {
    receiver.signals = 0;
    for (const Pipeline& pipeline : settings.pipelines) {
      const auto& used = pipeline.receivers;
      if (std::find(used.begin(), used.end(), receiver.id) == used.end()) continue;
      receiver.signals |= 1U << index_of(pipeline.signal);
    }
  }
}

[[nodiscard]] OwnExport build_own_export(const Section& from) {
  OwnExport own;
  if (!from.exists()) return own;
  from.text({"endpoint"}, own.exporter.endpoint);
  own.enabled = !own.exporter.endpoint.empty();
  std::string protocol, compression;
  from.text({"protocol"}, protocol);
  own.exporter.kind = protocol == "grpc" ? ExporterKind::otlp : ExporterKind::otlp_http;
  if (const auto url = parse_url(own.exporter.endpoint);
      url && own.exporter.kind == ExporterKind::otlp_http && url->path.size() > 1) {
    // The Collector's whole URL of the signal.
    own.exporter.traces_endpoint = own.exporter.metrics_endpoint = own.exporter.endpoint;
  }
  own.exporter.tls.insecure = is_insecure(own.exporter);
  from.text({"compression"}, compression);
  own.exporter.compression = compression_of(compression);
  from.pairs({"headers"}, own.exporter.headers);
  from.duration({"timeout"}, own.exporter.timeout);
  from.duration({"interval"}, own.interval);
  from.number({"ratio"}, own.ratio);
  return own;
}

// The smallest budget of the limiters in use: one budget serves all listeners.
void build_memory_limiter(const Node& root, Settings& settings) {
  const Node* const processors = root.find("processors");
  if (processors == nullptr) return;
  bool is_set = false;
  for (const Pipeline& pipeline : settings.pipelines) {
    for (const std::string& id : pipeline.processors) {
      if (type_of(id) != "memory_limiter") continue;
      MemoryLimiter limiter;
      Section(processors->find(id)).mebibytes({"limit_mib"}, limiter.limit_bytes);
      if (!is_set || limiter.limit_bytes < settings.memory_limiter.limit_bytes) {
        settings.memory_limiter = limiter;
      }
      is_set = true;
    }
  }
}

// A limit that nobody has set is what fits into a segment.
void fit_into_segment(const Node& root, Settings& settings) {
  const std::uint64_t size_max = settings.storage.segment_size_bytes - kRecordOverheadBytesMax;
  for (OtlpReceiver& receiver : settings.receivers) {
    const Section protocols(root.find_path({"receivers", receiver.id, "protocols"}));
    const auto fit = [&](Listener& listener, std::string_view protocol, std::string_view key) {
      if (protocols.is_set({protocol, key})) return;
      listener.max_recv_msg_size_bytes = std::min(listener.max_recv_msg_size_bytes, size_max);
    };
    fit(receiver.grpc, "grpc", "max_recv_msg_size_mib");
    fit(receiver.http, "http", "max_request_body_size");
  }
}

// Each exporter gets the processors of the pipelines that bring it a signal. Two pipelines that
// disagree are refused (config/cross_check.cc).
void build_processors(const Node& root, Settings& settings) {
  const Node* const processors = root.find("processors");
  if (processors == nullptr) return;
  Diagnostics reported_elsewhere;
  for (const Pipeline& pipeline : settings.pipelines) {
    std::vector<Processor> chain;
    for (const std::string& id : pipeline.processors) {
      const Entry* const entry = processors->entry(id);
      if (entry == nullptr) continue;
      if (auto processor = build_processor(*entry, reported_elsewhere)) {
        chain.push_back(*std::move(processor));
      }
    }
    for (Exporter& exporter : settings.exporters) {
      const auto& used = pipeline.exporters;
      if (std::find(used.begin(), used.end(), exporter.id) == used.end()) continue;
      exporter.processors[index_of(pipeline.signal)] = chain;
    }
  }
}

// The log is one for all, so each receiver keeps what any processor asks for; headers only where
// the protocol's `include_metadata` says so.
void build_context_keys(Settings& settings) {
  std::set<std::string> asked;
  for (const Exporter& exporter : settings.exporters) {
    for (const std::vector<Processor>& chain : exporter.processors) {
      for (const Processor& processor : chain) {
        for (const AttributeAction& action : processor.actions) {
          if (!action.from_context.empty()) asked.insert(action.from_context);
        }
      }
    }
  }
  for (OtlpReceiver& receiver : settings.receivers) {
    for (Listener* const listener : {&receiver.grpc, &receiver.http}) {
      for (const std::string& key : asked) {
        const bool is_header = key.starts_with(kContextMetadata);
        if (listener->include_metadata || !is_header) listener->context_keys.push_back(key);
      }
    }
  }
}

// The log is one for all, so each receiver keeps what any exporter can send on as it came: one
// whose pipeline changes nothing.
void build_kept_codings(Settings& settings) {
  for (const Pipeline& pipeline : settings.pipelines) {
    for (const Exporter& exporter : settings.exporters) {
      const auto& used = pipeline.exporters;
      if (!exporter.reuse_compression || exporter.compression == ContentCoding::identity ||
          !exporter.processors[index_of(pipeline.signal)].empty() ||
          std::find(used.begin(), used.end(), exporter.id) == used.end()) {
        continue;
      }
      for (OtlpReceiver& receiver : settings.receivers) {
        receiver.kept_codings[index_of(pipeline.signal)] |=
            static_cast<std::uint8_t>(1U << static_cast<unsigned>(exporter.compression));
      }
    }
  }
}

}  // namespace

Settings build_settings(const Node& root) {
  const Section from(&root);
  Settings settings;
  if (const Node* const receivers = root.find("receivers")) {
    for (const Entry& entry : receivers->entries) {
      if (type_of(entry.key) == "otlp") settings.receivers.push_back(build_receiver(entry));
    }
  }
  if (const Node* const exporters = root.find("exporters")) {
    for (const Entry& entry : exporters->entries) {
      settings.exporters.push_back(build_exporter(entry));
    }
  }
  settings.storage = build_storage(from.section({"storage"}));
  fit_into_segment(root, settings);
  const Section admin = from.section({"admin"});
  admin.text({"endpoint"}, settings.admin.endpoint);
  admin.text({"metrics_endpoint"}, settings.admin.metrics_endpoint);
  admin.text({"metrics_path"}, settings.admin.metrics_path);
  admin.boolean({"metrics_enabled"}, settings.admin.metrics_enabled);
  admin.text({"health_path"}, settings.admin.health_path);
  const Section service = from.section({"service"});
  build_pipelines(service, settings);
  build_signals(settings);
  build_memory_limiter(root, settings);
  build_processors(root, settings);
  build_context_keys(settings);
  build_kept_codings(settings);
  service.text({"telemetry", "logs", "level"}, settings.logs.level);
  service.text({"telemetry", "logs", "encoding"}, settings.logs.format);
  service.integer({"io_threads"}, settings.io_threads);
  service.duration({"shutdown_timeout"}, settings.shutdown_timeout);
  service.pairs({"telemetry", "resource"}, settings.resource);
  settings.own_metrics = build_own_export(service.section({"telemetry", "export", "metrics"}));
  settings.own_traces = build_own_export(service.section({"telemetry", "export", "traces"}));
  for (const auto& [name, value] : settings.resource) {
    if (name != "service.name") continue;
    for (Exporter& exporter : settings.exporters) exporter.service_name = value;
  }
  return settings;
}

}  // namespace gateway::config
