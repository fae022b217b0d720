#include "net/body.h"

#include <algorithm>

#include "net/limits.h"

namespace gateway::net {
namespace {

// What a request could still take from what all share, if no other were there.
std::size_t bytes_left(const BodyPlan& plan, const ByteLease& lease) noexcept {
  const std::size_t limit = plan.budget->limit_bytes();
  return limit - std::min(limit, plan.held_bytes + lease.bytes());
}
bool could_take(const BodyPlan& plan, const ByteLease& lease, std::size_t bytes) noexcept {
  return plan.budget->could_take(bytes, plan.held_bytes + lease.bytes(), plan.holder);
}
bool take(const BodyPlan& plan, ByteLease& lease, std::size_t bytes) noexcept {
  return lease.try_grow(*plan.budget, bytes, plan.holder, plan.held_bytes);
}

// The payload of a block of that size.
constexpr std::size_t room_of_block(std::size_t block_size_bytes) noexcept {
  return block_size_bytes - kBufferHeadroomBytes;
}

// To grow, a body moves, and the block it leaves is leased until then. Where the budget could not
// hold both, nor would let it go alone, all is leased at once.
bool has_room_to_move(const BodyPlan& plan, const ByteLease& lease, std::size_t cost) noexcept {
  return plan.budget == nullptr || 2 * cost <= bytes_left(plan, lease) ||
         (plan.holder != nullptr && cost >= kAloneSizeBytesMin);
}

}  // namespace

Result<void, RequestErrc> allocate_body(const BodyPlan& plan, std::uint64_t size_bytes,
                                        Buffer& body, ByteLease& lease) noexcept {
  if (size_bytes > plan.size_bytes_max) return fail(RequestErrc::too_large);
  const auto size = static_cast<std::size_t>(size_bytes);
  if (size == 0) return {};
  if (plan.budget != nullptr) {
    const std::size_t cost = buffer_cost_bytes(size);
    if (!could_take(plan, lease, cost)) return fail(RequestErrc::too_large);
    if (!take(plan, lease, cost)) return fail(RequestErrc::over_budget);
  }
  body = Buffer::allocate(size);
  return {};
}

Result<void, RequestErrc> begin_known_body(const BodyPlan& plan, std::uint64_t size_bytes,
                                           Buffer& body, ByteLease& lease) noexcept {
  constexpr std::size_t kFirstRoom = room_of_block(kBodyFirstBlockSizeBytes);
  if (size_bytes <= kFirstRoom || size_bytes > plan.size_bytes_max) {
    return allocate_body(plan, size_bytes, body, lease);
  }
  const std::size_t cost = buffer_cost_bytes(static_cast<std::size_t>(size_bytes));
  if (!has_room_to_move(plan, lease, cost)) return allocate_body(plan, size_bytes, body, lease);
  return allocate_body(plan, kFirstRoom, body, lease);
}

Result<void, RequestErrc> grow_known_body(const BodyPlan& plan, std::size_t size_bytes,
                                          std::size_t needed_bytes, Buffer& body,
                                          ByteLease& lease) noexcept {
  if (needed_bytes <= body.payload_capacity()) return {};
  const std::size_t kept = lease.bytes();
  constexpr std::size_t kSecondRoom = room_of_block(kBodySecondBlockSizeBytes);
  std::size_t room = needed_bytes <= kSecondRoom ? std::min(size_bytes, kSecondRoom) : size_bytes;
  if (plan.budget != nullptr && !take(plan, lease, buffer_cost_bytes(room))) {
    // Whole, it may go alone.
    room = size_bytes;
    if (!take(plan, lease, buffer_cost_bytes(room))) return fail(RequestErrc::over_budget);
  }
  body.reserve(room);
  lease.shrink_to(lease.bytes() - kept);
  return {};
}

Result<void, RequestErrc> grow_body(const BodyPlan& plan, std::size_t needed_bytes, Buffer& body,
                                    ByteLease& lease) noexcept {
  if (needed_bytes > plan.size_bytes_max) return fail(RequestErrc::too_large);
  if (body && needed_bytes <= body.payload_capacity()) return {};
  const std::size_t doubled = std::max(kBodyFirstStepSizeBytes, 2 * body.payload_capacity());
  const std::size_t room = std::max(needed_bytes, std::min(doubled, plan.size_bytes_max));
  if (plan.budget == nullptr) {
    body.reserve(room);
    return {};
  }
  if (!could_take(plan, lease, buffer_cost_bytes(needed_bytes))) {
    return fail(RequestErrc::too_large);
  }
  std::size_t cost = buffer_cost_bytes(room);
  if (!could_take(plan, lease, cost)) {
    cost = bytes_left(plan, lease) / kBufferAlignmentBytes * kBufferAlignmentBytes;
  }
  if (!take(plan, lease, cost)) return fail(RequestErrc::over_budget);
  body.reserve(std::min(room, cost - kBufferHeadroomBytes));
  lease.shrink_to(cost);
  return {};
}

Result<void, RequestErrc> BodyReader::begin(const BodyPlan& plan,
                                            std::optional<std::uint64_t> size_bytes, Buffer& body,
                                            ByteLease& lease) noexcept {
  plan_ = plan;
  size_bytes_ = size_bytes;
  if (!size_bytes) return {};
  return begin_known_body(plan, *size_bytes, body, lease);
}

Result<void, RequestErrc> BodyReader::append(std::span<const std::byte> bytes, Buffer& body,
                                             ByteLease& lease) noexcept {
  if (bytes.empty()) return {};
  const std::size_t needed = body.size() + bytes.size();
  if (size_bytes_ && needed > *size_bytes_) return fail(RequestErrc::too_large);
  auto room = size_bytes_ ? grow_known_body(plan_, *size_bytes_, needed, body, lease)
                          : grow_body(plan_, needed, body, lease);
  if (!room) return room;
  body.append(bytes);
  return {};
}

Result<void, RequestErrc> BodyReader::finish(const Buffer& body) const noexcept {
  if (size_bytes_ && body.size() != *size_bytes_) return fail(RequestErrc::truncated);
  return {};
}

}  // namespace gateway::net
