#include "config/cross_check.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <string>

#include "config/convert.h"
#include "config/header_rules.h"
#include "config/processors.h"
#include "config/values.h"

namespace gateway::config {
namespace {

constexpr std::uint64_t kSegmentBlockSizeBytes = 4096;

using Path = std::initializer_list<std::string_view>;

class Checker {
 public:
  Checker(const Settings& settings, const Node& root, Diagnostics& diagnostics)
      : settings_(settings), root_(root), diagnostics_(diagnostics) {}

  void check() {
    check_pipelines();
    check_processors();
    for (const OtlpReceiver& receiver : settings_.receivers) check_receiver(receiver);
    check_admin();
    for (const Exporter& exporter : settings_.exporters) check_exporter(exporter);
    check_own_export("metrics", settings_.own_metrics);
    check_own_export("traces", settings_.own_traces);
    check_file_paths();
    check_dead_letter_folders();
    check_storage();
  }

 private:
  // Where the deepest part of `path` that is there stands.
  [[nodiscard]] Origin origin(Path path) const {
    const Node* node = &root_;
    Origin found = root_.origin;
    for (const std::string_view key : path) {
      const Entry* const entry = node->entry(key);
      if (entry == nullptr) break;
      node = &entry->value;
      if (!entry->origin.file.empty()) found = entry->origin;
      if (node->is_scalar() && !node->origin.file.empty()) found = node->origin;
    }
    return found;
  }
  static std::string text(Path path) {
    std::string joined_path;
    for (const std::string_view key : path) {
      if (!joined_path.empty()) joined_path += '.';
      joined_path += key;
    }
    return joined_path;
  }
  void error(Path path, std::string message) {
    diagnostics_.error(origin(path), text(path), std::move(message));
  }
  void warning(Path path, std::string message) {
    diagnostics_.warning(origin(path), text(path), std::move(message));
  }

  // --- pipelines

  void check_pipelines() {
    if (settings_.pipelines.empty()) {
      error({"service", "pipelines"},
            "no pipeline is defined; write service.pipelines.traces with receivers and exporters");
    }
    for (const Pipeline& pipeline : settings_.pipelines) {
      check_list(pipeline, "receivers", "receivers", true);
      check_list(pipeline, "processors", "processors", false);
      check_list(pipeline, "exporters", "exporters", true);
    }
    check_sources();
    warn_unused("receivers");
    warn_unused("processors");
    warn_unused("exporters");
    warn_without_metadata();
  }

  void check_list(const Pipeline& pipeline, std::string_view key, std::string_view section,
                  bool is_required) {
    const Path path = {"service", "pipelines", pipeline.id, key};
    const Node* const list = root_.find_path(path);
    if (list == nullptr || list->items.empty()) {
      if (is_required) error(path, "names none; a pipeline needs at least one");
      return;
    }
    std::vector<std::string> defined;
    if (const Node* const found = root_.find(section)) {
      for (const Entry& entry : found->entries) defined.push_back(entry.key);
    }
    std::set<std::string> seen;
    for (const Node& item : list->items) {
      if (!item.is_scalar()) continue;  // reported by the schema
      used_[std::string(section)].insert(item.text);
      if (!seen.insert(item.text).second) {
        diagnostics_.error(item.origin, text(path), "`" + item.text + "` stands twice");
      }
      if (std::find(defined.begin(), defined.end(), item.text) != defined.end()) continue;
      const std::string near = nearest(item.text, defined);
      diagnostics_.error(item.origin, text(path),
                         "`" + item.text + "` is not defined in `" + std::string(section) + "`" +
                             (near.empty() ? "" : "; did you mean `" + near + "`?"));
    }
  }

