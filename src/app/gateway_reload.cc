// The half of Gateway that takes over another configuration while requests come in.
//
// Order: what can fail without a trace is tried first (certificate files); then exporters end and
// begin, and are put back as they were if one cannot start; receivers and limits come last.
#include <algorithm>
#include <utility>

#include "app/gateway.h"
#include "config/changes.h"
#include "exporter/exporter.h"
#include "io/clock.h"
#include "net/tls.h"
#include "pipeline/signal_service.h"
#include "receiver/otlp/receiver.h"
#include "telemetry/log.h"

namespace gateway::app {
namespace {

using IfItFails = pipeline::ServiceManager::IfItFails;

// For requests in flight of an exporter that is ended to begin again, and for the rest of the
// backlog of one that goes.
constexpr std::chrono::milliseconds kQuiesceTimeMax{5'000};
constexpr std::chrono::milliseconds kRemovedDrainTimeMax{5'000};

constexpr std::string_view kStartedBehind = "storage";

[[nodiscard]] bool names_any(const std::vector<std::string>& files,
                             const std::vector<std::string>& wanted) {
  return std::any_of(files.begin(), files.end(), [&](const std::string& file) {
    return std::find(wanted.begin(), wanted.end(), file) != wanted.end();
  });
}

[[nodiscard]] storage::Limits limits_of(const config::Storage& settings) {
  storage::Limits limits;
  limits.size_bytes_max = settings.size_bytes_max;
  limits.history_size_bytes_max = settings.history_size_bytes_max;
  limits.age_max = settings.age_max;
  limits.when_full = settings.when_full == "drop_oldest" ? storage::FullPolicy::drop_oldest
                                                         : storage::FullPolicy::refuse;
  return limits;
}

}  // namespace

Gateway::Outcome Gateway::check_files(const config::Settings& next,
                                      const WiringChange& change) const {
  for (const config::OtlpReceiver& receiver : next.receivers) {
    for (const config::Listener& listener : {receiver.grpc, receiver.http}) {
      if (!listener.enabled || !listener.tls) continue;
      if (auto context = net::make_tls_context(*listener.tls); !context) {
        return fail(pipeline::ServiceFailure{"receiver/" + receiver.id + ": " + context.error()});
      }
    }
  }
  for (const auto* exporters : {&change.changed, &change.added}) {
    for (const ExporterWiring& exporter : *exporters) {
      if (auto usable = exporter::check_files(exporter.settings); !usable) {
        return fail(
            pipeline::ServiceFailure{"exporter/" + exporter.settings.id + ": " + usable.error()});
      }
    }
  }
  return {};
}

Gateway::Outcome Gateway::add_exporter(const ExporterWiring& wiring, IfItFails if_it_fails) {
  auto made = make_exporter(wiring);
  exporter::Exporter& exporter = *made;
  auto added = services_.add_running(std::move(made), kStartedBehind, if_it_fails);
  if (!added && services_.find("exporter/" + wiring.settings.id) == nullptr) return added;
  list_exporter(exporter);  // only now: one that is forgotten is gone already
  watch_service(exporter);
  return added;
}

void Gateway::remove_exporter(const std::string& id, std::chrono::milliseconds drain_max) {
  const std::string name = "exporter/" + id;
  pipeline::Service* const service = services_.find(name);
  if (service == nullptr) return;
  forget_service(name);
  {
    const std::lock_guard lock(exporters_mutex_);
    std::erase_if(exporters_, [&](const exporter::Exporter* e) { return e->name() == name; });
  }
  static_cast<void>(services_.remove(name, drain_max));
}

// Side by side, so that one slow destination is waited for, not each in turn.
void Gateway::quiesce(const std::vector<ExporterWiring>& exporters) {
  const auto deadline = std::chrono::steady_clock::now() + kQuiesceTimeMax;
  for (const bool only_begin : {true, false}) {
    for (exporter::Exporter* const exporter : exporters_) {
      const bool is_named =
          std::any_of(exporters.begin(), exporters.end(), [&](const ExporterWiring& wiring) {
            return exporter->name() == "exporter/" + wiring.settings.id;
          });
      if (is_named) exporter->quiesce(only_begin ? std::chrono::steady_clock::now() : deadline);
    }
  }
}

Gateway::Outcome Gateway::rewire(const std::vector<ExporterWiring>& before,
                                 const std::vector<ExporterWiring>& after) {
  const WiringChange change = change_of(before, after);
  quiesce(change.changed);
  for (const ExporterWiring& exporter : change.changed) {
    remove_exporter(exporter.settings.id, std::chrono::milliseconds(0));
  }
  for (const ExporterWiring& exporter : change.removed) {
    remove_exporter(exporter.settings.id, kRemovedDrainTimeMax);
  }
  for (const auto* exporters : {&change.changed, &change.added}) {
    for (const ExporterWiring& exporter : *exporters) {
      auto added = add_exporter(exporter, IfItFails::forget);
      if (added) continue;
      // As it was: what has changed or gone comes back, what is new goes.
      for (const auto* undone : {&change.changed, &change.added}) {
        for (const ExporterWiring& other : *undone) {
          remove_exporter(other.settings.id, std::chrono::milliseconds(0));
        }
      }
      for (const ExporterWiring& old : before) {
        if (services_.find("exporter/" + old.settings.id) != nullptr) continue;
        if (auto back = add_exporter(old, IfItFails::keep); !back) {
          telemetry::log_error("config", "an exporter does not come back, and is tried again",
                               {{"error", back.error().message}});
        }
      }
      return added;
    }
  }
  return {};
}

Gateway::Outcome Gateway::update_receivers(const config::Settings& next) {
  const std::uint32_t enabled = signals_enabled(next);
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    if (auto updated = receivers_[i]->update(next.receivers[i], enabled); !updated) return updated;
  }
  return {};
}

void Gateway::update_signal_services(std::uint32_t before, std::uint32_t after) {
  for (const pipeline::SignalServiceName& row : pipeline::kSignalServiceNames) {
    const bool was = (before >> index_of(row.signal) & 1U) != 0;
    const bool is = (after >> index_of(row.signal) & 1U) != 0;
    if (was && !is) {
      forget_service(std::string(row.name));
      static_cast<void>(services_.remove(row.name, std::chrono::milliseconds(0)));
    } else if (is && !was) {
      auto service = make_signal_service(row.signal);
      pipeline::Service& made = *service;
      auto added = services_.add_running(std::move(service), kStartedBehind, IfItFails::keep);
      if (!added) {
        telemetry::log_error("config", "a service does not start, and is tried again",
                             {{"error", added.error().message}});
      }
      watch_service(made);
    }
  }
}

Gateway::Outcome Gateway::apply(const config::Settings& wanted) {
  const config::Settings next = config::without_restart(settings_, wanted);
  const std::vector<ExporterWiring> before = wiring_of(settings_);
  const std::vector<ExporterWiring> after = wiring_of(next);
  if (auto usable = check_files(next, change_of(before, after)); !usable) return usable;
  if (auto rewired = rewire(before, after); !rewired) return rewired;
  if (auto updated = update_receivers(next); !updated) {
    static_cast<void>(rewire(after, before));
    static_cast<void>(update_receivers(settings_));
    return updated;
  }
  update_signal_services(signals_enabled(settings_), signals_enabled(next));
  budget_.set_limit_bytes(next.memory_limiter.limit_bytes);
  log_->set_limits(limits_of(next.storage));
  settings_ = next;
  {
    const std::lock_guard lock(exporters_mutex_);
    log_level_ = next.logs.level;
  }
  removed_exporters_.look(*log_, after, settings_.storage.removed_exporters_kept,
                          std::chrono::steady_clock::now(), *config_service_);
  return {};
}

Gateway::Outcome Gateway::renew_certificates(const std::vector<std::string>& files) {
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    const config::OtlpReceiver& settings = settings_.receivers[i];
    if (!names_any(tls_files(settings), files)) continue;
    if (auto updated = receivers_[i]->update(settings, signals_enabled(settings_)); !updated) {
      return updated;
    }
    telemetry::log_info("config", "certificates of a receiver renewed",
                        {{"receiver", settings.id}});
  }
  std::vector<ExporterWiring> affected;
  for (ExporterWiring& exporter : wiring_of(settings_)) {
    if (!names_any(tls_files(exporter.settings), files)) continue;
    if (auto usable = exporter::check_files(exporter.settings); !usable) {
      return fail(
          pipeline::ServiceFailure{"exporter/" + exporter.settings.id + ": " + usable.error()});
    }
    affected.push_back(std::move(exporter));
  }
  quiesce(affected);
  Outcome outcome;
  for (const ExporterWiring& exporter : affected) {  // all: one that is quiesced sends nothing
    remove_exporter(exporter.settings.id, std::chrono::milliseconds(0));
    if (auto added = add_exporter(exporter, IfItFails::keep); !added) {
      if (outcome) outcome = added;
      continue;
    }
    telemetry::log_info("config", "certificates of an exporter renewed",
                        {{"exporter", exporter.settings.id}});
  }
  return outcome;
}

}  // namespace gateway::app
