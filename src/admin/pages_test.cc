#include "admin/pages.h"

#include <gtest/gtest.h>

namespace gateway::admin {
namespace {

[[nodiscard]] std::string header(const net::HttpReply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers) {
    if (key == name) return value;
  }
  return {};
}

[[nodiscard]] net::HttpReply get(const Pages& pages, std::string_view path) {
  return pages.answer(Surface::everything, "GET", path, "");
}

// Goal: a probe's answer is its status, and the reason is there. Method: a good and a bad probe.
TEST(AdminPages, AProbeThatFailsIs503WithItsReason) {
  Sources sources;
  sources.live = [] { return Probe{.ok = true, .details_json = R"({"threads":2})"}; };
  sources.ready = [] { return Probe{.ok = false, .reason = "the disk is \"full\""}; };
  const Pages pages({}, sources);

  const auto live = get(pages, "/health/live");
  EXPECT_EQ(live.status, 200);
  EXPECT_EQ(live.content_type, "application/json");
  EXPECT_EQ(live.body, "{\"status\":\"ok\",\"details\":{\"threads\":2}}\n");
  for (const auto* path : {"/health/ready", "/ready"}) {
    const auto ready = get(pages, path);
    EXPECT_EQ(ready.status, 503);
    EXPECT_EQ(ready.body,
              "{\"status\":\"unavailable\",\"reason\":\"the disk is \\\"full\\\"\","
              "\"details\":{}}\n");
    EXPECT_EQ(header(ready, "cache-control"), "no-store");
  }
  EXPECT_EQ(get(pages, "/health/startup").status, 200);  // nobody said otherwise
}

// Goal: the aggregate fails only when unhealthy. Method: each state.
TEST(AdminPages, HealthIs503OnlyWhenUnhealthy) {
  for (const auto& [state, status] : {std::pair{pipeline::HealthState::healthy, 200},
                                      {pipeline::HealthState::degraded, 200},
                                      {pipeline::HealthState::unhealthy, 503}}) {
    Sources sources;
    sources.health_state = [state = state] { return state; };
    sources.health_json = [] { return std::string(R"({"a":1})"); };
    const auto reply = get(Pages({}, sources), "/health");
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.body, "{\"a\":1}\n");
  }
}

// Goal: metrics are Prometheus text under the configured path. Method: a registry and a path.
TEST(AdminPages, MetricsAreUnderTheirPath) {
  telemetry::Registry registry;
  registry.counter("x_total", "X.").add(2);
  Sources sources;
  sources.metrics = &registry;
  config::Admin settings;
  settings.metrics_path = "/prometheus";
  const Pages pages(settings, sources);
  const auto reply = get(pages, "/prometheus");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(reply.body.find("x_total 2\n"), std::string::npos);
  EXPECT_EQ(get(pages, "/metrics").status, 404);

  settings.metrics_enabled = false;
  EXPECT_EQ(get(Pages(settings, sources), "/prometheus").status, 404);
}

// Goal: the metrics listener shows nothing else. Method: the other pages on it.
TEST(AdminPages, TheMetricsListenerAnswersNothingElse) {
  telemetry::Registry registry;
  Sources sources;
  sources.metrics = &registry;
  sources.pages["/ui/"] = [](auto, auto) { return Page{}; };
  const Pages pages({}, sources);
  const auto status = [&](std::string_view path) {
    return pages.answer(Surface::metrics_only, "GET", path, "").status;
  };
  EXPECT_EQ(status("/metrics"), 200);
  EXPECT_EQ(status("/"), 200);
  for (const auto* path : {"/health", "/health/live", "/ready", "/api/v1/status", "/ui/"}) {
    EXPECT_EQ(status(path), 404) << path;
  }
}

// Goal: probes of a Collector's health page stay as they are: 200 once started, 503 before, and not
// restarted for a log that takes nothing. Method: each state, on `/` and on a path; the list gives
// way to it, and the metrics listener has none.
TEST(AdminPages, AHealthPathOfOldSaysStartedAndAlive) {
  for (const std::string path : {"/", "/healthz"}) {
    SCOPED_TRACE(path);
    config::Admin settings;
    settings.health_path = path;
    const auto status = [&](bool started, bool live) {
      Sources sources;
      sources.startup = [started] { return Probe{.ok = started, .reason = "recovering"}; };
      sources.live = [live] { return Probe{.ok = live, .reason = "stuck"}; };
      sources.ready = [] { return Probe{.ok = false, .reason = "full"}; };
      return Pages(settings, sources).answer(Surface::everything, "GET", path, "").status;
    };
    EXPECT_EQ(status(true, true), 200);
    EXPECT_EQ(status(true, false), 503);
    EXPECT_EQ(status(false, true), 503);
    const Pages pages(settings, {});
    EXPECT_EQ(pages.answer(Surface::metrics_only, "GET", "/healthz", "").status, 404);
  }
  EXPECT_EQ(get(Pages({}, {}), "/healthz").status, 404);
}

