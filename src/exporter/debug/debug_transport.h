// The debug exporter: says in our own log what passes, and delivers it to nobody.
//
//   basic    : one line a batch, with counts
//   normal   : the same, and one line for each stored request of it
//   detailed : the items themselves, as OTLP JSON
//
// Errors:  none; what cannot be shown as JSON is said to be so.
// Threads: the exporter's loop.
#pragma once

#include <memory>

#include "config/settings.h"
#include "exporter/transport.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace gateway::exporter {

[[nodiscard]] std::unique_ptr<Transport> make_debug_transport(const config::Exporter& settings,
                                                              boost::asio::io_context& loop);

}  // namespace gateway::exporter
