#include <algorithm>
#include <array>
#include <utility>

#include "config/convert.h"
#include "config/mapping_tools.h"

namespace gateway::config {
namespace {

using detail::set_if_missing;

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kOtherNames = {
    {{"otlphttp", "otlp_http"}, {"otlp_grpc", "otlp"}, {"logging", "debug"}}};

// Milliseconds, as the Collector writes them, or a duration.
[[nodiscard]] Node as_duration(const Node& from) {
  Node duration = from;
  const bool is_number =
      !from.text.empty() && from.text.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) duration.text += "ms";
  return duration;
}

// The otlp exporter of a periodic reader or a batch processor, into `to` of
// service.telemetry.export.
void map_own_exporter(Node& root, std::string_view to, const Node& from,
                      std::string_view interval_key, Diagnostics& diagnostics) {
  const std::string place = "service.telemetry." + std::string(to);
  const Node* const exporters = from.find("exporter");
  const Entry* used = nullptr;
  for (const char* const name : {"otlp", "otlp_http", "otlp_grpc"}) {
    if (exporters != nullptr && used == nullptr) used = exporters->entry(name);
  }
  const Node* const endpoint = used == nullptr ? nullptr : used->value.find("endpoint");
  if (endpoint == nullptr || !endpoint->is_scalar()) {
    diagnostics.error(from.origin, place, "is sent by an `otlp` exporter with an endpoint, or not");
    return;
  }
  const auto set = [&](std::string_view key, const Node* value) {
    set_if_missing(root, {"service", "telemetry", "export", to, key}, value);
  };
  Node url = *endpoint;
  if (url.text.find("://") == std::string::npos) {
    const Node* const insecure = used->value.find("insecure");
    const bool is_clear = insecure != nullptr && insecure->text == "true";
    url.text.insert(0, is_clear ? "http://" : "https://");
  }
  set("endpoint", &url);
  const Node own_protocol =
      Node::scalar(used->key == "otlp_grpc" ? "grpc" : "http/protobuf", used->origin);
  const Node* const protocol = used->value.find("protocol");
  set("protocol", protocol == nullptr ? &own_protocol : protocol);
  set("compression", used->value.find("compression"));
  for (const auto& [key, value] : {std::pair{"interval", from.find(interval_key)},
                                   std::pair{"timeout", used->value.find("timeout")}}) {
    if (value == nullptr || !value->is_scalar()) continue;
    const Node duration = as_duration(*value);
    set(key, &duration);
  }
  if (const Node* const headers = used->value.find("headers")) {
    Node& own = root.at_path({"service", "telemetry", "export", to, "headers"}, headers->origin);
    if (own.is_null()) own = *headers;
  }
}

// The Collector's own spans: a batch processor, and a ratio somewhere in the sampler.
void map_own_traces(Node& root, Diagnostics& diagnostics) {
  const Node* const found = root.find_path({"service", "telemetry", "traces"});
  if (found == nullptr || !found->is_map()) return;
  const Node traces = *found;
  if (const Node* const processors = traces.find("processors")) {
    for (const Node& processor : processors->items) {
      const Node* const batch = processor.find("batch");
      if (batch == nullptr) {
        diagnostics.error(processor.origin, "service.telemetry.traces.processors",
                          "only `batch` is there");
        continue;
      }
      map_own_exporter(root, "traces", *batch, "schedule_delay", diagnostics);
    }
  }
  for (const Node* const ratio :
       {traces.find_path({"sampler", "trace_id_ratio_based", "ratio"}),
        traces.find_path({"sampler", "parent_based", "root", "trace_id_ratio_based", "ratio"})}) {
    const bool is_used = root.find_path({"service", "telemetry", "export", "traces"}) != nullptr;
    if (is_used) set_if_missing(root, {"service", "telemetry", "export", "traces", "ratio"}, ratio);
  }
  root.find_path({"service", "telemetry"})->erase("traces");
}

// The Collector's own metrics: an address, a Prometheus reader, a periodic one, or none.
void map_own_metrics(Node& root, Diagnostics& diagnostics) {
  const Node* const found = root.find_path({"service", "telemetry", "metrics"});
  if (found == nullptr || !found->is_map()) return;
  const Node metrics = *found;
  set_if_missing(root, {"admin", "metrics_endpoint"}, metrics.find("address"));
  const Node* const level = metrics.find("level");
  if (level != nullptr && level->text == "none") {
    const Node off = Node::scalar("false", level->origin);
    set_if_missing(root, {"admin", "metrics_enabled"}, &off);
  }
  if (const Node* const readers = metrics.find("readers")) {
    for (const Node& reader : readers->items) {
      if (const Node* const periodic = reader.find("periodic")) {
        map_own_exporter(root, "metrics", *periodic, "interval", diagnostics);
      }
      const Node* const prometheus = reader.find_path({"pull", "exporter", "prometheus"});
      if (prometheus == nullptr) continue;
      const Node* const host = prometheus->find("host");
      const Node* const port = prometheus->find("port");
      const Node address = Node::scalar((host == nullptr ? "127.0.0.1" : host->text) + ':' +
                                            (port == nullptr ? "9464" : port->text),
                                        prometheus->origin);
      set_if_missing(root, {"admin", "metrics_endpoint"}, &address);
    }
  }
  root.find_path({"service", "telemetry"})->erase("metrics");
}

constexpr std::array<std::string_view, 3> kBatchKeys = {"send_batch_size", "send_batch_max_size",
                                                        "timeout"};

void map_queue_batches(Node& root) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kQueueBatchKeys = {
      {{"flush_timeout", "timeout"},
       {"min_size", "send_batch_size"},
       {"max_size", "send_batch_max_size"}}};
  Node* const exporters = root.find("exporters");
  if (exporters == nullptr || !exporters->is_map()) return;
  for (Entry& exporter : exporters->entries) {
    Node* queue = exporter.value.find("sending_queue");
    if (queue == nullptr || !queue->is_map()) continue;
    if (const Node* const found = queue->find("batch"); found != nullptr && found->is_map()) {
      const Node batch = *found;
      for (const auto& [from, to] : kQueueBatchKeys) {
        set_if_missing(exporter.value, {"batch", to}, batch.find(from));
      }
    }
    queue = exporter.value.find("sending_queue");
    queue->erase("batch");
  }
}

