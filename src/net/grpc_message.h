// Reads the one message of a unary gRPC request out of DATA in any cut; of a stream, message after
// message, begun anew for each.
//
//   message := compressed-flag (1 byte: 0 or 1)  length (4 bytes, big-endian)  bytes
//
// The length is held against the limit and the budget before a byte is kept, and leased as bytes
// come (net/body.h).
//
// Errors:  RequestErrc: too_large, over_budget, bad_frame, trailing_bytes, truncated.
// Threads: one.
// Source:  grpc PROTOCOL-HTTP2, "Length-Prefixed-Message".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "net/exchange.h"

namespace gateway::net {

inline constexpr std::size_t kGrpcPrefixSizeBytes = 5;

class GrpcMessageReader {
 public:
  void begin(const BodyPlan& plan) noexcept;
  [[nodiscard]] Result<void, RequestErrc> append(std::span<const std::byte> bytes, Buffer& body,
                                                 ByteLease& lease) noexcept;
  [[nodiscard]] Result<void, RequestErrc> finish(const Buffer& body) const noexcept;
  // Bytes that this message, as far as it is known, still takes; 0 when it is whole.
  [[nodiscard]] std::size_t missing_bytes(const Buffer& body) const noexcept {
    return prefix_size_ < kGrpcPrefixSizeBytes ? kGrpcPrefixSizeBytes - prefix_size_
                                               : length_ - body.size();
  }
  [[nodiscard]] bool begun() const noexcept { return prefix_size_ != 0; }
  [[nodiscard]] bool compressed() const noexcept { return prefix_[0] == std::byte{1}; }

 private:
  BodyPlan plan_;
  std::array<std::byte, kGrpcPrefixSizeBytes> prefix_{};
  std::size_t prefix_size_ = 0;
  std::uint32_t length_ = 0;
};

// The prefix of a message that is sent uncompressed.
[[nodiscard]] std::array<std::byte, kGrpcPrefixSizeBytes> grpc_prefix(std::size_t length) noexcept;

}  // namespace gateway::net
