// What /health and /api/v1/status answer, as JSON.
//
// Errors:  none.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/exporter.h"
#include "pipeline/ledger.h"
#include "pipeline/service_manager.h"
#include "storage/log.h"

namespace gateway::app {

struct StatusReport {
  std::string_view phase;
  std::vector<pipeline::ServiceManager::Report> services;
  std::vector<exporter::ExporterStatus> exporters;
  storage::Stats storage;
  std::vector<pipeline::LedgerRow> ledger;
};

[[nodiscard]] std::string health_json(
    std::string_view phase, const pipeline::Health& overall,
    const std::vector<pipeline::ServiceManager::Report>& services);
[[nodiscard]] std::string status_json(const StatusReport& report);

}  // namespace gateway::app
