#include "app/status_report.h"

#include <cmath>
#include <cstdio>

#include "app/version.h"
#include "telemetry/json_text.h"

namespace gateway::app {
namespace {

using telemetry::append_json_string;

void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{' && out.back() != '[') out += ',';
  append_json_string(out, key);
  out += ':';
}
void append(std::string& out, std::string_view key, std::string_view value) {
  append_key(out, key);
  append_json_string(out, value);
}
void append(std::string& out, std::string_view key, std::uint64_t value) {
  append_key(out, key);
  out += std::to_string(value);
}
void append(std::string& out, std::string_view key, bool value) {
  append_key(out, key);
  out += value ? "true" : "false";
}

void append_separator(std::string& out) {
  if (out.back() != '[') out += ',';
}

void append_services(std::string& out,
                     const std::vector<pipeline::ServiceManager::Report>& services) {
  append_key(out, "services");
  out += '[';
  for (const auto& service : services) {
    append_separator(out);
    out += '{';
    append(out, "name", service.name);
    append(out, "state", pipeline::name_of(service.health.state));
    if (!service.health.reason.empty()) append(out, "reason", service.health.reason);
    append(out, "running", service.running);
    append(out, "restart_count", std::uint64_t{service.restart_count});
    append_key(out, "stats");
    out += '{';
    for (const auto& [name, value] : service.stats) {
      append(out, name, static_cast<std::uint64_t>(std::llround(value)));
    }
    out += "}}";
  }
  out += ']';
}

std::string_view name_of(exporter::BreakerState state) {
  switch (state) {
    case exporter::BreakerState::closed:
      return "closed";
    case exporter::BreakerState::open:
      return "open";
    case exporter::BreakerState::half_open:
      return "half_open";
  }
  return "closed";
}

}  // namespace

std::string health_json(std::string_view phase, const pipeline::Health& overall,
                        const std::vector<pipeline::ServiceManager::Report>& services) {
  std::string out = "{";
  append(out, "status", pipeline::name_of(overall.state));
  append(out, "phase", phase);
  if (!overall.reason.empty()) append(out, "reason", overall.reason);
  append_services(out, services);
  return out + "}";
}

std::string status_json(const StatusReport& report) {
  std::string out = "{";
  append(out, "version", version_number());
  append(out, "revision", version_revision());
  append(out, "phase", report.phase);
  append_services(out, report.services);

  append_key(out, "exporters");
  out += '[';
  for (const auto& exporter : report.exporters) {
    append_separator(out);
    out += '{';
    append(out, "id", exporter.id);
    append(out, "state", pipeline::name_of(exporter.health.state));
    if (!exporter.health.reason.empty()) append(out, "reason", exporter.health.reason);
    append(out, "circuit_breaker", name_of(exporter.breaker));
    if (!exporter.last_error.empty()) append(out, "last_error", exporter.last_error);
    append(out, "in_flight_requests", exporter.in_flight_requests);
    append(out, "in_flight_bytes", exporter.in_flight_bytes);
    out += '}';
  }
  out += ']';

  append_key(out, "storage");
  out += '{';
  append(out, "size_bytes", report.storage.size_bytes);
  append(out, "size_bytes_max", report.storage.size_bytes_max);
  append(out, "segment_count", report.storage.segment_count);
  append(out, "commit_count", report.storage.commit_count);
  append(out, "commit_failure_count", report.storage.commit_failure_count);
  append(out, "damaged_region_count", report.storage.damaged_region_count);
  append(out, "direct_io", report.storage.direct_io);
  append(out, "write_path_ok", report.storage.write_path_ok);
  out += '}';

  append_key(out, "ledger");
  out += '[';
  for (const pipeline::LedgerRow& row : report.ledger) {
    append_separator(out);
    out += '{';
    append(out, "exporter", row.exporter);
    append(out, "signal", gateway::name_of(row.signal));
    append(out, "stored", row.stored);
    append(out, "delivered", row.outcomes.delivered);
    append(out, "filtered", row.outcomes.filtered);
    append(out, "dead_lettered", row.outcomes.dead_lettered);
    append(out, "expired", row.outcomes.expired);
    append(out, "damaged", row.outcomes.damaged);
    append(out, "pending", row.pending);
    out += '}';
  }
  return out + "]}";
}

}  // namespace gateway::app
