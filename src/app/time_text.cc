#include "app/time_text.h"

#include <charconv>
#include <chrono>

namespace gateway::app {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kNanosecondDigits = 19;

// Takes exactly `digits` digits off the front.
std::optional<unsigned> take_number(std::string_view& text, std::size_t digits) {
  unsigned value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> before_now(std::string_view text, std::uint64_t now) {
  if (text.size() < 2) return std::nullopt;
  std::uint64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = kSecond;
      break;
    case 'm':
      unit = 60 * kSecond;
      break;
    case 'h':
      unit = 3600 * kSecond;
      break;
    case 'd':
      unit = 24 * 3600 * kSecond;
      break;
    default:
      return std::nullopt;
  }
  const auto count = number_of(text.substr(0, text.size() - 1));
  if (!count) return std::nullopt;
  return *count > now / unit ? 0 : now - *count * unit;
}

struct TimeOfDay {
  std::int64_t seconds = 0;  // may be before midnight or after the day, by the offset
  std::uint64_t nanoseconds = 0;
};

// HH:MM[:SS[.fraction]][Z|+HH:MM|-HH:MM], the whole of `text`.
std::optional<TimeOfDay> time_of_day(std::string_view text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  TimeOfDay time{.seconds = std::int64_t{*hour} * 3600 + std::int64_t{*minute} * 60};
  if (take(text, ':')) {
    const auto second = take_number(text, 2);
    if (!second || *second > 60) return std::nullopt;
    time.seconds += *second;
    if (take(text, '.')) {
      std::uint64_t unit = kSecond / 10;
      if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
      for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; unit /= 10) {
        time.nanoseconds += unit * static_cast<std::uint64_t>(text.front() - '0');
        text.remove_prefix(1);
      }
    }
  }
  if (text.empty() || text == "Z" || text == "z") return time;
  const bool is_east = text.front() == '+';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || *minutes > 59 || !text.empty()) return std::nullopt;
  const std::int64_t offset = std::int64_t{*hours} * 3600 + std::int64_t{*minutes} * 60;
  time.seconds -= is_east ? offset : -offset;
  return time;
}

std::optional<std::uint64_t> calendar(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  TimeOfDay time;
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    const auto found = time_of_day(text);
    if (!found) return std::nullopt;
    time = *found;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + time.seconds;
  // Beyond what nanoseconds in 64 bits reach (the year 2554), or before 1970.
  if (seconds < 0 || seconds > 18'000'000'000) return std::nullopt;
  return static_cast<std::uint64_t>(seconds) * kSecond + time.nanoseconds;
}

}  // namespace

std::optional<std::uint64_t> parse_moment(std::string_view text, std::uint64_t now_unix_nano) {
  if (text.starts_with('-')) return before_now(text.substr(1), now_unix_nano);
  if (const auto number = number_of(text)) {
    if (text.size() == kNanosecondDigits) return number;
    if (*number > 18'000'000'000) return std::nullopt;
    return *number * kSecond;
  }
  return calendar(text);
}

}  // namespace gateway::app
