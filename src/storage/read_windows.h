// Blocks that are read into, again and again: memory that is mapped anew costs more page faults
// than the read itself. Slices of a window keep it from being used again until they are gone.
//
// Units:   bytes.
// Errors:  none.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/buffer.h"

namespace gateway::storage {

class ReadWindows {
 public:
  // Beyond these a window that is still held is left to its holders.
  static constexpr std::size_t kKeptMax = 16;

  // Makes `window` a block of at least `size_bytes` that nobody else holds.
  void renew(Buffer& window, std::size_t size_bytes) {
    const auto usable = [size_bytes](Buffer& buffer) {
      return buffer.unique() && buffer.block().size() >= size_bytes;
    };
    if (usable(window)) return;
    const auto free = std::find_if(kept_.begin(), kept_.end(), usable);
    if (free != kept_.end()) {
      std::swap(window, *free);
      if (!*free) kept_.erase(free);
      return;
    }
    keep(std::move(window));
    window = Buffer::allocate(size_bytes - kBufferHeadroomBytes);
  }

  void keep(Buffer&& window) {
    if (window && kept_.size() < kKeptMax) kept_.push_back(std::move(window));
  }
  void clear() noexcept { kept_.clear(); }

 private:
  std::vector<Buffer> kept_;
};

}  // namespace gateway::storage
