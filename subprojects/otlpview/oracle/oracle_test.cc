// otlpview against protobuf's own C++ parser, which shares no line with it.
//
// Where the two agree on purpose: framing, groups, nesting, UTF-8, merging, counts. Where they do
// not, the tests say exactly when:
//   stricter : a known field in a wrong wire type is refused; protobuf keeps it as unknown (W-02).
//              A tag of five bytes above 2^32 is refused; protobuf cuts it off.
//   looser   : tags and lengths padded to six bytes and more are read (W-07); protobuf refuses
//   them.
//              A string that is not UTF-8 rejects an item; protobuf refuses the request.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include "check_internal.h"
#include "judge.h"
#include "otlpview/check.h"
#include "otlpview/count.h"
#include "otlpview/rewrite.h"
#include "otlpview/split.h"
#include "protobuf_versions.h"
#include "random_request.h"
#include "schema.h"

namespace otlpview::oracle {
namespace {

namespace pb = google::protobuf;

constexpr CheckLimits kLimits = {.nesting_max = 100};  // protobuf's
constexpr Signal kSignals[] = {Signal::traces, Signal::metrics, Signal::logs, Signal::profiles};

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }
std::string string_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// OTLPVIEW_SEED repeats a run.
std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* const text = std::getenv("OTLPVIEW_SEED");
    const std::uint64_t chosen = text == nullptr ? 20261121 : std::strtoull(text, nullptr, 10);
    std::cout << "OTLPVIEW_SEED=" << chosen << '\n';
    return chosen;
  }();
  return value;
}

class Oracle : public ::testing::TestWithParam<Signal> {
 protected:
  Oracle() : random_(seed() + static_cast<std::uint64_t>(GetParam())) {
    silence_protobuf();  // it would report every refused message
  }
  Random random_;
};

// Profiles share a dictionary: they are never merged, rewritten or cut.
class MergeableOracle : public Oracle {};

