// What nghttp2 allocates for a request, kept for the next one: in steady state the sessions of a
// thread take nothing from the process' allocator.
//
// Units:   bytes; at most kHttp2BlocksKeptMax free blocks of a size are kept.
// Errors:  none; nghttp2 is told when there is no memory.
// Threads: one, that of the Shard whose sessions use it; it outlives them.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace gateway::net {

// nghttp2 asks for 40 to 224 bytes, eight times a request, and for the headers of an answer over
// HTTP/2 for up to 512; what is larger is rare.
inline constexpr std::array<std::size_t, 4> kHttp2BlockSizesBytes = {64, 160, 256, 512};
inline constexpr std::size_t kHttp2BlocksKeptMax = 512;

class Http2Memory {
 public:
  Http2Memory() noexcept;
  ~Http2Memory();
  Http2Memory(const Http2Memory&) = delete;
  Http2Memory& operator=(const Http2Memory&) = delete;

  // As nghttp2 wants it; copied by it, and pointing here.
  [[nodiscard]] nghttp2_mem* callbacks() noexcept { return &callbacks_; }

  [[nodiscard]] void* allocate(std::size_t size_bytes) noexcept;
  void free(void* block) noexcept;
  [[nodiscard]] void* reallocate(void* block, std::size_t size_bytes) noexcept;

 private:
  nghttp2_mem callbacks_;
  std::array<std::vector<void*>, kHttp2BlockSizesBytes.size()> kept_;
};

}  // namespace gateway::net
