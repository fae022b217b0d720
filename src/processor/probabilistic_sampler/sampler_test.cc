#include "processor/probabilistic_sampler/threshold.h"
#include "processor/testing/processor_test_case.h"

namespace gateway::processor {
namespace {

using namespace testing;  // NOLINT: the test case's words

// Goal: thresholds are those of the specification. Method: its examples, and what is rounded.
TEST(Threshold, OfAProbability) {
  EXPECT_EQ(text_of_threshold(threshold_of(1, 4)), "0");
  EXPECT_EQ(text_of_threshold(threshold_of(0.5, 4)), "8");
  EXPECT_EQ(text_of_threshold(threshold_of(0.25, 4)), "c");
  EXPECT_EQ(text_of_threshold(threshold_of(0.1, 4)), "e666");
  EXPECT_EQ(text_of_threshold(threshold_of(0.01, 4)), "fd70a");  // one more digit behind the f
  EXPECT_EQ(text_of_threshold(threshold_of(kProbabilityMin, 4)), "ffffffffffffff");
  EXPECT_DOUBLE_EQ(probability_of(threshold_of(0.5, 4)), 0.5);
}

TEST(Threshold, TextsThatAreNone) {
  EXPECT_EQ(parse_threshold("8"), 0x80000000000000U);
  EXPECT_EQ(parse_threshold("0"), 0U);
  for (const char* wrong : {"", "x", "8G", "123456789012345", "C", "-1", "0x8"}) {
    EXPECT_FALSE(parse_threshold(wrong).has_value()) << wrong;
  }
  EXPECT_EQ(parse_randomness("9b8233f7e3a151"), 0x9b8233f7e3a151U);
  EXPECT_FALSE(parse_randomness("9b8233f7e3a15").has_value());
}

TEST(TraceState, IsReadAndWritten) {
  const auto state = parse_trace_state("vendor=1, ot=th:8;rv:9b8233f7e3a151;x:1 ,b=2");
  EXPECT_TRUE(state.is_valid);
  EXPECT_EQ(state.threshold, 0x80000000000000U);
  EXPECT_EQ(state.randomness, 0x9b8233f7e3a151U);
  EXPECT_EQ(state.text(), "ot=rv:9b8233f7e3a151;th:8;x:1,vendor=1,b=2");
  EXPECT_EQ(parse_trace_state("").text(), "");
  EXPECT_FALSE(parse_trace_state("ot=th:xyz").is_valid);
}

// FNV-1a of 32 bits, as published: of nothing but the seed 0 it is the hash of four zero bytes.
TEST(SeededHash, IsFnv1a) {
  EXPECT_EQ(seeded_hash({}, 0), 0x4b95f515U);
  const std::string a = "a";
  EXPECT_NE(seeded_hash(std::as_bytes(std::span(a)), 0), seeded_hash({}, 0));
}

// The last seven bytes of the id, in hex, are its randomness.
Message traced(std::string_view last7, std::string_view state = "") {
  std::string id = "\x01\x02\x03\x04\x05\x06\x07\x08\x09";
  for (std::size_t i = 0; i < 14; i += 2) {
    id += static_cast<char>(std::stoi(std::string(last7.substr(i, 2)), nullptr, 16));
  }
  Message made = Message().text(1, id).text(2, "01234567");
  if (!state.empty()) made.text(3, state);
  return made.text(5, "GET /").fixed64(7, 1).fixed64(8, 2);
}
// The same behind its fields: where a processor puts what was not there.
Message marked(std::string_view last7, std::string_view state) {
  return Message(traced(last7)).text(3, state);
}
const std::string kLow = "10000000000000";
const std::string kMiddle = "90000000000000";
const std::string kHigh = "f0000000000000";

Body sampled(const std::string& settings, const std::vector<Message>& spans) {
  const Outcome after = outcome(Signal::traces, "probabilistic_sampler", "    " + settings + "\n",
                                envelope(spans).bytes());
  return after.item_count == 0 ? Body{} : after.body;
}

TEST(Sampler, ProportionalTakesItsShareOfWhatArrives) {
  const std::string half = "sampling_percentage: 50\n    mode: proportional";
  EXPECT_EQ(sampled(half, {traced(kLow), traced(kMiddle), traced(kHigh)}),
            envelope({marked(kMiddle, "ot=th:8"), marked(kHigh, "ot=th:8")}).bytes());
  // Half of what a sampler of 50 % has left is a quarter.
  EXPECT_EQ(sampled(half, {traced(kMiddle, "ot=th:8"), traced(kHigh, "ot=th:8,v=1")}),
            envelope({traced(kHigh, "ot=th:c,v=1")}).bytes());
}

TEST(Sampler, EqualizingTakesWhatIsMissing) {
  EXPECT_EQ(outcome(Signal::traces, "probabilistic_sampler",
                    "    sampling_percentage: 50\n    mode: equalizing\n",
                    envelope({traced(kHigh, "ot=th:c"), traced(kLow), traced(kMiddle)}).bytes())
                .body,
            envelope({traced(kHigh, "ot=th:c"), marked(kMiddle, "ot=th:8")}).bytes());
}

// Goal: what cannot be decided about, or says what cannot be, is dropped or kept as configured.
TEST(Sampler, FailClosedAndOpen) {
  const std::vector<Message> wrong = {traced(kLow, "ot=th:8"), traced(kHigh, "ot=th:zz")};
  const std::string half = "sampling_percentage: 50\n    mode: proportional";
  EXPECT_TRUE(sampled(half, wrong).empty());
  // A threshold that is not true is replaced by what was done: all were kept.
  EXPECT_EQ(sampled(half + "\n    fail_closed: false", wrong),
            envelope({traced(kLow, "ot=th:0"), traced(kHigh, "ot=th:zz")}).bytes());
}

// Goal: a span that must be kept is kept, whether it can be decided about or not.
TEST(Sampler, PriorityComesBeforeFailClosed) {
  const Message wanted =
      traced(kHigh, "ot=th:zz").len(9, key_value("sampling.priority", string_value("+1")));
  for (const char* mode : {"proportional", "equalizing", "hash_seed"}) {
    SCOPED_TRACE(mode);
    EXPECT_EQ(sampled(std::string("sampling_percentage: 50\n    mode: ") + mode, {wanted}),
              envelope({wanted}).bytes());
  }
}

// Goal: without `mode` it is the Collector's default, which writes the hash as the randomness.
TEST(Sampler, TheDefaultIsTheHash) {
  EXPECT_EQ(sampled("sampling_percentage: 100", {traced(kLow)}),
            sampled("sampling_percentage: 100\n    mode: hash_seed", {traced(kLow)}));
  EXPECT_NE(sampled("sampling_percentage: 100", {traced(kLow)}),
            sampled("sampling_percentage: 100\n    mode: proportional", {traced(kLow)}));
}

TEST(Sampler, PriorityOfASpanIsYesOrNo) {
  const auto with = [](const Message& item, std::int64_t priority) {
    return Message(item).len(9, key_value("sampling.priority", int_value(priority)));
  };
  EXPECT_EQ(outcome(Signal::traces, "probabilistic_sampler",
                    "    sampling_percentage: 50\n    mode: trace_id_ratio\n",
                    envelope({with(traced(kLow), 0), with(traced(kHigh), 1)}).bytes())
                .body,
            envelope({with(traced(kHigh), 1)}).bytes());
}

TEST(Sampler, AllAndNothing) {
  EXPECT_TRUE(sampled("sampling_percentage: 0", {traced(kHigh)}).empty());
  const Outcome all = outcome(Signal::traces, "probabilistic_sampler",
                              "    sampling_percentage: 200\n    mode: trace_id_ratio\n",
                              envelope({traced(kLow), traced(kHigh)}).bytes());
  EXPECT_TRUE(all.is_same_memory);
  EXPECT_EQ(all.item_count, 2U);
}

// Goal: shares are met, and a smaller share is part of a larger one. Method: 4,000 random ids.
TEST(Sampler, SharesAreMetAndLieInsideEachOther) {
  for (const char* mode : {"trace_id_ratio", "proportional", "equalizing", "hash_seed"}) {
    SCOPED_TRACE(mode);
    std::vector<Message> spans;
    std::uint64_t state = 20261121;
    for (int i = 0; i < 4000; ++i) {
      std::string id(16, '\1');
      for (char& c : id) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        c = static_cast<char>(state >> 56);
      }
      spans.push_back(Message().text(1, id).text(2, "01234567").fixed64(7, 1));
    }
    std::vector<std::string> before;
    for (const int percentage : {10, 25, 60}) {
      const Outcome after = outcome(
          Signal::traces, "probabilistic_sampler",
          "    sampling_percentage: " + std::to_string(percentage) + "\n    mode: " + mode + "\n",
          envelope(spans).bytes());
      EXPECT_NEAR(static_cast<double>(after.item_count), 40.0 * percentage, 150);
      std::vector<std::string> ids;
      for (const auto& resource : otlpview::TracesView(after.body)) {
        for (const auto& scope : resource) {
          for (const otlpview::SpanView& it : scope) {
            ids.emplace_back(reinterpret_cast<const char*>(it.trace_id().data()), 16);
          }
        }
      }
      std::sort(ids.begin(), ids.end());
      EXPECT_TRUE(std::includes(ids.begin(), ids.end(), before.begin(), before.end()));
      before = ids;
    }
  }
}

TEST(Sampler, LogsByAttributeAndWithPriority) {
  constexpr int kRecords = 2000;
  std::vector<Message> records;
  records.reserve(kRecords);
  for (int i = 0; i < kRecords; ++i) {
    records.push_back(
        log_with({{"order.id", int_value(i)}, {"priority", int_value(i < 10 ? 100 : 0)}}));
  }
  const Outcome after = outcome(Signal::logs, "probabilistic_sampler",
                                "    sampling_percentage: 25\n    attribute_source: record\n"
                                "    from_attribute: order.id\n",
                                envelope(records).bytes());
  EXPECT_NEAR(static_cast<double>(after.item_count), 500, 80);
  // A priority is a share in the place of the other; 0 is none.
  const Outcome preferred =
      outcome(Signal::logs, "probabilistic_sampler",
              "    sampling_percentage: 0\n    attribute_source: record\n"
              "    from_attribute: order.id\n    sampling_priority: priority\n",
              envelope(records).bytes());
  EXPECT_EQ(preferred.item_count, 10U);
}

}  // namespace
}  // namespace gateway::processor
