#include "pipeline/service.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "telemetry/log.h"

namespace gateway::pipeline {
namespace {

// How long a service that failed to come back is left alone before the next attempt: doubles from
// the first to the second with each failure.
constexpr std::chrono::milliseconds kRestartDelayMin{1'000};
constexpr std::chrono::milliseconds kRestartDelayMax{60'000};

}  // namespace

std::string_view name_of(HealthState state) noexcept {
  switch (state) {
    case HealthState::healthy:
      return "healthy";
    case HealthState::degraded:
      return "degraded";
    case HealthState::unhealthy:
      return "unhealthy";
  }
  return "unhealthy";
}

ServiceManager::~ServiceManager() { stop_all(std::chrono::milliseconds(0)); }

void ServiceManager::add(std::unique_ptr<Service> service) {
  const std::lock_guard lock(mutex_);
  GATEWAY_ASSERT(service != nullptr && started_.empty());
  for (const Entry& entry : entries_) GATEWAY_ASSERT(entry.service->name() != service->name());
  Entry entry;
  entry.service = std::move(service);
  entries_.push_back(std::move(entry));
}

Service* ServiceManager::find(std::string_view name) const noexcept {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.service->name() == name) return entry.service.get();
  }
  return nullptr;
}

Result<std::vector<std::size_t>, ServiceFailure> ServiceManager::start_order() const {
  enum class Mark : std::uint8_t { none, visiting, done };
  std::vector<Mark> marks(entries_.size(), Mark::none);
  std::vector<std::size_t> order;
  std::string problem;

  const auto index_of_name = [this](std::string_view name) {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [name](const Entry& entry) {
      return entry.service->name() == name;
    });
    return static_cast<std::size_t>(found - entries_.begin());
  };
  const auto visit = [&](const auto& self, std::size_t index) -> bool {
    if (marks[index] == Mark::done) return true;
    const std::string name(entries_[index].service->name());
    if (marks[index] == Mark::visiting) {
      problem = "service " + name + " depends on itself";
      return false;
    }
    marks[index] = Mark::visiting;
    for (const std::string& dependency : entries_[index].service->depends_on()) {
      const std::size_t at = index_of_name(dependency);
      if (at == entries_.size()) {
        problem = "service " + name + " depends on " + dependency + ", which does not exist";
        return false;
      }
      if (!self(self, at)) return false;
    }
    marks[index] = Mark::done;
    order.push_back(index);
    return true;
  };
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!visit(visit, i)) return fail(ServiceFailure{problem});
  }
  return order;
}

Result<void, ServiceFailure> ServiceManager::start_all() {
  std::unique_lock lock(mutex_);
  auto order = start_order();
  if (!order) return fail(order.error());
  for (const std::size_t index : *order) {
    Entry& entry = entries_[index];
    if (auto started = entry.service->start(); !started) {
      const ServiceFailure failure{std::string(entry.service->name()) + ": " +
                                   started.error().message};
      lock.unlock();
      stop_all(std::chrono::milliseconds(0));
      return fail(failure);
    }
    entry.running = true;
    started_.push_back(index);
  }
  return {};
}

void ServiceManager::stop_all(std::chrono::milliseconds timeout) {
  const std::lock_guard lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (auto index = started_.rbegin(); index != started_.rend(); ++index) {
    Entry& entry = entries_[*index];
    if (!entry.running) continue;
    entry.service->drain(deadline);
    entry.service->stop();
    entry.running = false;
  }
  started_.clear();
}

void ServiceManager::supervise(std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  for (const std::size_t index : started_) {
    Entry& entry = entries_[index];
    if (entry.running && !entry.service->failed()) continue;
    if (now < entry.restart_at) continue;
    telemetry::log_warn("service", "restarting", {{"service", entry.service->name()}});
    if (entry.running) entry.service->stop();
    ++entry.restart_count;
    entry.restart_delay = std::clamp(entry.restart_delay * 2, kRestartDelayMin, kRestartDelayMax);
    entry.restart_at = now + entry.restart_delay;
    auto restarted = entry.service->start();
    entry.running = restarted.has_value();
    if (!restarted) {
      telemetry::log_error(
          "service", "restart failed",
          {{"service", entry.service->name()}, {"error", restarted.error().message}});
    }
  }
}

std::vector<ServiceManager::Report> ServiceManager::report() const {
  const std::lock_guard lock(mutex_);
  std::vector<Report> out;
  out.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    Report report;
    report.name = entry.service->name();
    report.running = entry.running;
    report.restart_count = entry.restart_count;
    if (entry.running) {
      report.health = entry.service->health();
      report.stats = entry.service->stats();
    } else {
      report.health = {HealthState::unhealthy, "not running"};
    }
    out.push_back(std::move(report));
  }
  return out;
}

Health ServiceManager::overall() const {
  Health worst;
  for (const Report& report : report()) {
    worst.state = std::max(worst.state, report.health.state);
    if (report.health.state == HealthState::healthy) continue;
    if (!worst.reason.empty()) worst.reason += "; ";
    worst.reason += report.name + ": " + report.health.reason;
  }
  return worst;
}

}  // namespace gateway::pipeline
