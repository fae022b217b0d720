#include "admin/pages.h"

#include <array>
#include <string_view>
#include <utility>

#include "telemetry/json_text.h"

namespace gateway::admin {
namespace {

[[nodiscard]] Page problem(std::uint16_t status, std::string_view message) {
  Page page;
  page.status = status;
  page.body = "{\"status\":" + std::to_string(status) + ",\"message\":";
  telemetry::append_json_string(page.body, message);
  page.body += "}\n";
  return page;
}

[[nodiscard]] Page probe_page(const std::function<Probe()>& source) {
  Probe probe;
  probe.ok = true;
  if (source) probe = source();
  Page page;
  page.status = probe.ok ? 200 : 503;
  page.body = probe.ok ? R"({"status":"ok")" : R"({"status":"unavailable","reason":)";
  if (!probe.ok) telemetry::append_json_string(page.body, probe.reason);
  page.body += ",\"details\":" + probe.details_json + "}\n";
  return page;
}

[[nodiscard]] std::string json_of(const std::function<std::string()>& source) {
  return (source ? source() : std::string("{}")) + '\n';
}

constexpr std::string_view kDebug = "/debug/";

// Where the Collector's debug pages (extensions zpages and pprof) have no counterpart: what has.
[[nodiscard]] Page no_debug_page(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kInstead = {
      {{"tracez", "spans are not kept; service.telemetry.export.traces sends those of requests"},
       {"extensionz", "there are no extensions; `otlp-service config` shows what they set"},
       {"featurez", "there are no feature gates"},
       {"expvarz", "the metrics have these numbers"},
       {"pprof",
        "it profiles Go programs, and this is none; `perf record -g -p PID` does it here"}}};
  const std::string_view first = name.substr(0, name.find('/'));
  for (const auto& [missing, instead] : kInstead) {
    if (first == missing) return problem(404, instead);
  }
  return problem(404, "there is no such page; / lists those there are");
}

}  // namespace

Pages::Pages(const config::Admin& settings, Sources sources)
    : settings_(settings), sources_(std::move(sources)) {}

net::HttpReply Pages::answer(Surface surface, std::string_view method, std::string_view path,
                             std::string_view query, std::string_view body) const {
  net::HttpReply reply;
  Page answered;
  const bool may_change = takes_body(surface, "PUT", path);
  if (method == "GET" || method == "HEAD") {
    answered = page(surface, path, query);
  } else if (method == "PUT" && may_change) {
    answered = sources_.changes.find(std::string(path))->second(body);
  } else {
    const std::string_view allowed = may_change ? "GET, HEAD, PUT" : "GET, HEAD";
    answered = problem(405, "allowed here: " + std::string(allowed));
    reply.headers.emplace_back("allow", allowed);
  }
  reply.status = answered.status;
  reply.content_type = answered.content_type;
  reply.body = std::move(answered.body);
  reply.headers.emplace_back("cache-control", "no-store");
  reply.headers.emplace_back("x-content-type-options", "nosniff");
  return reply;
}

bool Pages::takes_body(Surface surface, std::string_view method, std::string_view path) const {
  return surface == Surface::everything && method == "PUT" &&
         sources_.changes.contains(std::string(path));
}

bool Pages::is_metrics_path(std::string_view path) const noexcept {
  return settings_.metrics_enabled && path == settings_.metrics_path;
}

Page Pages::page(Surface surface, std::string_view path, std::string_view query) const {
  const bool is_old_health = path == settings_.health_path && surface == Surface::everything;
  if (is_old_health) return old_health();
  if (path == "/") return index(surface);
  if (is_metrics_path(path)) {
    return {.status = 200,
            .content_type = telemetry::kMetricsContentType,
            .body = sources_.metrics == nullptr ? "" : sources_.metrics->render()};
  }
  if (surface == Surface::everything) {
    if (path == "/health") return health();
    if (path == "/health/live") return probe_page(sources_.live);
    if (path == "/health/ready" || path == "/ready") return probe_page(sources_.ready);
    if (path == "/health/startup") return probe_page(sources_.startup);
    if (path == "/api/v1/status") return {.body = json_of(sources_.status_json)};
    if (path == "/debug/servicez" || path == "/debug/pipelinez") {
      return {.body = json_of(sources_.status_json)};
    }
    if (path.starts_with(kDebug)) return no_debug_page(path.substr(kDebug.size()));
    const std::pair<const std::string, Sources::PageFunction>* best = nullptr;
    for (const auto& candidate : sources_.pages) {
      const std::string& prefix = candidate.first;
      const bool matches = path == prefix || (prefix.ends_with('/') && path.starts_with(prefix));
      const bool is_longer = best == nullptr || prefix.size() > best->first.size();
      if (matches && is_longer) best = &candidate;
    }
    if (best != nullptr) return best->second(path.substr(best->first.size()), query);
  }
  return problem(404, "there is no such page; / lists those there are");
}

Page Pages::health() const {
  const auto state =
      sources_.health_state ? sources_.health_state() : pipeline::HealthState::healthy;
  return {
      .status = static_cast<std::uint16_t>(state == pipeline::HealthState::unhealthy ? 503 : 200),
      .body = json_of(sources_.health_json)};
}

// One path for liveness and readiness alike: a full disk must not have the gateway restarted.
Page Pages::old_health() const {
  const Page startup = probe_page(sources_.startup);
  return startup.status == 200 ? probe_page(sources_.live) : startup;
}

Page Pages::index(Surface surface) const {
  Page page{.content_type = "text/plain; charset=utf-8", .body = "otlp-service\n\n"};
  if (settings_.metrics_enabled) page.body += settings_.metrics_path + '\n';
  if (surface == Surface::metrics_only) return page;
  page.body +=
      "/health\n"
      "/health/live\n"
      "/health/ready\n"
      "/health/startup\n"
      "/ready\n"
      "/api/v1/status\n"
      "/debug/pipelinez\n"
      "/debug/servicez\n";
  for (const auto& [path, function] : sources_.pages) page.body += path + '\n';
  return page;
}

}  // namespace gateway::admin
