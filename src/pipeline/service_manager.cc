#include "pipeline/service_manager.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "telemetry/log.h"

namespace gateway::pipeline {
namespace {

using Clock = std::chrono::steady_clock;
using Outcome = Result<void, ServiceFailure>;

[[nodiscard]] std::string text_of(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

// "exporter" of "exporter/a"; empty for a name without '/'.
[[nodiscard]] std::string kind_of(const Service& service) {
  const std::string_view name = service.name();
  const std::size_t slash = name.find('/');
  return std::string(name.substr(0, slash == std::string_view::npos ? 0 : slash));
}

}  // namespace

ServiceManager::~ServiceManager() { stop_all(std::chrono::milliseconds(0)); }

void ServiceManager::add(std::unique_ptr<Service> service) {
  GATEWAY_ASSERT(service != nullptr && started_.empty());
  GATEWAY_ASSERT(find(service->name()) == nullptr);
  auto entry = std::make_shared<Entry>();
  entry->service = std::move(service);
  const std::lock_guard lock(mutex_);
  entries_.push_back(std::move(entry));
}

Service* ServiceManager::find(std::string_view name) const noexcept {
  const std::lock_guard lock(mutex_);
  for (const EntryPtr& entry : entries_) {
    if (entry->service->name() == name) return entry->service.get();
  }
  return nullptr;
}

Result<std::vector<ServiceManager::EntryPtr>, ServiceFailure> ServiceManager::start_order() const {
  enum class Mark : std::uint8_t { none, visiting, done };
  std::vector<Mark> marks(entries_.size(), Mark::none);
  std::vector<EntryPtr> order;
  std::string problem;

  const auto index_of_name = [this](std::string_view name) {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(),
                     [name](const EntryPtr& entry) { return entry->service->name() == name; });
    return static_cast<std::size_t>(found - entries_.begin());
  };
  const auto visit = [&](const auto& self, std::size_t index) -> bool {
    if (marks[index] == Mark::done) return true;
    const std::string name(entries_[index]->service->name());
    if (marks[index] == Mark::visiting) {
      problem = "service " + name + " depends on itself";
      return false;
    }
    marks[index] = Mark::visiting;
    for (const std::string& dependency : entries_[index]->service->depends_on()) {
      const std::size_t at = index_of_name(dependency);
      if (at == entries_.size()) {
        problem = "service " + name;
        problem.append(" depends on ").append(dependency).append(", which does not exist");
        return false;
      }
      if (!self(self, at)) return false;
    }
    marks[index] = Mark::done;
    order.push_back(entries_[index]);
    return true;
  };
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!visit(visit, i)) return fail(ServiceFailure{problem});
  }
  return order;
}

ServiceManager::Call ServiceManager::launch(std::function<Outcome()> call) {
  std::packaged_task<Outcome()> task(std::move(call));
  std::future<Outcome> outcome = task.get_future();
  return {std::thread(std::move(task)), std::move(outcome)};
}

std::optional<Outcome> ServiceManager::wait(Call& call, Clock::time_point until) {
  if (call.outcome.wait_until(until) != std::future_status::ready) return std::nullopt;
  call.thread.join();
  return call.outcome.get();
}

void ServiceManager::set_running(Entry& entry, bool running, std::string failure) {
  const std::lock_guard lock(mutex_);
  entry.running = running;
  entry.failure = std::move(failure);
}

// Out of all lists; afterwards nobody asks it anything.
void ServiceManager::unlist(const EntryPtr& entry) {
  std::erase(started_, entry);
  {
    const std::lock_guard lock(mutex_);
    std::erase(entries_, entry);
  }
  const std::unique_lock nobody_asks(asking_);
}

// A service whose call did not come back may still run: it is never destroyed.
void ServiceManager::leave_behind(const EntryPtr& entry) {
  static std::mutex mutex;
  static std::vector<Service*>* const kept = new std::vector<Service*>;
  left_behind_.emplace_back(entry->service->name());
  telemetry::log_error("service", "does not come back: left behind",
                       {{"service", entry->service->name()}});
  unlist(entry);
  const std::lock_guard lock(mutex);
  kept->push_back(entry->service.release());
}

Outcome ServiceManager::start(const EntryPtr& entry) {
  Service* const service = entry->service.get();
  const std::string name(service->name());
  Call call = launch([service] { return service->start(); });
  const std::optional<Outcome> outcome = wait(call, Clock::now() + limits_.start_max);
  if (!outcome) {
    call.thread.detach();
    leave_behind(entry);
    return fail(ServiceFailure{name + ": did not start within " + text_of(limits_.start_max)});
  }
  if (!*outcome) {
    set_running(*entry, false, "not running: " + outcome->error().message);
    return fail(ServiceFailure{name + ": " + outcome->error().message});
  }
  set_running(*entry, true, {});
  return {};
}

bool ServiceManager::end_restart(const EntryPtr& entry, Clock::time_point until) {
  if (!entry->restart) return true;
  const std::optional<Outcome> restarted = wait(*entry->restart, until);
  if (!restarted) {
    entry->restart->thread.detach();
    leave_behind(entry);
    return false;
  }
  entry->restart.reset();
  set_running(*entry, restarted->has_value(), {});
  return true;
}

