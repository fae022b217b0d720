// Room for the one wait for readability that a connection nearly always has under way: Asio keeps
// what it must know of it here. A second wait beside it takes from the heap.
//
// Errors:  none.
// Threads: one, that of the connection. Outlives the waits that were begun with it.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace gateway::net {

class WaitMemory {
 public:
  // Asio's operation with the handlers of net/ takes 136; what is larger takes from the heap.
  static constexpr std::size_t kSizeBytes = 192;

  [[nodiscard]] void* take(std::size_t size_bytes) {
    if (taken_ || size_bytes > kSizeBytes) return ::operator new(size_bytes);
    taken_ = true;
    return room_.data();
  }
  void give_back(void* at) noexcept {
    if (at != room_.data()) return ::operator delete(at);
    taken_ = false;
  }

  template <typename T>
  struct Allocator {
    using value_type = T;
    explicit Allocator(WaitMemory& memory_in) noexcept : memory(&memory_in) {}
    template <typename U>
    Allocator(const Allocator<U>& other) noexcept  // NOLINT(google-explicit-constructor): as the
        : memory(other.memory) {}                  // standard asks of an allocator
    [[nodiscard]] T* allocate(std::size_t count) {
      static_assert(alignof(T) <= alignof(std::max_align_t));
      return static_cast<T*>(memory->take(count * sizeof(T)));
    }
    void deallocate(T* at, std::size_t) noexcept { memory->give_back(at); }
    bool operator==(const Allocator&) const noexcept = default;
    WaitMemory* memory;
  };

 private:
  alignas(std::max_align_t) std::array<std::byte, kSizeBytes> room_;
  bool taken_ = false;
};

}  // namespace gateway::net
