// Our own log: one line an event, JSON by default, console text by choice; fields, not sentences
// with values in them. Secrets never come here: callers pass names, counts and addresses, not
// headers.
//
//   log_info("net", "listening", {{"address", "127.0.0.1:4317"}, {"protocol", "grpc"}});
//
//   {"time":"2026-11-21T10:05:00.123456789Z","level":"info","module":"net","message":"listening",
//    "address":"127.0.0.1:4317","protocol":"grpc"}                      (one line)
//
// Of lines with the same level, module and message the first kRepeatLinesMax within kRepeatWindow
// are written; the others are counted and summed up in one line with the field "repeated", so that
// an outage does not fill a disk.
//
// Errors:  none; a line that cannot be written is lost and counted.
// Threads: any; lines are written under a lock, one write() each, so they never mix.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace gateway::telemetry {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { json, console };
inline constexpr std::size_t kLogLevelCount = 6;

inline constexpr std::chrono::seconds kRepeatWindow{10};
inline constexpr std::size_t kRepeatLinesMax = 10;
// Texts told apart at a time; beyond that, lines are written without being counted.
inline constexpr std::size_t kRepeatTextsMax = 256;

[[nodiscard]] std::string_view name_of(LogLevel level) noexcept;
// "trace" to "off", in either case; also "warning", "critical" and "fatal".
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text) noexcept;

// A field's value; numbers and booleans stay such in JSON.
using FieldValue = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;
struct Field {
  template <typename T>
  Field(std::string_view name_in, const T& value_in) : name(name_in) {
    if constexpr (std::is_same_v<T, bool> || std::is_floating_point_v<T>) {
      value = value_in;
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      value = static_cast<std::int64_t>(value_in);
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<std::uint64_t>(value_in);
    } else {
      value = std::string_view(value_in);
    }
  }
  std::string_view name;
  FieldValue value;
};
using Fields = std::initializer_list<Field>;

// `filter` is "info" or "info,storage=debug,net=warn" (level, then module=level; a module's level
// also holds for what is below it: "receiver" for "receiver/otlp").
// Returns false and leaves the settings when the filter is malformed.
[[nodiscard]] bool is_log_filter(std::string_view filter) noexcept;
bool configure_log(LogFormat format, std::string_view filter);
// The filter alone, while lines are being written, and what it is now.
bool set_log_filter(std::string_view filter);
[[nodiscard]] std::string log_filter();
[[nodiscard]] bool log_enabled(LogLevel level, std::string_view module) noexcept;
void log(LogLevel level, std::string_view module, std::string_view message, Fields fields = {});

// Writes the sums of repeated lines that are due or not: call it before the process ends.
void flush_log();

// Where lines go, newline included, instead of stderr; an empty function restores stderr. Returns
// false when a line is lost. Called under the log's lock: it must not log.
void set_log_output(std::function<bool(std::string_view line)> output);

struct LogStats {
  std::uint64_t written[kLogLevelCount] = {};  // lines by level
  std::uint64_t repeated = 0;                  // lines counted instead of written
  std::uint64_t lost = 0;                      // lines that the output refused
};
[[nodiscard]] LogStats log_stats();

inline void log_debug(std::string_view module, std::string_view message, Fields fields = {}) {
  log(LogLevel::debug, module, message, fields);
}
inline void log_info(std::string_view module, std::string_view message, Fields fields = {}) {
  log(LogLevel::info, module, message, fields);
}
inline void log_warn(std::string_view module, std::string_view message, Fields fields = {}) {
  log(LogLevel::warn, module, message, fields);
}
inline void log_error(std::string_view module, std::string_view message, Fields fields = {}) {
  log(LogLevel::error, module, message, fields);
}

}  // namespace gateway::telemetry
