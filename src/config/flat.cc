#include <algorithm>
#include <array>
#include <initializer_list>
#include <vector>

#include "config/convert.h"
#include "config/values.h"

namespace gateway::config {
namespace {

// A key of a short form, and the key that it becomes; "EXPORTER" stands for the exporter that the
// endpoint asks for. Rows without `to` are handled by name below, or have no effect and say why.
struct FlatRow {
  std::string_view from;
  std::string_view to;
  std::string_view no_effect;
};

constexpr std::string_view kEndless =
    "has no effect: data is tried again for as long as the log keeps it";

constexpr std::array kFlatRows = {
    // YAML with otlp, batch, retry, compression
    FlatRow{"otlp.endpoint", "exporters.EXPORTER.endpoint", ""},
    FlatRow{"otlp.service_name", "service.telemetry.resource.service~name", ""},
    FlatRow{"otlp.service_version", "service.telemetry.resource.service~version", ""},
    FlatRow{"otlp.environment", "service.telemetry.resource.deployment~environment", ""},
    FlatRow{"batch.max_export_batch_size", "exporters.EXPORTER.batch.send_batch_max_size", ""},
    FlatRow{"batch.export_timeout", "exporters.EXPORTER.timeout", ""},
    FlatRow{"batch.max_queue_size", "",
            "has no effect: the queue is the log on disk, bounded by `storage.size_max`"},
    FlatRow{"batch.scheduled_delay", "exporters.EXPORTER.batch.timeout", ""},
    FlatRow{"retry.enabled", "exporters.EXPORTER.retry_on_failure.enabled", ""},
    FlatRow{"retry.initial_interval", "exporters.EXPORTER.retry_on_failure.initial_interval", ""},
    FlatRow{"retry.max_interval", "exporters.EXPORTER.retry_on_failure.max_interval", ""},
    FlatRow{"retry.max_elapsed_time", "exporters.EXPORTER.retry_on_failure.max_elapsed_time", ""},
    FlatRow{"retry.multiplier", "exporters.EXPORTER.retry_on_failure.multiplier", ""},
    FlatRow{"compression.enabled", "", ""},
    FlatRow{"compression.algorithm", "exporters.EXPORTER.compression", ""},
    FlatRow{"compression.level", "exporters.EXPORTER.compression_params.level", ""},
    // TOML with otlp, resilience, monitoring
    FlatRow{"otlp.protocol", "", ""},
    FlatRow{"otlp.batch_size", "exporters.EXPORTER.batch.send_batch_max_size", ""},
    FlatRow{"otlp.timeout", "exporters.EXPORTER.timeout", ""},
    FlatRow{"resilience.max_retries", "", kEndless},
    FlatRow{"resilience.retry_delay", "exporters.EXPORTER.retry_on_failure.initial_interval", ""},
    FlatRow{"resilience.circuit_breaker_threshold",
            "exporters.EXPORTER.circuit_breaker.failure_threshold", ""},
    FlatRow{"monitoring.metrics_enabled", "admin.metrics_enabled", ""},
    FlatRow{"monitoring.health_check_interval", "",
            "has no effect: health is worked out whenever it is asked for"},
    // logging.yaml beside it
    FlatRow{"version", "", ""},
    FlatRow{"disable_existing_loggers", "", "has no effect: there is one log"},
    FlatRow{"formatters", "", ""},
    FlatRow{"handlers", "", ""},
    FlatRow{"loggers", "", ""},
    FlatRow{"root.level", "service.telemetry.logs.level", ""},
    FlatRow{"root.handlers", "", ""},
    // YAML with server, exporter, tracing, logging, metrics
    FlatRow{"server.host", "", ""},
    FlatRow{"server.port", "", ""},
    FlatRow{"server.grpc_port", "", ""},
    FlatRow{"exporter.endpoint", "exporters.EXPORTER.endpoint", ""},
    FlatRow{"exporter.timeout", "exporters.EXPORTER.timeout", ""},
    FlatRow{"exporter.batch_size", "exporters.EXPORTER.batch.send_batch_max_size", ""},
    FlatRow{"tracing.service_name", "service.telemetry.resource.service~name", ""},
    FlatRow{"tracing.sampling_rate", "", ""},
    FlatRow{"logging.level", "service.telemetry.logs.level", ""},
    FlatRow{"logging.format", "service.telemetry.logs.encoding", ""},
    FlatRow{"metrics.enabled", "", ""},
    FlatRow{"metrics.port", "", ""},
    FlatRow{"metrics.path", "admin.metrics_path", ""},
};

constexpr std::array<std::string_view, 8> kOwnSections = {"receivers",  "processors", "exporters",
                                                          "extensions", "connectors", "service",
                                                          "storage",    "admin"};

[[nodiscard]] std::string_view first_segment(std::string_view path) noexcept {
  return path.substr(0, path.find('.'));
}

[[nodiscard]] bool is_flat_section(std::string_view key) noexcept {
  return std::any_of(kFlatRows.begin(), kFlatRows.end(),
                     [key](const FlatRow& row) { return first_segment(row.from) == key; });
}

// Sets a dotted path; "~" in a segment stands for a dot in the key.
void set_path(Node& root, std::string_view path, Node value) {
  Node* node = &root;
  const Origin origin = value.origin;
  while (!path.empty()) {
    std::string key(first_segment(path));
    path.remove_prefix(std::min(key.size() + 1, path.size()));
    std::replace(key.begin(), key.end(), '~', '.');
    if (!node->is_map()) *node = Node::map(origin);
    node = &node->at(key, origin);
  }
  *node = std::move(value);
}

[[nodiscard]] std::string text_at(const Node& root, std::initializer_list<std::string_view> path,
                                  std::string_view fallback) {
  const Node* const node = root.find_path(path);
  return node != nullptr && node->is_scalar() ? node->text : std::string(fallback);
}

class Converter {
 public:
  Converter(const Node& flat, Diagnostics& diagnostics) : flat_(flat), diagnostics_(diagnostics) {}

