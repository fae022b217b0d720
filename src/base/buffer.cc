#include "base/buffer.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/block_store.h"

namespace gateway {

static_assert(BlockStore::kUnitSizeBytes == kBufferAlignmentBytes);

Buffer Buffer::allocate(std::size_t payload_capacity_bytes) {
  const std::size_t capacity =
      align_up(kBufferHeadroomBytes + payload_capacity_bytes, kBufferAlignmentBytes);
  return Buffer(block_store().take(capacity));
}

Buffer::Buffer(const Buffer& other) noexcept : block_(other.block_) {
  if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
}

Buffer::~Buffer() {
  if (block_ != nullptr && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    block_store().give_back(block_);
  }
}

std::span<const std::byte> Buffer::payload() const noexcept {
  if (block_ == nullptr) return {};
  return {block_->bytes + kBufferHeadroomBytes, block_->size_bytes};
}

std::span<std::byte> Buffer::payload() noexcept {
  if (block_ == nullptr) return {};
  return {block_->bytes + kBufferHeadroomBytes, block_->size_bytes};
}

std::size_t Buffer::size() const noexcept { return block_ == nullptr ? 0 : block_->size_bytes; }

std::size_t Buffer::payload_capacity() const noexcept {
  return block_ == nullptr ? 0 : block_->capacity_bytes - kBufferHeadroomBytes;
}

void Buffer::append(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::size_t needed = size() + bytes.size();
  if (needed > payload_capacity()) reserve(std::max(needed, 2 * payload_capacity()));
  std::memcpy(block_->bytes + kBufferHeadroomBytes + block_->size_bytes, bytes.data(),
              bytes.size());
  block_->size_bytes = needed;
}

std::span<std::byte> Buffer::writable() noexcept {
  if (block_ == nullptr) return {};
  return {block_->bytes + kBufferHeadroomBytes + block_->size_bytes,
          payload_capacity() - block_->size_bytes};
}

void Buffer::commit(std::size_t size_bytes) noexcept {
  GATEWAY_ASSERT(size() + size_bytes <= payload_capacity());
  if (size_bytes != 0) block_->size_bytes += size_bytes;
}

void Buffer::reserve(std::size_t payload_capacity_bytes) {
  if (payload_capacity_bytes <= payload_capacity() && block_ != nullptr) return;
  Buffer larger = allocate(payload_capacity_bytes);
  if (size() != 0) {
    std::memcpy(larger.block_->bytes + kBufferHeadroomBytes, block_->bytes + kBufferHeadroomBytes,
                size());
    larger.block_->size_bytes = size();
  }
  *this = std::move(larger);
}

void Buffer::resize_down(std::size_t size_bytes) noexcept {
  GATEWAY_ASSERT(size_bytes <= size());
  if (block_ != nullptr) block_->size_bytes = size_bytes;
}

std::span<std::byte> Buffer::block() noexcept {
  if (block_ == nullptr) return {};
  return {block_->bytes, block_->capacity_bytes};
}

std::span<const std::byte> Buffer::block() const noexcept {
  if (block_ == nullptr) return {};
  return {block_->bytes, block_->capacity_bytes};
}

bool Buffer::unique() const noexcept {
  return block_ != nullptr && block_->references.load(std::memory_order_acquire) == 1;
}

}  // namespace gateway
