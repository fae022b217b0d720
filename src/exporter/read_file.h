// A small file as a whole: certificates and keys.
//
// Units:   bytes.
// Errors:  a sentence with the path and the reason; larger than kSmallFileSizeBytesMax is one.
// Threads: any.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace gateway::exporter {

inline constexpr std::uint64_t kSmallFileSizeBytesMax = 4U << 20U;

[[nodiscard]] Result<std::string, std::string> read_file(io::FileSystem& files,
                                                         const std::string& path);

}  // namespace gateway::exporter
