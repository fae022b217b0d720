#include "telemetry/process_metrics.h"

#include <ctime>

#include <gtest/gtest.h>

#include "telemetry/prometheus_text_check.h"

namespace gateway::telemetry {
namespace {

// Goal: the numbers are this process's. Method: compare with what is known of it.
TEST(ProcessMetrics, NumbersArePlausible) {
  const ProcessStats stats = read_process_stats();
  EXPECT_GT(stats.cpu_seconds, 0);
  EXPECT_GT(stats.resident_bytes, 1 << 20);
  EXPECT_GE(stats.virtual_bytes, stats.resident_bytes);
  EXPECT_GE(stats.open_fds, 3);
  EXPECT_GE(stats.max_fds, stats.open_fds);
  EXPECT_GE(stats.threads, 1);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_LE(stats.start_unix_seconds, now + 2);
  EXPECT_GT(stats.start_unix_seconds, now - 24 * 3600);
}

// Goal: the standard names are there, with the build. Method: render and look.
TEST(ProcessMetrics, AreRenderedWhileTheyLive) {
  Registry registry;
  {
    const ProcessMetrics metrics(registry, "1.2.3", "abc");
    const std::string text = registry.render();
    EXPECT_EQ(prometheus_text_mistakes(text), "");
    for (const auto* name : {"process_cpu_seconds_total ", "process_resident_memory_bytes ",
                             "process_virtual_memory_bytes ", "process_open_fds ",
                             "process_max_fds ", "process_threads ", "process_start_time_seconds ",
                             "otlp_log_lines_total{level=\"error\"} ",
                             "otlp_log_lines_repeated_total ", "otlp_log_lines_lost_total "}) {
      EXPECT_NE(text.find(std::string("\n") + name), std::string::npos) << name;
    }
    EXPECT_NE(text.find("revision=\"abc\",version=\"1.2.3\"} 1\n"), std::string::npos);
  }
  EXPECT_EQ(registry.render().find("process_threads "), std::string::npos);
}

}  // namespace
}  // namespace gateway::telemetry
