// What an HTTP response means for delivery.
//
// Errors:  none; every status has an Answer.
// Threads: pure.
// Source:  OTLP specification, "OTLP/HTTP Response"; docs/conformance.md, R-05 to,
//          R-23, P-09 to P-11.
#pragma once

#include <cstdint>
#include <string>

#include "exporter/otlp_http/http_connection.h"
#include "exporter/transport.h"

namespace gateway::exporter {

[[nodiscard]] Answer answer_of(const HttpResponse& response, const std::string& endpoint,
                               std::int64_t now_unix_seconds);

}  // namespace gateway::exporter
