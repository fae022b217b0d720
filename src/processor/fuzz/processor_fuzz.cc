// Any body that is accepted, through each chain of processors: what is left is accepted too, and
// its items are those that were counted. The first byte chooses the signal (2 bits) and the chain.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"
#include "otlpview/check.h"
#include "otlpview/count.h"
#include "processor/make_chain.h"

namespace {

using gateway::Signal;

void require(bool condition) {
  if (!condition) std::abort();
}

// What stands below `processors`; every action and editor is among them.
constexpr std::array<std::string_view, 6> kProcessors = {
    R"yaml(attributes: {actions: [
        {key: a, action: insert, value: 1}, {key: k, action: update, value: text},
        {key: b, action: upsert, from_attribute: k, default_value: true},
        {key: c, action: delete}, {key: x, action: hash},
        {key: k, action: extract, pattern: "(?P<first>[a-z]+)"},
        {key: secret, action: convert, converted_type: int}, {pattern: "^d", action: delete}]})yaml",
    R"yaml(resource: {attributes: [
        {key: new, action: insert, from_attribute: service.name},
        {key: service.name, action: upsert, value: other}, {key: new, action: hash}]})yaml",
    R"yaml(filter: {
        traces: {resource: ['attributes["k"] == 1'], span: ['IsMatch(name, "^a")'],
          spanevent: ['name != "b"']},
        metrics: {metric: ['IsMatch(name, "^a")'], datapoint: ['attributes["missing"] != nil']},
        logs: {log_record: ['severity_number < 9', 'IsMatch(body, "^b")']}})yaml",
    R"yaml(redaction: {allowed_keys: [k, service.name], blocked_values: ["[0-9]+"],
        blocked_key_patterns: ["^s"], redact_all_types: true, summary: debug})yaml",
    R"yaml(probabilistic_sampler: {sampling_percentage: 50, mode: proportional})yaml",
    R"yaml(transform: {
        trace_statements: [{context: span, statements: ['set(attributes["n"], name)',
            'set(name, "x") where kind == 2', 'delete_key(attributes, "k")',
            'keep_keys(attributes, ["n", "a"])', 'truncate_all(attributes, 2)',
            'limit(attributes, 2, ["n"])', 'replace_pattern(name, "[a-z]", "-")']},
          {context: resource, statements: ['set(attributes["seen"], true)']}],
        metric_statements: [{context: datapoint, statements: [
            'set(attributes["n"], metric.name)', 'delete_matching_keys(attributes, "^k")']}],
        log_statements: [{context: log, statements: [
            'set(body, "x") where severity_number > 9', 'set(severity_text, "S")',
            'replace_all_patterns(attributes, "value", "a", "b")']}]})yaml"};

using Chains = std::array<std::unique_ptr<gateway::pipeline::ProcessorChain>, 3>;

// Those of one of the texts above, for each signal that it has something to do for.
[[nodiscard]] Chains chains_of(std::string_view processor) {
  constexpr std::array<std::string_view, 3> kSignals = {"traces", "metrics", "logs"};
  const std::string id(processor.substr(0, processor.find(':')));
  Chains chains;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (id == "probabilistic_sampler" && kSignals[i] == "metrics") continue;
    const auto loaded = gateway::config::load_text(
        "receivers: {otlp: {protocols: {grpc: {}}}}\nexporters: {debug: {}}\nprocessors:\n  " +
            std::string(processor) + "\nservice: {pipelines: {" + std::string(kSignals[i]) +
            ": {receivers: [otlp], processors: [" + id + "], exporters: [debug]}}}\n",
        "fuzz.yaml");
    if (!loaded) std::fputs(loaded.error().text().c_str(), stderr);
    require(loaded.has_value());
    const auto signal = static_cast<Signal>(i);
    chains[i] = gateway::processor::make_chain(loaded->settings.exporters[0].processors[i], signal);
  }
  return chains;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Chains>* const kChains = [] {
    auto* const all = new std::vector<Chains>();
    for (const std::string_view processor : kProcessors) all->push_back(chains_of(processor));
    return all;
  }();
  if (size == 0) return 0;
  const std::size_t signal = data[0] & 3;
  if (signal == 3) return 0;
  const auto wire = static_cast<otlpview::Signal>(signal);
  const auto body = std::as_bytes(std::span(data + 1, size - 1));
  const auto before = otlpview::check(wire, body);
  // A processor is given what the receiver has stored: with nothing to reject or rewrite.
  if (!before || before->needs_rewrite || before->rejected_count > 0) return 0;
  const auto& chain = (*kChains)[(data[0] >> 2) % kChains->size()][signal];
  if (chain == nullptr) return 0;
  gateway::Buffer buffer = gateway::Buffer::allocate(body.size());
  buffer.append(body);
  const auto bytes = std::as_const(buffer).payload();
  gateway::Slice payload{.owner = std::move(buffer), .bytes = bytes};
  const std::uint64_t count = chain->apply(payload, before->item_count);
  require(count <= before->item_count);
  if (count == 0) return 0;
  const auto after = otlpview::check(wire, payload.bytes);
  require(after.has_value());
  require(after->rejected_count == 0);
  require(otlpview::count_items(wire, payload.bytes) == count);
  return 0;
}
