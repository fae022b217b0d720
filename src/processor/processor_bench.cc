// What a processor costs on the wire bytes of a request, beside protobuf's decode, edit and encode
// of the same requests with the same regular expressions and digests, and nothing remembered.
//
//   processor_bench --benchmark_filter=Attributes
//
// Bodies: kBodies requests of kItems spans with 8 attributes, one after the other, in the form of
// otlpview's bench/bodies.h. Values are those of many services behind one gateway:
//
//   kept     : 200 routes, the k-th as frequent as 1/k; names are method and route, 4 methods;
//              60 hosts alike; 40 clients, as 1/k; 1 scheme; status codes and a double
//   url.path : the route with an id of its own: 99 % never come again, within 32,000 spans
//   unique   : rows with this name have a route, host, client, path and name of their own in every
//              span: no text comes again before 32,000 spans have passed
//   without memo : the processor remembers nothing, everything is worked out for each span
//
// Some spans' paths hold what the redaction masks (a four and twelve digits): one in 16.
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <google/protobuf/arena.h>
#include <re2/re2.h>

#include "base/assert.h"
#include "bodies.h"
#include "config/load.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "ottl/digest.h"
#include "processor/make_chain.h"

namespace gateway::processor {
namespace {

using Traces = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
using Span = opentelemetry::proto::trace::v1::Span;
using Attributes = google::protobuf::RepeatedPtrField<opentelemetry::proto::common::v1::KeyValue>;
using otlpview::testing::int_value;
using otlpview::testing::key_value;
using otlpview::testing::Message;
using otlpview::testing::string_value;

constexpr std::uint32_t kItems = 1000;
constexpr std::uint32_t kBodies = 32;

enum class Values : std::uint8_t { kept, unique };

// A number that says little about `i`: SplitMix64.
std::uint64_t shuffled(std::uint64_t i) {
  i = (i + 1) * 0x9e3779b97f4a7c15U;
  i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9U;
  i = (i ^ i >> 27) * 0x94d049bb133111ebU;
  return i ^ i >> 31;
}

// One of `count`, the k-th as frequent as 1/k.
std::uint64_t often_first(std::uint64_t random, std::uint64_t count) {
  const double share = static_cast<double>(random >> 11) * 0x1p-53;
  return static_cast<std::uint64_t>(std::pow(static_cast<double>(count), share)) - 1;
}

Message span(std::uint64_t i, Values values) {
  const auto random = [i](std::uint64_t salt) { return shuffled(i * 16 + salt); };
  const bool is_unique = values == Values::unique;
  const std::string own = is_unique ? std::to_string(100'000 + i) : "";
  static constexpr std::string_view kNouns[] = {"orders", "carts", "users",  "items",  "prices",
                                                "stocks", "mails", "photos", "labels", "labour"};
  static constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "DELETE"};
  const std::uint64_t route_index = often_first(random(1), 200);
  const std::string stem = "/api/v" + std::to_string(1 + route_index / 100) + "/" +
                           std::string(kNouns[route_index % 10]) + own +
                           std::to_string(route_index / 10 % 10);
  const std::string method(kMethods[random(2) % 10 < 7 ? 0 : random(2) % 4]);
  const std::uint64_t id = random(3) % 16 == 0 ? 4'000'000'000'000 + random(4) % 1'000'000'000'000
                                               : random(4) % 1'000'000;
  Message span;
  span.text(1, otlpview::bench::noise(16, i / 10))
      .text(2, otlpview::bench::noise(8, i + 1000))
      .text(4, otlpview::bench::noise(8, i + 2000))
      .text(5, method + " " + stem + "/{id}")
      .varint(6, 2)
      .fixed64(7, otlpview::bench::kNow + i)
      .fixed64(8, otlpview::bench::kNow + i + random(5) % 9);
  span.len(9, key_value("http.request.method", string_value(method)))
      .len(9, key_value("http.route", string_value(stem + "/{id}")))
      .len(9, key_value("http.response.status_code", int_value(random(6) % 9 == 0 ? 404 : 200)))
      .len(9, key_value("server.address",
                        string_value("shop-" + std::to_string(random(7) % 60) + own + ".svc")))
      .len(9, key_value("url.scheme", string_value("https")))
      .len(9, key_value("url.path", string_value(stem + "/" + std::to_string(id))))
      .len(9, key_value("user_agent.original",
                        string_value("okhttp/4." + std::to_string(often_first(random(8), 40)) +
                                     ".0" + own)))
      .len(9, key_value("app.cart.value", Message().real(4, 99.5 + static_cast<double>(i))));
  return span.len(15, Message()).fixed32(16, 0x101);
}

// Made once: both sides of a row read the same memory.
const std::vector<std::vector<std::byte>>& bodies(Values values) {
  const auto made = [](Values of) {
    std::vector<std::vector<std::byte>> all;
    for (std::uint64_t body = 0; body < kBodies; ++body) {
      Message items;
      for (std::uint64_t i = 0; i < kItems; ++i) items.len(2, span(body * kItems + i, of));
      all.push_back(otlpview::bench::request(items));
    }
    return all;
  };
  static const auto kKept = made(Values::kept);
  static const auto kUnique = made(Values::unique);
  return values == Values::kept ? kKept : kUnique;
}

void report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kItems));
}

