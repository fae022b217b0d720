// Who gets what: the exporters in use with the signals that their pipelines bring them, worked out
// of the settings, so that two configurations can be compared.
//
// Errors:  none.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/signal.h"
#include "config/settings.h"

namespace gateway::app {

// Signals that some receiver takes (bit i: Signal i): those of the chosen services that have a
// pipeline.
[[nodiscard]] std::uint32_t signals_enabled(const config::Settings& settings);

struct ExporterWiring {
  config::Exporter settings;
  std::vector<Signal> signals;
  bool operator==(const ExporterWiring&) const = default;
};

// In the order of the configuration; an exporter that no signal reaches is not among them.
[[nodiscard]] std::vector<ExporterWiring> wiring_of(const config::Settings& settings);

struct WiringChange {
  std::vector<ExporterWiring> removed;
  std::vector<ExporterWiring> changed;  // as they are to be
  std::vector<ExporterWiring> added;
};
[[nodiscard]] WiringChange change_of(const std::vector<ExporterWiring>& before,
                                     const std::vector<ExporterWiring>& after);

// The files of certificates and keys that these settings name.
[[nodiscard]] std::vector<std::string> tls_files(const config::Settings& settings);
[[nodiscard]] std::vector<std::string> tls_files(const config::OtlpReceiver& receiver);
[[nodiscard]] std::vector<std::string> tls_files(const config::Exporter& exporter);

}  // namespace gateway::app