  // A record does not carry the receiver it came by: an exporter reads all of its signal.
  void check_sources() {
    std::map<Signal, std::pair<std::string, std::set<std::string>>> first;  // pipeline, receivers
    for (const Pipeline& pipeline : settings_.pipelines) {
      const std::set<std::string> sources(pipeline.receivers.begin(), pipeline.receivers.end());
      const bool is_reported =
          sources.empty() || std::any_of(sources.begin(), sources.end(), [&](const auto& id) {
            return std::none_of(settings_.receivers.begin(), settings_.receivers.end(),
                                [&](const OtlpReceiver& receiver) { return receiver.id == id; });
          });
      if (is_reported) continue;
      const auto [before, is_new] = first.try_emplace(pipeline.signal, pipeline.id, sources);
      if (is_new || before->second.second == sources) continue;
      error({"service", "pipelines", pipeline.id, "receivers"},
            "pipeline `" + before->second.first + "` has other ones, and its exporters would get " +
                std::string(name_of(pipeline.signal)) +
                " of both: what is stored does not say which receiver it came by; name the same "
                "receivers in each, or run a gateway for each");
    }
  }

  // --- processors

  void check_processors() {
    const Node* const processors = root_.find("processors");
    if (processors == nullptr) return;
    for (const Entry& entry : processors->entries) {
      static_cast<void>(build_processor(entry, diagnostics_));
    }
    // exporter and signal: the pipeline that brings it, and what it does to it
    std::map<std::pair<std::string, Signal>, std::pair<std::string, std::vector<std::string>>> ways;
    for (const Pipeline& pipeline : settings_.pipelines) {
      const Path path = {"service", "pipelines", pipeline.id, "processors"};
      std::vector<std::string> chain;
      for (const std::string& id : pipeline.processors) {
        if (type_of(id) != "batch" && type_of(id) != "memory_limiter") chain.push_back(id);
      }
      if (pipeline.signal == Signal::profiles && !chain.empty()) {
        error(path, "`" + chain[0] + "` cannot be here: profiles are forwarded whole");
      }
      for (const std::string& id : chain) {
        if (pipeline.signal != Signal::metrics || type_of(id) != "probabilistic_sampler") continue;
        error(path, "`" + id +
                        "` cannot be here: it samples spans and log records, and points have "
                        "no trace id");
      }
      for (const std::string& exporter : pipeline.exporters) {
        const auto [way, is_new] =
            ways.try_emplace({exporter, pipeline.signal}, pipeline.id, chain);
        if (is_new || way->second.second == chain) continue;
        const std::string_view name = name_of(std::string_view(pipeline.id));
        error(path, "exporter `" + exporter + "` already gets " +
                        std::string(name_of(pipeline.signal)) + " from pipeline `" +
                        way->second.first +
                        "`, through other processors; give it a second name, such as `" +
                        std::string(type_of(exporter)) + "/" +
                        std::string(name.empty() ? "second" : name) +
                        "`, so that each has a place of its own in the log");
      }
    }
  }

  void warn_unused(std::string_view section) {
    const Node* const found = root_.find(section);
    if (found == nullptr) return;
    for (const Entry& entry : found->entries) {
      if (used_[std::string(section)].contains(entry.key)) continue;
      warning({section, entry.key}, "is in no pipeline and so not used");
    }
  }

  // The Collector says nothing here, and the attribute never comes.
  void warn_without_metadata() {
    const bool has_metadata = std::any_of(
        settings_.receivers.begin(), settings_.receivers.end(), [](const OtlpReceiver& receiver) {
          return receiver.grpc.include_metadata || receiver.http.include_metadata;
        });
    if (has_metadata) return;
    std::set<std::string> told;
    for (const Exporter& exporter : settings_.exporters) {
      for (const std::vector<Processor>& chain : exporter.processors) {
        for (const Processor& processor : chain) {
          const bool asks = std::any_of(processor.actions.begin(), processor.actions.end(),
                                        [](const AttributeAction& it) {
                                          return it.from_context.starts_with(kContextMetadata);
                                        });
          if (!asks || !told.insert(processor.id).second) continue;
          warning({"processors", processor.id},
                  "`from_context` will find no header: no receiver has `include_metadata: true`");
        }
      }
    }
  }

  // --- listeners