// `yaml` is the processor's settings in one line.
void wire(benchmark::State& state, const std::string& id, const std::string& yaml,
          Values values = Values::kept, std::size_t memo_set_count = kMemoSetCount) {
  const std::string file =
      "receivers: {otlp: {protocols: {grpc: {}}}}\nexporters: {debug: {}}\n"
      "processors:\n  " +
      id + ": " + yaml + "\nservice: {pipelines: {traces: {receivers: [otlp], processors: [" + id +
      "], exporters: [debug]}}}\n";
  const auto loaded = config::load_text(file, "bench.yaml", {});
  GATEWAY_ASSERT(loaded.has_value());
  const auto chain =
      make_chain(loaded->settings.exporters[0].processors[0], Signal::traces, memo_set_count);
  std::vector<Slice> stored;
  for (const auto& body : bodies(values)) {
    Buffer buffer = Buffer::allocate(body.size());
    buffer.append(body);
    stored.push_back({.owner = buffer, .bytes = std::as_const(buffer).payload()});
  }
  std::size_t next = 0;
  for (auto _ : state) {
    Slice payload = stored[next++ % kBodies];
    benchmark::DoNotOptimize(chain->apply(payload, kItems));
    benchmark::DoNotOptimize(payload.bytes.data());
  }
  report(state);
}

// `edit` gives whether the span stays.
void objects(benchmark::State& state, const std::function<bool(Span&)>& edit,
             Values values = Values::kept) {
  const auto& all = bodies(values);
  std::string out;
  std::size_t next = 0;
  for (auto _ : state) {
    const auto& body = all[next++ % kBodies];
    // On an arena, as a service that decodes would.
    google::protobuf::Arena arena;
    auto* const request = google::protobuf::Arena::CreateMessage<Traces>(&arena);
    GATEWAY_ASSERT(request->ParseFromArray(body.data(), static_cast<int>(body.size())));
    for (auto& resource : *request->mutable_resource_spans()) {
      for (auto& scope : *resource.mutable_scope_spans()) {
        auto& spans = *scope.mutable_spans();
        int kept = 0;
        for (int i = 0; i < spans.size(); ++i) {
          if (!edit(spans[i])) continue;
          if (kept != i) spans.SwapElements(kept, i);
          ++kept;
        }
        spans.DeleteSubrange(kept, spans.size() - kept);
      }
    }
    out.clear();
    GATEWAY_ASSERT(request->AppendToString(&out));
    benchmark::DoNotOptimize(out.data());
  }
  report(state);
}

opentelemetry::proto::common::v1::KeyValue* find(Attributes& attributes, std::string_view key) {
  for (auto& attribute : attributes) {
    if (attribute.key() == key) return &attribute;
  }
  return nullptr;
}

