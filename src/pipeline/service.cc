#include "pipeline/service.h"

namespace gateway::pipeline {

std::string_view name_of(HealthState state) noexcept {
  switch (state) {
    case HealthState::healthy:
      return "healthy";
    case HealthState::degraded:
      return "degraded";
    case HealthState::unhealthy:
      return "unhealthy";
  }
  return "unhealthy";
}

}  // namespace gateway::pipeline
