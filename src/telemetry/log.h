// Our own log: one line an event, JSON by default, console text by choice; fields, not sentences
// with values in them. Secrets never come here: callers pass names, counts and addresses, not
// headers.
//
//   log_info("net", "listening", {{"address", "127.0.0.1:4317"}, {"protocol", "grpc"}});
//
// Errors:  none; a line that cannot be written is lost and counted.
// Threads: any. A line repeated within kRepeatWindow from the same module and message is counted
// and
//          summed up, so that an outage does not fill a disk.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace gateway::telemetry {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { json, console };

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

// `filter` is "info" or "info,storage=debug,net=warn" (level, then module=level).
// Returns false and leaves the settings when the filter is malformed.
bool configure_log(LogFormat format, std::string_view filter);
[[nodiscard]] bool log_enabled(LogLevel level, std::string_view module) noexcept;
void log(LogLevel level, std::string_view module, std::string_view message, Fields fields = {});

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
