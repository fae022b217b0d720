#include "app/health.h"

#include <string>

namespace gateway::app {
namespace {

std::string seconds(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

admin::Probe passes() { return {.ok = true, .reason = {}, .details_json = "{}"}; }
admin::Probe fails(std::string reason) {
  return {.ok = false, .reason = std::move(reason), .details_json = "{}"};
}

}  // namespace

std::string_view name_of(Phase phase) noexcept {
  switch (phase) {
    case Phase::starting:
      return "starting";
    case Phase::recovering:
      return "recovering";
    case Phase::serving:
      return "serving";
    case Phase::draining:
      return "draining";
    case Phase::stopped:
      return "stopped";
  }
  return "stopped";
}

admin::Probe judge_startup(const Observation& seen) {
  admin::Probe probe;
  if (seen.phase == Phase::starting) {
    probe = fails("starting");
  } else if (seen.phase == Phase::recovering) {
    probe = fails("recovering the log: " + std::to_string(seen.recovery.segments_read) + " of " +
                  std::to_string(seen.recovery.segments_total) + " segments read");
  } else {
    probe = passes();
  }
  probe.details_json = "{\"segments_total\":" + std::to_string(seen.recovery.segments_total) +
                       ",\"segments_read\":" + std::to_string(seen.recovery.segments_read) +
                       ",\"damaged_regions\":" + std::to_string(seen.recovery.damaged_regions) +
                       ",\"torn_tail_bytes\":" + std::to_string(seen.recovery.torn_tail_bytes) +
                       ",\"finished\":" + (seen.recovery.finished ? "true" : "false") + "}";
  return probe;
}

admin::Probe judge_ready(const Observation& seen) {
  if (seen.phase == Phase::draining || seen.phase == Phase::stopped) return fails("stopping");
  if (seen.phase != Phase::serving) return judge_startup(seen);
  if (!seen.storage_admits) {
    return fails("storage is full: " + std::to_string(seen.storage.size_bytes) + " of " +
                 std::to_string(seen.storage.size_bytes_max) +
                 " bytes hold data that no exporter has delivered yet");
  }
  if (seen.storage.commit_in_progress > kWriteProofTimeout) {
    return fails("a commit has been running for " + seconds(seen.storage.commit_in_progress));
  }
  if (!seen.storage.write_path_ok || !seen.write_proven) {
    return fails("the write path failed: the last commit to the storage directory did not succeed");
  }
  return passes();
}

admin::Probe judge_live(const Observation& seen) {
  if (seen.storage.commit_in_progress > kCommitStuckAfter) {
    return fails("the log's writer is stuck: one commit has been running for " +
                 seconds(seen.storage.commit_in_progress));
  }
  for (std::size_t i = 0; i < seen.thread_silence.size(); ++i) {
    if (seen.thread_silence[i] > kThreadStuckAfter) {
      return fails("I/O thread " + std::to_string(i) + " has not moved for " +
                   seconds(seen.thread_silence[i]));
    }
  }
  return passes();
}

}  // namespace gateway::app
