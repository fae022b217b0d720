// How a body or a payload is coded: on the wire, on disk and in settings alike. Its parser is
// net/decompress.h's, its name in a configuration that of config/schema.
//
// Errors:  none.
// Threads: constants, safe from any.
// Source:  docs/formats/segment.md: the numbers are the byte `coding` of a record. Renumber none.
#pragma once

#include <cstdint>

namespace gateway {

enum class ContentCoding : std::uint8_t { identity = 0, gzip = 1, zstd = 2 };

}  // namespace gateway
