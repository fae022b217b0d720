// The whole gateway, wired: builds every part from the settings, starts them in order, watches
// them, and stops them in the reverse order.
//
//   admin listener -> log (recovery) -> exporters -> receivers; then a tick a second:
//   supervise services, prove the write path, until SIGTERM or SIGINT.
//
// apply() takes over another configuration meanwhile (gateway_reload.cc): listeners stay open, and
// only the exporters that differ are ended and begun again.
//
// Stopping: receivers stop accepting, say GOAWAY and finish what is in flight; exporters finish
// their requests in flight; the log commits and saves its cursors; admin goes last. What is
// undelivered stays on disk and goes out after the next start.
//
// Errors:  start() says what could not be started, and why; apply() likewise, and then the settings
//          before it hold.
// Threads: one owner; observe() and the reports from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "admin/admin.h"
#include "app/config_service.h"
#include "app/health.h"
#include "app/removed_exporters.h"
#include "app/silence.h"
#include "app/wiring.h"
#include "base/byte_budget.h"
#include "base/result.h"
#include "config/settings.h"
#include "pipeline/service_manager.h"
#include "storage/log.h"
#include "telemetry/metrics.h"
#include "telemetry/process_metrics.h"
#include "telemetry/span_buffer.h"

namespace gateway::exporter {
class Exporter;
}
namespace gateway::io {
class Clock;
class FileSystem;
}  // namespace gateway::io
namespace gateway::net {
class IoThreads;
}
namespace gateway::query {
class TapSource;
}
namespace gateway::receiver::otlp {
class Receiver;
enum class ServingStatus : std::uint8_t;
}  // namespace gateway::receiver::otlp

namespace gateway::app {

struct Listening {
  std::string protocol;  // grpc, http, admin, metrics
  std::string address;   // host:port
};

class Gateway {
 public:
  Gateway(config::Settings settings, io::FileSystem& files, io::Clock& clock);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway();

  [[nodiscard]] Result<void, pipeline::ServiceFailure> start();
  // Called about once a second.
  void tick();
  // Lets all of `wanted` hold that can while this runs (config::without_restart()).
  [[nodiscard]] Result<void, pipeline::ServiceFailure> apply(const config::Settings& wanted);
  // Takes over the certificates in these files, whose content has changed.
  [[nodiscard]] Result<void, pipeline::ServiceFailure> renew_certificates(
      const std::vector<std::string>& files);
  // False: a service hangs and was left behind. The process must end without destroying this.
  bool stop();

  [[nodiscard]] const config::Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] ConfigService& config_service() noexcept { return *config_service_; }
  [[nodiscard]] std::vector<Listening> listening() const;
  [[nodiscard]] Observation observe() const;
  [[nodiscard]] std::string health_json() const;
  [[nodiscard]] std::string status_json() const;

 private:
  [[nodiscard]] Result<void, pipeline::ServiceFailure> start_admin();
  [[nodiscard]] Result<void, pipeline::ServiceFailure> open_log();
  void add_services();
  void add_own_telemetry();
  void add_metrics();
  void watch_service(pipeline::Service& service);
  [[nodiscard]] std::string log_level() const;
  void forget_service(const std::string& name);
  [[nodiscard]] std::unique_ptr<exporter::Exporter> make_exporter(const ExporterWiring& wiring);
  void list_exporter(exporter::Exporter& exporter);
  [[nodiscard]] std::unique_ptr<pipeline::Service> make_signal_service(Signal signal);

  // gateway_reload.cc
  using Outcome = Result<void, pipeline::ServiceFailure>;
  [[nodiscard]] Outcome check_files(const config::Settings& next, const WiringChange& change) const;
  [[nodiscard]] Outcome add_exporter(const ExporterWiring& wiring,
                                     pipeline::ServiceManager::IfItFails if_it_fails);
  void remove_exporter(const std::string& id, std::chrono::milliseconds drain_max);
  void quiesce(const std::vector<ExporterWiring>& exporters);
  [[nodiscard]] Outcome rewire(const std::vector<ExporterWiring>& before,
                               const std::vector<ExporterWiring>& after);
  [[nodiscard]] Outcome update_receivers(const config::Settings& next);
  void update_signal_services(std::uint32_t before, std::uint32_t after);
  [[nodiscard]] receiver::otlp::ServingStatus serving(std::string_view service) const;
  void add_tap_pages(admin::Sources& sources);
  void add_log_level_page(admin::Sources& sources) const;

  config::Settings settings_;  // the owner's, once it runs
  io::FileSystem& files_;
  io::Clock& clock_;
  telemetry::Registry metrics_;
  telemetry::ProcessMetrics process_metrics_;
  telemetry::SpanBuffer spans_;
  ByteBudget budget_;
  std::atomic<Phase> phase_{Phase::starting};
  std::atomic<bool> write_proven_{false};
  mutable std::mutex recovery_mutex_;
  storage::RecoveryReport recovery_;
  mutable SilenceWatch silence_;

  std::unique_ptr<storage::Log> log_;
  std::atomic<storage::Log*> open_log_{nullptr};  // log_, once others may use it
  std::unique_ptr<query::TapSource> tap_;
  std::atomic<query::TapSource*> open_tap_{nullptr};
  std::unique_ptr<net::IoThreads> threads_;
  pipeline::ServiceManager services_;
  mutable std::mutex exporters_mutex_;                // exporters_ and log_level_
  std::vector<exporter::Exporter*> exporters_;        // owned by services_
  std::string log_level_;                             // as configured
  std::vector<receiver::otlp::Receiver*> receivers_;  // owned by services_
  std::vector<telemetry::Registry::CallbackHandle> callbacks_;
  std::map<std::string, telemetry::Registry::CallbackHandle> service_health_;  // by name
  ConfigService* config_service_ = nullptr;                                    // services_ owns it
  RemovedExporters removed_exporters_;
  std::unique_ptr<admin::AdminServer> admin_;
};

}  // namespace gateway::app
