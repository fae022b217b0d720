// What is left of exporters that are no longer configured: their cursors hold back the removal of
// what they have not delivered and of what comes, so that a mistake in a file can be taken back.
//
// A place is forgotten after the time that `storage.removed_exporters_kept` gives it, or when the
// log has no room for it. Without a backlog too: an exporter that comes back without its place
// would be sent the whole log again. Only a backlog is told of.
//
// Units:   items.
// Errors:  none.
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_service.h"
#include "app/wiring.h"
#include "base/signal.h"
#include "storage/log.h"

namespace gateway::app {

// A log that is fuller than this keeps nothing for those who are gone.
inline constexpr double kLogShareForRemovedMax = 0.8;

class RemovedExporters {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Called about once a second, and after each reload. Tells `told` what it finds and forgets.
  void look(storage::Log& log, const std::vector<ExporterWiring>& wiring,
            std::chrono::milliseconds kept, TimePoint now, ConfigService& told);

 private:
  struct Place {
    std::string exporter;
    Signal signal = Signal::traces;
    TimePoint since{};
    std::uint64_t owed_to = 0;  // items of the signal in the log when it was first seen without
  };
  [[nodiscard]] Place& place_of(const storage::Cursor& cursor, const storage::Log& log,
                                TimePoint now);
  std::vector<Place> places_;
};

}  // namespace gateway::app
