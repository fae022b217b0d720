#include "storage/damage.h"

#include "telemetry/log.h"

namespace gateway::storage {

void DamageLog::note(Position from, Position resumed_at) {
  {
    const std::lock_guard lock(mutex_);
    if (places_.size() < kPlacesMax && !places_.insert(from).second) return;
  }
  count_.fetch_add(1, std::memory_order_relaxed);
  telemetry::log_error("storage", "damaged records skipped",
                       {{"segment", from.segment},
                        {"offset_bytes", from.offset_bytes},
                        {"resumed_segment", resumed_at.segment},
                        {"resumed_offset_bytes", resumed_at.offset_bytes}});
}

}  // namespace gateway::storage