// A batch processor sets `batch` of the exporters behind it, where they have none. Two pipelines
// that want different batches of one exporter cannot both have their way.
void map_batch_processors(Node& root, Diagnostics& diagnostics) {
  const Node* const pipelines = root.find_path({"service", "pipelines"});
  const Node* const processors = root.find("processors");
  Node* const exporters = root.find("exporters");
  if (pipelines == nullptr || processors == nullptr || exporters == nullptr) return;
  std::vector<std::pair<std::string, std::string>> decided;  // exporter, processor
  for (const Entry& pipeline : pipelines->entries) {
    const Node* const used = pipeline.value.find("processors");
    const Node* const targets = pipeline.value.find("exporters");
    if (used == nullptr || targets == nullptr) continue;
    for (const Node& use : used->items) {
      const Node* const batch = processors->find(use.text);
      if (type_of(use.text) != "batch" || batch == nullptr || !batch->is_map()) continue;
      for (const Node& target : targets->items) {
        Node* const exporter = exporters->find(target.text);
        if (exporter == nullptr || !(exporter->is_map() || exporter->is_null())) continue;
        const auto before = std::find_if(decided.begin(), decided.end(), [&](const auto& pair) {
          return pair.first == target.text;
        });
        if (before != decided.end()) {
          if (before->second == use.text) continue;
          diagnostics.warning(use.origin, "service.pipelines." + pipeline.key + ".processors",
                              "exporter `" + target.text + "` already batches as `" +
                                  before->second + "` says; `" + use.text +
                                  "` has no effect on it");
          continue;
        }
        decided.emplace_back(target.text, use.text);
        for (const std::string_view key : kBatchKeys) {
          set_if_missing(*exporter, {"batch", key}, batch->find(key));
        }
      }
    }
  }
}

}  // namespace

std::string own_exporter_id(const std::string& id) {
  for (const auto& [other, own] : kOtherNames) {
    if (type_of(id) == other) return std::string(own) + id.substr(other.size());
  }
  return id;
}

// The newer form of service.telemetry.resource, {attributes: [{name, value}]}, as the older one.
void use_own_resource(Node& root, Diagnostics& diagnostics) {
  Node* const resource = root.find_path({"service", "telemetry", "resource"});
  const Node* const attributes = resource == nullptr ? nullptr : resource->find("attributes");
  if (attributes == nullptr || !attributes->is_list()) return;
  for (const Entry& entry : resource->entries) {
    if (entry.key == "attributes") continue;
    diagnostics.note(entry.origin, "service.telemetry.resource." + entry.key,
                     "has no effect: the resource is what `attributes` names");
  }
  Node list = *attributes;
  *resource = std::move(list);
}

void use_own_names(Node& root, Diagnostics& diagnostics) {
  use_own_resource(root, diagnostics);
  if (Node* const exporters = root.find("exporters")) {
    for (Entry& entry : exporters->entries) {
      const std::string own = own_exporter_id(entry.key);
      if (own == entry.key) continue;
      if (exporters->find(own) != nullptr) {
        diagnostics.error(entry.origin, "exporters." + entry.key,
                          "is another name of `" + own + "`, which is there too");
      } else {
        entry.key = own;
      }
    }
  }
  if (Node* const pipelines = root.find_path({"service", "pipelines"})) {
    for (Entry& pipeline : pipelines->entries) {
      Node* const used = pipeline.value.find("exporters");
      if (used == nullptr) continue;
      for (Node& item : used->items) item.text = own_exporter_id(item.text);
    }
  }
}

void apply_mappings(Node& root, Diagnostics& diagnostics) {
  detail::map_extensions(root, diagnostics);
  map_own_metrics(root, diagnostics);
  map_own_traces(root, diagnostics);
  map_queue_batches(root);
  map_batch_processors(root, diagnostics);
}

}  // namespace gateway::config