  void check_listener(Path path, const std::string& endpoint) {
    const auto address = parse_address(endpoint);
    if (!address || address->port == 0) return;
    const auto [before, is_new] = listeners_.try_emplace(address->port, *address, text(path));
    if (is_new) return;
    const std::string& other = before->second.first.host;
    const bool clashes = other == address->host || is_any(other) || is_any(address->host);
    if (clashes) {
      error(path, "port " + std::to_string(address->port) + " is already taken by " +
                      before->second.second);
    }
  }
  [[nodiscard]] static bool is_any(std::string_view host) noexcept {
    return host.empty() || host == "0.0.0.0" || host == "::";
  }

  void check_receiver(const OtlpReceiver& receiver) {
    if (!receiver.grpc.enabled && !receiver.http.enabled) {
      error({"receivers", receiver.id, "protocols"},
            "no protocol is there; write grpc, http or both (`grpc: {}` takes the defaults)");
    }
    for (const auto& [name, listener] :
         {std::pair<std::string_view, const Listener&>("grpc", receiver.grpc),
          std::pair<std::string_view, const Listener&>("http", receiver.http)}) {
      if (!listener.enabled) continue;
      if (receiver.signals != 0) {  // else it does not listen
        check_listener({"receivers", receiver.id, "protocols", name, "endpoint"},
                       listener.endpoint);
      }
      check_message_size(receiver, name, listener);
      if (listener.tls && (listener.tls->cert_file.empty() || listener.tls->key_file.empty())) {
        error({"receivers", receiver.id, "protocols", name, "tls"},
              "cert_file and key_file are both needed");
      }
    }
    const Listener& http = receiver.http;
    if (http.enabled) {
      std::set<std::string> paths;
      for (const auto& [key, path] :
           {std::pair<std::string_view, const std::string&>("traces_url_path",
                                                            http.traces_url_path),
            std::pair<std::string_view, const std::string&>("metrics_url_path",
                                                            http.metrics_url_path),
            std::pair<std::string_view, const std::string&>("logs_url_path", http.logs_url_path)}) {
        const Path at = {"receivers", receiver.id, "protocols", "http", key};
        if (!path.starts_with('/')) error(at, "`" + path + "` must begin with /");
        if (!paths.insert(path).second) error(at, "`" + path + "` is taken by another signal");
      }
    }
  }

  void check_message_size(const OtlpReceiver& receiver, std::string_view name,
                          const Listener& listener) {
    const std::string_view key = name == "grpc" ? "max_recv_msg_size_mib" : "max_request_body_size";
    const Path path = {"receivers", receiver.id, "protocols", name, key};
    if (listener.max_recv_msg_size_bytes + kRecordOverheadBytesMax >
        settings_.storage.segment_size_bytes) {
      error(path, text_of_size(listener.max_recv_msg_size_bytes) +
                      " does not fit into a segment of " +
                      text_of_size(settings_.storage.segment_size_bytes) +
                      "; make storage.segment_size larger than the largest message");
    }
  }

  void check_admin() {
    check_listener({"admin", "endpoint"}, settings_.admin.endpoint);
    if (!settings_.admin.metrics_endpoint.empty()) {
      const auto address = parse_address(settings_.admin.metrics_endpoint);
      const bool is_free = address && address->port == 0;
      if (settings_.admin.metrics_endpoint == settings_.admin.endpoint && !is_free) {
        error({"admin", "metrics_endpoint"}, "is the same as admin.endpoint, which serves metrics");
      } else {
        check_listener({"admin", "metrics_endpoint"}, settings_.admin.metrics_endpoint);
      }
    }
    const std::string& path = settings_.admin.metrics_path;
    if (!path.starts_with('/') || path == "/") {
      error({"admin", "metrics_path"}, "`" + path + "` must begin with / and be longer");
    }
    if (is_page(path)) error({"admin", "metrics_path"}, "`" + path + "` is taken by another page");
    const std::string& health = settings_.admin.health_path;
    if (health.empty()) return;
    if (!health.starts_with('/')) {
      error({"admin", "health_path"}, "`" + health + "` must begin with /");
    } else if (health == path || is_page(health)) {
      error({"admin", "health_path"}, "`" + health + "` is taken by another page");
    }
  }
  // Whether the admin listener has a page of its own there; `/` is only a list of them.
  [[nodiscard]] static bool is_page(std::string_view path) {
    for (const std::string_view taken : {"/health", "/ready", "/api", "/ui", "/debug"}) {
      if (path == taken || path.starts_with(std::string(taken) + '/')) return true;
    }
    return false;
  }

