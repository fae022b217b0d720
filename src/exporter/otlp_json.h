// A request as OTLP JSON, on one line.
//
// Errors:  a sentence, for bytes that are no OTLP.
// Threads: pure.
#pragma once

#include <string>

#include "base/result.h"
#include "exporter/transport.h"

namespace gateway::exporter {

[[nodiscard]] Result<std::string, std::string> to_otlp_json(const Request& request);

}  // namespace gateway::exporter