void remove(Attributes& attributes, std::string_view key) {
  for (int i = 0; i < attributes.size(); ++i) {
    if (attributes[i].key() == key) {
      attributes.DeleteSubrange(i, 1);
      return;
    }
  }
}

void FilterNothing(benchmark::State& state) {
  wire(state, "filter", "{traces: {span: ['attributes[\"url.scheme\"] == \"ftp\"']}}");
}
void FilterNothingObjects(benchmark::State& state) {
  objects(state, [](Span& span) {
    const auto* const it = find(*span.mutable_attributes(), "url.scheme");
    return it == nullptr || it->value().string_value() != "ftp";
  });
}
template <Values kValues = Values::kept, std::size_t kSets = kMemoSetCount>
void FilterByPattern(benchmark::State& state) {
  wire(state, "filter",
       "{traces: {span: ['IsMatch(attributes[\"server.address\"], \"^shop-[0-3]\")']}}", kValues,
       kSets);
}
template <Values kValues = Values::kept>
void FilterByPatternObjects(benchmark::State& state) {
  const re2::RE2 pattern("^shop-[0-3]");
  const auto edit = [&](Span& span) {
    const auto* const it = find(*span.mutable_attributes(), "server.address");
    return it == nullptr || !re2::RE2::PartialMatch(it->value().string_value(), pattern);
  };
  objects(state, edit, kValues);
}
void AttributesActions(benchmark::State& state) {
  wire(state, "attributes",
       "{actions: [{key: user_agent.original, action: delete}, {key: url.scheme, value: http, "
       "action: "
       "update}, {key: gateway, value: edge-1, action: insert}]}");
}
void AttributesActionsObjects(benchmark::State& state) {
  objects(state, [](Span& span) {
    auto& attributes = *span.mutable_attributes();
    remove(attributes, "user_agent.original");
    if (auto* const it = find(attributes, "url.scheme")) {
      it->mutable_value()->set_string_value("http");
    }
    if (find(attributes, "gateway") == nullptr) {
      auto* const added = attributes.Add();
      added->set_key("gateway");
      added->mutable_value()->set_string_value("edge-1");
    }
    return true;
  });
}
// Of what hardly ever comes again: nothing is gained by remembering.
template <Values kValues = Values::kept, std::size_t kSets = kMemoSetCount>
void AttributesHash(benchmark::State& state) {
  wire(state, "attributes", "{actions: [{key: url.path, action: hash}]}", kValues, kSets);
}
template <Values kValues = Values::kept>
void AttributesHashObjects(benchmark::State& state) {
  const auto edit = [](Span& span) {
    if (auto* const it = find(*span.mutable_attributes(), "url.path")) {
      it->mutable_value()->set_string_value(
          std::string(ottl::sha256_hex(it->value().string_value()).text()));
    }
    return true;
  };
  objects(state, edit, kValues);
}
void Resource(benchmark::State& state) {
  wire(state, "resource", "{attributes: [{key: service.version, value: hidden, action: update}]}");
}
void ResourceObjects(benchmark::State& state) {
  objects(state, [](Span&) { return true; });
}
void Sampler(benchmark::State& state) {
  wire(state, "probabilistic_sampler", "{sampling_percentage: 50, mode: trace_id_ratio}");
}
void SamplerObjects(benchmark::State& state) {
  objects(state,
          [](Span& span) { return (static_cast<unsigned char>(span.trace_id()[8]) & 0x80U) == 0; });
}
void SamplerProportional(benchmark::State& state) {
  wire(state, "probabilistic_sampler", "{sampling_percentage: 50, mode: proportional}");
}
void SamplerProportionalObjects(benchmark::State& state) {
  objects(state, [](Span& span) {
    if ((static_cast<unsigned char>(span.trace_id()[9]) & 0x80U) == 0) return false;
    span.set_trace_state("ot=th:8");
    return true;
  });
}
template <Values kValues = Values::kept, std::size_t kSets = kMemoSetCount>
void Transform(benchmark::State& state) {
  wire(state, "transform",
       "{trace_statements: [{context: span, statements: ['set(attributes[\"slow\"], true) where "
       "end_time_unix_nano - start_time_unix_nano > 5', 'replace_pattern(name, \"/v[0-9]+/\", "
       "\"/\")', 'delete_key(attributes, \"user_agent.original\")']}]}",
       kValues, kSets);
}
template <Values kValues = Values::kept>
void TransformObjects(benchmark::State& state) {
  const re2::RE2 pattern("/v[0-9]+/");
  const auto edit = [&](Span& span) {
    auto& attributes = *span.mutable_attributes();
    if (span.end_time_unix_nano() - span.start_time_unix_nano() > 5) {
      auto* const added = attributes.Add();
      added->set_key("slow");
      added->mutable_value()->set_bool_value(true);
    }
    re2::RE2::GlobalReplace(span.mutable_name(), pattern, "/");
    remove(attributes, "user_agent.original");
    return true;
  };
  objects(state, edit, kValues);
}
template <Values kValues = Values::kept, std::size_t kSets = kMemoSetCount>
void Redaction(benchmark::State& state) {
  wire(state, "redaction",
       "{allow_all_keys: true, blocked_key_patterns: ['token'], blocked_values: ['4[0-9]{12}']}",
       kValues, kSets);
}
template <Values kValues = Values::kept>
void RedactionObjects(benchmark::State& state) {
  const re2::RE2 keys("token");
  const re2::RE2 values("4[0-9]{12}");
  const auto edit = [&](Span& span) {
    for (auto& it : *span.mutable_attributes()) {
      if (re2::RE2::PartialMatch(it.key(), keys)) {
        it.mutable_value()->set_string_value("****");
      } else if (it.value().has_string_value()) {
        auto* const text = it.mutable_value()->mutable_string_value();
        if (re2::RE2::PartialMatch(*text, values)) re2::RE2::GlobalReplace(text, values, "****");
      }
    }
    return true;
  };
  objects(state, edit, kValues);
}
void RedactionAllowList(benchmark::State& state) {
  wire(state, "redaction", "{allowed_keys: [http.request.method, http.route, url.path]}");
}
void RedactionAllowListObjects(benchmark::State& state) {
  objects(state, [](Span& span) {
    auto& attributes = *span.mutable_attributes();
    int kept = 0;
    for (int i = 0; i < attributes.size(); ++i) {
      const std::string& key = attributes[i].key();
      if (key != "http.request.method" && key != "http.route" && key != "url.path") continue;
      if (kept != i) attributes.SwapElements(kept, i);
      ++kept;
    }
    attributes.DeleteSubrange(kept, attributes.size() - kept);
    return true;
  });
}

