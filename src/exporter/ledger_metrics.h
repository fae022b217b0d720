// What an operator asks of an exporter at scrape time: where each item is (promise 7), how far the
// cursors are behind, and the state of the breakers. Worked out from log positions, not counted
// along.
//
// Units:   items, bytes, seconds.
// Errors:  none.
// Threads: computed on the scraping thread; ends with this object.
// Source:  docs/metrics.md.
#pragma once

#include <string>
#include <vector>

#include "exporter/lane.h"
#include "storage/log.h"
#include "telemetry/metrics.h"

namespace gateway::exporter {

class LedgerMetrics {
 public:
  // `lanes` and `log` outlive it.
  LedgerMetrics(telemetry::Registry& registry, const std::string& exporter,
                std::vector<const Lane*> lanes, storage::Log& log);

 private:
  std::vector<telemetry::Registry::CallbackHandle> handles_;
};

// The bytes of the log between two positions, all signals together: exact within a segment, by the
// mean size of a segment beyond.
[[nodiscard]] double distance_bytes(storage::Position from, storage::Position to,
                                    const storage::Stats& stats) noexcept;

}  // namespace gateway::exporter
