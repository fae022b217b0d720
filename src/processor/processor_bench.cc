// What a processor costs on the wire bytes of a request, beside protobuf's decode, edit and encode
// of the same request. A thousand spans of 354 bytes with 8 attributes, or a thousand log records.
//
//   processor_bench --benchmark_filter=Attributes
#include <functional>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>
#include <google/protobuf/arena.h>
#include <re2/re2.h>

#include "base/assert.h"
#include "bodies.h"
#include "config/load.h"
#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "otlpview/count.h"
#include "ottl/digest.h"
#include "processor/make_chain.h"

namespace gateway::processor {
namespace {

using Traces = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
using Span = opentelemetry::proto::trace::v1::Span;
using Attributes = google::protobuf::RepeatedPtrField<opentelemetry::proto::common::v1::KeyValue>;

constexpr std::uint32_t kItems = 1000;

void report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kItems));
}

// `yaml` is the processor's settings in one line.
void wire(benchmark::State& state, const std::string& id, const std::string& yaml) {
  const std::string file =
      "receivers: {otlp: {protocols: {grpc: {}}}}\nexporters: {debug: {}}\n"
      "processors:\n  " +
      id + ": " + yaml + "\nservice: {pipelines: {traces: {receivers: [otlp], processors: [" + id +
      "], exporters: [debug]}}}\n";
  const auto loaded = config::load_text(file, "bench.yaml", {});
  GATEWAY_ASSERT(loaded.has_value());
  const auto chain = make_chain(loaded->settings.exporters[0].processors[0], Signal::traces);
  const auto body = otlpview::bench::traces(kItems);
  Buffer buffer = Buffer::allocate(body.size());
  buffer.append(body);
  const Slice stored{.owner = buffer, .bytes = std::as_const(buffer).payload()};
  for (auto _ : state) {
    Slice payload = stored;
    benchmark::DoNotOptimize(chain->apply(payload, kItems));
    benchmark::DoNotOptimize(payload.bytes.data());
  }
  report(state);
}

// `edit` gives whether the span stays.
void objects(benchmark::State& state, const std::function<bool(Span&)>& edit) {
  const auto body = otlpview::bench::traces(kItems);
  std::string out;
  for (auto _ : state) {
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
void FilterByPattern(benchmark::State& state) {
  wire(state, "filter",
       "{traces: {span: ['IsMatch(attributes[\"server.address\"], \"^shop-[0-3]\")']}}");
}
void FilterByPatternObjects(benchmark::State& state) {
  const re2::RE2 pattern("^shop-[0-3]");
  objects(state, [&](Span& span) {
    const auto* const it = find(*span.mutable_attributes(), "server.address");
    return it == nullptr || !re2::RE2::PartialMatch(it->value().string_value(), pattern);
  });
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
void AttributesHash(benchmark::State& state) {
  wire(state, "attributes", "{actions: [{key: url.path, action: hash}]}");
}
void AttributesHashObjects(benchmark::State& state) {
  objects(state, [](Span& span) {
    if (auto* const it = find(*span.mutable_attributes(), "url.path")) {
      it->mutable_value()->set_string_value(ottl::sha256_hex(it->value().string_value()));
    }
    return true;
  });
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
void Transform(benchmark::State& state) {
  wire(state, "transform",
       "{trace_statements: [{context: span, statements: ['set(attributes[\"slow\"], true) where "
       "end_time_unix_nano - start_time_unix_nano > 5', 'replace_pattern(name, \"/v[0-9]+/\", "
       "\"/\")', 'delete_key(attributes, \"user_agent.original\")']}]}");
}
void TransformObjects(benchmark::State& state) {
  const re2::RE2 pattern("/v[0-9]+/");
  objects(state, [&](Span& span) {
    auto& attributes = *span.mutable_attributes();
    if (span.end_time_unix_nano() - span.start_time_unix_nano() > 5) {
      auto* const added = attributes.Add();
      added->set_key("slow");
      added->mutable_value()->set_bool_value(true);
    }
    re2::RE2::GlobalReplace(span.mutable_name(), pattern, "/");
    remove(attributes, "user_agent.original");
    return true;
  });
}
void Redaction(benchmark::State& state) {
  wire(state, "redaction",
       "{allow_all_keys: true, blocked_key_patterns: ['token'], blocked_values: ['4[0-9]{12}']}");
}
void RedactionObjects(benchmark::State& state) {
  const re2::RE2 keys("token");
  const re2::RE2 values("4[0-9]{12}");
  objects(state, [&](Span& span) {
    for (auto& it : *span.mutable_attributes()) {
      if (re2::RE2::PartialMatch(it.key(), keys)) {
        it.mutable_value()->set_string_value("****");
      } else if (it.value().has_string_value()) {
        auto* const text = it.mutable_value()->mutable_string_value();
        if (re2::RE2::PartialMatch(*text, values)) re2::RE2::GlobalReplace(text, values, "****");
      }
    }
    return true;
  });
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

BENCHMARK(FilterNothing);
BENCHMARK(FilterNothingObjects);
BENCHMARK(FilterByPattern);
BENCHMARK(FilterByPatternObjects);
BENCHMARK(AttributesActions);
BENCHMARK(AttributesActionsObjects);
BENCHMARK(AttributesHash);
BENCHMARK(AttributesHashObjects);
BENCHMARK(Resource);
BENCHMARK(ResourceObjects);
BENCHMARK(Sampler);
BENCHMARK(SamplerObjects);
BENCHMARK(SamplerProportional);
BENCHMARK(SamplerProportionalObjects);
BENCHMARK(Transform);
BENCHMARK(TransformObjects);
BENCHMARK(Redaction);
BENCHMARK(RedactionObjects);
BENCHMARK(RedactionAllowList);
BENCHMARK(RedactionAllowListObjects);

}  // namespace
}  // namespace gateway::processor

BENCHMARK_MAIN();
