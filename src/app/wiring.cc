#include "app/wiring.h"

#include <algorithm>
#include <utility>

#include "app/routes.h"
#include "pipeline/signal_service.h"

namespace gateway::app {
namespace {

[[nodiscard]] const ExporterWiring* find(const std::vector<ExporterWiring>& among,
                                         const ExporterWiring& wanted) {
  const auto at = std::find_if(among.begin(), among.end(), [&](const ExporterWiring& candidate) {
    return candidate.settings.id == wanted.settings.id;
  });
  return at == among.end() ? nullptr : &*at;
}

void add_named(std::vector<std::string>& files, std::initializer_list<std::string> names) {
  for (const std::string& name : names) {
    if (!name.empty()) files.push_back(name);
  }
}

}  // namespace

std::uint32_t signals_enabled(const config::Settings& settings) {
  std::uint32_t enabled = 0;
  for (const pipeline::SignalServiceName& row : pipeline::kSignalServiceNames) {
    const bool chosen = settings.services.empty() ||
                        std::find(settings.services.begin(), settings.services.end(), row.option) !=
                            settings.services.end();
    if (chosen) enabled |= 1U << index_of(row.signal);
  }
  if ((enabled >> index_of(Signal::traces) & 1U) != 0) enabled |= 1U << index_of(Signal::profiles);
  // A signal without a pipeline has nowhere to go: it is refused, not stored for nobody.
  std::uint32_t routed = 0;
  for (const config::Pipeline& pipeline : settings.pipelines) {
    routed |= 1U << index_of(pipeline.signal);
  }
  return enabled & routed;
}

std::vector<ExporterWiring> wiring_of(const config::Settings& settings) {
  const std::uint32_t enabled = signals_enabled(settings);
  std::vector<ExporterWiring> wiring;
  for (const config::Exporter& exporter : settings.exporters) {
    std::vector<Signal> signals = signals_of(settings, exporter.id, enabled);
    if (!signals.empty()) wiring.push_back({exporter, std::move(signals)});
  }
  return wiring;
}

WiringChange change_of(const std::vector<ExporterWiring>& before,
                       const std::vector<ExporterWiring>& after) {
  WiringChange change;
  for (const ExporterWiring& exporter : before) {
    if (find(after, exporter) == nullptr) change.removed.push_back(exporter);
  }
  for (const ExporterWiring& exporter : after) {
    const ExporterWiring* const old = find(before, exporter);
    if (old == nullptr) {
      change.added.push_back(exporter);
    } else if (*old != exporter) {
      change.changed.push_back(exporter);
    }
  }
  return change;
}

std::vector<std::string> tls_files(const config::OtlpReceiver& receiver) {
  std::vector<std::string> files;
  for (const config::Listener& listener : {receiver.grpc, receiver.http}) {
    if (!listener.enabled || !listener.tls) continue;
    add_named(files,
              {listener.tls->cert_file, listener.tls->key_file, listener.tls->client_ca_file});
  }
  return files;
}

std::vector<std::string> tls_files(const config::Exporter& exporter) {
  std::vector<std::string> files;
  if (!exporter.tls.insecure) {
    add_named(files, {exporter.tls.ca_file, exporter.tls.cert_file, exporter.tls.key_file});
  }
  return files;
}

std::vector<std::string> tls_files(const config::Settings& settings) {
  std::vector<std::string> files;
  for (const config::OtlpReceiver& receiver : settings.receivers) {
    for (std::string& file : tls_files(receiver)) files.push_back(std::move(file));
  }
  for (const ExporterWiring& exporter : wiring_of(settings)) {
    for (std::string& file : tls_files(exporter.settings)) files.push_back(std::move(file));
  }
  return files;
}

}  // namespace gateway::app
