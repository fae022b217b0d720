// Which levels of which modules are logged: "info,storage=debug", parsed once.
//
// Errors:  a malformed filter comes back as nothing.
// Threads: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/log.h"

namespace gateway::telemetry {

class LogFilter {
 public:
  [[nodiscard]] static std::optional<LogFilter> parse(std::string_view text);

  [[nodiscard]] LogLevel level_of(std::string_view module) const noexcept;
  // The lowest level that any module logs.
  [[nodiscard]] LogLevel lowest() const noexcept;

 private:
  LogLevel default_level_ = LogLevel::info;
  std::vector<std::pair<std::string, LogLevel>> modules_;  // the longest names first
};

}  // namespace gateway::telemetry
