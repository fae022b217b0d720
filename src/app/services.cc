#include "app/services.h"

#include <string>
#include <utility>

namespace gateway::app {
namespace {

using pipeline::Health;
using pipeline::HealthState;

// A service whose life is a flag: what it stands for runs elsewhere.
class PassiveService : public pipeline::Service {
 public:
  explicit PassiveService(std::string_view name) : name_(name) {}
  std::string_view name() const noexcept override { return name_; }
  Result<void, pipeline::ServiceFailure> start() override { return {}; }
  void drain(std::chrono::steady_clock::time_point) override {}
  void stop() override {}
  Health health() const override { return {}; }

 private:
  std::string_view name_;
};

class StorageService final : public PassiveService {
 public:
  explicit StorageService(storage::Log& log) : PassiveService("storage"), log_(log) {}
  Health health() const override {
    const storage::Stats stats = log_.stats();
    if (!stats.write_path_ok) return {HealthState::unhealthy, "the last commit failed"};
    if (!log_.admits(1)) return {HealthState::unhealthy, "full"};
    if (stats.damaged_region_count != 0) {
      return {HealthState::degraded, std::to_string(stats.damaged_region_count) +
                                         " damaged regions skipped; see log verify"};
    }
    return {};
  }
  pipeline::ServiceStats stats() const override {
    const storage::Stats stats = log_.stats();
    return {{"size_bytes", static_cast<double>(stats.size_bytes)},
            {"segments", static_cast<double>(stats.segment_count)},
            {"commits", static_cast<double>(stats.commit_count)}};
  }

 private:
  storage::Log& log_;
};

class HealthService final : public PassiveService {
 public:
  explicit HealthService(std::function<admin::Probe()> ready)
      : PassiveService("health_service"), ready_(std::move(ready)) {}
  Health health() const override {
    const admin::Probe probe = ready_();
    if (probe.ok) return {};
    return {HealthState::unhealthy, "not ready: " + probe.reason};
  }

 private:
  std::function<admin::Probe()> ready_;
};

}  // namespace

std::unique_ptr<pipeline::Service> make_storage_service(storage::Log& log) {
  return std::make_unique<StorageService>(log);
}

std::unique_ptr<pipeline::Service> make_health_service(std::function<admin::Probe()> ready) {
  return std::make_unique<HealthService>(std::move(ready));
}

}  // namespace gateway::app