  // --- exporters

  void check_exporter(const Exporter& exporter) {
    if (exporter.kind == ExporterKind::otlp) {
      check_grpc_endpoint(exporter);
      if (exporter.compression == ContentCoding::zstd) {
        error({"exporters", exporter.id, "compression"},
              "gRPC has no zstd; gzip or none is possible");
      }
    }
    if (exporter.kind == ExporterKind::otlp_http) check_http_endpoints(exporter);
    if (exporter.reuse_compression &&
        (exporter.compression == ContentCoding::identity || exporter.encoding == "json")) {
      error({"exporters", exporter.id, "compression_params", "reuse"},
            "there is nothing to reuse: what comes compressed is protobuf, and it goes out as " +
                std::string(exporter.compression == ContentCoding::identity ? "`compression: none`"
                                                                            : "`encoding: json`"));
    }
    if (exporter.kind == ExporterKind::file && exporter.path.empty()) {
      error({"exporters", exporter.id}, "`path` is missing: where to write");
    }
    check_tls(exporter);
    check_headers(exporter);
    const RetryOnFailure& retry = exporter.retry_on_failure;
    if (retry.max_interval < retry.initial_interval) {
      error({"exporters", exporter.id, "retry_on_failure", "max_interval"},
            text_of(retry.max_interval) + " is below initial_interval, " +
                text_of(retry.initial_interval));
    }
    const CircuitBreaker& breaker = exporter.circuit_breaker;
    if (breaker.open_interval_max < breaker.open_interval) {
      error({"exporters", exporter.id, "circuit_breaker", "open_interval_max"},
            text_of(breaker.open_interval_max) + " is below open_interval, " +
                text_of(breaker.open_interval));
    }
    const Batch& batch = exporter.batch;
    if (batch.send_batch_max_size != 0 && batch.send_batch_max_size < batch.send_batch_size) {
      error({"exporters", exporter.id, "batch", "send_batch_max_size"},
            std::to_string(batch.send_batch_max_size) + " is below send_batch_size, " +
                std::to_string(batch.send_batch_size));
    }
    if (exporter.sending_queue.in_flight_size_bytes_max < batch.max_size_bytes) {
      error({"exporters", exporter.id, "sending_queue", "in_flight_size_max"},
            "is below batch.max_size: no batch could be sent");
    }
  }

  void check_grpc_endpoint(const Exporter& exporter) {
    const Path path = {"exporters", exporter.id, "endpoint"};
    if (exporter.endpoint.empty()) {
      error({"exporters", exporter.id}, "`endpoint` is missing: where to send, as host:port");
      return;
    }
    Address address;
    if (const auto url = parse_url(exporter.endpoint)) {
      if (!url->path.empty() && url->path != "/") {
        error(path, "gRPC has no path in its endpoint; an `otlp_http` exporter sends to a URL");
        return;
      }
      address = {url->host, url->port.value_or(url->scheme == "https" ? 443 : 80)};
    } else if (const auto parsed = parse_address(exporter.endpoint);
               parsed && parsed->port != 0 && !parsed->host.empty()) {
      address = *parsed;
    } else {
      // Other targets of gRPC: dns:///host:port, unix:..., xds:...
      const bool is_target =
          exporter.endpoint.starts_with("dns:") || exporter.endpoint.starts_with("unix:") ||
          exporter.endpoint.starts_with("ipv4:") || exporter.endpoint.starts_with("ipv6:");
      if (!is_target) {
        error(path, "`" + exporter.endpoint +
                        "` is not host:port or a URL such as "
                        "http://host:4317");
      }
      return;
    }
    check_destination(path, address);
    if (address.port == 4318) {
      warning(path,
              "4318 is the port of OTLP/HTTP, and this exporter speaks gRPC; 4317 or an "
              "`otlp_http` exporter is likely meant");
    }
  }

