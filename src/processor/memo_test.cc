// What processors remember changes how long they take, and nothing of what they do.
#include <array>
#include <cstdlib>
#include <iostream>
#include <random>

#include "processor/testing/processor_test_case.h"

namespace gateway::processor {
namespace {

using namespace testing;  // NOLINT: the test case's words
using Random = std::mt19937_64;

constexpr std::array<Signal, 3> kWireSignals = {Signal::traces, Signal::metrics, Signal::logs};

// Every pattern, digest and rule that is remembered, below `processors`.
constexpr std::array<std::string_view, 5> kProcessors = {
    R"yaml(attributes: {actions: [
        {key: k1, action: hash}, {pattern: "^h", action: hash}, {pattern: "[24]$$", action: delete},
        {key: k3, action: extract, pattern: "(?P<first>[a-z]+)"}]})yaml",
    R"yaml(filter: {
        traces: {span: ['IsMatch(name, "a{3}")', 'IsMatch(attributes["k1"], "^b+$$")'],
          spanevent: ['IsMatch(name, "c$$")']},
        metrics: {datapoint: ['IsMatch(attributes["k1"], "^b")']},
        logs: {log_record: ['IsMatch(body, "a{3}")']}})yaml",
    R"yaml(redaction: {allowed_keys: [k1, k2, k3, h1, service.name], ignored_key_patterns: ["4$$"],
        blocked_key_patterns: ["^h"], blocked_values: ["a+", "bc"], allowed_values: ["^c"],
        summary: debug, hash_function: sha1})yaml",
    R"yaml(redaction: {allow_all_keys: true, blocked_values: ["a{2}"], redact_all_types: true})yaml",
    R"yaml(transform: {
        trace_statements: [{context: span, statements: [
            'replace_pattern(name, "a+", "-")', 'replace_all_patterns(attributes, "value", "b(c*)", "<$$1>")',
            'delete_matching_keys(attributes, "4$$")', 'set(attributes["d"], SHA256(attributes["k2"]))',
            'set(attributes["e"], MD5(name)) where IsMatch(attributes["k1"], "a")']}],
        metric_statements: [{context: datapoint, statements: [
            'keep_matching_keys(attributes, "^[kd]")', 'set(attributes["d"], SHA1(attributes["k1"]))']}],
        log_statements: [{context: log, statements: [
            'replace_pattern(body, "a+", "")', 'set(attributes["d"], SHA256(body))']}]})yaml"};

std::unique_ptr<pipeline::ProcessorChain> chain_of(std::string_view processor, Signal signal,
                                                   std::size_t memo_set_count) {
  const std::string id(processor.substr(0, processor.find(':')));
  const auto loaded = config::load_text(file_of(name_of(signal), "  " + std::string(processor), id),
                                        "gateway.yaml", {});
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().text());
  if (!loaded) return nullptr;
  return make_chain(loaded->settings.exporters[0].processors[index_of(signal)], signal,
                    memo_set_count);
}

// Few letters and mostly few texts, so that patterns match and texts come again; now and then one
// that is longer than is remembered.
std::string text_of(Random& random) {
  const std::size_t size = random() % 50 == 0 ? 150 + random() % 200 : random() % 7;
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + random() % 3);
  return text;
}

Message value_of(Random& random, int depth = 0) {
  switch (random() % (depth < 2 ? 10 : 8)) {
    case 0:
      return int_value(static_cast<std::int64_t>(random() % 5));
    case 1:
      return real_value(static_cast<double>(random() % 4) / 2);
    case 2:
      return {};
    case 3:  // a value that is there twice: the last one counts
      return Message().text(1, text_of(random)).text(1, text_of(random));
    case 8:
      return Message().len(5, Message().len(1, value_of(random, depth + 1)));
    case 9:
      return Message().len(6, Message().len(1, key_value("h2", value_of(random, depth + 1))));
    default:
      return string_value(text_of(random));
  }
}

// Attributes under `number`; some in a form that no encoder writes and every reader takes.
void add_attributes(Message& to, std::uint32_t number, Random& random) {
  for (std::size_t i = random() % 6; i-- > 0;) {
    const std::string key = (random() % 3 == 0 ? "h" : "k") + std::to_string(random() % 5);
    if (random() % 10 == 0) {
      to.len(number, Message().len(2, value_of(random)).text(1, key));
    } else {
      to.len(number, key_value(key, value_of(random)));
    }
  }
}

