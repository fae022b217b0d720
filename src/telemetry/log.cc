#include "telemetry/log.h"

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include "telemetry/log_filter.h"
#include "telemetry/log_line.h"
#include "telemetry/repeat_limiter.h"

namespace gateway::telemetry {
namespace {

// All of `line`, or false. One write() as a rule: a line is far below what a pipe takes at once.
[[nodiscard]] bool write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// spdlog's end of the way: a whole line goes out, or is counted as lost. State's lock guards it.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  std::function<bool(std::string_view)> output = write_to_stderr;
  std::uint64_t lost_count = 0;

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!output({message.payload.data(), message.payload.size()})) ++lost_count;
  }
  void flush_() override {}
};

[[nodiscard]] spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      break;
  }
  return spdlog::level::off;
}

[[nodiscard]] std::int64_t unix_nano_now() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}
[[nodiscard]] std::int64_t steady_nano_now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The one log of the process.
struct State {
  std::atomic<LogLevel> lowest_level{LogLevel::info};  // the cheap first question

  std::mutex mutex;  // guards all below
  LogFilter filter;
  std::string filter_text = "info";
  LogFormat format = LogFormat::json;
  RepeatLimiter repeats;
  LogStats stats;
  std::shared_ptr<LineSink> sink = std::make_shared<LineSink>();
  spdlog::logger logger{"gateway", sink};
  std::string line;  // reused

  bool set_filter(std::string_view text) {
    auto parsed = LogFilter::parse(text);
    if (!parsed) return false;
    lowest_level.store(parsed->lowest(), std::memory_order_relaxed);
    filter = *std::move(parsed);
    filter_text = text;
    return true;
  }

  State() { logger.set_level(spdlog::level::trace); }

  void write(LogLevel level, std::string_view module, std::string_view message,
             std::uint64_t repeated, Fields fields) {
    line.clear();
    append_log_line(line, format,
                    {.unix_nano = unix_nano_now(),
                     .level = level,
                     .module = module,
                     .message = message,
                     .repeated = repeated},
                    fields);
    ++stats.written[static_cast<std::size_t>(level)];
    logger.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
  }
  void write_sums(std::int64_t now_nano, bool all) {
    for (const auto& sum : repeats.take_due(now_nano, all)) {
      write(sum.level, sum.module, sum.message, sum.count, {});
    }
  }
};

// Never destroyed: what runs at exit may still log.
State& state() {
  static State* const kState = new State();
  return *kState;
}

}  // namespace

bool is_log_filter(std::string_view filter) noexcept {
  return LogFilter::parse(filter).has_value();
}

bool configure_log(LogFormat format, std::string_view filter) {
  State& log_state = state();
  const std::lock_guard lock(log_state.mutex);
  if (!log_state.set_filter(filter)) return false;
  log_state.format = format;
  return true;
}

bool set_log_filter(std::string_view filter) {
  State& log_state = state();
  const std::lock_guard lock(log_state.mutex);
  return log_state.set_filter(filter);
}

std::string log_filter() {
  State& log_state = state();
  const std::lock_guard lock(log_state.mutex);
  return log_state.filter_text;
}

bool log_enabled(LogLevel level, std::string_view module) noexcept {
  State& log_state = state();
  if (level == LogLevel::off || level < log_state.lowest_level.load(std::memory_order_relaxed)) {
    return false;
  }
  const std::lock_guard lock(log_state.mutex);
  return level >= log_state.filter.level_of(module);
}

void log(LogLevel level, std::string_view module, std::string_view message, Fields fields) {
  State& log_state = state();
  if (level == LogLevel::off || level < log_state.lowest_level.load(std::memory_order_relaxed)) {
    return;
  }
  const std::int64_t now_nano = steady_nano_now();
  const std::lock_guard lock(log_state.mutex);
  if (level < log_state.filter.level_of(module)) return;
  log_state.write_sums(now_nano, false);
  if (!log_state.repeats.admit(level, module, message, now_nano)) {
    ++log_state.stats.repeated;
    return;
  }
  log_state.write(level, module, message, 0, fields);
}

void flush_log() {
  State& log_state = state();
  const std::lock_guard lock(log_state.mutex);
  log_state.write_sums(steady_nano_now(), true);
}

void set_log_output(std::function<bool(std::string_view line)> output) {
  State& log_state = state();
  const std::lock_guard lock(log_state.mutex);
  log_state.sink->output = output ? std::move(output) : write_to_stderr;
}

LogStats log_stats() {
  State& log_state = state();
  const std::lock_guard lock(log_state.mutex);
  LogStats stats = log_state.stats;
  stats.lost = log_state.sink->lost_count;
  return stats;
}

}  // namespace gateway::telemetry