  [[nodiscard]] Node convert() {
    choose_exporter();
    out_ = Node::map(flat_.origin);
    for (const Entry& section : flat_.entries) copy_section(section);
    if (flat_.find("server") != nullptr || !exporter_.empty()) add_receivers();
    if (!exporter_.empty()) add_pipelines();
    if (flat_.find("metrics") != nullptr) add_metrics();
    if (text_at(flat_, {"compression", "enabled"}, "") == "false") {
      set("exporters.EXPORTER.compression", *flat_.find_path({"compression", "enabled"}), "none");
    }
    if (flat_.find("handlers") != nullptr) add_console_log();
    if (flat_.find("loggers") != nullptr) add_log_filter();
    return std::move(out_);
  }

 private:
  void choose_exporter() {
    const Node* endpoint = flat_.find_path({"otlp", "endpoint"});
    if (endpoint == nullptr) endpoint = flat_.find_path({"exporter", "endpoint"});
    const Node* const protocol = flat_.find_path({"otlp", "protocol"});
    if (protocol != nullptr) {
      if (protocol->text == "grpc") {
        exporter_ = "otlp";
      } else if (protocol->text == "http" || protocol->text == "http/protobuf" ||
                 protocol->text == "http/json") {
        exporter_ = "otlp_http";
      } else {
        diagnostics_.error(protocol->origin, "otlp.protocol",
                           "`" + protocol->text +
                               "` is not possible here; possible are grpc, http, http/protobuf "
                               "and http/json");
      }
    }
    if (endpoint != nullptr && exporter_.empty()) exporter_ = exporter_type_for(endpoint->text);
    const bool has_section = flat_.find("otlp") != nullptr || flat_.find("exporter") != nullptr;
    if (endpoint == nullptr && has_section) {
      diagnostics_.error(flat_.origin, flat_.find("otlp") != nullptr ? "otlp" : "exporter",
                         "`endpoint` is missing: where to send");
    }
    if (protocol != nullptr && protocol->text == "http/json") {
      set("exporters.EXPORTER.encoding", *protocol, "json");
    }
  }

  void set(std::string path, const Node& from, std::string_view text) {
    set_value(std::move(path), Node::scalar(text, from.origin));
  }
  void set_value(std::string path, Node value) {
    constexpr std::string_view kPlaceholder = "EXPORTER";
    if (const std::size_t at = path.find(kPlaceholder); at != std::string::npos) {
      path.replace(at, kPlaceholder.size(), exporter_.empty() ? "otlp" : exporter_);
    }
    set_path(out_, path, std::move(value));
  }

  void copy_section(const Entry& section) {
    const auto whole = std::find_if(kFlatRows.begin(), kFlatRows.end(),
                                    [&](const FlatRow& row) { return row.from == section.key; });
    if (whole != kFlatRows.end()) {
      apply(*whole, section.key, section.value);
      return;
    }
    if (!is_flat_section(section.key)) {
      report_unknown(section, section.key, "");
      return;
    }
    if (!section.value.is_map()) {
      if (section.value.is_null()) return;
      diagnostics_.error(section.value.origin, section.key, "a map is wanted here");
      return;
    }
    for (const Entry& entry : section.value.entries) {
      const std::string path = section.key + '.' + entry.key;
      const auto row = std::find_if(kFlatRows.begin(), kFlatRows.end(),
                                    [&](const FlatRow& known) { return known.from == path; });
      if (row == kFlatRows.end()) {
        report_unknown(entry, path, section.key);
      } else {
        apply(*row, path, entry.value);
      }
    }
  }

  void apply(const FlatRow& row, const std::string& path, const Node& value) {
    if (!row.no_effect.empty()) {
      diagnostics_.note(value.origin, path, std::string(row.no_effect));
    } else if (!row.to.empty()) {
      set_value(std::string(row.to), value);
    }
    if (row.to.ends_with("send_batch_max_size")) {
      set_value("exporters.EXPORTER.batch.send_batch_size", value);
    }
    const bool samples =
        path == "tracing.sampling_rate" && value.is_scalar() && parse_number(value.text) != 1.0;
    if (samples) {
      diagnostics_.error(value.origin, path,
                         "only 1.0 is possible: the gateway keeps everything it is sent");
    }
  }

