// How fast JSON goes to the wire and back, in bytes of JSON a second, on bodies as SDKs write them:
// 100 spans of 8 attributes, one resource, no blanks between tokens.
//
// OnDemandWalk reads the same body with simdjson's On-Demand parser and writes nothing: what a
// transcoder on top of it could reach at best.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include "otlpview/json_to_wire.h"
#include "otlpview/wire_to_json.h"

namespace {

using otlpview::Bytes;
using otlpview::Signal;

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string attribute(const std::string& key, const std::string& value) {
  return R"({"key":")" + key + R"(","value":)" + value + "}";
}

std::string traces_body(int span_count) {
  std::string text = R"({"resourceSpans":[{"resource":{"attributes":[)" +
                     attribute("service.name", R"({"stringValue":"checkout"})") + "," +
                     attribute("telemetry.sdk.language", R"({"stringValue":"nodejs"})") +
                     R"(],"droppedAttributesCount":0},"scopeSpans":[{"scope":{"name":)"
                     R"("@opentelemetry/instrumentation-http","version":"0.57.0"},"spans":[)";
  for (int i = 0; i < span_count; ++i) {
    if (i > 0) text += ",";
    const std::string id = std::to_string(1'000'000'000'000'000 + i);
    text +=
        R"({"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":")" + id +
        R"(","parentSpanId":"b7ad6b7169203331","name":"GET /cart/items","kind":2,)"
        R"("startTimeUnixNano":"1760000000123456789","endTimeUnixNano":"1760000000987654321",)"
        R"("attributes":[)" +
        attribute("http.request.method", R"({"stringValue":"GET"})") + "," +
        attribute("url.path", R"({"stringValue":"/cart/items"})") + "," +
        attribute("url.scheme", R"({"stringValue":"http"})") + "," +
        attribute("server.address", R"({"stringValue":"cart.shop.svc.cluster.local"})") + "," +
        attribute("server.port", R"({"intValue":"8080"})") + "," +
        attribute("http.response.status_code", R"({"intValue":200})") + "," +
        attribute("network.peer.address", R"({"stringValue":"10.12.14.16"})") + "," +
        attribute("sampling.ratio", R"({"doubleValue":0.25})") +
        R"(],"droppedAttributesCount":0,"events":[],"droppedEventsCount":0,"status":{"code":0},)"
        R"("links":[],"droppedLinksCount":0,"flags":257})";
  }
  return text + "]}]}]}";
}

std::string metrics_body(int point_count) {
  std::string text =
      R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{"name":"m"},"metrics":[)"
      R"({"name":"http.server.duration","unit":"ms","histogram":{"aggregationTemporality":2,)"
      R"("dataPoints":[)";
  for (int i = 0; i < point_count; ++i) {
    if (i > 0) text += ",";
    text += R"({"attributes":[)" + attribute("http.route", R"({"stringValue":"/cart/:id"})") +
            R"(],"startTimeUnixNano":"1760000000000000000","timeUnixNano":"1760000060000000000",)"
            R"("count":"131","sum":4242.125,"bucketCounts":["0","12","40","50","20","5","3","1"],)"
            R"("explicitBounds":[5,10,25,50,75,100,250.5],"min":5.25,"max":612.75})";
  }
  return text + "]}}]}]}]}";
}

std::string body_of(Signal signal) {
  return signal == Signal::traces ? traces_body(100) : metrics_body(100);
}

void json_to_wire(benchmark::State& state, Signal signal) {
  const std::string text = body_of(signal);
  std::vector<std::byte> out;
  for (auto _ : state) {
    out.clear();
    const auto result = otlpview::json_to_wire(signal, bytes_of(text), {}, out);
    if (!result.has_value()) return state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  state.counters["wire_bytes"] = static_cast<double>(out.size());
}

void wire_to_json(benchmark::State& state, Signal signal) {
  std::vector<std::byte> wire;
  if (!otlpview::json_to_wire(signal, bytes_of(body_of(signal)), {}, wire)) {
    return state.SkipWithError("not transcoded");
  }
  std::string out;
  for (auto _ : state) {
    out.clear();
    if (!otlpview::wire_to_json(signal, wire, out)) return state.SkipWithError("not printed");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}

// Touches every name and every scalar once.
std::size_t walk(simdjson::ondemand::value value) {
  std::size_t sum = 0;
  switch (value.type()) {
    case simdjson::ondemand::json_type::object:
      for (auto field : value.get_object()) {
        sum += std::string_view(field.unescaped_key()).size() + walk(field.value());
      }
      break;
    case simdjson::ondemand::json_type::array:
      for (auto element : value.get_array()) sum += walk(element.value());
      break;
    case simdjson::ondemand::json_type::string:
      sum += std::string_view(value.get_string()).size();
      break;
    case simdjson::ondemand::json_type::number:
      sum += static_cast<std::size_t>(double(value.get_double()));
      break;
    default:
      break;
  }
  return sum;
}

void on_demand_walk(benchmark::State& state, Signal signal) {
  const std::string text = body_of(signal);
  simdjson::ondemand::parser parser;
  for (auto _ : state) {
    const simdjson::padded_string padded(text);  // a body comes without padding
    simdjson::ondemand::document document = parser.iterate(padded);
    benchmark::DoNotOptimize(walk(document.get_value()));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

BENCHMARK_CAPTURE(json_to_wire, traces, Signal::traces);
BENCHMARK_CAPTURE(json_to_wire, metrics, Signal::metrics);
BENCHMARK_CAPTURE(on_demand_walk, traces, Signal::traces);
BENCHMARK_CAPTURE(on_demand_walk, metrics, Signal::metrics);
BENCHMARK_CAPTURE(wire_to_json, traces, Signal::traces);
BENCHMARK_CAPTURE(wire_to_json, metrics, Signal::metrics);

}  // namespace

BENCHMARK_MAIN();
