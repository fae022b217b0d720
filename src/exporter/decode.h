// A stored payload as the bytes that a request carries, whatever coding it was stored with.
//
// Units:   bytes; one payload decodes to at most storage::kInflatedSizeBytesMax.
// Errors:  DecompressErrc: `corrupt` also for a coding that this build does not know.
// Threads: any.
#pragma once

#include <cstddef>
#include <optional>

#include "base/buffer.h"
#include "base/result.h"
#include "exporter/transport.h"
#include "net/decompress.h"
#include "storage/log.h"

namespace gateway::exporter {

// `payload` itself where it is not coded.
[[nodiscard]] Result<Slice, net::DecompressErrc> decode_payload(ContentCoding coding,
                                                                const Slice& payload);

// The same, not compressed; nothing when it cannot be read.
[[nodiscard]] std::optional<Piece> plain_piece(const Piece& piece);

[[nodiscard]] std::optional<Request> plain_request(const Request& request);

// What a payload in that coding says that it inflates to.
[[nodiscard]] std::optional<std::size_t> inflated_size(ContentCoding coding,
                                                       const Slice& payload) noexcept;

}  // namespace gateway::exporter
