// gzip and zstd bodies, inflated once into a Buffer whose room was leased before.
//
// A bomb takes what the limit allows and no more: room grows by steps, only as far as bytes really
// come out. All members of a gzip body and all frames of a zstd body are one payload.
//
// Limits:  the plan's size; kZstdWindowLogMax for what a zstd stream may look back.
// Errors:  DecompressErrc: `corrupt` also for what is cut off, or followed by junk.
// Threads: any; each keeps a small state for reuse.
// Source:  RFC 1952 (2.2: members), RFC 8878 (3.1, 5: window sizes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/byte_budget.h"
#include "base/content_coding.h"
#include "base/result.h"
#include "net/exchange.h"

namespace gateway::net {

// 8 MiB, what every decoder of zstd on the web supports.
inline constexpr int kZstdWindowLogMax = 23;

// By its HTTP or gRPC name, without case; x-gzip is gzip. Empty is identity.
[[nodiscard]] std::optional<ContentCoding> parse_coding(std::string_view name) noexcept;

enum class DecompressErrc : std::uint8_t { corrupt, too_large, over_budget };

// Appends to `out`, which must be empty, what `in` inflates to. Not for identity.
[[nodiscard]] Result<void, DecompressErrc> decompress(ContentCoding coding,
                                                      std::span<const std::byte> in,
                                                      const BodyPlan& plan, Buffer& out,
                                                      ByteLease& lease) noexcept;

// What a body of one member or frame says that it inflates to; with several it is of one of them,
// and so no more than a claim. Not for identity.
[[nodiscard]] std::optional<std::size_t> announced_size(ContentCoding coding,
                                                        std::span<const std::byte> in) noexcept;

}  // namespace gateway::net
