// The service "own_telemetry": sends own metrics and spans as OTLP to the destinations of
// service.telemetry.export, each from a thread of its own, at its interval.
//
// A request that carries them says so in the header telemetry::kOwnTelemetryHeader, and the
// receiver that it reaches makes no span of it: spans about spans would never end. Nothing is kept
// or retried: what a destination does not take is counted, and the next interval's metrics hold it
// anyway.
//
// Units:   milliseconds.
// Errors:  start() says which destination cannot be used; later failures are logged and counted.
// Threads: as pipeline/service.h.
#pragma once

#include <memory>

#include "app/own_requests.h"
#include "config/settings.h"
#include "pipeline/service.h"

namespace gateway::app {

struct OwnTelemetryParts {
  telemetry::Registry& metrics;
  telemetry::SpanBuffer& spans;
  OwnResource resource;
};

// nullptr where nothing is to be sent. The metrics about it exist either way.
[[nodiscard]] std::unique_ptr<pipeline::Service> make_own_telemetry(
    const config::Settings& settings, const OwnTelemetryParts& parts);

}  // namespace gateway::app
