// The innermost loops of the check: varints by length, text by what it is made of.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "ascii.h"
#include "otlpview/wire.h"

namespace otlpview::bench {
namespace {

// range(0) bytes each.
void ReadVarint(benchmark::State& state) {
  constexpr std::size_t kCount = 1024;
  const auto size = static_cast<std::size_t>(state.range(0));
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < kCount; ++i) {
    bytes.insert(bytes.end(), size - 1, std::byte{0x81});
    bytes.push_back(std::byte{0x01});
  }
  const std::byte* const end = bytes.data() + bytes.size();
  for (auto _ : state) {
    std::uint64_t sum = 0;
    std::uint64_t value = 0;
    for (const std::byte* at = bytes.data(); at != end; sum += value) {
      at = read_varint(at, end, value);
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kCount));
}
BENCHMARK(ReadVarint)->ArgName("bytes")->Arg(1)->Arg(2)->Arg(5)->Arg(10);

void validate(benchmark::State& state, const std::string& unit) {
  std::string text;
  while (text.size() < static_cast<std::size_t>(state.range(0))) text += unit;
  const auto* const at = reinterpret_cast<const std::uint8_t*>(text.data());
  for (auto _ : state) benchmark::DoNotOptimize(internal::is_utf8(at, text.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  state.SetItemsProcessed(state.iterations());
}
void Utf8Ascii(benchmark::State& state) { validate(state, "/api/v1/"); }
void Utf8Latin(benchmark::State& state) { validate(state, "stra\u00dfe "); }
void Utf8Chinese(benchmark::State& state) { validate(state, "\u8ba2\u5355\u670d\u52a1"); }
BENCHMARK(Utf8Ascii)->ArgName("bytes")->Arg(8)->Arg(24)->Arg(96)->Arg(4096);
BENCHMARK(Utf8Latin)->ArgName("bytes")->Arg(24)->Arg(96)->Arg(4096);
BENCHMARK(Utf8Chinese)->ArgName("bytes")->Arg(24)->Arg(96)->Arg(4096);

}  // namespace
}  // namespace otlpview::bench
