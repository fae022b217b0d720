// CRC-32C (Castagnoli), the checksum of everything that storage keeps on disk.
//
// Uses the CPU's instruction where it has one (SSE4.2, ARMv8 CRC), three streams at a time, because
// one alone waits for its own latency; else a table.
//
// Errors:  none.
// Threads: pure functions, safe from any thread.
// Source:  RFC 3720, B.4 (polynomial 0x1EDC6F41, reflected; both ends inverted).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gateway {

// The CRC of `bytes`; or, given the CRC of what came before, of both together.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes,
                                   std::uint32_t before = 0) noexcept;

// The same by table, on any CPU; what the fast path is tested against.
[[nodiscard]] std::uint32_t crc32c_portable(std::span<const std::byte> bytes,
                                            std::uint32_t before = 0) noexcept;

}  // namespace gateway
