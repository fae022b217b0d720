#include "exporter/otlp_http/http_target.h"

#include <algorithm>
#include <utility>

namespace gateway::exporter {

namespace {

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view signal_path(Signal signal) {
  switch (signal) {
    case Signal::traces:
      return "/v1/traces";
    case Signal::metrics:
      return "/v1/metrics";
    case Signal::logs:
      return "/v1/logs";
    case Signal::profiles:
      return "/v1development/profiles";
  }
  return "";
}

}  // namespace

Result<HttpTarget, std::string> parse_http_url(std::string_view url, bool insecure) {
  const std::string whole(url);
  const auto wrong = [&whole](const char* why) { return fail("endpoint " + whole + " " + why); };
  // A byte that ends a header line must never get into one.
  for (const char c : url) {
    if (c <= ' ' || c >= '\x7f') return wrong("holds a character that a URL may not");
  }
  HttpTarget target{.tls = !insecure};
  const std::size_t scheme_end = url.find("://");
  if (scheme_end != std::string_view::npos) {
    std::string scheme(url.substr(0, scheme_end));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (scheme != "http" && scheme != "https") return wrong("is neither http nor https");
    target.tls = scheme == "https";
    url.remove_prefix(scheme_end + 3);
  }
  if (const std::size_t fragment = url.find('#'); fragment != std::string_view::npos) {
    url = url.substr(0, fragment);
  }
  const std::size_t path_begin = url.find_first_of("/?");
  std::string_view authority = url.substr(0, path_begin);
  if (path_begin != std::string_view::npos) target.path = url.substr(path_begin);
  if (target.path.starts_with('?')) target.path.insert(0, 1, '/');
  if (authority.find('@') != std::string_view::npos) {
    return wrong("may not hold a user and password; use headers");
  }
  target.authority = authority;

  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos || close < 3) return wrong("has a malformed address");
    target.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty() && !authority.starts_with(':')) return wrong("has a malformed address");
  } else {
    const std::size_t colon = authority.find(':');
    target.host = authority.substr(0, colon);
    authority = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  if (target.host.empty()) return wrong("has no host");
  if (authority.empty()) {
    target.port = target.tls ? "443" : "80";
  } else {
    target.port = authority.substr(1);
    if (!is_digits(target.port) || target.port.size() > 5 || std::stoul(target.port) > 65535) {
      return wrong("has a malformed port");
    }
  }
  return target;
}

Result<HttpTarget, std::string> http_target(const config::Exporter& settings, Signal signal) {
  const std::string* own = nullptr;
  if (signal == Signal::traces) own = &settings.traces_endpoint;
  if (signal == Signal::metrics) own = &settings.metrics_endpoint;
  if (signal == Signal::logs) own = &settings.logs_endpoint;
  if (own != nullptr && !own->empty()) {
    auto target = parse_http_url(*own, settings.tls.insecure);
    if (target && target->path.empty()) target->path = "/";
    return target;
  }
  auto target = parse_http_url(settings.endpoint, settings.tls.insecure);
  if (!target) return target;
  if (target->path.find('?') != std::string::npos) {
    return fail("endpoint " + settings.endpoint + " is a base and may not have a query");
  }
  while (target->path.ends_with('/')) target->path.pop_back();
  target->path += signal_path(signal);
  return target;
}

}  // namespace gateway::exporter
