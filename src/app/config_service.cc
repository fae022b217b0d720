#include "app/config_service.h"

#include <utility>

namespace gateway::app {
namespace {

[[nodiscard]] telemetry::Counter& reloads(telemetry::Registry& metrics, std::string_view result) {
  return metrics.counter("otlp_config_reloads_total", "Reloads of the configuration, by result.",
                         {{"result", result}});
}

[[nodiscard]] telemetry::Counter& certificates(telemetry::Registry& metrics,
                                               std::string_view result) {
  return metrics.counter("otlp_tls_reloads_total",
                         "Changed certificate files taken over, or not usable.",
                         {{"result", result}});
}

void append(std::string& text, const std::string& more) {
  if (!text.empty()) text += "; ";
  text += more;
}

}  // namespace

ConfigService::ConfigService(telemetry::Registry& metrics, std::uint64_t loaded_at_unix_nano)
    : last_reload_successful_(
          metrics.gauge("otlp_config_last_reload_successful",
                        "1 when the files' configuration was taken over the last time.")),
      last_success_seconds_(
          metrics.gauge("otlp_config_last_reload_success_timestamp_seconds",
                        "When a configuration was last taken over, seconds since the epoch.")),
      restart_pending_(metrics.gauge("otlp_config_restart_pending",
                                     "Settings in the files that hold only after a restart.")),
      removed_items_(
          metrics.gauge("otlp_config_removed_exporter_items",
                        "Items that wait for exporters which are no longer in the configuration.")),
      forgotten_items_(metrics.counter(
          "otlp_config_forgotten_items_total",
          "Items that had waited for a removed exporter when its place was forgotten.")),
      reloads_{&reloads(metrics, "success"), &reloads(metrics, "unchanged"),
               &reloads(metrics, "failure")},
      certificates_renewed_(certificates(metrics, "success")),
      certificates_failed_(certificates(metrics, "failure")) {
  last_reload_successful_.set(1);
  last_success_seconds_.set(static_cast<double>(loaded_at_unix_nano) * 1e-9);
}

void ConfigService::note_reload(Reload result, std::uint64_t at_unix_nano, std::string problem) {
  reloads_[static_cast<std::size_t>(result)]->add();
  last_reload_successful_.set(result == Reload::failure ? 0 : 1);
  if (result != Reload::failure) {
    last_success_seconds_.set(static_cast<double>(at_unix_nano) * 1e-9);
  }
  const std::lock_guard lock(mutex_);
  problem_ = std::move(problem);
}

void ConfigService::note_certificates(bool renewed, std::string problem) {
  if (renewed) certificates_renewed_.add();
  if (!problem.empty()) certificates_failed_.add();
  const std::lock_guard lock(mutex_);
  certificate_problem_ = std::move(problem);
}

void ConfigService::set_restart_pending(std::vector<std::string> paths) {
  restart_pending_.set(static_cast<double>(paths.size()));
  const std::lock_guard lock(mutex_);
  restart_paths_ = std::move(paths);
}

void ConfigService::set_removed_exporters(std::vector<std::string> backlogs, std::uint64_t items) {
  removed_items_.set(static_cast<double>(items));
  const std::lock_guard lock(mutex_);
  backlogs_ = std::move(backlogs);
}

pipeline::Health ConfigService::health() const {
  const std::lock_guard lock(mutex_);
  std::string reason;
  if (!problem_.empty()) {
    append(reason, "the last reload failed, the configuration before it is in force: " + problem_);
  }
  if (!certificate_problem_.empty()) {
    append(reason, "the certificates before are in use: " + certificate_problem_);
  }
  if (!restart_paths_.empty()) {
    std::string paths;
    for (const std::string& path : restart_paths_) paths += (paths.empty() ? "" : ", ") + path;
    append(reason, "these settings wait for a restart: " + paths);
  }
  for (const std::string& backlog : backlogs_) append(reason, backlog);
  if (reason.empty()) return {};
  return {pipeline::HealthState::degraded, std::move(reason)};
}

pipeline::ServiceStats ConfigService::stats() const {
  return {{"last_reload_successful", last_reload_successful_.value()},
          {"restart_pending", restart_pending_.value()},
          {"removed_exporter_items", removed_items_.value()}};
}

}  // namespace gateway::app
