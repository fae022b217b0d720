// What one pass over a request costs: time and bytes of one item, and gigabytes a second.
//
//   otlpview_bench --benchmark_filter=Check
#include <benchmark/benchmark.h>

#include "bodies.h"
#include "check_internal.h"
#include "otlpview/check.h"
#include "otlpview/count.h"
#include "otlpview/rewrite.h"
#include "otlpview/split.h"

namespace otlpview::bench {
namespace {

std::vector<std::byte> body_of(Signal signal, std::int64_t items) {
  const auto count = static_cast<std::uint64_t>(items);
  switch (signal) {
    case Signal::metrics:
      return metrics(count / 25 == 0 ? 1 : count / 25);
    case Signal::logs:
      return logs(count);
    default:
      return traces(count);
  }
}

void report(benchmark::State& state, std::size_t size_bytes, std::uint32_t items) {
  const auto rounds = static_cast<double>(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(size_bytes) * state.iterations());
  state.counters["ns/item"] = benchmark::Counter(
      rounds * items / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes/item"] = static_cast<double>(size_bytes) / items;
}

template <Signal kSignal>
void Check(benchmark::State& state) {
  const auto body = body_of(kSignal, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(check(kSignal, body));
  report(state, body.size(), count_items(kSignal, body));
}
template <Signal kSignal>
void CheckByGeneralWalk(benchmark::State& state) {
  const auto body = body_of(kSignal, state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(internal::check_by_general_walk(kSignal, body));
  }
  report(state, body.size(), count_items(kSignal, body));
}
template <Signal kSignal>
void Count(benchmark::State& state) {
  const auto body = body_of(kSignal, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(count_items(kSignal, body));
  report(state, body.size(), count_items(kSignal, body));
}
template <Signal kSignal>
void Rewrite(benchmark::State& state) {
  const auto body = body_of(kSignal, state.range(0));
  std::vector<std::byte> out;
  for (auto _ : state) {
    out.clear();
    rewrite(kSignal, body, {}, out);
    benchmark::DoNotOptimize(out.data());
  }
  report(state, body.size(), count_items(kSignal, body));
}

// 10 bodies with range(0) items in all, cut into pieces of range(1) items.
template <Signal kSignal>
void Split(benchmark::State& state) {
  const auto body = body_of(kSignal, state.range(0) / 10);
  const std::vector<Bytes> bodies(10, Bytes(body));
  Piece piece;
  for (auto _ : state) {
    Splitter splitter(kSignal, bodies, {static_cast<std::uint32_t>(state.range(1))});
    while (splitter.next(piece)) benchmark::DoNotOptimize(piece.slices.data());
  }
  report(state, body.size() * 10, count_items(kSignal, body) * 10);
}

BENCHMARK(Check<Signal::traces>)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK(Check<Signal::metrics>)->Arg(100)->Arg(1000);
BENCHMARK(Check<Signal::logs>)->Arg(100)->Arg(1000);
BENCHMARK(CheckByGeneralWalk<Signal::traces>)->Arg(1000);
BENCHMARK(CheckByGeneralWalk<Signal::metrics>)->Arg(1000);
BENCHMARK(CheckByGeneralWalk<Signal::logs>)->Arg(1000);
BENCHMARK(Count<Signal::traces>)->Arg(1000);
BENCHMARK(Count<Signal::metrics>)->Arg(1000);
BENCHMARK(Count<Signal::logs>)->Arg(1000);
BENCHMARK(Split<Signal::traces>)->Args({10'000, 8192})->Args({10'000, 100})->Args({10'000, 1});
BENCHMARK(Split<Signal::metrics>)->Args({10'000, 100});
BENCHMARK(Rewrite<Signal::traces>)->Arg(1000);
BENCHMARK(Rewrite<Signal::metrics>)->Arg(1000);
BENCHMARK(Rewrite<Signal::logs>)->Arg(1000);

}  // namespace
}  // namespace otlpview::bench

BENCHMARK_MAIN();
