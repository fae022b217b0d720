// How we name ourselves to a destination.
//
// Errors:  none.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

namespace gateway::exporter {

// "otlp-service/0.1.0 (C++; <service name>)"; characters a header may not hold are left out.
[[nodiscard]] std::string user_agent(std::string_view service_name);

}  // namespace gateway::exporter
