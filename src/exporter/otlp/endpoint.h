// An otlp exporter's endpoint, in the forms that the Collector and the SDKs take.
//
//   host:port   http://host[:port]   https://host[:port]
//   unix:///path   unix:path   dns:///host:port
//
// The scheme decides on TLS; without one, `tls.insecure` does.
//
// Errors:  a sentence that says what is wrong with it.
// Threads: pure.
// Source:  OTLP exporter specification; gRPC name syntax.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gateway::exporter {

struct GrpcEndpoint {
  std::string target;  // as gRPC takes it
  bool tls = false;
};

[[nodiscard]] Result<GrpcEndpoint, std::string> parse_grpc_endpoint(std::string_view endpoint,
                                                                    bool insecure);

}  // namespace gateway::exporter
