#include "config/environment.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "config/convert.h"
#include "config/values.h"

namespace gateway::config {
namespace {

constexpr std::array<std::string_view, 9> kNames = {
    "ENDPOINT", "INSECURE",    "CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE",
    "HEADERS",  "COMPRESSION", "TIMEOUT",     "PROTOCOL"};

struct SignalName {
  std::string_view signal, variable;
};
constexpr std::array<SignalName, 3> kSignalNames = {
    {{"traces", "TRACES_"}, {"metrics", "METRICS_"}, {"logs", "LOGS_"}}};

struct Variable {
  std::string name;  // whole, for messages
  std::string value;
  [[nodiscard]] Origin origin() const { return {"environment variable " + name, 0, 0}; }
};
using Variables = std::map<std::string_view, Variable>;  // by the end of their names

[[nodiscard]] std::optional<Variable> variable(const Environment& environment,
                                               const std::string& name) {
  const auto at = environment.find(name);
  // The specification: an empty value is as good as none.
  if (at == environment.end() || at->second.empty()) return std::nullopt;
  return Variable{name, at->second};
}

[[nodiscard]] Variables variables(const Environment& environment, std::string_view signal) {
  Variables found;
  for (const std::string_view name : kNames) {
    auto value =
        variable(environment, std::string("OTEL_EXPORTER_OTLP_").append(signal).append(name));
    if (value) found.emplace(name, *std::move(value));
  }
  return found;
}

[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto digit = [&](std::size_t at) -> int {
      if (at >= text.size()) return -1;
      const char c = text[at];
      if (c >= '0' && c <= '9') return c - '0';
      if (c >= 'a' && c <= 'f') return c - 'a' + 10;
      if (c >= 'A' && c <= 'F') return c - 'A' + 10;
      return -1;
    };
    const int high = digit(i + 1);
    const int low = digit(i + 2);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "k=v,k=v" as in W3C Baggage, values percent-encoded.
void add_headers(Node& exporter, const Variable& variable, Diagnostics& diagnostics) {
  Node& headers = exporter.at("headers", variable.origin());
  if (!headers.is_map()) headers = Node::map(variable.origin());
  for (std::string_view rest = variable.value; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view pair = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view key = trimmed(pair.substr(0, equals));
    const auto value = equals == std::string_view::npos
                           ? std::nullopt
                           : percent_decoded(trimmed(pair.substr(equals + 1)));
    if (key.empty() || !value) {
      diagnostics.error(variable.origin(), "", "is not name=value,name=value, percent-encoded");
      return;
    }
    Node node = Node::scalar(*value, variable.origin());
    node.quoted = true;
    headers.at(key, variable.origin()) = std::move(node);
  }
}

struct Protocol {
  std::string_view type, encoding;
};
[[nodiscard]] std::optional<Protocol> protocol_of(const Variables& variables,
                                                  Diagnostics& diagnostics) {
  const auto at = variables.find("PROTOCOL");
  if (at == variables.end()) return std::nullopt;
  const std::string& value = at->second.value;
  if (value == "grpc") return Protocol{"otlp", ""};
  if (value == "http/protobuf") return Protocol{"otlp_http", "proto"};
  if (value == "http/json") return Protocol{"otlp_http", "json"};
  diagnostics.error(
      at->second.origin(), "",
      "`" + value + "` is not possible here; possible are grpc, http/protobuf and http/json");
  return std::nullopt;
}

void apply_timeout(Node& exporter, const Variable& variable, Diagnostics& diagnostics) {
  const auto millis = parse_signed(variable.value);
  if (!millis) {
    diagnostics.error(variable.origin(), "",
                      "`" + variable.value + "` is not a number of milliseconds");
  } else if (*millis < 0) {
    diagnostics.warning(variable.origin(), "", "is negative; 10s is used");
    exporter.at("timeout", variable.origin()) = Node::scalar("10s", variable.origin());
  } else {
    exporter.at("timeout", variable.origin()) =
        Node::scalar(text_of(Millis(*millis)), variable.origin());
  }
}

// Sets what `variables` say on an exporter. `signal_endpoint` is the key of a URL for one signal,
// or empty when ENDPOINT is the base for all.
void apply_variables(Node& exporter, std::string_view type, const Variables& variables,
                     std::string_view signal_endpoint, Diagnostics& diagnostics) {
  if (exporter.is_null()) exporter = Node::map();
  if (!exporter.is_map()) return;  // reported by the schema
  for (const auto& [name, variable] : variables) {
    const Origin origin = variable.origin();
    const auto set = [&](std::initializer_list<std::string_view> path, std::string_view text) {
      exporter.at_path(path, origin) = Node::scalar(text, origin);
    };
    if (name == "ENDPOINT") {
      if (type == "otlp_http" && !signal_endpoint.empty()) {
        exporter.erase("endpoint");
        set({signal_endpoint}, variable.value);
      } else {
        set({"endpoint"}, variable.value);
      }
    } else if (name == "INSECURE") {
      if (!parse_bool(variable.value)) {
        diagnostics.error(origin, "", "`" + variable.value + "` is not true or false");
      } else {
        set({"tls", "insecure"}, variable.value);
      }
    } else if (name == "CERTIFICATE") {
      set({"tls", "ca_file"}, variable.value);
    } else if (name == "CLIENT_KEY") {
      set({"tls", "key_file"}, variable.value);
    } else if (name == "CLIENT_CERTIFICATE") {
      set({"tls", "cert_file"}, variable.value);
    } else if (name == "HEADERS") {
      add_headers(exporter, variable, diagnostics);
    } else if (name == "COMPRESSION") {
      set({"compression"}, variable.value);
    } else if (name == "TIMEOUT") {
      apply_timeout(exporter, variable, diagnostics);
    }
  }
}

class Overlay {
 public:
  Overlay(Node& root, const Environment& environment, Exporters kind, Diagnostics& diagnostics)
      : root_(root), environment_(environment), kind_(kind), diagnostics_(diagnostics) {}

  void apply() {
    general_ = variables(environment_, "");
    if (const auto endpoint = variable(environment_, "OTLP_ENDPOINT")) {
      general_.insert_or_assign("ENDPOINT", *endpoint);
      is_guide_endpoint_ = true;
    }
    for (std::size_t i = 0; i < kSignalNames.size(); ++i) {
      signals_[i] = variables(environment_, kSignalNames[i].variable);
    }
    api_key_ = variable(environment_, "API_KEY");
    if (!is_anything_set()) return;
    if (choose_base()) apply_to_base();
  }

 private:
  [[nodiscard]] bool is_anything_set() const {
    return api_key_ || !general_.empty() ||
           std::any_of(signals_.begin(), signals_.end(), [](const auto& s) { return !s.empty(); });
  }

  [[nodiscard]] std::string names_set() const {
    std::vector<std::string> names;
    for (const auto& [end, set] : general_) names.push_back(set.name);
    for (const auto& signal : signals_) {
      for (const auto& [end, set] : signal) names.push_back(set.name);
    }
    if (api_key_) names.push_back(api_key_->name);
    return joined(names);
  }

  // Finds the exporter that the variables speak of; false when there is none to be found.
  [[nodiscard]] bool choose_base() {
    std::vector<std::string> ids;
    if (const Node* const exporters = root_.find("exporters")) {
      for (const Entry& entry : exporters->entries) {
        const std::string_view type = type_of(entry.key);
        if (type == "otlp" || type == "otlp_http") ids.push_back(entry.key);
      }
    }
    const Origin origin{"environment", 0, 0};
    if (ids.size() > 1) {
      diagnostics_.warning(origin, "",
                           names_set() + " are not used: they cannot say which of the exporters " +
                               joined(ids) + " they mean; write ${env:NAME} in the file");
      return false;
    }
    is_new_ = ids.empty();
    const bool has_endpoint =
        general_.contains("ENDPOINT") ||
        std::any_of(signals_.begin(), signals_.end(),
                    [](const Variables& signal) { return signal.contains("ENDPOINT"); });
    if (is_new_ && !has_endpoint) {
      diagnostics_.warning(origin, "",
                           names_set() +
                               " are not used: there is no otlp or otlp_http exporter; "
                               "OTEL_EXPORTER_OTLP_ENDPOINT would add one");
      return false;
    }
    base_id_ = is_new_ ? "" : ids[0];
    if (!is_new_) base_ = *root_.find_path({"exporters", base_id_});
    return true;
  }

  // The exporter type for these variables: PROTOCOL, else what is there, else the default.
  [[nodiscard]] std::string type_for(const Variables& set) {
    const auto protocol = protocol_of(set, diagnostics_);
    const auto endpoint = set.find("ENDPOINT");
    if (is_new_) {
      if (protocol) return std::string(protocol->type);
      if (is_guide_endpoint_ && endpoint != set.end()) {
        return exporter_type_for(endpoint->second.value);
      }
      return "otlp_http";
    }
    const std::string type(type_of(base_id_));
    if (kind_ == Exporters::from_short_form) {
      if (protocol) return std::string(protocol->type);
      // The port decided on the type; so does the new one.
      return endpoint == set.end() ? type : exporter_type_for(endpoint->second.value);
    }
    if (protocol && protocol->type != type) {
      diagnostics_.error(set.at("PROTOCOL").origin(), "",
                         "asks for `" + std::string(protocol->type) + "`, but the exporter is `" +
                             base_id_ + "`; write the exporter in the file");
    }
    return type;
  }

  // An exporter like the base with `set` on it; its id is made of its type and `name`.
  std::string add_exporter(const Variables& set, std::string_view name,
                           std::string_view signal_endpoint) {
    const std::string type = type_for(set);
    std::string id = name.empty() ? type : type + '/' + std::string(name);
    Node exporter = base_;
    apply_variables(exporter, type, set, signal_endpoint, diagnostics_);
    if (const auto protocol = protocol_of(set, diagnostics_); protocol && type == "otlp_http") {
      const Origin origin = set.at("PROTOCOL").origin();
      exporter.at("encoding", origin) = Node::scalar(protocol->encoding, origin);
    } else if (type == "otlp" && exporter.is_map()) {
      exporter.erase("encoding");
    }
    if (api_key_ && exporter.is_map()) {
      Node& headers = exporter.at("headers", api_key_->origin());
      if (!headers.is_map()) headers = Node::map(api_key_->origin());
      Node key = Node::scalar("Bearer " + api_key_->value, api_key_->origin());
      key.quoted = true;
      headers.at("authorization", api_key_->origin()) = std::move(key);
    }
    root_.at_path({"exporters", id}, {}) = std::move(exporter);
    return id;
  }

  // Puts `id` in the place of the base in the pipelines of `signal`, or beside the others when it
  // is new (the built-in ones make way).
  void use_in_pipelines(std::string_view signal, const std::string& id) {
    Node* const pipelines = root_.find_path({"service", "pipelines"});
    if (pipelines == nullptr) return;
    for (Entry& pipeline : pipelines->entries) {
      if (type_of(pipeline.key) != signal || !pipeline.value.is_map()) continue;
      Node& used = pipeline.value.at("exporters", {});
      if (!used.is_list()) used = Node::list({});
      if (is_new_) {
        if (kind_ == Exporters::built_in) used.items.clear();
        used.items.push_back(Node::scalar(id));
        continue;
      }
      for (Node& item : used.items) {
        if (item.text == base_id_) item.text = id;
      }
    }
  }

  [[nodiscard]] bool is_used(const std::string& id) const {
    const Node* const pipelines = root_.find_path({"service", "pipelines"});
    if (pipelines == nullptr) return false;
    for (const Entry& pipeline : pipelines->entries) {
      const Node* const used = pipeline.value.find("exporters");
      if (used == nullptr) continue;
      for (const Node& item : used->items) {
        if (item.text == id) return true;
      }
    }
    return false;
  }

  void apply_to_base() {
    std::string base_name(is_new_ ? "" : name_of(base_id_));
    bool is_general_used = false;
    for (std::size_t i = 0; i < kSignalNames.size(); ++i) {
      const auto& [signal, unused] = kSignalNames[i];
      if (signals_[i].empty()) {
        is_general_used = true;
        continue;
      }
      Variables set = general_;
      for (const auto& [name, value] : signals_[i]) set.insert_or_assign(name, value);
      const std::string name =
          base_name.empty() ? std::string(signal) : base_name + '_' + std::string(signal);
      const std::string endpoint_key =
          signals_[i].contains("ENDPOINT") ? std::string(signal) + "_endpoint" : "";
      use_in_pipelines(signal, add_exporter(set, name, endpoint_key));
    }
    if (is_general_used && (!is_new_ || general_.contains("ENDPOINT"))) {
      const std::string id = add_exporter(general_, base_name, "");
      for (std::size_t i = 0; i < kSignalNames.size(); ++i) {
        if (signals_[i].empty()) use_in_pipelines(kSignalNames[i].signal, id);
      }
    }
    Node* const exporters = root_.find("exporters");
    if (exporters == nullptr) return;
    if (!is_new_ && !is_used(base_id_)) exporters->erase(base_id_);
    if (kind_ == Exporters::built_in) {
      std::erase_if(exporters->entries, [this](const Entry& e) { return !is_used(e.key); });
    }
  }

  Node& root_;
  const Environment& environment_;
  const Exporters kind_;
  Diagnostics& diagnostics_;
  Variables general_;
  std::array<Variables, kSignalNames.size()> signals_;
  std::optional<Variable> api_key_;
  bool is_guide_endpoint_ = false;
  bool is_new_ = false;
  std::string base_id_;
  Node base_ = Node::map();
};

void set_from_first(Node& root, const Environment& environment,
                    std::initializer_list<std::string_view> path,
                    std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    if (const auto found = variable(environment, name)) {
      root.at_path(path, found->origin()) = Node::scalar(found->value, found->origin());
      return;
    }
  }
}

}  // namespace

void apply_environment(Node& root, const Environment& environment, Exporters exporters,
                       Diagnostics& diagnostics) {
  Overlay(root, environment, exporters, diagnostics).apply();
  set_from_first(root, environment, {"service", "telemetry", "resource", "service.name"},
                 {"SERVICE_NAME", "OTEL_SERVICE_NAME"});
  set_from_first(root, environment, {"service", "telemetry", "logs", "level"},
                 {"OTLP_LOG", "OTEL_LOG_LEVEL"});
}

void apply_assignments(Node& root, const std::vector<std::string>& assignments,
                       Diagnostics& diagnostics) {
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    const std::string key = assignment.substr(0, equals);
    const Origin origin{"--set " + key, 0, 0};
    if (equals == std::string::npos || key.empty()) {
      diagnostics.error(origin, "", "is not key=value");
      continue;
    }
    const std::string_view separator = key.find("::") != std::string::npos ? "::" : ".";
    Node over = Node::map(origin);
    Node* node = &over;
    for (std::string_view rest = key;;) {
      const std::size_t end = rest.find(separator);
      node = &node->at(rest.substr(0, end), origin);
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + separator.size());
    }
    Diagnostics mistakes;
    const std::string text = assignment.substr(equals + 1);
    Node value = parse_yaml(text, origin.file, mistakes);
    // What is no YAML (a bare `*`, a `[::]:4317`) is text.
    const bool is_text = mistakes.has_errors() || text.starts_with("[::");
    *node = is_text || (value.is_map() && !text.starts_with('{')) ? Node::scalar(text, origin)
                                                                  : std::move(value);
    merge(root, std::move(over));
  }
}

}  // namespace gateway::config