  void report_unknown(const Entry& entry, const std::string& path, std::string_view section) {
    std::vector<std::string> keys;
    for (const FlatRow& row : kFlatRows) {
      const std::string_view first = first_segment(row.from);
      if (section.empty()) {
        keys.emplace_back(first);
      } else if (first == section) {
        keys.emplace_back(row.from.substr(section.size() + 1));
      }
    }
    const std::string near = nearest(entry.key, keys);
    diagnostics_.error(entry.origin, path,
                       near.empty() ? "unknown key" : "unknown key; did you mean `" + near + "`?");
  }

  [[nodiscard]] std::string address_at(std::initializer_list<std::string_view> port_path,
                                       std::string_view port_default) const {
    const std::string host = text_at(flat_, {"server", "host"}, "127.0.0.1");
    const bool is_bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
    return (is_bare_ipv6 ? '[' + host + ']' : host) + ':' + text_at(flat_, port_path, port_default);
  }

  void add_receivers() {
    const Node* const server = flat_.find("server");
    const Node& from = server != nullptr ? *server : flat_;
    set("receivers.otlp.protocols.grpc.endpoint", from,
        address_at({"server", "grpc_port"}, "4317"));
    set("receivers.otlp.protocols.http.endpoint", from, address_at({}, "4318"));
    if (server != nullptr && server->find("port") != nullptr) {
      set("admin.endpoint", *server->find("port"), address_at({"server", "port"}, "8080"));
    }
    if (server == nullptr) {
      diagnostics_.warning(flat_.origin, "",
                           "this form names no address to listen on: 127.0.0.1:4317 and "
                           "127.0.0.1:4318 are used; "
                           "--set receivers.otlp.protocols.grpc.endpoint=0.0.0.0:4317 opens it");
    }
  }

  void add_pipelines() {
    for (const std::string_view signal : {"traces", "metrics", "logs"}) {
      Node pipeline = Node::map(flat_.origin);
      pipeline.at("receivers", flat_.origin) = Node::list({"otlp"}, flat_.origin);
      pipeline.at("exporters", flat_.origin) = Node::list({exporter_}, flat_.origin);
      out_.at_path({"service", "pipelines", signal}, flat_.origin) = std::move(pipeline);
    }
  }

  void add_metrics() {
    const Node& metrics = *flat_.find("metrics");
    if (text_at(metrics, {"enabled"}, "true") == "false") {
      set("admin.metrics_enabled", metrics, "false");
    } else if (const Node* const port = metrics.find("port")) {
      set("admin.metrics_endpoint", *port, address_at({"metrics", "port"}, "9090"));
    }
  }

  // Text for people where the console handler's formatter does not say JSON.
  void add_console_log() {
    const Node* const console = flat_.find_path({"handlers", "console"});
    if (console == nullptr) return;
    const Node* const formatter =
        flat_.find_path({"formatters", text_at(*console, {"formatter"}, "default")});
    std::string format;
    if (formatter != nullptr) {
      format = text_at(*formatter, {"format"}, "") + text_at(*formatter, {"class"}, "") +
               text_at(*formatter, {"()"}, "");
    }
    const bool is_json = format.empty() || format.find("json") != std::string::npos ||
                         format.find("Json") != std::string::npos || format.starts_with('{');
    set("service.telemetry.logs.encoding", *console, is_json ? "json" : "console");
  }

  void add_log_filter() {
    const Node& loggers = *flat_.find("loggers");
    std::string filter = text_at(flat_, {"root", "level"}, "info");
    for (const Entry& logger : loggers.entries) {
      const std::string level = text_at(logger.value, {"level"}, "");
      if (!level.empty()) filter.append(",").append(logger.key).append("=").append(level);
    }
    set("service.telemetry.logs.level", loggers, filter);
  }

  const Node& flat_;
  Diagnostics& diagnostics_;
  Node out_ = Node::map();
  std::string exporter_;  // its id; empty when the file names none
};

}  // namespace

bool is_flat(const Node& root) noexcept {
  const bool has_own = std::any_of(root.entries.begin(), root.entries.end(), [](const Entry& e) {
    return std::find(kOwnSections.begin(), kOwnSections.end(), e.key) != kOwnSections.end();
  });
  return !has_own && std::any_of(root.entries.begin(), root.entries.end(),
                                 [](const Entry& e) { return is_flat_section(e.key); });
}

Node convert_flat(const Node& flat, Diagnostics& diagnostics) {
  return Converter(flat, diagnostics).convert();
}

std::string exporter_type_for(std::string_view endpoint) {
  const auto url = parse_url(endpoint);
  if (!url) return "otlp";
  const bool has_path = !url->path.empty() && url->path != "/";
  return url->port == 4318 || has_path ? "otlp_http" : "otlp";
}

std::string_view type_of(std::string_view id) noexcept { return id.substr(0, id.find('/')); }

std::string_view name_of(std::string_view id) noexcept {
  const std::size_t slash = id.find('/');
  return slash == std::string_view::npos ? std::string_view() : id.substr(slash + 1);
}

}  // namespace gateway::config
