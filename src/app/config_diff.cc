// `config --diff`: what a reload would do, told beforehand. Two configurations are compared; of
// exporters that would go, the running gateway, if there is one, is asked for the backlog.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>

#include "app/commands.h"
#include "app/wiring.h"
#include "config/changes.h"
#include "net/http_client.h"

namespace gateway::app {
namespace {

constexpr std::chrono::milliseconds kAskTimeMax{2'000};

// The items that wait for an exporter, out of a page of metrics.
[[nodiscard]] std::uint64_t pending_items(std::string_view metrics, const std::string& exporter) {
  const std::string head = "otlp_ledger_items{exporter=\"" + exporter + "\",";
  constexpr std::string_view kState = "state=\"pending\"} ";
  std::uint64_t sum = 0;
  for (std::size_t at = metrics.find(head); at != std::string_view::npos;
       at = metrics.find(head, at + 1)) {
    const std::string_view line = metrics.substr(at, metrics.find('\n', at) - at);
    const std::size_t state = line.find(kState);
    if (state == std::string_view::npos) continue;
    const std::string_view value = line.substr(state + kState.size());
    std::uint64_t items = 0;
    std::from_chars(value.data(), value.data() + value.size(), items);
    sum += items;
  }
  return sum;
}

[[nodiscard]] std::string padded(std::string_view word) {
  constexpr std::size_t kWidth = 9;
  std::string text(word);
  text.resize(std::max(kWidth, text.size() + 1), ' ');
  return text;
}

void append_removed(std::string& out, const std::string& endpoint, const config::Settings& running,
                    const std::vector<ExporterWiring>& removed) {
  if (removed.empty()) return;
  net::HttpClient client(endpoint, kAskTimeMax);
  const auto metrics = client.get(running.admin.metrics_path);
  for (const ExporterWiring& exporter : removed) {
    const std::string& id = exporter.settings.id;
    out += "exporter " + id + " goes; its backlog ";
    if (!metrics || metrics->status != 200) {
      out += "is not known: no gateway answers at " + endpoint + "\n";
      continue;
    }
    out += "is " + std::to_string(pending_items(metrics->body, id)) + " items, kept for " +
           std::to_string(running.storage.removed_exporters_kept.count() / 1000) + " s\n";
  }
}

}  // namespace

int config_diff_command(const CommandLine& line) {
  config::LoadRequest wanted_request = load_request(line);
  const auto running = config::load(wanted_request);
  wanted_request.files = line.diff_files;
  const auto wanted = config::load(wanted_request);
  for (const auto* loaded : {&running, &wanted}) {
    if (*loaded) continue;
    const std::string text = loaded->error().text();
    std::fwrite(text.data(), 1, text.size(), stderr);
    return 1;
  }
  std::string out;
  for (const config::Change& change :
       config::changes_between(running->effective, wanted->effective)) {
    out += padded(config::name_of(change.effect)) + config::text_of(change) + "\n";
  }
  const config::Settings next = config::without_restart(running->settings, wanted->settings);
  const WiringChange change = change_of(wiring_of(running->settings), wiring_of(next));
  for (const auto& [exporters, what] :
       {std::pair(&change.changed, " is ended and begun again where it was\n"),
        std::pair(&change.added, " comes\n")}) {
    for (const ExporterWiring& exporter : *exporters) {
      out += "exporter " + exporter.settings.id + what;
    }
  }
  append_removed(out, admin_endpoint(line).value_or(""), running->settings, change.removed);
  if (out.empty()) out = "no change\n";
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}

}  // namespace gateway::app
