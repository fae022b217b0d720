// Where `log replay` takes its requests from: a storage directory (of a stopped gateway, or beside
// a running one), the dead letters in it, a file of captured requests, or a running gateway.
//
// Units:   nanoseconds since the epoch.
// Errors:  a sentence with the file or the address.
// Threads: one; a running gateway is asked in parts, so nothing large is held.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "io/file_system.h"
#include "pipeline/captured_request.h"

namespace gateway::app {

struct ReplaySource {
  std::string path;          // directory or file; empty: the gateway at `endpoint`
  std::string endpoint;      // admin address, host:port
  int timeout_ms = 3000;     // of one question to it
  std::string dead_letters;  // of this exporter; empty: what is stored
  // Asked of a running gateway, so that it does not send what nobody wants.
  std::string signals;  // "traces,logs"; empty: all
  std::uint64_t from_unix_nano = 0;
  std::uint64_t until_unix_nano = UINT64_MAX;  // exclusive
};

// Calls `each` for the requests, oldest first, until it returns false. The payload lives as long as
// the call.
using EachRequest =
    std::function<bool(const pipeline::CapturedHead& head, std::string_view payload)>;
[[nodiscard]] Result<void, std::string> read_requests(io::FileSystem& files,
                                                      const ReplaySource& source,
                                                      const EachRequest& each);

}  // namespace gateway::app
