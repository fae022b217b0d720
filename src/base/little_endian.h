// Unsigned integers as little-endian bytes, at any alignment.
//
// Errors:  none. Requires: the bytes are there.
// Threads: pure functions, safe from any thread.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>

#include "base/assert.h"

namespace gateway {

static_assert(std::endian::native == std::endian::little, "big-endian CPUs need a byte swap here");

template <std::unsigned_integral T>
[[nodiscard]] inline T load_little_endian(std::span<const std::byte> bytes, std::size_t offset) {
  GATEWAY_ASSERT(offset + sizeof(T) <= bytes.size());
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <std::unsigned_integral T>
inline void store_little_endian(std::span<std::byte> bytes, std::size_t offset, T value) {
  GATEWAY_ASSERT(offset + sizeof(T) <= bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

}  // namespace gateway
