// The trace service: follows the committed trace records and keeps count of the traces under way.
// It reads behind the request path, from the tail cache; when traffic outruns it, it skips to the
// head and says how many spans it did not look at.
//
//   otlp_traces_total   otlp_traces_active   otlp_traces_failed_total   (query/trace_table.h)
//
// Limits:  kTracesActiveDegraded active traces make it degraded (requirement 1.2).
// Errors:  a log that cannot be read is health, not failure.
// Threads: one thread of its own; the rest as pipeline/service.h.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "pipeline/signal_service.h"
#include "query/decode.h"
#include "query/trace_table.h"
#include "storage/log.h"
#include "telemetry/metrics.h"

namespace gateway::query {

inline constexpr std::uint64_t kTracesActiveDegraded = 10'000;
inline constexpr std::chrono::milliseconds kFollowInterval{200};
// Spans looked at in one interval: 100,000 a second, for half a hundredth of a core. Beyond it the
// counts are of a sample, and otlp_trace_service_spans_skipped_total says how much was left out.
inline constexpr std::uint64_t kSpansPerIntervalMax = 20'000;

class TraceService final : public pipeline::SignalService {
 public:
  TraceService(storage::Log& log, telemetry::Registry& metrics, Decode decode);
  ~TraceService() override;

  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override;
  void stop() override;
  [[nodiscard]] pipeline::Health health() const override;
  [[nodiscard]] pipeline::ServiceStats stats() const override;

  [[nodiscard]] std::optional<TraceSummary> find(const TraceId& id) const;
  [[nodiscard]] TraceCounts counts() const;

 private:
  void follow();
  // Looks at what was committed since the last time.
  void catch_up(storage::Reader& reader);

  const Decode decode_;
  mutable std::mutex mutex_;  // table_, stopping_
  std::condition_variable stop_requested_;
  bool stopping_ = false;
  TraceTable table_;
  std::uint64_t seen_items_ = 0;  // of the follower's thread
  std::atomic<std::uint64_t> spans_skipped_{0};
  std::atomic<bool> read_failed_{false};
  std::vector<telemetry::Registry::CallbackHandle> callbacks_;
  std::thread thread_;
};

// Feeds every span of one ExportTraceServiceRequest to `table`. The body has passed check().
void observe_spans(std::span<const std::byte> body, std::int64_t now_ms, TraceTable& table);

}  // namespace gateway::query
