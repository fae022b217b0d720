#include "app/gateway.h"

#include <algorithm>
#include <utility>

#include "app/log_levels.h"
#include "app/own_telemetry.h"
#include "app/routes.h"
#include "app/services.h"
#include "app/status_report.h"
#include "app/tap_pages.h"
#include "app/version.h"
#include "base/block_store.h"
#include "exporter/exporter.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "net/io_threads.h"
#include "pipeline/ledger.h"
#include "pipeline/signal_service.h"
#include "processor/make_chain.h"
#include "query/tap/tap_source.h"
#include "query/trace_service.h"
#include "receiver/otlp/receiver.h"
#include "telemetry/log.h"

namespace gateway::app {
namespace {

storage::Options storage_options(const config::Storage& settings) {
  storage::Options options;
  options.directory = settings.directory;
  options.durability = settings.durability == "memory"     ? storage::Durability::memory
                       : settings.durability == "interval" ? storage::Durability::interval
                                                           : storage::Durability::commit;
  options.sync_interval = settings.sync_interval;
  options.segment_size_bytes = settings.segment_size_bytes;
  options.size_bytes_max = settings.size_bytes_max;
  options.history_size_bytes_max = settings.history_size_bytes_max;
  options.age_max = settings.age_max;
  options.when_full = settings.when_full == "drop_oldest" ? storage::FullPolicy::drop_oldest
                                                          : storage::FullPolicy::refuse;
  options.tail_cache_size_bytes = settings.tail_cache_size_bytes;
  options.direct_io = settings.direct_io;
  return options;
}

}  // namespace

Gateway::Gateway(config::Settings settings, io::FileSystem& files, io::Clock& clock)
    : settings_(std::move(settings)),
      files_(files),
      clock_(clock),
      process_metrics_(metrics_, version_number(), version_revision()),
      spans_(settings_.own_traces.enabled ? settings_.own_traces.ratio : 0),
      budget_(settings_.memory_limiter.limit_bytes),
      log_level_(settings_.logs.level) {}

Gateway::~Gateway() { stop(); }

Result<void, pipeline::ServiceFailure> Gateway::start() {
  if (auto started = start_admin(); !started) return started;
  phase_ = Phase::recovering;
  if (auto opened = open_log(); !opened) return opened;
  threads_ = std::make_unique<net::IoThreads>(settings_.io_threads);
  add_services();
  add_metrics();
  if (auto started = services_.start_all(); !started) return started;
  phase_ = Phase::serving;
  write_proven_ = log_->probe(kWriteProofTimeout);
  for (const Listening& at : listening()) {
    const bool is_receiver = at.protocol == "grpc" || at.protocol == "http";
    telemetry::log_info(is_receiver ? "receiver" : "admin", "listening",
                        {{"protocol", at.protocol}, {"address", at.address}});
  }
  return {};
}

Result<void, pipeline::ServiceFailure> Gateway::start_admin() {
  admin::Sources sources;
  sources.startup = [this] { return judge_startup(observe()); };
  sources.ready = [this] { return judge_ready(observe()); };
  sources.live = [this] { return judge_live(observe()); };
  sources.health_json = [this] { return health_json(); };
  sources.health_state = [this] { return services_.overall().state; };
  sources.status_json = [this] { return status_json(); };
  sources.metrics = &metrics_;
  add_tap_pages(sources);
  add_log_level_page(sources);
  admin_ = admin::make_admin_server(settings_.admin, std::move(sources));
  return admin_->start();
}

void Gateway::add_tap_pages(admin::Sources& sources) {
  sources.pages["/api/v1/tap"] = [this](std::string_view, std::string_view query) {
    query::TapSource* tap = open_tap_;
    if (tap == nullptr) return admin::Page{.status = 503, .body = "{}\n"};
    return tap_page(*tap, query);
  };
  const std::string directory = settings_.storage.directory + "/dead_letters";
  sources.pages["/api/v1/dead-letters"] = [this, directory](std::string_view,
                                                            std::string_view query) {
    std::vector<std::string> exporters;
    {
      const std::lock_guard lock(exporters_mutex_);
      for (const exporter::Exporter* exporter : exporters_) {
        exporters.push_back(exporter->status().id);
      }
    }
    return dead_letter_page(files_, directory, exporters, query);
  };
}

void Gateway::add_log_level_page(admin::Sources& sources) const {
  sources.pages["/api/v1/log-levels"] = [this](auto, auto) { return log_level_page(log_level()); };
  sources.changes["/api/v1/log-levels"] = [this](auto body) {
    return change_log_levels(log_level(), body);
  };
}

std::string Gateway::log_level() const {
  const std::lock_guard lock(exporters_mutex_);
  return log_level_;
}

Result<void, pipeline::ServiceFailure> Gateway::open_log() {
  const auto progress = [this](const storage::RecoveryReport& report) {
    const std::lock_guard lock(recovery_mutex_);
    recovery_ = report;
  };
  auto opened = storage::Log::open(files_, clock_, storage_options(settings_.storage), progress);
  if (!opened) return fail(pipeline::ServiceFailure{opened.error().message});
  log_ = std::move(*opened);
  open_log_ = log_.get();
  tap_ = std::make_unique<query::TapSource>(*log_, payload_decoder());
  open_tap_ = tap_.get();
  progress(log_->recovery());
  const storage::RecoveryReport report = log_->recovery();
  telemetry::log_info("storage", "log opened",
                      {{"directory", settings_.storage.directory},
                       {"segments", report.segments_total},
                       {"damaged_regions", report.damaged_regions},
                       {"torn_tail_bytes", report.torn_tail_bytes}});
  return {};
}

std::unique_ptr<exporter::Exporter> Gateway::make_exporter(const ExporterWiring& wiring) {
  return exporter::make_exporter(wiring.settings, wiring.signals, *log_, metrics_,
                                 settings_.storage.directory + "/dead_letters",
                                 processor::make_chains(wiring.settings));
}

void Gateway::list_exporter(exporter::Exporter& exporter) {
  const std::lock_guard lock(exporters_mutex_);
  exporters_.push_back(&exporter);
}

std::unique_ptr<pipeline::Service> Gateway::make_signal_service(Signal signal) {
  if (signal == Signal::traces) {
    return std::make_unique<query::TraceService>(*log_, metrics_, payload_decoder());
  }
  for (const pipeline::SignalServiceName& row : pipeline::kSignalServiceNames) {
    if (row.signal == signal) return std::make_unique<pipeline::SignalService>(row, *log_);
  }
  return nullptr;
}

void Gateway::add_services() {
  const std::uint32_t enabled = signals_enabled(settings_);
  services_.add(make_storage_service(*log_));
  for (const ExporterWiring& wiring : wiring_of(settings_)) {
    auto made = make_exporter(wiring);
    list_exporter(*made);
    services_.add(std::move(made));
  }
  for (const pipeline::SignalServiceName& row : pipeline::kSignalServiceNames) {
    if ((enabled >> index_of(row.signal) & 1U) != 0) {
      services_.add(make_signal_service(row.signal));
    }
  }
  add_own_telemetry();
  auto config_service = std::make_unique<ConfigService>(metrics_, clock_.unix_nano());
  config_service_ = config_service.get();
  services_.add(std::move(config_service));
  services_.add(make_health_service([this] { return judge_ready(observe()); }));
  for (const config::OtlpReceiver& settings : settings_.receivers) {
    receiver::otlp::Dependencies dependencies;
    dependencies.threads = threads_.get();
    dependencies.log = log_.get();
    dependencies.budget = &budget_;
    dependencies.metrics = &metrics_;
    if (settings_.own_traces.enabled) dependencies.spans = &spans_;
    dependencies.signals_enabled = enabled;
    dependencies.serving = [this](std::string_view service) { return serving(service); };
    auto receiver = receiver::otlp::make_receiver(settings, dependencies);
    receivers_.push_back(receiver.get());
    services_.add(std::move(receiver));
  }
}

void Gateway::add_own_telemetry() {
  OwnResource resource{.attributes = settings_.resource, .version = version_number()};
  const auto said = [&resource](std::string_view name) {
    return std::any_of(resource.attributes.begin(), resource.attributes.end(),
                       [name](const auto& attribute) { return attribute.first == name; });
  };
  if (!said("service.name")) resource.attributes.emplace_back("service.name", "otlp-service");
  if (!said("service.version")) {
    resource.attributes.emplace_back("service.version", version_number());
  }
  auto service = make_own_telemetry(
      settings_, {.metrics = metrics_, .spans = spans_, .resource = std::move(resource)});
  if (service) services_.add(std::move(service));
  callbacks_.push_back(metrics_.callback(telemetry::Registry::CallbackType::counter,
                                         "otlp_own_spans_dropped_total",
                                         "Own spans for which there was no room.", {},
                                         [this] { return static_cast<double>(spans_.dropped()); }));
}

void Gateway::add_metrics() {
  using Type = telemetry::Registry::CallbackType;
  const auto gauge = [this](std::string_view name, std::string_view help,
                            std::function<double(const storage::Stats&)> value) {
    callbacks_.push_back(
        metrics_.callback(Type::gauge, name, help, {},
                          [this, value = std::move(value)] { return value(log_->stats()); }));
  };
  const auto counter = [this](std::string_view name, std::string_view help,
                              std::function<double(const storage::Stats&)> value) {
    callbacks_.push_back(
        metrics_.callback(Type::counter, name, help, {},
                          [this, value = std::move(value)] { return value(log_->stats()); }));
  };
  using storage::Stats;
  gauge("otlp_storage_size_bytes", "Disk taken by live segments.",
        [](const Stats& s) { return static_cast<double>(s.size_bytes); });
  gauge("otlp_storage_size_max_bytes", "Disk that the log may take.",
        [](const Stats& s) { return static_cast<double>(s.size_bytes_max); });
  gauge("otlp_storage_segments", "Live segments.",
        [](const Stats& s) { return static_cast<double>(s.segment_count); });
  gauge("otlp_storage_tail_cache_bytes", "Newest records kept in memory for exporters.",
        [](const Stats& s) { return static_cast<double>(s.tail_cache_size_bytes); });
  gauge("otlp_storage_write_path_ok", "1 when the last commit succeeded.",
        [](const Stats& s) { return s.write_path_ok ? 1.0 : 0.0; });
  counter("otlp_storage_commits_total", "Groups committed.",
          [](const Stats& s) { return static_cast<double>(s.commit_count); });
  counter("otlp_storage_commit_seconds_total", "Time spent in commits, failed ones too.",
          [](const Stats& s) { return std::chrono::duration<double>(s.commit_time).count(); });
  counter("otlp_storage_pace_seconds_total",
          "Time the writer waited for exporters that fell behind in the tail cache.",
          [](const Stats& s) { return std::chrono::duration<double>(s.pace_time).count(); });
  counter("otlp_storage_commit_failures_total", "Groups refused because the disk failed.",
          [](const Stats& s) { return static_cast<double>(s.commit_failure_count); });
  counter("otlp_storage_appends_refused_total", "Requests refused because the log was full.",
          [](const Stats& s) { return static_cast<double>(s.append_refused_count); });
  counter("otlp_storage_damaged_regions_total", "Damaged places skipped by recovery and readers.",
          [](const Stats& s) { return static_cast<double>(s.damaged_region_count); });
  callbacks_.push_back(metrics_.callback(
      Type::gauge, "otlp_memory_budget_taken_bytes", "Request bytes in memory, before commit.", {},
      [this] { return static_cast<double>(budget_.taken_bytes()); }));
  callbacks_.push_back(metrics_.callback(
      Type::gauge, "otlp_memory_budget_limit_bytes", "The bound on request bytes in memory.", {},
      [this] { return static_cast<double>(budget_.limit_bytes()); }));
  callbacks_.push_back(metrics_.callback(Type::gauge, "otlp_taps", "Taps that asked lately.", {},
                                         [this] { return static_cast<double>(tap_->taps()); }));
  callbacks_.push_back(metrics_.callback(
      Type::counter, "otlp_tap_dropped_items_total", "Items that a tap was too slow to be shown.",
      {}, [this] { return static_cast<double>(tap_->dropped_items()); }));
  for (const pipeline::ServiceManager::Report& report : services_.report()) {
    watch_service(*services_.find(report.name));
  }
}

void Gateway::watch_service(pipeline::Service& service) {
  service_health_.insert_or_assign(
      std::string(service.name()),
      metrics_.callback(telemetry::Registry::CallbackType::gauge, "otlp_service_health",
                        "0 healthy, 1 degraded, 2 unhealthy.", {{"service", service.name()}},
                        [this, name = std::string(service.name())] {
                          return static_cast<double>(services_.health(name).state);
                        }));
}

void Gateway::forget_service(const std::string& name) { service_health_.erase(name); }

receiver::otlp::ServingStatus Gateway::serving(std::string_view service) const {
  using receiver::otlp::ServingStatus;
  const bool known =
      service.empty() ||
      std::any_of(pipeline::kSignalServiceNames.begin(), pipeline::kSignalServiceNames.end(),
                  [service](const pipeline::SignalServiceName& row) {
                    return row.grpc_service == service;
                  });
  if (!known) return ServingStatus::service_unknown;
  return judge_ready(observe()).ok ? ServingStatus::serving : ServingStatus::not_serving;
}

void Gateway::tick() {
  if (phase_ != Phase::serving) return;
  const auto now = std::chrono::steady_clock::now();
  services_.supervise(now);
  removed_exporters_.look(*log_, wiring_of(settings_), settings_.storage.removed_exporters_kept,
                          now, *config_service_);
  write_proven_ = log_->probe(kWriteProofTimeout);
  block_store().trim();
}

bool Gateway::stop() {
  if (phase_.exchange(Phase::draining) == Phase::stopped) {
    phase_ = Phase::stopped;
    return services_.left_behind().empty();
  }
  services_.stop_all(settings_.shutdown_timeout);
  if (threads_) threads_->stop();
  if (log_) log_->stop();
  if (admin_) admin_->stop();
  phase_ = Phase::stopped;
  return services_.left_behind().empty();
}

std::vector<Listening> Gateway::listening() const {
  std::vector<Listening> out;
  for (const receiver::otlp::Receiver* receiver : receivers_) {
    if (auto at = receiver->grpc_address(); !at.empty()) out.push_back({"grpc", std::move(at)});
    if (auto at = receiver->http_address(); !at.empty()) out.push_back({"http", std::move(at)});
  }
  out.push_back({"admin", admin_->address()});
  if (auto at = admin_->metrics_address(); !at.empty()) out.push_back({"metrics", std::move(at)});
  return out;
}

Observation Gateway::observe() const {
  Observation seen;
  seen.phase = phase_;
  {
    const std::lock_guard lock(recovery_mutex_);
    seen.recovery = recovery_;
  }
  const storage::Log* log = open_log_;
  if (log == nullptr) return seen;
  seen.storage = log->stats();
  seen.storage_admits = log->admits(1);
  seen.write_proven = write_proven_;
  if (threads_ != nullptr && seen.phase == Phase::serving) {
    for (std::size_t i = 0; i < threads_->count(); ++i) {
      seen.thread_silence.push_back(silence_.of(i, (*threads_)[i].heartbeat()));
    }
  }
  return seen;
}

std::string Gateway::health_json() const {
  return app::health_json(name_of(phase_), services_.overall(), services_.report());
}

std::string Gateway::status_json() const {
  StatusReport report;
  report.phase = name_of(phase_);
  report.services = services_.report();
  if (phase_ == Phase::serving || phase_ == Phase::draining) {
    const std::lock_guard lock(exporters_mutex_);
    for (const exporter::Exporter* exporter : exporters_) {
      report.exporters.push_back(exporter->status());
    }
  }
  if (storage::Log* log = open_log_; log != nullptr) {
    report.storage = log->stats();
    for (const storage::Cursor* cursor : log->cursors()) {
      report.ledger.push_back(pipeline::ledger_row(*cursor, *log));
    }
  }
  return app::status_json(report);
}

}  // namespace gateway::app
