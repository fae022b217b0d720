#include "net/http2_memory.h"

#include <cstring>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace gateway::net {
namespace {

// Goal: a request's blocks are those of the one before. Method: the sizes nghttp2 asks for, twice.
TEST(Http2Memory, WhatIsFreedIsGivenOutAgain) {
  Http2Memory memory;
  const auto take_all = [&memory] {
    std::vector<void*> blocks;
    for (const std::size_t size : {40U, 87U, 152U, 152U, 224U}) {
      blocks.push_back(memory.allocate(size));
      std::memset(blocks.back(), 0xab, size);
    }
    return blocks;
  };
  const std::vector<void*> first = take_all();
  for (void* block : first) memory.free(block);
  const std::vector<void*> second = take_all();
  EXPECT_EQ(std::set(first.begin(), first.end()), std::set(second.begin(), second.end()));
  for (void* block : second) memory.free(block);
}

// Goal: what is kept is bounded. Method: more blocks than may be kept; a sanitizer or the limit of
// the vector would tell.
TEST(Http2Memory, KeepsNoMoreThanItMay) {
  Http2Memory memory;
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 2 * kHttp2BlocksKeptMax; ++i) blocks.push_back(memory.allocate(100));
  EXPECT_EQ(std::set(blocks.begin(), blocks.end()).size(), blocks.size());
  for (void* block : blocks) memory.free(block);
  const std::set<void*> freed(blocks.begin(), blocks.end());
  std::vector<void*> again;
  for (std::size_t i = 0; i < kHttp2BlocksKeptMax; ++i) {
    again.push_back(memory.allocate(100));
    EXPECT_TRUE(freed.contains(again.back()));
  }
  for (void* block : again) memory.free(block);
}

// Goal: nghttp2's four calls keep their promises. Method: through its table: zeroes, growth that
// keeps what was there, a null pointer, sizes that cannot be had.
TEST(Http2Memory, SpeaksNghttp2sInterface) {
  Http2Memory memory;
  const nghttp2_mem& calls = *memory.callbacks();
  auto* dirty = static_cast<unsigned char*>(calls.malloc(64, calls.mem_user_data));
  std::memset(dirty, 0xff, 64);
  calls.free(dirty, calls.mem_user_data);
  auto* zeroes = static_cast<unsigned char*>(calls.calloc(8, 8, calls.mem_user_data));
  for (int i = 0; i < 64; ++i) EXPECT_EQ(zeroes[i], 0);
  std::memcpy(zeroes, "kept", 4);
  auto* larger = static_cast<unsigned char*>(calls.realloc(zeroes, 4096, calls.mem_user_data));
  EXPECT_EQ(std::memcmp(larger, "kept", 4), 0);
  EXPECT_EQ(calls.realloc(larger, 10, calls.mem_user_data), larger);
  calls.free(larger, calls.mem_user_data);
  calls.free(nullptr, calls.mem_user_data);
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(calls.malloc(kMost, calls.mem_user_data), nullptr);
  EXPECT_EQ(calls.calloc(kMost / 2, 3, calls.mem_user_data), nullptr);
  void* fresh = calls.realloc(nullptr, 10, calls.mem_user_data);
  EXPECT_EQ(calls.realloc(fresh, kMost, calls.mem_user_data), nullptr);
  calls.free(fresh, calls.mem_user_data);
}

}  // namespace
}  // namespace gateway::net
