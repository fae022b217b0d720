// Which headers a request can carry: gRPC allows less than HTTP, and its library ends the process
// over one that it does not allow.
//
//   HTTP : a name is a token; a value has no control characters but tabs
//   gRPC : a name has letters, digits and -_. only; a value is printable ASCII, or anything where
//          the name ends in -bin
//
// Errors:  a fault is said without the value, which may be a secret.
// Threads: pure functions.
// Source:  RFC 9110, 5.1 and 5.5; gRPC over HTTP2, "Custom-Metadata".
#pragma once

#include <string_view>

#include "config/settings.h"

namespace gateway::config {

// Why an exporter of that kind cannot send the header; empty: it can.
[[nodiscard]] std::string_view header_fault(ExporterKind kind, std::string_view name,
                                            std::string_view value);

}  // namespace gateway::config
