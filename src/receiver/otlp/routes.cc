#include "receiver/otlp/routes.h"

#include <algorithm>
#include <array>

#include "net/text.h"

namespace gateway::receiver::otlp {
namespace {

struct ExportPath {
  std::string_view path;
  Signal signal;
};

constexpr std::array<ExportPath, kSignalCount> kExportPaths = {{
    {"/opentelemetry.proto.collector.trace.v1.TraceService/Export", Signal::traces},
    {"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", Signal::metrics},
    {"/opentelemetry.proto.collector.logs.v1.LogsService/Export", Signal::logs},
    {"/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
     Signal::profiles},
}};

}  // namespace

std::optional<Signal> export_signal(std::string_view grpc_path) noexcept {
  for (const auto& [path, signal] : kExportPaths) {
    if (path == grpc_path) return signal;
  }
  return std::nullopt;
}

std::optional<HealthMethod> health_method(std::string_view grpc_path) noexcept {
  if (grpc_path == "/grpc.health.v1.Health/Check") return HealthMethod::check;
  if (grpc_path == "/grpc.health.v1.Health/Watch") return HealthMethod::watch;
  return std::nullopt;
}

bool is_reflection(std::string_view grpc_path) noexcept {
  return grpc_path == "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" ||
         grpc_path == "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
}

std::string_view export_service(Signal signal) noexcept {
  const std::string_view path = kExportPaths[index_of(signal)].path;
  return path.substr(1, path.rfind('/') - 1);
}

std::optional<Signal> http_signal(std::string_view path,
                                  const config::Listener& listener) noexcept {
  if (path == listener.traces_url_path) return Signal::traces;
  if (path == listener.metrics_url_path) return Signal::metrics;
  if (path == listener.logs_url_path) return Signal::logs;
  if (path == kProfilesUrlPath) return Signal::profiles;
  return std::nullopt;
}

std::optional<Encoding> encoding_of(std::string_view content_type) noexcept {
  const std::string_view media = net::media_type(content_type);
  if (net::equals_ignoring_case(media, kMediaProtobuf)) return Encoding::protobuf;
  if (net::equals_ignoring_case(media, kMediaJson)) return Encoding::json;
  return std::nullopt;
}

bool is_grpc_proto(std::string_view content_type) noexcept {
  const std::string_view media = net::media_type(content_type);
  return net::equals_ignoring_case(media, "application/grpc") ||
         net::equals_ignoring_case(media, "application/grpc+proto");
}

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  while (!accept_encoding.empty()) {
    const std::size_t comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view entry = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
    const std::size_t semicolon = std::min(entry.find(';'), entry.size());
    const std::string_view name = net::trim(entry.substr(0, semicolon));
    if (!net::equals_ignoring_case(name, "gzip") && !net::equals_ignoring_case(name, "x-gzip") &&
        name != "*") {
      continue;
    }
    // "q=0", "q=0.000": any digit but zero makes it welcome.
    const std::string_view weight = entry.substr(semicolon);
    return weight.find_first_of("qQ") == std::string_view::npos ||
           weight.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

bool origin_allowed(std::string_view origin, const std::vector<std::string>& allowed) noexcept {
  return std::any_of(allowed.begin(), allowed.end(), [&](std::string_view pattern) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return net::equals_ignoring_case(origin, pattern);
    const std::string_view front = pattern.substr(0, star);
    const std::string_view back = pattern.substr(star + 1);
    return origin.size() >= front.size() + back.size() &&
           net::equals_ignoring_case(origin.substr(0, front.size()), front) &&
           net::equals_ignoring_case(origin.substr(origin.size() - back.size()), back);
  });
}

}  // namespace gateway::receiver::otlp
