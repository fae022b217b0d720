// Where an otlp_http exporter sends a signal: the parts of its URL.
//
//   http://host[:port][/path]   https://...   host[:port][/path]
//
// The general endpoint is a base: `/v1/<signal>` is appended after one slash. A signal's own
// endpoint is used as it is, with `/` if it has no path. Without a scheme `tls.insecure`
// decides.
//
// Errors:  a sentence that says what is wrong with it.
// Threads: pure.
// Source:  OTLP exporter specification, "Endpoint URLs for OTLP/HTTP"; RFC 3986.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/signal.h"
#include "config/settings.h"

namespace gateway::exporter {

struct HttpTarget {
  bool tls = false;
  std::string host;       // without the brackets of an IPv6 address
  std::string port;       // a number
  std::string authority;  // what the Host header says
  std::string path;       // with the query, if there is one
};

[[nodiscard]] Result<HttpTarget, std::string> parse_http_url(std::string_view url, bool insecure);
[[nodiscard]] Result<HttpTarget, std::string> http_target(const config::Exporter& settings,
                                                          Signal signal);

}  // namespace gateway::exporter
