// For tests: a processor as a file of the Collector names it, run on a request.
//
//   EXPECT_EQ(processed(Signal::traces, "filter", "traces: {span: ['name == \"a\"']}", body), ...)
//
// Errors:  a configuration that does not load fails the test.
// Threads: the test's.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "config/load.h"
#include "message_builder.h"
#include "otlpview/check.h"
#include "otlpview/count.h"
#include "processor/make_chain.h"

namespace gateway::processor::testing {

using otlpview::testing::envelope;
using otlpview::testing::gauge;
using otlpview::testing::int_value;
using otlpview::testing::key_value;
using otlpview::testing::Message;
using otlpview::testing::number_point;
using otlpview::testing::span;
using otlpview::testing::string_value;

using Body = std::vector<std::byte>;

// A whole file around the settings of processors, used in that order.
inline std::string file_of(std::string_view signal, std::string_view processors,
                           std::string_view used) {
  return "receivers: {otlp: {protocols: {grpc: {}}}}\n"
         "exporters: {debug: {}}\n"
         "processors:\n" +
         std::string(processors) + "\nservice:\n  pipelines:\n    " + std::string(signal) +
         ": {receivers: [otlp], processors: [" + std::string(used) + "], exporters: [debug]}\n";
}

// The diagnostics of such a file; empty when there are none.
inline std::string told(std::string_view signal, std::string_view processors,
                        std::string_view used) {
  const auto loaded = config::load_text(file_of(signal, processors, used), "gateway.yaml", {});
  if (!loaded) return loaded.error().text();
  std::string text;
  for (const auto& remark : loaded->remarks) text += config::text_of(remark) + "\n";
  return text;
}

struct Outcome {
  Body body;
  std::uint64_t item_count = 0;
  bool is_same_memory = false;  // handed on without a copy
};

// `yaml` is what stands below the processor's name, indented by four.
inline Outcome outcome(Signal signal, std::string_view id, std::string_view yaml, const Body& body,
                       std::string_view context = {}) {
  const std::string text =
      file_of(name_of(signal), "  " + std::string(id) + ":\n" + std::string(yaml), std::string(id));
  const auto loaded = config::load_text(text, "gateway.yaml", {});
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().text());
  if (!loaded) return {};
  const auto chain = make_chain(loaded->settings.exporters[0].processors[index_of(signal)], signal);
  const auto wire = static_cast<otlpview::Signal>(index_of(signal));
  Buffer buffer = Buffer::allocate(body.size());
  buffer.append(body);
  const auto bytes = std::as_const(buffer).payload();
  Slice payload{.owner = std::move(buffer), .bytes = bytes};
  Outcome result;
  result.item_count = otlpview::count_items(wire, body);
  if (chain != nullptr) result.item_count = chain->apply(payload, result.item_count, context);
  result.is_same_memory = payload.bytes.data() == bytes.data();
  result.body.assign(payload.bytes.begin(), payload.bytes.end());
  EXPECT_TRUE(otlpview::check(wire, result.body).has_value());
  if (result.item_count != 0) {
    EXPECT_EQ(otlpview::count_items(wire, result.body), result.item_count);
  }
  return result;
}

inline Body processed(Signal signal, std::string_view id, std::string_view yaml, const Body& body) {
  return outcome(signal, id, yaml, body).body;
}

// A span with attributes behind its fields.
inline Message span_with(std::initializer_list<std::pair<std::string_view, Message>> attributes,
                         std::string_view name = "GET /") {
  Message made = span(name);
  for (const auto& [key, value] : attributes) made.len(9, key_value(key, value));
  return made;
}
inline Message log_with(std::initializer_list<std::pair<std::string_view, Message>> attributes,
                        std::string_view body = "hello", std::uint64_t severity = 9) {
  Message made = Message().fixed64(1, 5).varint(2, severity).len(5, string_value(body));
  for (const auto& [key, value] : attributes) made.len(6, key_value(key, value));
  return made;
}
inline Message real_value(double value) { return Message().real(4, value); }
inline Message bool_value(bool value) { return Message().varint(2, value ? 1 : 0); }

}  // namespace gateway::processor::testing
