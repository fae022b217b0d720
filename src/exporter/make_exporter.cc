#include "base/assert.h"
#include "exporter/debug/debug_transport.h"
#include "exporter/delivery.h"
#include "exporter/exporter.h"
#include "exporter/otlp/grpc_transport.h"

namespace gateway::exporter {

std::unique_ptr<Exporter> make_exporter(const config::Exporter& settings,
                                        const std::vector<Signal>& signals, storage::Log& log,
                                        telemetry::Registry& metrics,
                                        const std::string& dead_letter_directory) {
  const auto make_transport =
      [&settings](boost::asio::io_context& loop) -> std::unique_ptr<Transport> {
    switch (settings.kind) {
      case config::ExporterKind::otlp:
        return make_grpc_transport(settings, loop);
      case config::ExporterKind::otlp_http:
        break;
      case config::ExporterKind::debug:
        return make_debug_transport(settings, loop);
      case config::ExporterKind::file:
        break;
    }
    GATEWAY_ASSERT(false);
    return nullptr;
  };
  return make_delivery(settings, signals, log, metrics, dead_letter_directory, make_transport);
}

}  // namespace gateway::exporter
