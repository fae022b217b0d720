// The same bodies walked by protozero's reader, as its users write such a walk: each field of each
// message, text held against UTF-8, ids against their length. It has no limits, no rules for points
// and no verdict for single items, so it does less than Check does.
#include <stdexcept>

#include <benchmark/benchmark.h>
#include <protozero/pbf_reader.hpp>

#include "ascii.h"
#include "bodies.h"

namespace otlpview::bench {
namespace {

using protozero::data_view;
using protozero::pbf_reader;

void expect(bool holds) {
  if (!holds) throw std::invalid_argument("a rule is broken");
}
void expect_text(data_view text) {
  expect(internal::is_utf8(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void walk_value(pbf_reader value) {
  while (value.next()) {
    if (value.tag() == 1) {
      expect_text(value.get_view());
    } else {
      value.skip();
    }
  }
}

void walk_attribute(pbf_reader attribute) {
  while (attribute.next()) {
    switch (attribute.tag()) {
      case 1:
        expect_text(attribute.get_view());
        break;
      case 2:
        walk_value(attribute.get_message());
        break;
      default:
        attribute.skip();
    }
  }
}

void walk_span(pbf_reader span) {
  while (span.next()) {
    switch (span.tag()) {
      case 1:
        expect(span.get_view().size() == 16);
        break;
      case 2:
      case 4:
        expect(span.get_view().size() == 8);
        break;
      case 3:
      case 5:
        expect_text(span.get_view());
        break;
      case 9:
        walk_attribute(span.get_message());
        break;
      default:
        span.skip();
    }
  }
}

// Calls `walk` for each message in field `number`.
template <typename F>
void each(pbf_reader message, std::uint32_t number, F&& walk) {
  while (message.next()) {
    if (message.tag() == number) {
      walk(message.get_message());
    } else {
      message.skip();
    }
  }
}

void WalkByProtozero(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const std::vector<std::byte> body = traces(count);
  for (auto _ : state) {
    std::uint64_t spans = 0;
    const pbf_reader request(reinterpret_cast<const char*>(body.data()), body.size());
    each(request, 1, [&](pbf_reader resource_spans) {
      each(resource_spans, 2, [&](pbf_reader scope_spans) {
        each(scope_spans, 2, [&](pbf_reader span) {
          walk_span(span);
          ++spans;
        });
      });
    });
    if (spans != count) state.SkipWithError("spans are missing");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}
BENCHMARK(WalkByProtozero)->Arg(10)->Arg(100)->Arg(1000);

}  // namespace
}  // namespace otlpview::bench
