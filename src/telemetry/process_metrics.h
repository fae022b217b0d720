// What the process itself costs, under the names that every Prometheus client uses, the counts of
// our own log, and otlp_build_info. All are computed on scrape.
//
//   process_cpu_seconds_total process_resident_memory_bytes process_virtual_memory_bytes
//   process_open_fds process_max_fds process_threads process_start_time_seconds
//   otlp_log_lines_total{level} otlp_log_lines_repeated_total otlp_log_lines_lost_total
//   otlp_build_info{version,revision,compiler} 1
//
// Errors:  a number that the system does not give is NaN.
// Threads: callbacks run on the scraping thread.
// Source:  proc(5), getrusage(2). These read the kernel's tables, not files that io/ could stand
//          in for.
#pragma once

#include <string_view>
#include <vector>

#include "telemetry/metrics.h"

namespace gateway::telemetry {

struct ProcessStats {
  double cpu_seconds, resident_bytes, virtual_bytes, open_fds, max_fds, threads;
  double start_unix_seconds;
};
[[nodiscard]] ProcessStats read_process_stats();

// The compiler that made this binary, with its version.
[[nodiscard]] std::string_view compiler_name() noexcept;

// Keeps the metrics above registered as long as it lives.
class ProcessMetrics {
 public:
  ProcessMetrics(Registry& registry, std::string_view version, std::string_view revision);

 private:
  std::vector<Registry::CallbackHandle> handles_;
};

}  // namespace gateway::telemetry
