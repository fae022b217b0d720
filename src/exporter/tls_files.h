// Whether the files of an exporter's TLS settings can be used: asked at start, because gRPC would
// say nothing and never connect.
//
// Errors:  a sentence with the file. No key material in it.
// Threads: any.
#pragma once

#include <string>

#include "base/result.h"
#include "config/settings.h"

namespace gateway::exporter {

[[nodiscard]] Result<void, std::string> check_tls_files(const config::TlsClient& settings);

}  // namespace gateway::exporter
