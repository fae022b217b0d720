#include <utility>

#include "base/assert.h"
#include "exporter/debug/debug_transport.h"
#include "exporter/delivery.h"
#include "exporter/exporter.h"
#include "exporter/file/file_transport.h"
#include "exporter/make_transport.h"
#include "exporter/otlp/grpc_transport.h"
#include "exporter/otlp_http/http_transport.h"
#include "exporter/tls_files.h"
#include "io/file_system.h"

namespace gateway::exporter {

std::unique_ptr<Transport> make_transport(const config::Exporter& settings,
                                          boost::asio::io_context& loop) {
  switch (settings.kind) {
    case config::ExporterKind::otlp:
      return make_grpc_transport(settings, loop);
    case config::ExporterKind::otlp_http:
      return make_http_transport(settings, loop);
    case config::ExporterKind::debug:
      return make_debug_transport(settings, loop);
    case config::ExporterKind::file:
      return make_file_transport(settings, loop, io::real_file_system());
  }
  GATEWAY_ASSERT(false);
  return nullptr;
}

Result<void, std::string> check_files(const config::Exporter& settings) {
  const bool has_tls = settings.kind == config::ExporterKind::otlp ||
                       settings.kind == config::ExporterKind::otlp_http;
  if (!has_tls || settings.tls.insecure) return {};
  return check_tls_files(settings.tls);
}

std::unique_ptr<Exporter> make_exporter(const config::Exporter& settings,
                                        const std::vector<Signal>& signals, storage::Log& log,
                                        telemetry::Registry& metrics,
                                        const std::string& dead_letter_directory,
                                        pipeline::ProcessorChains processors) {
  return make_delivery(
      settings, signals, log, metrics, dead_letter_directory,
      [&settings](boost::asio::io_context& loop) { return make_transport(settings, loop); },
      std::move(processors));
}

}  // namespace gateway::exporter