// One processor: the usual values and values that never repeat, each beside objects and beside
// itself without a memo.
#define ROWS(ours, theirs)                                        \
  BENCHMARK(ours<>)->Name(#ours);                                 \
  BENCHMARK(theirs<>)->Name(#theirs);                             \
  BENCHMARK(ours<Values::kept, 0>)->Name(#ours "WithoutMemo");    \
  BENCHMARK(ours<Values::unique>)->Name(#ours "Unique");          \
  BENCHMARK(theirs<Values::unique>)->Name(#ours "UniqueObjects"); \
  BENCHMARK(ours<Values::unique, 0>)->Name(#ours "UniqueWithoutMemo")

BENCHMARK(FilterNothing);
BENCHMARK(FilterNothingObjects);
ROWS(FilterByPattern, FilterByPatternObjects);
BENCHMARK(AttributesActions);
BENCHMARK(AttributesActionsObjects);
ROWS(AttributesHash, AttributesHashObjects);
BENCHMARK(Resource);
BENCHMARK(ResourceObjects);
BENCHMARK(Sampler);
BENCHMARK(SamplerObjects);
BENCHMARK(SamplerProportional);
BENCHMARK(SamplerProportionalObjects);
ROWS(Transform, TransformObjects);
ROWS(Redaction, RedactionObjects);
BENCHMARK(RedactionAllowList);
BENCHMARK(RedactionAllowListObjects);

}  // namespace
}  // namespace gateway::processor

BENCHMARK_MAIN();
