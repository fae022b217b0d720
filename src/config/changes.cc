#include "config/changes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "config/build.h"
#include "config/cross_check.h"
#include "config/schema.h"

namespace gateway::config {
namespace {

struct EffectRow {
  std::string_view path;  // of a setting, or of all below a section: "exporters.*"
  Effect effect;
};

// The longest that fits decides.
constexpr std::array kEffects = {
    EffectRow{"*", Effect::restart},
    EffectRow{"receivers.*", Effect::live},
    // A listener stays as it was opened.
    EffectRow{"receivers.otlp[/name]", Effect::restart},
    EffectRow{"receivers.otlp[/name].protocols.grpc", Effect::restart},
    EffectRow{"receivers.otlp[/name].protocols.grpc.endpoint", Effect::restart},
    EffectRow{"receivers.otlp[/name].protocols.grpc.tls", Effect::restart},
    EffectRow{"receivers.otlp[/name].protocols.http", Effect::restart},
    EffectRow{"receivers.otlp[/name].protocols.http.endpoint", Effect::restart},
    EffectRow{"receivers.otlp[/name].protocols.http.tls", Effect::restart},
    EffectRow{"processors.*", Effect::rebuild},
    EffectRow{"processors.memory_limiter[/name]", Effect::live},
    EffectRow{"processors.memory_limiter[/name].*", Effect::live},
    EffectRow{"exporters.*", Effect::rebuild},
    EffectRow{"storage.size_max", Effect::live},
    EffectRow{"storage.history_size_max", Effect::live},
    EffectRow{"storage.age_max", Effect::live},
    EffectRow{"storage.when_full", Effect::live},
    EffectRow{"storage.removed_exporters_kept", Effect::live},
    EffectRow{"service.pipelines.*", Effect::rebuild},
    EffectRow{"service.telemetry.resource", Effect::rebuild},
    EffectRow{"service.telemetry.logs.*", Effect::live},
    EffectRow{"service.shutdown_timeout", Effect::live},
};

[[nodiscard]] bool fits(std::string_view row, std::string_view path) noexcept {
  if (!row.ends_with('*')) return row == path;
  return path.starts_with(row.substr(0, row.size() - 1));
}

class Comparison {
 public:
  [[nodiscard]] std::vector<Change> take() && { return std::move(changes_); }

  // `before` and `after` at `path`; one of them may be missing.
  void compare(const Node* before, const Node* after, const SchemaNode& schema,
               const std::string& path, const std::string& schema_path) {
    const bool is_one_sided = before == nullptr || after == nullptr;
    // A component or an optional section comes and goes as a whole.
    const bool is_unit = schema.row != nullptr || schema.is_component;
    if (!schema.is_section() || (is_one_sided && is_unit)) {
      return compare_values(before, after, schema, path, schema_path);
    }
    for (const std::string& key : keys_of(before, after)) {
      const SchemaNode* const child = schema.child(key);
      if (child == nullptr) continue;  // both were checked: there is none
      const std::string segment = child->segment + (child->is_component ? "[/name]" : "");
      compare(find(before, key), find(after, key), *child, joined(path, key),
              joined(schema_path, segment));
    }
  }

 private:
  [[nodiscard]] static const Node* find(const Node* node, const std::string& key) {
    return node == nullptr ? nullptr : node->find(key);
  }
  [[nodiscard]] static std::string joined(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + '.' + key;
  }
  // In the order of `before`, then what only `after` has.
  [[nodiscard]] static std::vector<std::string> keys_of(const Node* before, const Node* after) {
    std::vector<std::string> keys;
    for (const Node* const node : {before, after}) {
      if (node == nullptr) continue;
      for (const Entry& entry : node->entries) {
        if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) keys.push_back(entry.key);
      }
    }
    return keys;
  }

  void compare_values(const Node* before, const Node* after, const SchemaNode& schema,
                      const std::string& path, const std::string& schema_path) {
    const auto text = [](const Node* node) {
      return node == nullptr || node->is_null() ? std::string() : flow_text(*node);
    };
    Change change{path, text(before), text(after), effect_of(schema_path)};
    if (schema.is_section()) {
      change.before = before == nullptr ? "" : "there";
      change.after = after == nullptr ? "" : "there";
    }
    if (change.before == change.after) return;
    if (schema.row != nullptr && schema.row->secret) {
      if (!change.before.empty()) change.before = kMasked;
      if (!change.after.empty()) change.after = kMasked;
    }
    changes_.push_back(std::move(change));
  }

