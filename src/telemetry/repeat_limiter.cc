#include "telemetry/repeat_limiter.h"

#include <algorithm>
#include <limits>

namespace gateway::telemetry {
namespace {

constexpr std::int64_t kWindowNano = std::chrono::nanoseconds(kRepeatWindow).count();

}  // namespace

bool RepeatLimiter::admit(LogLevel level, std::string_view module, std::string_view message,
                          std::int64_t now_nano) {
  const Key key(level, module, message);
  auto at = windows_.find(key);
  if (at == windows_.end()) {
    if (windows_.size() >= kRepeatTextsMax) return true;
    at = windows_.emplace(key, Window{.end_nano = now_nano + kWindowNano}).first;
    if (windows_.size() == 1) next_end_nano_ = at->second.end_nano;
  }
  Window& window = at->second;
  if (window.line_count < kRepeatLinesMax) {
    ++window.line_count;
    return true;
  }
  ++window.repeated_count;
  return false;
}

std::vector<RepeatLimiter::Sum> RepeatLimiter::take_due(std::int64_t now_nano, bool all) {
  std::vector<Sum> sums;
  if (!all && (windows_.empty() || now_nano < next_end_nano_)) return sums;
  next_end_nano_ = std::numeric_limits<std::int64_t>::max();
  for (auto at = windows_.begin(); at != windows_.end();) {
    auto& [key, window] = *at;
    if (!all && now_nano < window.end_nano) {
      next_end_nano_ = std::min(next_end_nano_, window.end_nano);
      ++at;
      continue;
    }
    if (window.repeated_count != 0) {
      const auto& [level, module, message] = key;
      sums.push_back({level, module, message, window.repeated_count});
    }
    at = windows_.erase(at);
  }
  return sums;
}

}  // namespace gateway::telemetry