bool ServiceManager::stop(const std::vector<EntryPtr>& entries, Clock::time_point drain_until) {
  const Clock::time_point until = std::max(drain_until, Clock::now()) + limits_.stop_max;
  bool all_ended = true;
  std::vector<std::pair<EntryPtr, Call>> calls;
  for (const EntryPtr& entry : entries) {
    if (!end_restart(entry, until)) {
      all_ended = false;
      continue;
    }
    if (!entry->running) continue;
    Service* const service = entry->service.get();
    calls.emplace_back(entry, launch([service, drain_until]() -> Outcome {
                         service->drain(drain_until);
                         service->stop();
                         return {};
                       }));
  }
  for (auto& [entry, call] : calls) {
    if (wait(call, until)) {
      set_running(*entry, false, "stopped");
    } else {
      call.thread.detach();
      leave_behind(entry);
      all_ended = false;
    }
  }
  return all_ended;
}

Outcome ServiceManager::start_all() {
  auto order = start_order();
  if (!order) return fail(order.error());
  for (const EntryPtr& entry : *order) {
    if (auto started = start(entry); !started) {
      stop_all(std::chrono::milliseconds(0));
      return started;
    }
    started_.push_back(entry);
  }
  return {};
}

Outcome ServiceManager::add_running(std::unique_ptr<Service> service, std::string_view after,
                                    IfItFails if_it_fails) {
  GATEWAY_ASSERT(service != nullptr && find(service->name()) == nullptr);
  const auto is_after = [after](const EntryPtr& e) { return e->service->name() == after; };
  const auto entry = std::make_shared<Entry>();
  entry->service = std::move(service);
  Outcome started = start(entry);
  const bool is_left_behind = entry->service == nullptr;
  if (!started && (if_it_fails == IfItFails::forget || is_left_behind)) return started;
  const auto started_at = std::find_if(started_.begin(), started_.end(), is_after);
  GATEWAY_ASSERT(started_at != started_.end());
  started_.insert(started_at + 1, entry);
  const std::lock_guard lock(mutex_);
  entries_.insert(std::find_if(entries_.begin(), entries_.end(), is_after) + 1, entry);
  return started;
}

bool ServiceManager::remove(std::string_view name, std::chrono::milliseconds drain_max) {
  const auto found = std::find_if(started_.begin(), started_.end(), [name](const EntryPtr& entry) {
    return entry->service->name() == name;
  });
  GATEWAY_ASSERT(found != started_.end());
  const EntryPtr entry = *found;  // destroyed here, once nobody asks it
  if (!stop({entry}, Clock::now() + drain_max)) return false;
  unlist(entry);
  return true;
}

void ServiceManager::stop_all(std::chrono::milliseconds drain_max) {
  const auto drain_until = Clock::now() + drain_max;
  while (!started_.empty()) {
    static_cast<void>(stop(take_last(), drain_until));  // left_behind() says
  }
}

std::vector<ServiceManager::EntryPtr> ServiceManager::take_last() {
  const std::string kind = kind_of(*started_.back()->service);
  auto first = started_.end() - 1;
  while (!kind.empty() && first != started_.begin() && kind_of(*(*(first - 1))->service) == kind) {
    --first;
  }
  std::vector<EntryPtr> last(first, started_.end());
  started_.erase(first, started_.end());
  return last;
}

void ServiceManager::supervise(Clock::time_point now) {
  for (const EntryPtr& entry : started_) {
    Clock::time_point until{};
    if (!entry->restart) {
      if (entry->running && !entry->service->failed()) continue;
      if (now < entry->restart_at) continue;
      begin_restart(*entry, now);
      until = Clock::now() + limits_.restart_wait;
    }
    const auto outcome = wait(*entry->restart, until);
    if (outcome) note_restart(*entry, *outcome);
  }
}

void ServiceManager::begin_restart(Entry& entry, Clock::time_point now) {
  Service* const service = entry.service.get();
  telemetry::log_warn("service", "restarting", {{"service", service->name()}});
  const bool was_running = entry.running;
  {
    const std::lock_guard lock(mutex_);
    entry.running = false;
    entry.failure = "restarting";
    ++entry.restart_count;
  }
  entry.restart_delay =
      std::clamp(entry.restart_delay * 2, limits_.restart_delay_min, limits_.restart_delay_max);
  entry.restart_at = now + entry.restart_delay;
  entry.restart = launch([service, was_running] {
    if (was_running) service->stop();
    return service->start();
  });
}

void ServiceManager::note_restart(Entry& entry, const Outcome& outcome) {
  entry.restart.reset();
  if (outcome) {
    set_running(entry, true, {});
    return;
  }
  telemetry::log_error("service", "restart failed",
                       {{"service", entry.service->name()}, {"error", outcome.error().message}});
  set_running(entry, false, "not running: " + outcome.error().message);
}

std::vector<ServiceManager::Report> ServiceManager::report() const {
  const std::shared_lock asking(asking_);
  std::vector<EntryPtr> entries;
  std::vector<Report> out;
  {
    const std::lock_guard lock(mutex_);
    entries = entries_;
    for (const EntryPtr& entry : entries) {
      Report report;
      report.name = entry->service->name();
      report.running = entry->running;
      report.restart_count = entry->restart_count;
      report.health = entry->not_running();
      out.push_back(std::move(report));
    }
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!out[i].running) continue;
    out[i].health = entries[i]->service->health();
    out[i].stats = entries[i]->service->stats();
  }
  return out;
}

Health ServiceManager::health(std::string_view name) const {
  const std::shared_lock asking(asking_);
  EntryPtr entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [name](const EntryPtr& e) {
      return e->service->name() == name;
    });
    if (found == entries_.end()) return {HealthState::unhealthy, "not there"};
    if (!(*found)->running) return (*found)->not_running();
    entry = *found;
  }
  return entry->service->health();
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
