// Bytes of one request, gathered once and never copied again: checked, written to disk, kept as
// tail cache and handed to exporters from the same memory.
//
//   Buffer : kBufferAlignmentBytes-aligned block, `headroom` bytes in front (the storage engine
//            puts its record header there), then the payload, then zeroes up to the next alignment.
//   Slice  : a view of some bytes of a Buffer, and a share in its life.
//
// Units:   sizes in bytes.
// Errors:  none; memory is taken from a ByteBudget before a Buffer is made, so an allocation that
//          fails is a bug and aborts.
// Threads: reference counts are atomic; the bytes of a Buffer are written by one thread, before it
//          is shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace gateway {

struct Block;  // base/block_store.h

// Block size of O_DIRECT; every Buffer begins on it and its capacity is a multiple of it.
inline constexpr std::size_t kBufferAlignmentBytes = 4096;

// Room in front of every payload. storage/ keeps its record header here (see
// docs/formats/segment.md).
inline constexpr std::size_t kBufferHeadroomBytes = 64;

[[nodiscard]] constexpr std::size_t align_up(std::size_t value, std::size_t alignment) noexcept {
  return (value + alignment - 1) / alignment * alignment;
}

// A reference-counted block. Copying shares it; the last holder gives it back for the next Buffer.
class Buffer {
 public:
  Buffer() noexcept = default;
  Buffer(const Buffer& other) noexcept;
  Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Buffer();

  // A block with room for `payload_capacity_bytes` behind the headroom, and an empty payload.
  [[nodiscard]] static Buffer allocate(std::size_t payload_capacity_bytes);

  [[nodiscard]] explicit operator bool() const noexcept { return block_ != nullptr; }

  // The payload gathered so far.
  [[nodiscard]] std::span<const std::byte> payload() const noexcept;
  [[nodiscard]] std::span<std::byte> payload() noexcept;
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::size_t payload_capacity() const noexcept;

  // Appends to the payload. Grows by moving to a larger block when it does not fit, which a caller
  // that knows the length beforehand never sees. Requires: this holder is the only one.
  void append(std::span<const std::byte> bytes);
  // Free room behind the payload, to be written into and then claimed with commit().
  [[nodiscard]] std::span<std::byte> writable() noexcept;
  void commit(std::size_t size_bytes) noexcept;
  void reserve(std::size_t payload_capacity_bytes);
  void resize_down(std::size_t size_bytes) noexcept;

  // The whole aligned block, headroom included; what O_DIRECT writes.
  [[nodiscard]] std::span<std::byte> block() noexcept;
  [[nodiscard]] std::span<const std::byte> block() const noexcept;

  [[nodiscard]] bool unique() const noexcept;
  void reset() noexcept { *this = Buffer(); }

 private:
  explicit Buffer(Block* block) noexcept : block_(block) {}
  Block* block_ = nullptr;
};

// Bytes borrowed from a Buffer that the slice keeps alive.
struct Slice {
  Buffer owner;
  std::span<const std::byte> bytes;
};

}  // namespace gateway