// Whether some field that the schema knows lies among the unknown ones: it had a wrong wire type.
bool has_known_among_unknown(const pb::Message& message) {
  const pb::Reflection& reflection = *message.GetReflection();
  const pb::UnknownFieldSet& unknown = reflection.GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (message.GetDescriptor()->FindFieldByNumber(unknown.field(i).number()) != nullptr)
      return true;
  }
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (has_known_among_unknown(reflection.GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (has_known_among_unknown(reflection.GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

// Necessary for a tag or length of six bytes and more: five bytes in a row that continue.
bool may_have_long_prefix(const std::string& wire) {
  int run = 0;
  for (const char c : wire) {
    run = static_cast<signed char>(c) < 0 ? run + 1 : 0;
    if (run >= 5) return true;
  }
  return false;
}

void expect_same_decision(Signal signal, const std::string& wire) {
  const auto request = new_request(signal);
  const bool parsed = request->ParseFromString(wire);
  const auto report = check(signal, bytes_of(wire), kLimits);
  const auto general = internal::check_by_general_walk(signal, bytes_of(wire), kLimits);
  ASSERT_EQ(report.has_value(), general.has_value());
  if (!report.has_value()) {
    ASSERT_EQ(report.error().code, general.error().code);
    ASSERT_EQ(report.error().offset, general.error().offset);
    if (!parsed) return;
    const auto at = static_cast<std::size_t>(report.error().offset);
    if (report.error().code == CheckErrc::wrong_wire_type) {
      // An overridden oneof member takes its unknown fields with it.
      ASSERT_TRUE(has_known_among_unknown(*request) || signal == Signal::metrics ||
                  signal == Signal::profiles || request->ByteSizeLong() < wire.size());
    } else {
      ASSERT_EQ(name_of(report.error().code), name_of(CheckErrc::bad_tag));
      ASSERT_LT(at + 4, wire.size());
      ASSERT_GT(static_cast<unsigned char>(wire[at + 4]), 0x0f);
    }
    return;
  }
  ASSERT_EQ(report->item_count, general->item_count);
  ASSERT_EQ(report->rejected_count, general->rejected_count);
  ASSERT_EQ(report->needs_rewrite, general->needs_rewrite);
  ASSERT_EQ(report->item_count, count_items(signal, bytes_of(wire)));
  if (!parsed) {
    // Only text that is not UTF-8 lets protobuf refuse what we accept, and rewriting takes it out.
    if (may_have_long_prefix(wire)) return;
    ASSERT_TRUE(report->needs_rewrite);
    std::vector<std::byte> rewritten;
    rewrite(signal, bytes_of(wire), kLimits, rewritten);
    ASSERT_TRUE(request->ParseFromString(string_of(rewritten)));
    return;
  }
  if (signal == Signal::profiles) return;
  const Judgement judgement = judge(signal, *request);
  ASSERT_EQ(report->item_count, judgement.item_count);
  ASSERT_EQ(report->rejected_count, judgement.rejected_count);
  if (judgement.rejected_count != 0 || judgement.has_wrong_ids) {
    ASSERT_TRUE(report->needs_rewrite);
  }
}

// Goal: the tables of the walk are the schema. Method: every rule against the descriptor.
TEST(OracleSchema, TablesAndDescriptorsSayTheSame) {
  std::vector<std::pair<internal::Kind, const pb::Descriptor*>> open;
  std::vector<const pb::Descriptor*> seen(internal::kKindCount);
  for (const Signal signal : kSignals) {
    open.emplace_back(internal::request_of(signal), new_request(signal)->GetDescriptor());
  }
  while (!open.empty()) {
    const auto [kind, type] = open.back();
    open.pop_back();
    auto& before = seen[static_cast<std::size_t>(kind)];
    if (before != nullptr) {
      EXPECT_EQ(before, type);
      continue;
    }
    before = type;
    SCOPED_TRACE(type->full_name());
    for (int i = 0; i < type->field_count(); ++i) {
      EXPECT_LE(type->field(i)->number(), static_cast<int>(internal::kKnownFieldMax));
    }
    for (std::uint32_t number = 0; number <= internal::kKnownFieldMax; ++number) {
      SCOPED_TRACE(number);
      using internal::FieldType;
      const internal::FieldRule rule = internal::rule_of(kind, number);
      const pb::FieldDescriptor* field = type->FindFieldByNumber(static_cast<int>(number));
      if (field == nullptr) {
        EXPECT_EQ(rule.type, FieldType::unknown);
        continue;
      }
      FieldType wanted = FieldType::varint;
      switch (field->type()) {
        case pb::FieldDescriptor::TYPE_MESSAGE:
          wanted = FieldType::message;
          open.emplace_back(rule.child, field->message_type());
          break;
        case pb::FieldDescriptor::TYPE_STRING:
          wanted = FieldType::string;
          break;
        case pb::FieldDescriptor::TYPE_BYTES:
          wanted = FieldType::bytes;
          break;
        case pb::FieldDescriptor::TYPE_FIXED32:
          wanted = FieldType::i32;
          break;
        case pb::FieldDescriptor::TYPE_FIXED64:
        case pb::FieldDescriptor::TYPE_SFIXED64:
        case pb::FieldDescriptor::TYPE_DOUBLE:
          wanted = field->is_repeated() ? FieldType::packed_i64 : FieldType::i64;
          break;
        default:
          wanted = field->is_repeated() ? FieldType::packed_varint : FieldType::varint;
          break;
      }
      EXPECT_EQ(rule.type, wanted);
      const std::string name(field->name());
      const bool is_id =
          (name == "trace_id" || name.ends_with("span_id")) && kind != internal::Kind::profile_link;
      EXPECT_EQ(internal::id_size_of(rule.role) != 0, is_id);
    }
  }
  for (std::size_t kind = 0; kind < seen.size(); ++kind) EXPECT_NE(seen[kind], nullptr) << kind;
}

// Goal: the same decision as protobuf's parser, on everything it can write. Method: random
// requests, half of them disordered, a quarter with bad text.
TEST_P(Oracle, DecidesRandomRequestsAsProtobufDoes) {
  for (int i = 0; i < 400; ++i) {
    SCOPED_TRACE(i);
    expect_same_decision(GetParam(), random_request(GetParam(), random_));
    if (HasFatalFailure()) return;
  }
}

// Goal: W-08. Method: every prefix and every flipped bit of small requests.
TEST_P(Oracle, DecidesDamagedRequestsAsProtobufDoes) {
  int done = 0;
  for (int i = 0; done < 8; ++i) {
    const std::string wire = random_request(GetParam(), random_);
    if (wire.size() > 700 || wire.size() < 60) continue;
    ++done;
    for (std::size_t size = 0; size < wire.size(); ++size) {
      SCOPED_TRACE(size);
      expect_same_decision(GetParam(), wire.substr(0, size));
      if (HasFatalFailure()) return;
    }
    for (std::size_t bit = 0; bit < wire.size() * 8; ++bit) {
      SCOPED_TRACE(bit);
      std::string flipped = wire;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      expect_same_decision(GetParam(), flipped);
      if (HasFatalFailure()) return;
    }
  }
}

// Goal: W-05. Method: two bodies one after the other; counts add up, for us and for protobuf.
TEST_P(MergeableOracle, W05ConcatenationIsTheMerge) {
  for (int i = 0; i < 100; ++i) {
    SCOPED_TRACE(i);
    const std::string first = random_request(GetParam(), random_);
    const std::string second = random_request(GetParam(), random_);
    EXPECT_EQ(count_items(GetParam(), bytes_of(first)) + count_items(GetParam(), bytes_of(second)),
              count_items(GetParam(), bytes_of(first + second)));
    expect_same_decision(GetParam(), first + second);
  }
}

// Goal: rewrite() takes out what the rules say and nothing else. Method: the rules once more over
// protobuf's objects; the results are equal as protobuf serializes them.
TEST_P(MergeableOracle, RewritesAsTheRulesSay) {
  int compared = 0;
  for (int i = 0; i < 400; ++i) {
    SCOPED_TRACE(i);
    const std::string wire = random_request(GetParam(), random_);
    const auto expected = new_request(GetParam());
    const auto report = check(GetParam(), bytes_of(wire), kLimits);
    if (!report.has_value()) continue;
    std::vector<std::byte> out;
    rewrite(GetParam(), bytes_of(wire), kLimits, out);
    const auto again = check(GetParam(), out, kLimits);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->rejected_count, 0U);
    EXPECT_EQ(again->item_count, report->item_count - report->rejected_count);
    EXPECT_FALSE(again->needs_rewrite);
    const auto rewritten = new_request(GetParam());
    ASSERT_TRUE(rewritten->ParseFromString(string_of(out)));
    if (!expected->ParseFromString(wire)) continue;
    ++compared;
    judge(GetParam(), *expected);
    EXPECT_EQ(rewritten->SerializeAsString(), expected->SerializeAsString());
    if (HasFailure()) return;
  }
  EXPECT_GT(compared, 200);
}

// Goal: W-11 to W-13. Method: cut random batches by random limits; protobuf reads the same items in
// the same order under the same envelopes.
TEST_P(MergeableOracle, SplittingKeepsEveryItemUnderItsEnvelopes) {
  for (int i = 0; i < 200; ++i) {
    SCOPED_TRACE(i);
    std::vector<std::string> bodies;
    for (std::uint64_t n = random_() % 4; n > 0; --n) {
      std::string wire = random_request(GetParam(), random_);
      if (new_request(GetParam())->ParseFromString(wire)) bodies.push_back(std::move(wire));
    }
    std::vector<Bytes> views;
    const auto whole = new_request(GetParam());
    for (const std::string& body : bodies) {
      views.push_back(bytes_of(body));
      ASSERT_TRUE(whole->MergeFromString(body));
    }
    SplitLimits limits;
    if (random_() % 2 == 0) limits.items_max = 1 + static_cast<std::uint32_t>(random_() % 20);
    if (random_() % 2 == 0) limits.bytes_max = 100 + random_() % 5000;
    Splitter splitter(GetParam(), views, limits);
    Piece piece;
    const auto merged = new_request(GetParam());
    while (splitter.next(piece)) {
      std::vector<std::byte> out;
      piece.append_to(out);
      ASSERT_EQ(out.size(), piece.size_bytes);
      ASSERT_LE(piece.item_count, limits.items_max);
      ASSERT_EQ(piece.oversize, piece.size_bytes > limits.bytes_max);
      ASSERT_EQ(piece.item_count, count_items(GetParam(), out));
      ASSERT_TRUE(merged->MergeFromString(string_of(out)));
    }
    ASSERT_EQ(flatten(*merged), flatten(*whole));
  }
}

std::string name_of_case(const ::testing::TestParamInfo<Signal>& one) {
  return std::string(name_of(one.param));
}
INSTANTIATE_TEST_SUITE_P(Signals, Oracle, ::testing::ValuesIn(kSignals), name_of_case);
INSTANTIATE_TEST_SUITE_P(Signals, MergeableOracle,
                         ::testing::Values(Signal::traces, Signal::metrics, Signal::logs),
                         name_of_case);

}  // namespace
}  // namespace otlpview::oracle
