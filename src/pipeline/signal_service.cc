#include "pipeline/signal_service.h"

#include <algorithm>
#include <string>

#include "pipeline/ledger.h"

namespace gateway::pipeline {

std::uint64_t SignalService::pending() const {
  std::uint64_t most = 0;
  for (const storage::Cursor* cursor : log_.cursors()) {
    if (cursor->signal() == name_.signal) most = std::max(most, ledger_row(*cursor, log_).pending);
  }
  return most;
}

Health SignalService::health() const {
  const std::uint64_t behind = pending();
  if (behind < kPendingItemsDegraded) return {};
  return {HealthState::degraded, std::to_string(behind) + " items wait for delivery"};
}

ServiceStats SignalService::stats() const {
  return {{"items_stored", static_cast<double>(log_.head().items[index_of(name_.signal)])},
          {"items_pending", static_cast<double>(pending())}};
}

}  // namespace gateway::pipeline
