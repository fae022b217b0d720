#include "net/http2_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace gateway::net {
namespace {

// In front of every block: how much room it has.
struct alignas(std::max_align_t) Head {
  std::size_t size_bytes;
};

Head* head_of(void* block) noexcept { return static_cast<Head*>(block) - 1; }

// Index into kHttp2BlockSizesBytes; behind its end for what is not kept.
std::size_t class_of(std::size_t size_bytes) noexcept {
  std::size_t index = 0;
  while (index < kHttp2BlockSizesBytes.size() && kHttp2BlockSizesBytes[index] < size_bytes) ++index;
  return index;
}

Http2Memory& self(void* user_data) noexcept { return *static_cast<Http2Memory*>(user_data); }

}  // namespace

Http2Memory::Http2Memory() noexcept
    : callbacks_{.mem_user_data = this,
                 .malloc = [](std::size_t size, void* user) { return self(user).allocate(size); },
                 .free = [](void* block, void* user) { self(user).free(block); },
                 .calloc = [](std::size_t count, std::size_t size, void* user) -> void* {
                   if (size != 0 && count > std::numeric_limits<std::size_t>::max() / size)
                     return nullptr;
                   void* const block = self(user).allocate(count * size);
                   if (block != nullptr) std::memset(block, 0, count * size);
                   return block;
                 },
                 .realloc = [](void* block, std::size_t size,
                               void* user) { return self(user).reallocate(block, size); }} {}

Http2Memory::~Http2Memory() {
  for (auto& blocks : kept_) {
    for (void* block : blocks) std::free(head_of(block));
  }
}

void* Http2Memory::allocate(std::size_t size_bytes) noexcept {
  const std::size_t index = class_of(size_bytes);
  if (index < kept_.size()) {
    if (!kept_[index].empty()) {
      void* const block = kept_[index].back();
      kept_[index].pop_back();
      return block;
    }
    size_bytes = kHttp2BlockSizesBytes[index];
  }
  if (size_bytes > std::numeric_limits<std::size_t>::max() - sizeof(Head)) return nullptr;
  auto* const head = static_cast<Head*>(std::malloc(sizeof(Head) + size_bytes));
  if (head == nullptr) return nullptr;
  head->size_bytes = size_bytes;
  return head + 1;
}

void Http2Memory::free(void* block) noexcept {
  if (block == nullptr) return;
  const std::size_t index = class_of(head_of(block)->size_bytes);
  if (index == kept_.size() || kept_[index].size() == kHttp2BlocksKeptMax) {
    std::free(head_of(block));
    return;
  }
  if (kept_[index].capacity() == 0) kept_[index].reserve(kHttp2BlocksKeptMax);
  kept_[index].push_back(block);
}

void* Http2Memory::reallocate(void* block, std::size_t size_bytes) noexcept {
  if (block == nullptr) return allocate(size_bytes);
  const std::size_t had_bytes = head_of(block)->size_bytes;
  if (size_bytes <= had_bytes) return block;
  void* const larger = allocate(size_bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, had_bytes);
  free(block);
  return larger;
}

}  // namespace gateway::net