  std::vector<Change> changes_;
};

[[nodiscard]] bool is_in_pipeline(const Node& root, const std::string& receiver) {
  const Node* const pipelines = root.find_path({"service", "pipelines"});
  if (pipelines == nullptr) return false;
  return std::any_of(pipelines->entries.begin(), pipelines->entries.end(),
                     [&](const Entry& pipeline) {
                       const Node* const used = pipeline.value.find("receivers");
                       return used != nullptr &&
                              std::any_of(used->items.begin(), used->items.end(),
                                          [&](const Node& item) { return item.text == receiver; });
                     });
}

// A receiver that no pipeline names does not listen. One that only one side has is told already.
void add_receivers_in_use(const Node& before, const Node& after, std::vector<Change>& changes) {
  const Node* const receivers = before.find("receivers");
  if (receivers == nullptr) return;
  for (const Entry& receiver : receivers->entries) {
    const bool was = is_in_pipeline(before, receiver.key);
    const bool is = is_in_pipeline(after, receiver.key);
    if (was == is || after.find_path({"receivers", receiver.key}) == nullptr) continue;
    const auto text = [](bool used) { return used ? "in a pipeline" : "in no pipeline"; };
    changes.push_back({"receivers." + receiver.key, text(was), text(is), Effect::restart});
  }
}

// `wanted` as far as an open listener can take it on.
[[nodiscard]] Listener without_restart(const Listener& running, Listener wanted,
                                       std::uint64_t message_size_bytes_max) {
  if (!running.enabled || !wanted.enabled) return running;
  wanted.endpoint = running.endpoint;
  if (wanted.tls.has_value() != running.tls.has_value()) wanted.tls = running.tls;
  if (wanted.max_recv_msg_size_bytes > message_size_bytes_max) {
    wanted.max_recv_msg_size_bytes = running.max_recv_msg_size_bytes;
  }
  return wanted;
}

}  // namespace

std::string_view name_of(Effect effect) noexcept {
  switch (effect) {
    case Effect::live:
      return "live";
    case Effect::rebuild:
      return "rebuild";
    case Effect::restart:
      return "restart";
  }
  return "restart";
}

Effect effect_of(std::string_view schema_path) noexcept {
  const EffectRow* best = kEffects.data();
  for (const EffectRow& row : kEffects) {
    if (fits(row.path, schema_path) && row.path.size() >= best->path.size()) best = &row;
  }
  return best->effect;
}

std::string text_of(const Change& change) {
  const auto shown = [](const std::string& text) { return text.empty() ? "(none)" : text; };
  return change.path + ": " + shown(change.before) + " -> " + shown(change.after);
}

std::vector<Change> changes_between(const Node& before, const Node& after) {
  Comparison comparison;
  comparison.compare(&before, &after, schema(), "", "");
  std::vector<Change> changes = std::move(comparison).take();
  add_receivers_in_use(before, after, changes);
  return changes;
}

Settings without_restart(const Settings& running, const Settings& wanted) {
  Settings result = wanted;
  result.storage = running.storage;
  if (wanted.storage.size_bytes_max >= 2 * running.storage.segment_size_bytes) {
    result.storage.size_bytes_max = wanted.storage.size_bytes_max;
  }
  result.storage.history_size_bytes_max = wanted.storage.history_size_bytes_max;
  result.storage.age_max = wanted.storage.age_max;
  result.storage.when_full = wanted.storage.when_full;
  result.storage.removed_exporters_kept = wanted.storage.removed_exporters_kept;
  result.admin = running.admin;
  result.own_metrics = running.own_metrics;
  result.own_traces = running.own_traces;
  result.io_threads = running.io_threads;
  result.services = running.services;
  result.receivers = running.receivers;
  const std::uint64_t message_max = running.storage.segment_size_bytes - kRecordOverheadBytesMax;
  for (OtlpReceiver& receiver : result.receivers) {
    const auto found =
        std::find_if(wanted.receivers.begin(), wanted.receivers.end(),
                     [&](const OtlpReceiver& candidate) { return candidate.id == receiver.id; });
    if (found == wanted.receivers.end()) continue;
    const Listener grpc = without_restart(receiver.grpc, found->grpc, message_max);
    const Listener http = without_restart(receiver.http, found->http, message_max);
    receiver = *found;
    receiver.grpc = grpc;
    receiver.http = http;
  }
  return result;
}

}  // namespace gateway::config
