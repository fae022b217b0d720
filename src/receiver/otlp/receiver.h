// The OTLP receiver: listeners for gRPC and HTTP, and for each request the way from its bytes to
// the log and its answer: check in place, append, wait for the commit, acknowledge.
//
// Errors:  start() says which address could not be bound, and why. A request never fails the
//          receiver: it gets one of the three answers (pipeline/status.h).
// Threads: start(), drain(), stop() on the application's thread; requests on the I/O threads of
//          net::IoThreads, one of which owns each connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/byte_budget.h"
#include "config/settings.h"
#include "pipeline/service.h"
#include "storage/log.h"
#include "telemetry/metrics.h"
#include "telemetry/span_buffer.h"

namespace gateway::net {
class IoThreads;
}

namespace gateway::receiver::otlp {

// Who answers grpc.health.v1 for a service name ("" is the whole server).
enum class ServingStatus : std::uint8_t {
  unknown = 0,
  serving = 1,
  not_serving = 2,
  service_unknown = 3
};

struct Dependencies {
  net::IoThreads* threads = nullptr;
  storage::Log* log = nullptr;
  ByteBudget* budget = nullptr;  // shared by all receivers
  telemetry::Registry* metrics = nullptr;
  telemetry::SpanBuffer* spans = nullptr;  // own spans of some of the requests; or none
  std::uint32_t signals_enabled = 0b1111;  // bit i: Signal i; --services=
  std::function<ServingStatus(std::string_view service)> serving;
};

// A Service named "receiver/<id>".
class Receiver : public pipeline::Service {
 public:
  // The bound addresses, host:port with the real port; empty when that protocol is off.
  [[nodiscard]] virtual std::string grpc_address() const = 0;
  [[nodiscard]] virtual std::string http_address() const = 0;
  // Other limits, certificates and signals, while the listeners stay open; the files of TLS are
  // read anew. Addresses, and which listeners there are, must be the same. On failure nothing
  // changes.
  [[nodiscard]] virtual Result<void, pipeline::ServiceFailure> update(
      const config::OtlpReceiver& settings, std::uint32_t signals_enabled) = 0;
};

[[nodiscard]] std::unique_ptr<Receiver> make_receiver(const config::OtlpReceiver& settings,
                                                      const Dependencies& dependencies);

}  // namespace gateway::receiver::otlp
