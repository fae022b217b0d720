// The services that belong to no component folder (config_service has a header of its own).
//
//   storage          the log: its health is the write path's
//   health_service   readiness, as a service others can ask about
//
// Errors:  none.
//
// Threads: as pipeline/service.h.
#pragma once

#include <functional>
#include <memory>

#include "admin/admin.h"
#include "pipeline/service.h"
#include "storage/log.h"

namespace gateway::app {

[[nodiscard]] std::unique_ptr<pipeline::Service> make_storage_service(storage::Log& log);
[[nodiscard]] std::unique_ptr<pipeline::Service> make_health_service(
    std::function<admin::Probe()> ready);

}  // namespace gateway::app
