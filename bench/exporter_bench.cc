// What compressing a batch costs, by level: 8,192 spans as one request.
#include <cstdint>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "bodies.h"
#include "exporter/encoded_body.h"

namespace gateway::exporter {
namespace {

constexpr std::uint64_t kSpans = 8192;

[[nodiscard]] Request batch_of_spans() {
  otlpview::bench::Message scope_spans;
  for (std::uint64_t i = 0; i < kSpans; ++i) scope_spans.len(2, otlpview::bench::span(i));
  const auto message =
      otlpview::bench::Message().len(1, otlpview::bench::Message().len(2, scope_spans));
  const std::vector<std::byte> bytes = message.bytes();
  Piece piece;
  piece.payload.owner = Buffer::allocate(bytes.size());
  piece.payload.owner.append(bytes);
  piece.payload.bytes = std::as_const(piece.payload.owner).payload();
  piece.item_count = kSpans;
  Request request;
  request.size_bytes = bytes.size();
  request.item_count = kSpans;
  request.pieces.push_back(std::move(piece));
  return request;
}

void compress(benchmark::State& state, ContentCoding compression) {
  const Request request = batch_of_spans();
  BodyEncoder encoder(compression, static_cast<int>(state.range(0)), false);
  std::size_t size = 0;
  for (auto _ : state) {
    const auto body = encoder.encode(request);
    if (!body) state.SkipWithError(body.error().c_str());
    size = body->size_bytes;
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(request.size_bytes));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kSpans));
  state.counters["compressed_bytes"] = static_cast<double>(size);
}
void gzip(benchmark::State& state) { compress(state, ContentCoding::gzip); }
void zstd(benchmark::State& state) { compress(state, ContentCoding::zstd); }
BENCHMARK(gzip)->ArgName("level")->DenseRange(1, 7)->Arg(-1);
BENCHMARK(zstd)->ArgName("level")->Arg(1)->Arg(3)->Arg(-1);

}  // namespace
}  // namespace gateway::exporter

BENCHMARK_MAIN();
