// The transport that `settings.kind` names; its timers and sockets run on `loop`.
//
// Errors:  none; what cannot be used is said by Transport::start().
// Threads: the loop's.
#pragma once

#include <memory>

#include "config/settings.h"
#include "exporter/transport.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace gateway::exporter {

// `settings` outlive the transport.
[[nodiscard]] std::unique_ptr<Transport> make_transport(const config::Exporter& settings,
                                                        boost::asio::io_context& loop);

}  // namespace gateway::exporter