// Goal: the Collector's debug pages are there, or say what takes their place. Method: each.
TEST(AdminPages, DebugPagesAreThereOrSayWhatIs) {
  Sources sources;
  sources.status_json = [] { return std::string(R"({"services":[]})"); };
  const Pages pages({}, sources);
  for (const auto* path : {"/debug/servicez", "/debug/pipelinez"}) {
    EXPECT_EQ(get(pages, path).status, 200);
    EXPECT_EQ(get(pages, path).body, "{\"services\":[]}\n");
  }
  for (const auto& [path, instead] : {std::pair("/debug/tracez", "service.telemetry.export.traces"),
                                      {"/debug/extensionz", "otlp-service config"},
                                      {"/debug/featurez", "feature gates"},
                                      {"/debug/expvarz", "metrics"},
                                      {"/debug/pprof/heap", "perf record"},
                                      {"/debug/pprof/", "perf record"},
                                      {"/debug/other", "there is no such page"}}) {
    const auto reply = get(pages, path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_NE(reply.body.find(instead), std::string::npos) << reply.body;
  }
}

// Goal: pages can be added, the longest prefix wins. Method: a page, a folder, a page in it.
TEST(AdminPages, AddedPagesAnswerByTheirLongestPrefix) {
  Sources sources;
  const auto echo = [](const std::string& name) {
    return [name](std::string_view rest, std::string_view query) {
      return Page{.body = name + '|' + std::string(rest) + '|' + std::string(query)};
    };
  };
  sources.pages["/ui/"] = echo("ui");
  sources.pages["/ui/api/"] = echo("api");
  sources.pages["/config"] = echo("config");
  const Pages pages({}, sources);
  EXPECT_EQ(get(pages, "/ui/a/b").body, "ui|a/b|");
  EXPECT_EQ(pages.answer(Surface::everything, "GET", "/ui/api/x", "q=1").body, "api|x|q=1");
  EXPECT_EQ(get(pages, "/config").body, "config||");
  EXPECT_EQ(get(pages, "/configuration").status, 404);
  EXPECT_NE(get(pages, "/").body.find("/ui/api/\n"), std::string::npos);
}

// Goal: what may be changed takes a PUT, on the admin listener alone. Method: each method and
// surface.
TEST(AdminPages, APutChangesWhatMayBeChanged) {
  Sources sources;
  sources.pages["/api/levels"] = [](auto, auto) { return Page{.body = "now"}; };
  sources.changes["/api/levels"] = [](std::string_view body) {
    return Page{.status = 200, .body = "set " + std::string(body)};
  };
  const Pages pages({}, sources);
  const auto answer = [&](Surface surface, std::string_view method, std::string_view path) {
    return pages.answer(surface, method, path, "", "debug");
  };
  EXPECT_EQ(answer(Surface::everything, "GET", "/api/levels").body, "now");
  EXPECT_EQ(answer(Surface::everything, "PUT", "/api/levels").body, "set debug");
  const auto post = answer(Surface::everything, "POST", "/api/levels");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(header(post, "allow"), "GET, HEAD, PUT");
  EXPECT_EQ(answer(Surface::everything, "PUT", "/health").status, 405);
  EXPECT_EQ(answer(Surface::metrics_only, "PUT", "/api/levels").status, 405);
  EXPECT_TRUE(pages.takes_body(Surface::everything, "PUT", "/api/levels"));
  EXPECT_FALSE(pages.takes_body(Surface::everything, "POST", "/api/levels"));
  EXPECT_FALSE(pages.takes_body(Surface::everything, "PUT", "/api"));
  EXPECT_FALSE(pages.takes_body(Surface::metrics_only, "PUT", "/api/levels"));
}

// Goal: mistakes are told as JSON. Method: a wrong path and wrong methods.
TEST(AdminPages, WrongPathsAndMethodsAreToldAsJson) {
  const Pages pages({}, {});
  const auto missing = get(pages, "/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.content_type, "application/json");
  EXPECT_TRUE(missing.body.starts_with("{\"status\":404,")) << missing.body;
  for (const auto* method : {"POST", "DELETE", "get", ""}) {
    const auto reply = pages.answer(Surface::everything, method, "/health", "");
    EXPECT_EQ(reply.status, 405);
    EXPECT_EQ(header(reply, "allow"), "GET, HEAD");
  }
  EXPECT_EQ(pages.answer(Surface::everything, "HEAD", "/health", "").status, 200);
}

}  // namespace
}  // namespace gateway::admin
