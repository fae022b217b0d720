// A stored payload as the bytes that a request carries, whatever coding it was stored with.
//
// Units:   bytes; one payload decodes to at most kDecodedPayloadSizeBytesMax.
// Errors:  DecompressErrc: `corrupt` also for a coding that this build does not know.
// Threads: any.
#pragma once

#include <cstddef>

#include "base/buffer.h"
#include "base/result.h"
#include "net/decompress.h"
#include "storage/log.h"

namespace gateway::exporter {

// No record holds more when it is stored as it came: the default size of a segment.
inline constexpr std::size_t kDecodedPayloadSizeBytesMax = 64U << 20U;

// `payload` itself where it is not coded.
[[nodiscard]] Result<Slice, net::DecompressErrc> decode_payload(storage::Coding coding,
                                                                const Slice& payload);

}  // namespace gateway::exporter
