#include "app/reloader.h"

#include <algorithm>
#include <utility>

#include "config/changes.h"
#include "io/clock.h"
#include "telemetry/log.h"

namespace gateway::app {
namespace {

[[nodiscard]] std::string first_of(const std::vector<config::Diagnostic>& diagnostics) {
  for (const config::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == config::Severity::error) return config::text_of(diagnostic);
  }
  return "unknown reason";
}

}  // namespace

Reloader::Reloader(Gateway& gateway, config::LoadRequest request, std::vector<std::string> services,
                   const config::Loaded& first, ConfigWatch& watch)
    : gateway_(gateway),
      request_(std::move(request)),
      services_(std::move(services)),
      started_with_(first.effective),
      in_force_(first.effective),
      watch_(watch) {
  watch_.follow(tls_files(gateway_.settings()), std::chrono::steady_clock::now());
}

void Reloader::tick(std::chrono::steady_clock::time_point now) {
  ConfigWatch::Seen seen = watch_.look(now);
  if (seen.config) reload("file", now);
  if (!seen.files.empty()) renew_certificates(std::move(seen.files));
}

void Reloader::reload(std::string_view cause, std::chrono::steady_clock::time_point now) {
  const std::uint64_t at = io::real_clock().unix_nano();
  ConfigService& told = gateway_.config_service();
  const auto refuse = [&](const std::string& problem) {
    telemetry::log_error("config", "reload failed; the configuration before it stays in force",
                         {{"cause", cause}, {"error", problem}});
    told.note_reload(ConfigService::Reload::failure, at, problem);
  };
  auto loaded = config::load(request_);
  if (!loaded) {
    for (const config::Diagnostic& diagnostic : loaded.error().diagnostics) {
      telemetry::log_error("config", config::text_of(diagnostic));
    }
    return refuse(first_of(loaded.error().diagnostics));
  }
  if (!services_.empty()) loaded->settings.services = services_;
  const std::vector<config::Change> changes = config::changes_between(in_force_, loaded->effective);
  if (changes.empty()) {
    telemetry::log_info("config", "reloaded: nothing has changed", {{"cause", cause}});
    return told.note_reload(ConfigService::Reload::unchanged, at);
  }
  for (const config::Diagnostic& remark : loaded->remarks) {
    if (remark.severity == config::Severity::warning) {
      telemetry::log_warn("config", config::text_of(remark));
    }
  }
  const config::LogSettings logs_before = gateway_.settings().logs;
  if (auto applied = gateway_.apply(loaded->settings); !applied) {
    return refuse(applied.error().message);
  }
  const config::LogSettings& logs = gateway_.settings().logs;
  if (logs != logs_before) {
    telemetry::configure_log(
        logs.format == "console" ? telemetry::LogFormat::console : telemetry::LogFormat::json,
        logs.level);
  }
  for (const config::Change& change : changes) {
    telemetry::log_info("config", "changed: " + config::text_of(change),
                        {{"effect", config::name_of(change.effect)}});
  }
  in_force_ = std::move(loaded->effective);
  note_restart_pending(in_force_);
  watch_.follow(tls_files(gateway_.settings()), now);
  // Those whose users a reload has not begun again still wait; where none are left, that is told.
  if (!files_to_renew_.empty()) renew_certificates({});
  told.note_reload(ConfigService::Reload::success, at);
  telemetry::log_info("config", "reloaded", {{"cause", cause}, {"changes", changes.size()}});
}

void Reloader::note_restart_pending(const config::Node& wanted) {
  std::vector<std::string> paths;
  for (const config::Change& change : config::changes_between(started_with_, wanted)) {
    if (change.effect != config::Effect::restart) continue;
    telemetry::log_warn("config", "waits for a restart: " + config::text_of(change));
    paths.push_back(change.path);
  }
  gateway_.config_service().set_restart_pending(std::move(paths));
}

// Files that could not be used are tried again with the next change or reload: a certificate and
// its key are seldom written at once.
void Reloader::renew_certificates(std::vector<std::string> files) {
  for (std::string& file : files_to_renew_) files.push_back(std::move(file));
  files_to_renew_.clear();
  if (auto renewed = gateway_.renew_certificates(files); !renewed) {
    telemetry::log_error("config",
                         "changed certificate files cannot be used; those before are kept",
                         {{"error", renewed.error().message}});
    gateway_.config_service().note_certificates(false, renewed.error().message);
    files_to_renew_ = std::move(files);
    return;
  }
  gateway_.config_service().note_certificates(true, {});
}

}  // namespace gateway::app
