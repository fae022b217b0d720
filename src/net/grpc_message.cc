#include "net/grpc_message.h"

#include <algorithm>

#include "net/body.h"

namespace gateway::net {

void GrpcMessageReader::begin(const BodyPlan& plan) noexcept {
  plan_ = plan;
  prefix_ = {};
  prefix_size_ = 0;
  length_ = 0;
}

Result<void, RequestErrc> GrpcMessageReader::append(std::span<const std::byte> bytes, Buffer& body,
                                                    ByteLease& lease) noexcept {
  if (bytes.empty()) return {};
  if (prefix_size_ < kGrpcPrefixSizeBytes) {
    const std::size_t taken = std::min(bytes.size(), kGrpcPrefixSizeBytes - prefix_size_);
    std::copy_n(bytes.begin(), taken, prefix_.begin() + static_cast<std::ptrdiff_t>(prefix_size_));
    prefix_size_ += taken;
    bytes = bytes.subspan(taken);
    if (prefix_size_ < kGrpcPrefixSizeBytes) return {};
    if (prefix_[0] > std::byte{1}) return fail(RequestErrc::bad_frame);
    for (std::size_t i = 1; i < kGrpcPrefixSizeBytes; ++i) {
      length_ = length_ << 8 | std::to_integer<std::uint32_t>(prefix_[i]);
    }
    if (auto room = begin_known_body(plan_, length_, body, lease); !room) return room;
  }
  if (bytes.size() > length_ - body.size()) return fail(RequestErrc::trailing_bytes);
  if (bytes.empty()) return {};
  auto room = grow_known_body(plan_, length_, body.size() + bytes.size(), body, lease);
  if (room) body.append(bytes);
  return room;
}

Result<void, RequestErrc> GrpcMessageReader::finish(const Buffer& body) const noexcept {
  if (prefix_size_ == 0) return fail(RequestErrc::bad_frame);
  if (prefix_size_ < kGrpcPrefixSizeBytes || body.size() != length_) {
    return fail(RequestErrc::truncated);
  }
  return {};
}

std::array<std::byte, kGrpcPrefixSizeBytes> grpc_prefix(std::size_t length) noexcept {
  return {std::byte{0}, static_cast<std::byte>(length >> 24 & 0xff),
          static_cast<std::byte>(length >> 16 & 0xff), static_cast<std::byte>(length >> 8 & 0xff),
          static_cast<std::byte>(length & 0xff)};
}

}  // namespace gateway::net
