// OTLP over gRPC: a unary Export call over the stored bytes, through one channel for all signals.
//
// Errors:  each gRPC status is an Answer by pipeline/status.h; no exception leaves.
// Threads: gRPC calls back on its own threads; answers are posted to the exporter's loop.
// Source:  OTLP specification, "OTLP/gRPC"; grpc++ generic stub with the callback API.
#pragma once

#include <memory>

#include "config/settings.h"
#include "exporter/transport.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace gateway::exporter {

[[nodiscard]] std::unique_ptr<Transport> make_grpc_transport(const config::Exporter& settings,
                                                             boost::asio::io_context& loop);

}  // namespace gateway::exporter