Message item_of(Signal signal, Random& random) {
  if (signal == Signal::metrics) {
    Message point = number_point(1);
    add_attributes(point, 7, random);
    return gauge({point}, text_of(random));
  }
  if (signal == Signal::logs) {
    Message record = Message().fixed64(1, 5).len(5, value_of(random));
    add_attributes(record, 6, random);
    return record;
  }
  Message made = span(text_of(random));
  add_attributes(made, 9, random);
  for (std::size_t i = random() % 3; i-- > 0;) {
    Message event = Message().fixed64(1, 5).text(2, text_of(random));
    add_attributes(event, 3, random);
    made.len(11, event);
  }
  return made;
}

Body body_of(Signal signal, Random& random) {
  std::vector<Message> items;
  for (std::size_t i = 1 + random() % 20; i-- > 0;) items.push_back(item_of(signal, random));
  return envelope(items, text_of(random)).bytes();
}

Body applied(pipeline::ProcessorChain& chain, const Body& body, std::uint64_t& item_count) {
  Buffer buffer = Buffer::allocate(body.size());
  buffer.append(body);
  const auto bytes = std::as_const(buffer).payload();
  Slice payload{.owner = std::move(buffer), .bytes = bytes};
  item_count = chain.apply(payload, item_count);
  if (item_count == 0) return {};
  return {payload.bytes.begin(), payload.bytes.end()};
}

// Goal: the same bytes come out, whatever is remembered. Method: random bodies, one after the
// other, through processors that remember nothing, next to nothing, little, and all they may.
TEST(ProcessorMemo, WhatComesOutDoesNotDependOnIt) {
  const char* const given = std::getenv("PROCESSOR_SEED");
  const std::uint64_t seed = given == nullptr ? 20261121 : std::strtoull(given, nullptr, 10);
  std::cout << "PROCESSOR_SEED=" << seed << '\n';
  for (std::size_t i = 0; i < kProcessors.size(); ++i) {
    for (const Signal signal : kWireSignals) {
      SCOPED_TRACE(std::string(kProcessors[i]) + " " + std::string(name_of(signal)));
      const auto without = chain_of(kProcessors[i], signal, 0);
      ASSERT_NE(without, nullptr);
      std::array<std::unique_ptr<pipeline::ProcessorChain>, 3> with;
      const std::array<std::size_t, 3> set_counts = {1, 8, kMemoSetCount};
      for (std::size_t k = 0; k < with.size(); ++k) {
        with[k] = chain_of(kProcessors[i], signal, set_counts[k]);
      }
      Random random(seed + i * 3 + index_of(signal));
      std::size_t changed_count = 0;
      for (int round = 0; round < 200; ++round) {
        const Body body = body_of(signal, random);
        const auto wire = static_cast<otlpview::Signal>(index_of(signal));
        const std::uint64_t before = otlpview::count_items(wire, body);
        std::uint64_t left = before;
        const Body want = applied(*without, body, left);
        if (want != body) ++changed_count;
        for (const auto& chain : with) {
          std::uint64_t count = before;
          ASSERT_EQ(applied(*chain, body, count), want) << round;
          ASSERT_EQ(count, left) << round;
        }
      }
      EXPECT_GT(changed_count, 20U);
    }
  }
}

// Goal: texts that never come again do not change what is done to those that do.
TEST(ProcessorMemo, AFloodOfNewTextsChangesNothing) {
  const auto chain = chain_of(kProcessors[4], Signal::traces, kMemoSetCount);
  const auto without = chain_of(kProcessors[4], Signal::traces, 0);
  for (std::size_t body_index = 0; body_index < 40; ++body_index) {
    std::vector<Message> items;
    for (std::size_t i = 0; i < 100; ++i) {
      const std::string own = "abc" + std::to_string(body_index * 100 + i);
      items.push_back(span_with({{"k1", string_value(own)}, {"k2", string_value("abc")}}, own));
    }
    const Body body = envelope(items).bytes();
    std::uint64_t count = 100;
    std::uint64_t same = 100;
    ASSERT_EQ(applied(*chain, body, count), applied(*without, body, same));
    ASSERT_EQ(count, same);
  }
}

}  // namespace
}  // namespace gateway::processor
