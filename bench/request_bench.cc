// What single steps of a request cost, beside its check (otlpview_bench) and the log
// (storage_bench): its memory, its share of the budget, its decompression.
//
//   request_bench --benchmark_filter=gather
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/buffer.h"
#include "base/byte_budget.h"
#include "bodies.h"
#include "net/body.h"
#include "net/coding_for_tests.h"
#include "net/decompress.h"

namespace gateway {
namespace {

constexpr std::size_t kFrameSizeBytes = 16'384;  // an HTTP/2 DATA frame, as nearly all senders cut
constexpr std::uint64_t kSpans = 100;
constexpr std::size_t kRoomSizeBytes = 64U << 20;

std::vector<std::byte> body() { return otlpview::bench::traces(kSpans); }

// The Buffer of one request: its memory, and the copy out of its frames.
void gather(benchmark::State& state) {
  const std::vector<std::byte> bytes = body();
  for (auto _ : state) {
    Buffer buffer = Buffer::allocate(bytes.size());
    for (std::span<const std::byte> left = bytes; !left.empty();) {
      const auto frame = left.first(std::min(left.size(), kFrameSizeBytes));
      buffer.append(frame);
      left = left.subspan(frame.size());
    }
    benchmark::DoNotOptimize(buffer.payload().data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(gather);

void allocate_and_free(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Buffer::allocate(static_cast<std::size_t>(state.range(0))));
  }
}
BENCHMARK(allocate_and_free)->ArgName("bytes")->Arg(3'400)->Arg(34'000)->Arg(340'000);

// Taken by every I/O thread, for every request.
void lease(benchmark::State& state) {
  static ByteBudget budget(kRoomSizeBytes);
  for (auto _ : state) {
    ByteLease lease;
    benchmark::DoNotOptimize(lease.try_grow(budget, kFrameSizeBytes));
  }
}
BENCHMARK(lease)->ThreadRange(1, 2);

void decompress(benchmark::State& state, ContentCoding coding, const std::string& compressed) {
  std::size_t size = 0;
  for (auto _ : state) {
    Buffer out;
    ByteLease lease;
    const net::BodyPlan plan{.size_bytes_max = kRoomSizeBytes};
    if (!net::decompress(coding, std::as_bytes(std::span(compressed)), plan, out, lease))
      state.SkipWithError("corrupt");
    size = out.size();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kSpans));
}
std::string text() {
  const std::vector<std::byte> bytes = body();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
void gunzip(benchmark::State& state) { decompress(state, ContentCoding::gzip, net::gzip(text())); }
void unzstd(benchmark::State& state) { decompress(state, ContentCoding::zstd, net::zstd(text())); }
BENCHMARK(gunzip);
BENCHMARK(unzstd);

}  // namespace
}  // namespace gateway

BENCHMARK_MAIN();