  void check_http_endpoints(const Exporter& exporter) {
    const bool has_endpoint = !exporter.endpoint.empty();
    for (const Pipeline& pipeline : settings_.pipelines) {
      const auto& used = pipeline.exporters;
      if (std::find(used.begin(), used.end(), exporter.id) == used.end()) continue;
      const bool has_own =
          (pipeline.signal == Signal::traces && !exporter.traces_endpoint.empty()) ||
          (pipeline.signal == Signal::metrics && !exporter.metrics_endpoint.empty()) ||
          (pipeline.signal == Signal::logs && !exporter.logs_endpoint.empty());
      if (!has_endpoint && !has_own) {
        error({"exporters", exporter.id}, "`endpoint` is missing: where to send " +
                                              std::string(name_of(pipeline.signal)) +
                                              ", as http://host:4318");
        break;
      }
    }
    for (const auto& [key, endpoint] :
         {std::pair<std::string_view, const std::string&>("endpoint", exporter.endpoint),
          std::pair<std::string_view, const std::string&>("traces_endpoint",
                                                          exporter.traces_endpoint),
          std::pair<std::string_view, const std::string&>("metrics_endpoint",
                                                          exporter.metrics_endpoint),
          std::pair<std::string_view, const std::string&>("logs_endpoint",
                                                          exporter.logs_endpoint)}) {
      const auto url = parse_url(endpoint);
      if (!url) continue;
      const Path path = {"exporters", exporter.id, key};
      const std::uint16_t port = url->port.value_or(url->scheme == "https" ? 443 : 80);
      check_destination(path, {url->host, port});
      if (port == 4317) {
        warning(path,
                "4317 is the port of OTLP/gRPC, and this exporter speaks HTTP; 4318 or an "
                "`otlp` exporter is likely meant");
      }
      for (const std::string_view signal_path : {"/v1/traces", "/v1/metrics", "/v1/logs"}) {
        if (key == "endpoint" && url->path == signal_path) {
          error(path, "`" + std::string(signal_path) +
                          "` is added by the exporter: leave it out, or write the URL as "
                          "traces_endpoint, metrics_endpoint or logs_endpoint");
        }
      }
    }
  }

  void check_destination(Path path, const Address& address) {
    static const std::map<std::uint16_t, std::string_view> kForeignPorts = {
        {14268, "Jaeger's Thrift port"},
        {14250, "Jaeger's own gRPC port"},
        {9411, "Zipkin's port"},
        {6831, "Jaeger's agent port"}};
    if (const auto known = kForeignPorts.find(address.port); known != kForeignPorts.end()) {
      warning(path, std::to_string(address.port) + " is " + std::string(known->second) +
                        ", which does not take OTLP; 4317 (gRPC) or 4318 (HTTP) is likely meant");
    }
    const auto listener = listeners_.find(address.port);
    const bool is_own =
        listener != listeners_.end() && is_loopback(address.host) &&
        (is_any(listener->second.first.host) || is_loopback(listener->second.first.host)) &&
        listener->second.second.starts_with("receivers");
    if (is_own) error(path, "sends back to " + listener->second.second + ": an endless loop");
  }

  void check_tls(const Exporter& exporter) {
    const TlsClient& tls = exporter.tls;
    if (tls.cert_file.empty() != tls.key_file.empty()) {
      error({"exporters", exporter.id, "tls"}, "cert_file and key_file are only useful together");
    }
    const bool has_tls_settings = !tls.ca_file.empty() || !tls.cert_file.empty();
    if (tls.insecure && has_tls_settings) {
      warning({"exporters", exporter.id, "tls"},
              "has no effect: this exporter sends in clear text (http:// or insecure)");
    }
  }

