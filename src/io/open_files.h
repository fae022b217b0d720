// How many files, sockets among them, this process may have open. The soft limit of 1,024 that many
// systems start a process with is for programs that use select(2).
//
// Errors:  none; a limit that cannot be raised stays.
// Threads: the one that starts the process.
// Source:  getrlimit(2).
#pragma once

#include <cstdint>

namespace gateway::io {

// Raises the soft limit to the hard one; returns what holds now.
std::uint64_t raise_open_files_limit() noexcept;

}  // namespace gateway::io
