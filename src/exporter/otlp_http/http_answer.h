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

// An answer whose body is larger than kResponseSizeBytesMax, so that only its status is known.
// Never retried, and nothing lost on the quiet: a 2xx says that the data was taken, whatever
// came behind it (P-11); anything else is a refusal.
[[nodiscard]] Answer answer_of_unread(unsigned status, const std::string& endpoint);

}  // namespace gateway::exporter
