// The exact ledger (promise 7) of one exporter and signal, computed from log positions:
// stored = delivered + filtered + dead_lettered + expired + damaged + pending.
//
// Units:   items since the cursor was created.
// Errors:  none.
// Threads: any; may be read while deliveries go on.
#pragma once

#include <cstdint>
#include <string>

#include "base/signal.h"
#include "storage/log.h"

namespace gateway::pipeline {

struct LedgerRow {
  std::string exporter;
  Signal signal = Signal::traces;
  std::uint64_t stored = 0;
  storage::Outcomes outcomes;
  std::uint64_t pending = 0;
};

// The outcomes are read before the head, so that an item is never in neither.
[[nodiscard]] inline LedgerRow ledger_row(const storage::Cursor& cursor, const storage::Log& log) {
  LedgerRow row;
  row.exporter = cursor.name();
  row.signal = cursor.signal();
  row.outcomes = cursor.outcomes();
  row.stored = log.head().items[index_of(cursor.signal())] - cursor.items_start();
  row.pending = row.stored - row.outcomes.sum();
  return row;
}

}  // namespace gateway::pipeline
