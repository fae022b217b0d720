// CRC-32C (Castagnoli), the checksum of everything that storage keeps on disk.
//
// Where the CPU multiplies without carry in vectors (VPCLMULQDQ) it folds 128 bytes at a time; else
// it uses the instruction for it (SSE4.2, ARMv8 CRC), three streams at a time, because one alone
// waits for its own latency; else a table.
//
// Errors:  none.
// Threads: pure functions, safe from any thread.
// Source:  RFC 3720, B.4 (polynomial 0x1EDC6F41, reflected; both ends inverted); Gopal et al., "Fast
//          CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (folding).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gateway {

// The CRC of `bytes`; or, given the CRC of what came before, of both together.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes,
                                   std::uint32_t before = 0) noexcept;

// The same without vectors, by the CPU's instruction; by table where it has none.
[[nodiscard]] std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes,
                                                  std::uint32_t before = 0) noexcept;

// The same by table, on any CPU; what the others are tested against.
[[nodiscard]] std::uint32_t crc32c_portable(std::span<const std::byte> bytes,
                                            std::uint32_t before = 0) noexcept;

}  // namespace gateway
