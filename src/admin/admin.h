// The admin listener (8080): health, metrics, and what an operator wants to see. Served by a thread
// of its own, so that it answers when the request path is stuck.
//
//   GET /health/live /health/ready /health/startup    200 or 503, with the reason as JSON
//   GET /health                                       aggregate, JSON; 503 when unhealthy
//   GET /ready  /metrics                              the guides' names
//   GET /api/v1/tap  /api/v1/dead-letters             what `tap` shows; see docs/formats
//   GET, PUT /api/v1/log-levels                       a filter, as service.telemetry.logs.level
//   GET /api/v1/status                                services, exporters, ledger, storage, version
//   GET /debug/servicez /debug/pipelinez              the same, as the Collector's zpages call it
//
// It starts before the log opens, so that /health/startup can show how far recovery is.
//
// Errors:  start() says which address could not be bound, and why.
// Threads: start() and stop() on the application's thread; callbacks are called on the admin
//          thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings.h"
#include "pipeline/service.h"
#include "telemetry/metrics.h"

namespace gateway::admin {

struct Probe {
  bool ok = false;
  std::string reason;  // a sentence when not ok
  std::string details_json = "{}";
};

// What a page answers with.
struct Page {
  std::uint16_t status = 200;
  std::string_view content_type = "application/json";  // of static life
  std::string body;
};

// A missing function answers as if all were well (probes) or with `{}`.
struct Sources {
  std::function<Probe()> live;
  std::function<Probe()> ready;
  std::function<Probe()> startup;
  std::function<std::string()> health_json;  // the aggregate
  std::function<pipeline::HealthState()> health_state;
  std::function<std::string()> status_json;  // /api/v1/status
  telemetry::Registry* metrics = nullptr;
  // More pages: a path, or a prefix that ends in "/"; the longest that matches answers. `rest` is
  // what follows the prefix, `query` what follows "?".
  using PageFunction = std::function<Page(std::string_view rest, std::string_view query)>;
  std::map<std::string, PageFunction> pages;
  // What a PUT of a path may change: the body in, the page out.
  using ChangeFunction = std::function<Page(std::string_view body)>;
  std::map<std::string, ChangeFunction> changes;
};

inline constexpr std::uint32_t kAdminConnectionsMax = 256;
// Of the body of a PUT.
inline constexpr std::size_t kAdminBodySizeBytesMax = 64 * 1024;

class AdminServer {
 public:
  virtual ~AdminServer() = default;
  [[nodiscard]] virtual Result<void, pipeline::ServiceFailure> start() = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual std::string address() const = 0;          // with the real port
  [[nodiscard]] virtual std::string metrics_address() const = 0;  // empty when off
};

[[nodiscard]] std::unique_ptr<AdminServer> make_admin_server(const config::Admin& settings,
                                                             Sources sources);

}  // namespace gateway::admin
