// OTLP over HTTP/1.1: POST of the stored bytes (or JSON) over kept connections, a pool for each
// signal so that a slow one delays no other.
//
// Errors:  each response or failed connection is an Answer; no exception leaves.
// Threads: the exporter's loop.
// Source:  OTLP specification, "OTLP/HTTP".
#pragma once

#include <memory>

#include "config/settings.h"
#include "exporter/transport.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace gateway::exporter {

[[nodiscard]] std::unique_ptr<Transport> make_http_transport(const config::Exporter& settings,
                                                             boost::asio::io_context& loop);

}  // namespace gateway::exporter
