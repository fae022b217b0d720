#include "exporter/otlp_http/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace gateway::exporter {

namespace {

constexpr std::int64_t kSecondsMax = 24 * 3600;

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::int64_t> unix_seconds(std::string_view date) {
  if (date.size() != 29 || date.substr(3, 2) != ", " || date.substr(25) != " GMT" ||
      date[7] != ' ' || date[11] != ' ' || date[16] != ' ' || date[19] != ':' || date[22] != ':') {
    return std::nullopt;
  }
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* month = std::find(kMonths.begin(), kMonths.end(), date.substr(8, 3));
  const auto day = number(date.substr(5, 2));
  const auto year = number(date.substr(12, 4));
  const auto hour = number(date.substr(17, 2));
  const auto minute = number(date.substr(20, 2));
  const auto second = number(date.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day when(
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*day)));
  if (!when.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(when).time_since_epoch().count();
  return ((days * 24 + *hour) * 60 + *minute) * 60 + *second;
}

}  // namespace

std::optional<std::chrono::milliseconds> read_retry_after(std::string_view value,
                                                          std::int64_t now_unix_seconds) {
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  std::optional<std::int64_t> seconds = number(value);
  if (!seconds) {
    const auto at = unix_seconds(value);
    if (!at || *at <= now_unix_seconds) return std::nullopt;
    seconds = *at - now_unix_seconds;
  }
  return std::chrono::seconds(std::min(*seconds, kSecondsMax));
}

}  // namespace gateway::exporter
