#include "exporter/user_agent.h"

namespace gateway::exporter {

std::string user_agent(std::string_view service_name) {
  std::string agent = "otlp-service/" GATEWAY_VERSION " (C++";
  std::string name;
  for (const char c : service_name) {
    if (c >= ' ' && c <= '~' && c != '(' && c != ')' && c != '\\') name += c;
  }
  if (!name.empty()) agent += "; " + name;
  return agent + ")";
}

}  // namespace gateway::exporter
