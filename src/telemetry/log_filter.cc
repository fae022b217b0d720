#include "telemetry/log_filter.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

namespace gateway::telemetry {
namespace {

constexpr std::array<std::string_view, kLogLevelCount> kLevelNames = {"trace", "debug", "info",
                                                                      "warn",  "error", "off"};

[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

[[nodiscard]] bool is_below(std::string_view module, std::string_view parent) noexcept {
  if (!module.starts_with(parent)) return false;
  if (module.size() == parent.size()) return true;
  const char next = module[parent.size()];
  return next == '/' || next == '.' || next == ':';
}

}  // namespace

std::string_view name_of(LogLevel level) noexcept {
  return kLevelNames[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parse_log_level(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (equals_ignoring_case(text, kLevelNames[i])) return static_cast<LogLevel>(i);
  }
  if (equals_ignoring_case(text, "warning")) return LogLevel::warn;
  if (equals_ignoring_case(text, "critical")) return LogLevel::error;
  if (equals_ignoring_case(text, "fatal")) return LogLevel::error;
  return std::nullopt;
}

std::optional<LogFilter> LogFilter::parse(std::string_view text) {
  LogFilter filter;
  bool has_default = false;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = trimmed(text.substr(0, comma));
    const std::size_t equals = part.find('=');
    const auto level =
        parse_log_level(trimmed(equals == std::string_view::npos ? part : part.substr(equals + 1)));
    if (!level) return std::nullopt;
    if (equals == std::string_view::npos) {
      if (has_default) return std::nullopt;
      has_default = true;
      filter.default_level_ = *level;
    } else {
      const std::string_view module = trimmed(part.substr(0, equals));
      if (module.empty()) return std::nullopt;
      filter.modules_.emplace_back(module, *level);
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  std::stable_sort(filter.modules_.begin(), filter.modules_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  return filter;
}

LogLevel LogFilter::level_of(std::string_view module) const noexcept {
  for (const auto& [name, level] : modules_) {
    if (is_below(module, name)) return level;
  }
  return default_level_;
}

LogLevel LogFilter::lowest() const noexcept {
  LogLevel lowest = default_level_;
  for (const auto& [name, level] : modules_) lowest = std::min(lowest, level);
  return lowest;
}

}  // namespace gateway::telemetry
