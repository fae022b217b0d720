#include "telemetry/process_metrics.h"

#include <array>
#include <cstdlib>
#include <limits>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "telemetry/log.h"

namespace gateway::telemetry {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kProcFileSizeBytesMax = 64 * 1024;

[[nodiscard]] std::string read_proc(const char* path) {
  std::string text;
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> chunk;
  while (text.size() < kProcFileSizeBytesMax) {
    const ssize_t size = ::read(fd, chunk.data(), chunk.size());
    if (size <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
  ::close(fd);
  return text;
}

// The number of the `index`-th word, from 0; words are separated by spaces.
[[nodiscard]] double word(std::string_view text, std::size_t index) {
  for (; index > 0; --index) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return kUnknown;
    text.remove_prefix(space + 1);
  }
  const std::string number(text.substr(0, text.find_first_of(" \n")));
  return number.empty() ? kUnknown : std::strtod(number.c_str(), nullptr);
}

[[nodiscard]] double count_open_fds() {
  DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return kUnknown;
  double count = 0;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(directory);
  return count - 1;  // without the directory itself
}

[[nodiscard]] double boot_unix_seconds() {
  const std::string text = read_proc("/proc/stat");
  const std::size_t at = text.find("\nbtime ");
  return at == std::string::npos ? kUnknown : word(std::string_view(text).substr(at + 1), 1);
}

[[nodiscard]] double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

[[nodiscard]] double cpu_seconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return kUnknown;
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

[[nodiscard]] double max_fds() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUnknown;
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                         : static_cast<double>(limit.rlim_cur);
}

// Field `number` of /proc/self/stat as proc(5) counts them, from 3 on: after the command's name,
// which may itself hold spaces and brackets.
[[nodiscard]] double stat_field(std::size_t number) {
  const std::string text = read_proc("/proc/self/stat");
  const std::size_t end_of_name = text.rfind(") ");
  if (end_of_name == std::string::npos) return kUnknown;
  return word(std::string_view(text).substr(end_of_name + 2), number - 3);
}

[[nodiscard]] double statm_bytes(std::size_t index) {
  return word(read_proc("/proc/self/statm"), index) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

[[nodiscard]] double start_unix_seconds() {
  return boot_unix_seconds() + stat_field(22) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessStats read_process_stats() {
  return {.cpu_seconds = cpu_seconds(),
          .resident_bytes = statm_bytes(1),
          .virtual_bytes = statm_bytes(0),
          .open_fds = count_open_fds(),
          .max_fds = max_fds(),
          .threads = stat_field(20),
          .start_unix_seconds = start_unix_seconds()};
}

std::string_view compiler_name() noexcept {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

ProcessMetrics::ProcessMetrics(Registry& registry, std::string_view version,
                               std::string_view revision) {
  constexpr auto kCounter = Registry::CallbackType::counter;
  constexpr auto kGauge = Registry::CallbackType::gauge;
  const auto add = [&](Registry::CallbackType type, std::string_view name, std::string_view help,
                       std::function<double()> value, Labels labels = {}) {
    handles_.push_back(registry.callback(type, name, help, labels, std::move(value)));
  };
  add(kCounter, "process_cpu_seconds_total", "User and system CPU time spent, in seconds.",
      cpu_seconds);
  add(kGauge, "process_resident_memory_bytes", "Resident memory, in bytes.",
      [] { return statm_bytes(1); });
  add(kGauge, "process_virtual_memory_bytes", "Virtual memory, in bytes.",
      [] { return statm_bytes(0); });
  add(kGauge, "process_open_fds", "Open file descriptors.", count_open_fds);
  add(kGauge, "process_max_fds", "Limit of open file descriptors.", max_fds);
  add(kGauge, "process_threads", "Threads of the process.", [] { return stat_field(20); });
  add(kGauge, "process_start_time_seconds", "Start of the process, in seconds since the epoch.",
      [start = start_unix_seconds()] { return start; });

  for (const LogLevel level :
       {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    add(kCounter, "otlp_log_lines_total", "Lines of the service's own log written.",
        [level] {
          return static_cast<double>(log_stats().written[static_cast<std::size_t>(level)]);
        },
        {{"level", name_of(level)}});
  }
  add(kCounter, "otlp_log_lines_repeated_total", "Repeated log lines summed up, not written.",
      [] { return static_cast<double>(log_stats().repeated); });
  add(kCounter, "otlp_log_lines_lost_total", "Log lines that could not be written.",
      [] { return static_cast<double>(log_stats().lost); });

  registry
      .gauge("otlp_build_info", "Always 1; version, revision and compiler of this binary.",
             {{"version", version}, {"revision", revision}, {"compiler", compiler_name()}})
      .set(1);
}

}  // namespace gateway::telemetry
