// Gathers the bytes of one body into one Buffer, every byte of room leased before it is allocated.
//
//   known length   : one lease and one block of that size, if it is small; else a first block, then
//                    a second, then one of that size, each when the one before it is full.
//   unknown length : room in steps that double, or all that could be had; at the limit no further.
//
// The room of a block is leased whole, not by what has been written to it: blocks share huge pages,
// or are made of them, so that one byte may bring 2 MiB into memory.
//
// Units:   bytes; the lease is what the Buffer's block really takes, its alignment included.
// Errors:  RequestErrc: too_large, over_budget, truncated. A body that the budget could not hold if
//          it were alone is too_large: told to try again, its sender would for ever.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/byte_budget.h"
#include "base/result.h"
#include "net/exchange.h"

namespace gateway::net {

// What a Buffer for a payload of that size takes from the budget.
[[nodiscard]] constexpr std::size_t buffer_cost_bytes(std::size_t payload_size_bytes) noexcept {
  return align_up(kBufferHeadroomBytes + payload_size_bytes, kBufferAlignmentBytes);
}

// Leases and allocates room for a payload of exactly that size.
[[nodiscard]] Result<void, RequestErrc> allocate_body(const BodyPlan& plan,
                                                      std::uint64_t size_bytes, Buffer& body,
                                                      ByteLease& lease) noexcept;

// For a body that is announced with `size_bytes`: the first block. It is too large if the whole
// could not be had.
[[nodiscard]] Result<void, RequestErrc> begin_known_body(const BodyPlan& plan,
                                                         std::uint64_t size_bytes, Buffer& body,
                                                         ByteLease& lease) noexcept;
// Makes room for `needed_bytes` of it, which have come. Requires: needed_bytes <= size_bytes.
[[nodiscard]] Result<void, RequestErrc> grow_known_body(const BodyPlan& plan,
                                                        std::size_t size_bytes,
                                                        std::size_t needed_bytes, Buffer& body,
                                                        ByteLease& lease) noexcept;

// Makes room for `needed_bytes` in all. While the bytes move, the old and the new block are leased.
[[nodiscard]] Result<void, RequestErrc> grow_body(const BodyPlan& plan, std::size_t needed_bytes,
                                                  Buffer& body, ByteLease& lease) noexcept;

class BodyReader {
 public:
  // `body` and `lease` are the exchange's, and stay with it.
  [[nodiscard]] Result<void, RequestErrc> begin(const BodyPlan& plan,
                                                std::optional<std::uint64_t> size_bytes,
                                                Buffer& body, ByteLease& lease) noexcept;
  [[nodiscard]] Result<void, RequestErrc> append(std::span<const std::byte> bytes, Buffer& body,
                                                 ByteLease& lease) noexcept;
  [[nodiscard]] Result<void, RequestErrc> finish(const Buffer& body) const noexcept;

 private:
  BodyPlan plan_;
  std::optional<std::uint64_t> size_bytes_;
};

}  // namespace gateway::net
