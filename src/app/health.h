// Truthful health (promise 6): what the probes say, worked out from what was observed.
//
//   startup : the log is open and every listener is bound; before that, how far recovery is.
//   ready   : a request sent now would be stored and acknowledged: the write path passed its newest
//             probe, one a second, there is room, and we are not stopping.
//   live    : every worker thread makes progress. A full disk or a dead destination is not a reason
//             to be killed.
//
// Errors:  none; pure functions over an Observation.
// Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "admin/admin.h"
#include "storage/log.h"

namespace gateway::app {

// A commit that takes longer than this means that the writer is stuck.
inline constexpr std::chrono::seconds kCommitStuckAfter{30};
// An I/O thread that has not turned its loop for this long is stuck.
inline constexpr std::chrono::seconds kThreadStuckAfter{10};
// How long one proof may take.
inline constexpr std::chrono::milliseconds kWriteProofTimeout{2000};

enum class Phase : std::uint8_t { starting, recovering, serving, draining, stopped };
[[nodiscard]] std::string_view name_of(Phase phase) noexcept;

struct Observation {
  Phase phase = Phase::starting;
  storage::RecoveryReport recovery;
  storage::Stats storage;
  bool storage_admits = false;
  bool write_proven = false;
  std::vector<std::chrono::milliseconds> thread_silence;  // since each I/O thread last turned
};

[[nodiscard]] admin::Probe judge_startup(const Observation& seen);
[[nodiscard]] admin::Probe judge_ready(const Observation& seen);
[[nodiscard]] admin::Probe judge_live(const Observation& seen);

}  // namespace gateway::app
