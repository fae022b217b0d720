// The file exporter: appends each batch to a file that rotates by size, synced before the cursor
// moves.
//
//   json  : one line a batch, OTLP JSON
//   proto : the batch's protobuf bytes behind their length, 4 bytes, big-endian
//
// A path that ends in '/' is a folder, with a file for each signal.
//
// Errors:  a write that fails is retried like any delivery; what a crash left of a batch is cut off
//          at the next start. A file that holds something else is put aside, as in rotation.
// Threads: the exporter's loop, which the disk may hold up: the lanes of this exporter, no other.
// Source:  OTLP file exporter specification; the Collector's file exporter.
#pragma once

#include <memory>

#include "config/settings.h"
#include "exporter/transport.h"
#include "io/file_system.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace gateway::exporter {

[[nodiscard]] std::unique_ptr<Transport> make_file_transport(const config::Exporter& settings,
                                                             boost::asio::io_context& loop,
                                                             io::FileSystem& files);

}  // namespace gateway::exporter
