// config_service: which configuration is in force, what became of the last reload, and what waits.
//
//   healthy  : what the files say holds
//   degraded : the last reload failed and the old configuration goes on; or settings wait for a
//              restart; or a removed exporter's backlog is still there
//
// Errors:  none.
// Threads: any; one lock.
// Source:  docs/operations.md, "Changing the configuration"; docs/metrics.md.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "pipeline/service.h"
#include "telemetry/metrics.h"

namespace gateway::app {

class ConfigService final : public pipeline::Service {
 public:
  ConfigService(telemetry::Registry& metrics, std::uint64_t loaded_at_unix_nano);

  enum class Reload : std::uint8_t { success, unchanged, failure };
  // `problem` is why, for a failure: the old configuration is in force.
  void note_reload(Reload result, std::uint64_t at_unix_nano, std::string problem = {});
  // What a certificate that could not be taken over lacks; empty: all are those of the files.
  void note_certificates(bool renewed, std::string problem);
  // The paths of settings that a file has, and that hold only after a restart.
  void set_restart_pending(std::vector<std::string> paths);
  // A sentence for each exporter that is gone and whose backlog is still there; items of them all.
  void set_removed_exporters(std::vector<std::string> backlogs, std::uint64_t items);
  void note_forgotten(std::uint64_t items) { forgotten_items_.add(items); }

  [[nodiscard]] std::string_view name() const noexcept override { return "config_service"; }
  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override { return {}; }
  void drain(std::chrono::steady_clock::time_point) override {}
  void stop() override {}
  [[nodiscard]] pipeline::Health health() const override;
  [[nodiscard]] pipeline::ServiceStats stats() const override;

 private:
  telemetry::Gauge& last_reload_successful_;
  telemetry::Gauge& last_success_seconds_;
  telemetry::Gauge& restart_pending_;
  telemetry::Gauge& removed_items_;
  telemetry::Counter& forgotten_items_;
  telemetry::Counter* reloads_[3];  // by Reload
  telemetry::Counter& certificates_renewed_;
  telemetry::Counter& certificates_failed_;
  mutable std::mutex mutex_;
  std::string problem_;
  std::string certificate_problem_;
  std::vector<std::string> restart_paths_;
  std::vector<std::string> backlogs_;
};

}  // namespace gateway::app
