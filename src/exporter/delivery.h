// The delivery controller: an Exporter made of one loop thread, one Transport and a Lane for each
// signal. Every kind of exporter is this class around its transport.
//
// Errors:  a transport that cannot start fails start(); everything later is health.
// Threads: one loop thread of its own; the rest as exporter.h says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/exporter.h"
#include "exporter/transport.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace gateway::exporter {

// Builds the transport; its timers and sockets run on `loop`.
using TransportFactory = std::function<std::unique_ptr<Transport>(boost::asio::io_context& loop)>;

[[nodiscard]] std::unique_ptr<Exporter> make_delivery(
    const config::Exporter& settings, const std::vector<Signal>& signals, storage::Log& log,
    telemetry::Registry& metrics, const std::string& dead_letter_directory,
    const TransportFactory& make_transport, pipeline::ProcessorChains processors);

}  // namespace gateway::exporter
