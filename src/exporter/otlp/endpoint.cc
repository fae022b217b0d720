#include "exporter/otlp/endpoint.h"

#include <algorithm>
#include <array>
#include <optional>

namespace gateway::exporter {

namespace {

constexpr std::string_view kPortPlain = "4317";
constexpr std::string_view kPortTls = "443";

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

// Whether `authority` is host:port, host or [address]:port; nothing when it is neither.
std::optional<bool> has_port(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (authority.starts_with('[')) {
    if (bracket == std::string_view::npos || bracket < 2) return std::nullopt;
    if (bracket + 1 == authority.size()) return false;
    if (colon != bracket + 1) return std::nullopt;
  } else if (bracket != std::string_view::npos || colon != authority.find(':')) {
    return std::nullopt;  // an IPv6 address wants brackets
  }
  if (colon == std::string_view::npos) return false;
  const std::string_view port = authority.substr(colon + 1);
  if (colon == 0 || port.empty() || port.size() > 5) return std::nullopt;
  if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  return std::stoul(std::string(port)) <= 65535 ? std::optional<bool>(true) : std::nullopt;
}

}  // namespace

Result<GrpcEndpoint, std::string> parse_grpc_endpoint(std::string_view endpoint, bool insecure) {
  GrpcEndpoint result{.tls = !insecure};
  constexpr std::array<std::string_view, 7> kOwnSchemes = {
      "unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:", "xds:", "vsock:"};
  for (const std::string_view scheme : kOwnSchemes) {
    if (endpoint.starts_with(scheme) && endpoint.size() > scheme.size() &&
        // "dns:4317" is a host called dns.
        !(has_port(endpoint).value_or(false))) {
      result.target = endpoint;
      return result;
    }
  }
  std::string_view authority = endpoint;
  if (starts_with_ignoring_case(endpoint, "http://")) {
    result.tls = false;
    authority.remove_prefix(7);
  } else if (starts_with_ignoring_case(endpoint, "https://")) {
    result.tls = true;
    authority.remove_prefix(8);
  } else if (endpoint.find("://") != std::string_view::npos) {
    return fail("endpoint " + std::string(endpoint) +
                " has an unknown scheme; use host:port, http://, https://, unix: or dns:");
  }
  // gRPC has no paths: what follows the authority is a mistake, but a lone slash is common.
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.empty()) return fail(std::string("endpoint is empty"));
  if (authority.find('/') != std::string_view::npos ||
      authority.find('@') != std::string_view::npos) {
    return fail("endpoint " + std::string(endpoint) +
                " may not have a path or a user; OTLP over gRPC takes host and port only");
  }
  const auto port = has_port(authority);
  if (!port) return fail("endpoint " + std::string(endpoint) + " is no host:port");
  result.target = std::string(authority);
  if (!*port) {
    result.target += ':';
    result.target += authority.size() == endpoint.size() || !result.tls ? kPortPlain : kPortTls;
  }
  return result;
}

}  // namespace gateway::exporter
