#include "config/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace gateway::config {
namespace {

template <typename T>
[[nodiscard]] std::optional<T> parse_whole(std::string_view text) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The decimal number at the front of `rest`, taken off it.
[[nodiscard]] std::optional<double> take_decimal(std::string_view& rest) {
  const std::size_t size = std::min(rest.find_first_not_of("0123456789."), rest.size());
  const auto value = parse_whole<double>(rest.substr(0, size));
  rest.remove_prefix(size);
  return value;
}

constexpr std::array<std::pair<std::string_view, double>, 9> kDurationUnitsMillis = {{
    {"ns", 1e-6},
    {"us", 1e-3},
    {"µs", 1e-3},
    {"μs", 1e-3},
    {"ms", 1},
    {"s", 1000},
    {"m", 60'000},
    {"h", 3'600'000},
    {"d", 86'400'000},
}};

constexpr std::array<std::pair<std::string_view, double>, 9> kSizeUnits = {{
    {"B", 1},
    {"KiB", 1024.0},
    {"MiB", 1048576.0},
    {"GiB", 1073741824.0},
    {"TiB", 1099511627776.0},
    {"KB", 1e3},
    {"MB", 1e6},
    {"GB", 1e9},
    {"TB", 1e12},
}};

[[nodiscard]] bool is_host_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

struct HostAndPort {
  std::string host;
  std::optional<std::uint16_t> port;
};

[[nodiscard]] std::optional<HostAndPort> parse_authority(std::string_view text) {
  HostAndPort result;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end == 1) return std::nullopt;
    result.host = text.substr(1, end - 1);
    if (result.host.find_first_not_of("0123456789abcdefABCDEF:.%") != std::string::npos) {
      return std::nullopt;
    }
    text.remove_prefix(end + 1);
    has_port = !text.empty();
    if (has_port && text[0] != ':') return std::nullopt;
    if (has_port) port = text.substr(1);
  } else {
    const std::size_t colon = text.find(':');
    result.host = text.substr(0, colon);
    if (!std::all_of(result.host.begin(), result.host.end(), is_host_char)) return std::nullopt;
    has_port = colon != std::string_view::npos;
    if (has_port) port = text.substr(colon + 1);
  }
  if (has_port) {
    result.port = parse_whole<std::uint16_t>(port);
    if (!result.port) return std::nullopt;
  }
  return result;
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) noexcept {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::uint64_t> parse_integer(std::string_view text) noexcept {
  return parse_whole<std::uint64_t>(text);
}

std::optional<std::int64_t> parse_signed(std::string_view text) noexcept {
  return parse_whole<std::int64_t>(text);
}

std::optional<double> parse_number(std::string_view text) {
  const auto value = parse_whole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<Millis> parse_duration(std::string_view text) {
  if (text == "0") return Millis(0);
  if (text.empty()) return std::nullopt;
  double millis = 0;
  while (!text.empty()) {
    const auto count = take_decimal(text);
    if (!count) return std::nullopt;
    const std::size_t unit_size = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view unit = text.substr(0, unit_size);
    text.remove_prefix(unit_size);
    const auto found = std::find_if(kDurationUnitsMillis.begin(), kDurationUnitsMillis.end(),
                                    [unit](const auto& known) { return known.first == unit; });
    if (found == kDurationUnitsMillis.end()) return std::nullopt;
    millis += *count * found->second;
  }
  constexpr double kDurationMillisMax = 1e15;  // 30,000 years
  if (millis > kDurationMillisMax) return std::nullopt;
  return Millis(static_cast<Millis::rep>(std::ceil(millis - 1e-9)));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (const auto bytes = parse_integer(text)) return bytes;
  const auto count = take_decimal(text);
  if (!count) return std::nullopt;
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto found = std::find_if(kSizeUnits.begin(), kSizeUnits.end(),
                                  [text](const auto& known) { return known.first == text; });
  if (found == kSizeUnits.end()) return std::nullopt;
  constexpr double kSizeMax = 1e18;
  const double bytes = *count * found->second;
  if (bytes > kSizeMax) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::string text_of(Millis duration) {
  auto millis = duration.count();
  if (millis == 0) return "0s";
  std::string text;
  constexpr std::array<std::pair<Millis::rep, std::string_view>, 4> kUnits = {
      {{3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}}};
  for (const auto& [unit, name] : kUnits) {
    if (millis / unit == 0) continue;
    text.append(std::to_string(millis / unit)).append(name);
    millis %= unit;
  }
  return text;
}

std::string text_of_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes).append(kUnits[unit]);
}

std::optional<Address> parse_address(std::string_view text) {
  const auto parsed = parse_authority(text);
  if (!parsed || !parsed->port) return std::nullopt;
  return Address{parsed->host, *parsed->port};
}

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  url.scheme = text.substr(0, scheme_end);
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  text.remove_prefix(scheme_end + 3);
  const std::size_t authority_end = std::min(text.find_first_of("/?#"), text.size());
  const auto authority = parse_authority(text.substr(0, authority_end));
  if (!authority || authority->host.empty()) return std::nullopt;
  url.path = text.substr(authority_end);
  const bool is_path_clean =
      url.path.find_first_of("#?") == std::string::npos &&
      std::all_of(url.path.begin(), url.path.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (!is_path_clean) return std::nullopt;
  url.host = authority->host;
  url.port = authority->port;
  return url;
}

bool is_loopback(std::string_view host) noexcept {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace gateway::config