  void check_headers(const Exporter& exporter) {
    for (const auto& [name, value] : exporter.headers) {
      const std::string_view fault = header_fault(exporter.kind, name, value);
      if (!fault.empty()) {
        error({"exporters", exporter.id, "headers", name}, std::string(fault));
      }
    }
    const auto url = parse_url(exporter.endpoint);
    const auto address = parse_address(exporter.endpoint);
    const std::string host = url ? url->host : address ? address->host : std::string();
    const bool has_credentials =
        std::any_of(exporter.headers.begin(), exporter.headers.end(), [](const auto& header) {
          std::string name = header.first;
          std::transform(name.begin(), name.end(), name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
          });
          return name == "authorization" || name.find("api-key") != std::string::npos ||
                 name.find("token") != std::string::npos;
        });
    if (has_credentials && exporter.tls.insecure && !is_loopback(host)) {
      warning({"exporters", exporter.id, "headers"}, "credentials are sent in clear text");
    }
  }

  void check_file_paths() {
    std::map<std::string, std::string> owners;
    for (const Exporter& exporter : settings_.exporters) {
      if (exporter.kind != ExporterKind::file || exporter.path.empty()) continue;
      const auto [owner, is_new] = owners.try_emplace(exporter.path, exporter.id);
      if (!is_new) {
        error({"exporters", exporter.id, "path"},
              "is already written by exporter `" + owner->second + "`");
      }
    }
  }

  // The folder of dead letters is the exporter's id with '_' for '/': docs/formats/dead_letters.md.
  void check_dead_letter_folders() {
    std::map<std::string, std::string> owners;
    for (const Exporter& exporter : settings_.exporters) {
      std::string folder = exporter.id;
      std::replace(folder.begin(), folder.end(), '/', '_');
      const auto [owner, is_new] = owners.try_emplace(folder, exporter.id);
      if (!is_new) {
        error({"exporters", exporter.id}, "would keep its dead letters in the folder of `" +
                                              owner->second + "`; give one of them another name");
      }
    }
  }

  // --- own telemetry

  void check_own_export(std::string_view key, const OwnExport& own) {
    if (!own.enabled) return;
    for (const auto& [name, value] : own.exporter.headers) {
      const std::string_view fault = header_fault(own.exporter.kind, name, value);
      if (!fault.empty()) {
        error({"service", "telemetry", "export", key, "headers", name}, std::string(fault));
      }
    }
    if (own.exporter.kind != ExporterKind::otlp) return;
    if (own.exporter.compression == ContentCoding::zstd) {
      error({"service", "telemetry", "export", key, "compression"},
            "gRPC has no zstd; gzip or none is possible");
    }
    if (const auto url = parse_url(own.exporter.endpoint); url && url->path.size() > 1) {
      error({"service", "telemetry", "export", key, "endpoint"},
            "gRPC has no path in its endpoint; `protocol: http/protobuf` sends to a URL");
    }
  }

  // --- storage

  void check_storage() {
    const Storage& storage = settings_.storage;
    if (storage.segment_size_bytes % kSegmentBlockSizeBytes != 0) {
      error({"storage", "segment_size"}, "must be a multiple of 4KiB");
    }
    if (storage.size_bytes_max < 2 * storage.segment_size_bytes) {
      error({"storage", "size_max"}, text_of_size(storage.size_bytes_max) +
                                         " is too small; at least two segments of " +
                                         text_of_size(storage.segment_size_bytes));
    }
    if (storage.history_size_bytes_max > storage.size_bytes_max) {
      error({"storage", "history_size_max"}, "is more than size_max");
    }
    if (storage.durability == "memory") {
      warning({"storage", "durability"},
              "`memory` loses acknowledged data when the process ends; `commit` does not");
    }
  }

  const Settings& settings_;
  const Node& root_;
  Diagnostics& diagnostics_;
  std::map<std::string, std::set<std::string>> used_;  // by section
  std::map<std::uint16_t, std::pair<Address, std::string>> listeners_;
};

}  // namespace

void cross_check(const Settings& settings, const Node& root, Diagnostics& diagnostics) {
  Checker(settings, root, diagnostics).check();
}

}  // namespace gateway::config
