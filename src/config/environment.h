// What environment variables and `--set` change in a configuration, tree to tree.
//
//   OTEL_EXPORTER_OTLP_{ENDPOINT,INSECURE,CERTIFICATE,CLIENT_KEY,CLIENT_CERTIFICATE,HEADERS,
//     COMPRESSION,TIMEOUT,PROTOCOL}, each also as OTEL_EXPORTER_OTLP_<SIGNAL>_...
//   OTLP_ENDPOINT API_KEY                     the same exporter, under the guides' names
//   SERVICE_NAME OTEL_SERVICE_NAME            service.telemetry.resource
//   OTLP_LOG OTEL_LOG_LEVEL                   service.telemetry.logs.level
//
// The variables speak of one destination: they change the one otlp or otlp_http exporter there is,
// or add one to every pipeline when there is none. With several they cannot know which, and are
// named in a warning. A variable of one signal gives that signal an exporter of its own.
//
// Errors:  malformed values are reported under the variable's name.
// Threads: pure functions.
// Source:  OpenTelemetry specification, "OTLP Exporter Configuration" (R-24 to R-30 in
//          docs/conformance.md).
#pragma once

#include <string>
#include <vector>

#include "config/diagnostic.h"
#include "config/node.h"
#include "config/source.h"

namespace gateway::config {

// `may_replace`: the exporters were made by us (built-in configuration or a short form), so their
// kind may change, and those of the built-in configuration make way.
enum class Exporters : std::uint8_t { from_file, from_short_form, built_in };

void apply_environment(Node& root, const Environment& environment, Exporters exporters,
                       Diagnostics& diagnostics);

// "storage.directory=/data" or "receivers::otlp::protocols::grpc::endpoint=...": the value is YAML.
void apply_assignments(Node& root, const std::vector<std::string>& assignments,
                       Diagnostics& diagnostics);

}  // namespace gateway::config
