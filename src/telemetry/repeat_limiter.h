// Tells which log lines are repeats, so that an outage says the same thing ten times and then once
// in a while how often.
//
// Units:   nanoseconds of a monotonic clock.
// Errors:  none; beyond kRepeatTextsMax texts at a time nothing is suppressed.
// Threads: one at a time; the log's lock guards it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "telemetry/log.h"

namespace gateway::telemetry {

class RepeatLimiter {
 public:
  // A sum that is due: `count` lines like this were not written.
  struct Sum {
    LogLevel level;
    std::string module, message;
    std::uint64_t count;
  };

  // Whether this line is written. If not, it has been counted.
  [[nodiscard]] bool admit(LogLevel level, std::string_view module, std::string_view message,
                           std::int64_t now_nano);

  // The sums of windows that have ended (or of all, with `all`), which forgets them. Cheap when
  // no window has ended.
  [[nodiscard]] std::vector<Sum> take_due(std::int64_t now_nano, bool all = false);

 private:
  using Key = std::tuple<LogLevel, std::string, std::string>;
  struct Window {
    std::int64_t end_nano = 0;
    std::size_t line_count = 0;
    std::uint64_t repeated_count = 0;
  };
  std::map<Key, Window> windows_;
  std::int64_t next_end_nano_ = 0;  // of the window that ends first; windows are of one length
};

}  // namespace gateway::telemetry
