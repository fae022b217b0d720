#include "app/own_telemetry.h"

#include <gtest/gtest.h>

namespace gateway::app {
namespace {

// Goal: a start that fails leaves no thread behind, and can be tried again. Method: the second of
// two destinations cannot be used; without an end, destroying the first one's thread would abort.
TEST(OwnTelemetry, AStartThatFailsLeavesNothingRunning) {
  config::Settings settings;
  settings.own_metrics.enabled = settings.own_traces.enabled = true;
  settings.own_metrics.exporter.kind = config::ExporterKind::otlp_http;
  settings.own_metrics.exporter.endpoint = "http://127.0.0.1:4318";
  settings.own_traces.exporter.kind = config::ExporterKind::otlp;
  settings.own_traces.exporter.endpoint = "http://127.0.0.1:4317";
  settings.own_traces.exporter.compression = ContentCoding::zstd;
  telemetry::Registry metrics;
  telemetry::SpanBuffer spans(1);
  const auto service = make_own_telemetry(settings, {metrics, spans, {}});
  ASSERT_NE(service, nullptr);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto started = service->start();
    ASSERT_FALSE(started.has_value());
    EXPECT_NE(started.error().message.find("zstd"), std::string::npos);
  }
}

}  // namespace
}  // namespace gateway::app
