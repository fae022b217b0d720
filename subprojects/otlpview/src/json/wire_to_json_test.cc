#include "otlpview/wire_to_json.h"

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "otlpview/json_to_wire.h"
#include "test_support.h"
#include "utf8.h"

namespace otlpview {
namespace {

using json::request_message;
using json::test::canonical;
using json::test::from_hex;
using json::test::to_hex;

std::string print(Signal signal, Bytes body) {
  const std::vector<std::byte> copy(body.begin(), body.end());  // a sanitizer sees its end
  std::string out = "before ";
  const auto result = wire_to_json(signal, copy, out);
  if (!result.has_value()) {
    EXPECT_EQ(out, "before ");
    EXPECT_LE(result.error().offset, body.size());
    return "refused: " + std::string(name_of(result.error().code));
  }
  EXPECT_TRUE(out.starts_with("before {"));
  EXPECT_EQ(out.find('\n'), std::string::npos);
  EXPECT_TRUE(json::is_utf8(out));
  return out.substr(7);
}

std::string print(Signal signal, std::string_view hex) { return print(signal, from_hex(hex)); }

// The one span whose bytes are given, without the envelope.
std::string print_span(std::string_view hex) {
  std::vector<std::byte> body = from_hex(hex);
  for (const std::uint32_t number : {2U, 2U, 1U}) wrap_len_field(number, 0, body);
  const std::string text = print(Signal::traces, body);
  constexpr std::string_view kHead = R"({"resourceSpans":[{"scopeSpans":[{"spans":[)";
  constexpr std::string_view kTail = "]}]}]}";
  if (!text.starts_with(kHead)) return text;
  return text.substr(kHead.size(), text.size() - kHead.size() - kTail.size());
}

std::string print_value(std::string_view hex) {
  std::vector<std::byte> attribute = from_hex(hex);
  wrap_len_field(2, 0, attribute);
  wrap_len_field(9, 0, attribute);
  const std::string text = print_span(to_hex(attribute));
  constexpr std::string_view kHead = R"({"attributes":[{"value":)";
  if (!text.starts_with(kHead)) return text;
  return text.substr(kHead.size(), text.size() - kHead.size() - 3);
}

// Goal: J-33, protobuf to JSON and back loses nothing. Method: each decodable sample; also there
// and back once more, which must be the same text.
TEST(WireToJson, EverySampleSurvivesTheRoundTrip) {
  for (const auto& sample : json::test::samples()) {
    if (sample.http_status != 200) continue;
    SCOPED_TRACE(sample.file);
    const std::string text = print(sample.signal, sample.wire);
    std::vector<std::byte> wire;
    const auto result = json_to_wire(sample.signal, json::test::bytes_of(text), {}, wire);
    ASSERT_TRUE(result.has_value()) << result.error().message << "\n" << text;
    EXPECT_EQ(result->ignored_name_count + result->proto_name_count + result->enum_name_count, 0U);
    EXPECT_EQ(to_hex(canonical(request_message(sample.signal), wire)), to_hex(sample.wire));
    EXPECT_EQ(print(sample.signal, wire), text);
  }
}

// Goal: J-01, J-05, J-11, J-14, the form of each kind of value. Method: a span with all of them.
TEST(WireToJson, ValuesHaveTheFormOfOtlp) {
  EXPECT_EQ(print(Signal::traces, ""), "{}");
  EXPECT_EQ(print(Signal::traces, "0a00"), R"({"resourceSpans":[{}]})");
  EXPECT_EQ(print_span(""), "{}");
  EXPECT_EQ(print_span("0a02abcd1203000102"), R"({"traceId":"abcd","spanId":"000102"})");
  EXPECT_EQ(print_span("3002"), R"({"kind":2})");
  EXPECT_EQ(print_span("30ffffffffffffffffff01"), R"({"kind":-1})");
  EXPECT_EQ(print_span("390100b0d4acc66c18"), R"({"startTimeUnixNano":"1760000000000000001"})");
  EXPECT_EQ(print_span("60ffffffff0f8501ffffffff"),
            R"({"droppedEventsCount":4294967295,"flags":4294967295})");
  EXPECT_EQ(print_value("18ffffffffffffffffff01"), R"({"intValue":"-1"})");
  EXPECT_EQ(print_value("1001"), R"({"boolValue":true})");
  EXPECT_EQ(print_value("1000"), R"({"boolValue":false})");
  EXPECT_EQ(print_value("3a00"), R"({"bytesValue":""})");
  EXPECT_EQ(print_value("3a0100"), R"({"bytesValue":"AA=="})");
  EXPECT_EQ(print_value("3a020001"), R"({"bytesValue":"AAE="})");
  EXPECT_EQ(print_value("3a03fbffbf"), R"({"bytesValue":"+/+/"})");
  EXPECT_EQ(print_value(""), "{}");
  EXPECT_EQ(print_value("2a040a000a00"), R"({"arrayValue":{"values":[{},{}]}})");
}

// Goal: J-19, doubles read back the same bit for bit, words where JSON has no number.
TEST(WireToJson, DoublesAreShortestAndExact) {
  EXPECT_EQ(print_value("210000000000000000"), R"({"doubleValue":0})");
  EXPECT_EQ(print_value("210000000000000080"), R"({"doubleValue":-0.0})");
  EXPECT_EQ(print_value("219a9999999999b93f"), R"({"doubleValue":0.1})");
  EXPECT_EQ(print_value("21ffffffffffffef7f"), R"({"doubleValue":1.7976931348623157e+308})");
  EXPECT_EQ(print_value("210100000000000000"), R"({"doubleValue":5e-324})");
  EXPECT_EQ(print_value("21000000000000f87f"), R"({"doubleValue":"NaN"})");
  EXPECT_EQ(print_value("21010000000000f8ff"), R"({"doubleValue":"NaN"})");
  EXPECT_EQ(print_value("21000000000000f07f"), R"({"doubleValue":"Infinity"})");
  EXPECT_EQ(print_value("21000000000000f0ff"), R"({"doubleValue":"-Infinity"})");
}

// Goal: J-27, zero is written where the schema has presence, and only there.
TEST(WireToJson, PresenceDecidesAboutZero) {
  EXPECT_EQ(print_span("0a00300039000000000000000060008501000000002a00"), "{}");
  EXPECT_EQ(print_span("7a00"), R"({"status":{}})");
  EXPECT_EQ(print_value("1800"), R"({"intValue":"0"})");
  EXPECT_EQ(print_value("0a00"), R"({"stringValue":""})");
}

// Goal: strings are JSON whatever they hold. Method: each ASCII character, then what is not UTF-8.
TEST(WireToJson, StringsAreEscaped) {
  for (unsigned c = 0; c < 0x80; ++c) {
    for (const std::size_t before : {0U, 1U, 15U, 16U, 17U}) {
      const std::string text = std::string(before, 'a') + static_cast<char>(c) + "z";
      std::vector<std::byte> wire;
      append_len_field(5, text, wire);
      const std::string printed = print_span(to_hex(wire));
      std::vector<std::byte> again;
      const std::string request =
          R"({"resourceSpans":[{"scopeSpans":[{"spans":[)" + printed + "]}]}]}";
      ASSERT_TRUE(json_to_wire(Signal::traces, json::test::bytes_of(request), {}, again)) << c;
      for (const std::uint32_t number : {2U, 2U, 1U}) wrap_len_field(number, 0, wire);
      EXPECT_EQ(to_hex(again), to_hex(wire));
    }
  }
  EXPECT_EQ(print_span("2a090022"), "refused: truncated");
  EXPECT_EQ(print_span("2a080022 5c2f080c0a1f"), R"({"name":"\u0000\"\\/\b\f\n\u001f"})");
  EXPECT_EQ(print_span("2a06c3a9f09f9880"), "{\"name\":\"é😀\"}");
  EXPECT_EQ(print_span("2a0361ff62"),
            "{\"name\":\"a\xef\xbf\xbd"
            "b\"}");
  EXPECT_EQ(print_span("2a03eda080"), "{\"name\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");
  EXPECT_EQ(print_span("2a02e282"), "{\"name\":\"\xef\xbf\xbd\xef\xbf\xbd\"}");
}

// Goal: J-32, what the schema does not have is dropped, groups too.
TEST(WireToJson, UnknownFieldsAreDropped) {
  EXPECT_EQ(print_span("c0b80201"
                       "3001"
                       "c2b8020161"
                       "c3b80208 01c4b802"),
            R"({"kind":1})");
  EXPECT_EQ(print_span("c0b80201"), "{}");
  // Between elements of one array.
  EXPECT_EQ(print_span("4a030a0161"
                       "c0b80201"
                       "4a030a0162"),
            R"({"attributes":[{"key":"a"},{"key":"b"}]})");
}

// Goal: W-03, W-04, W-06, what protobuf merges is one member. Method: pieces in every order.
TEST(WireToJson, PiecesAreMerged) {
  // Interleaved elements of two repeated fields.
  EXPECT_EQ(print_span("4a030a0161"
                       "5a031201 78"
                       "4a030a0162"),
            R"({"attributes":[{"key":"a"},{"key":"b"}],"events":[{"name":"x"}]})");
  // The last of a scalar, zero included.
  EXPECT_EQ(print_span("30013003"), R"({"kind":3})");
  EXPECT_EQ(print_span("30013000"), "{}");
  EXPECT_EQ(print_span("2a01612a00"), "{}");
  // A sub-message in pieces, an empty one among them.
  EXPECT_EQ(print_span("7a021801"
                       "7a00"
                       "30 01"
                       "7a03120178"),
            R"({"kind":1,"status":{"message":"x","code":1}})");
  EXPECT_EQ(print_span("7a007a00"), R"({"status":{}})");
  // Pieces inside pieces: resource, then its attributes.
  EXPECT_EQ(print(Signal::traces,
                  "0a14"
                  "0a070a050a03"
                  "616263"
                  "1200"
                  "0a070a050a03"
                  "646566"),
            R"({"resourceSpans":[{"resource":{"attributes":[{"key":"abc"},{"key":"def"}]},)"
            R"("scopeSpans":[{}]}]})");
}

// Goal: of a oneof the member that came last counts, merged with what came after its rivals.
TEST(WireToJson, TheLastOfAOneofCounts) {
  EXPECT_EQ(print_value("18010a0161"), R"({"stringValue":"a"})");
  EXPECT_EQ(print_value("0a01611801"), R"({"intValue":"1"})");
  EXPECT_EQ(print_value("18011802"), R"({"intValue":"2"})");
  EXPECT_EQ(print_value("2a040a02"
                        "1801"
                        "2a040a02"
                        "1802"),
            R"({"arrayValue":{"values":[{"intValue":"1"},{"intValue":"2"}]}})");
  EXPECT_EQ(print_value("2a040a02"
                        "1801"
                        "1001"
                        "2a040a02"
                        "1802"
                        "2a020a00"),
            R"({"arrayValue":{"values":[{"intValue":"2"},{}]}})");
}

// Goal: W-03, numbers packed, single and mixed are the same array.
TEST(WireToJson, PackedAndSingleNumbersAreOneArray) {
  const std::string one = "0100000000000000";
  const std::string two = "0200000000000000";
  const auto point = [](const std::string& hex) {
    std::vector<std::byte> body = from_hex(hex);
    for (const std::uint32_t number : {1U, 9U, 2U, 2U, 1U}) wrap_len_field(number, 0, body);
    return print(Signal::metrics, body);
  };
  const std::string wanted =
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[)"
      R"({"bucketCounts":["1","2"]}]}}]}]}]})";
  EXPECT_EQ(point("3210" + one + two), wanted);
  EXPECT_EQ(point("31" + one + "31" + two), wanted);
  EXPECT_EQ(point("3208" + one + "31" + two), wanted);
  EXPECT_EQ(point("31" + one + "3200" + "3208" + two), wanted);
  EXPECT_EQ(point("3207" + one.substr(2)), "refused: truncated");
}

// Goal: damage is refused, and named as the check names it. Method: cut a sample at every length.
TEST(WireToJson, DamageIsRefusedAsTheCheckDoes) {
  for (const auto& sample : json::test::samples()) {
    if (sample.http_status != 200) continue;
    for (std::size_t size = 1; size < sample.wire.size(); ++size) {
      const Bytes cut = Bytes(sample.wire).first(size);
      const auto report = check(sample.signal, cut, {.nesting_max = kNestingMax});
      const std::string printed = print(sample.signal, cut);
      EXPECT_EQ(printed.starts_with("refused"), !report.has_value()) << sample.file << " " << size;
    }
  }
  EXPECT_EQ(print_span("0801"), "refused: wrong_wire_type");
  EXPECT_EQ(print_span("4801"), "refused: wrong_wire_type");
  EXPECT_EQ(print_span("7801"), "refused: wrong_wire_type");
  EXPECT_EQ(print_span("78017a00"), "refused: wrong_wire_type");
  EXPECT_EQ(print_span("00"), "refused: bad_tag");
}

// Goal: depth is bounded. Method: arrays inside arrays, one level below the limit and one above.
TEST(WireToJson, NestingIsBounded) {
  const auto nested = [](int arrays) {
    std::vector<std::byte> body;
    for (int i = 0; i < arrays; ++i) {
      wrap_len_field(1, 0, body);  // value of an array
      wrap_len_field(5, 0, body);  // array of a value
    }
    for (const std::uint32_t number : {5U, 2U, 2U, 1U}) wrap_len_field(number, 0, body);
    return print(Signal::logs, body);
  };
  EXPECT_TRUE(nested(48).starts_with("{"));
  EXPECT_EQ(nested(49), "refused: nesting_too_deep");
  EXPECT_EQ(nested(10'000), "refused: nesting_too_deep");
}

// Goal: bytes that are not a request do no harm. Method: seeded flips of samples; what is printed
// is read back, and printed again as the same text.
TEST(WireToJson, FlippedBytesAreRefusedOrPrintable) {
  constexpr unsigned kSeed = 20261121;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  for (const auto& sample : json::test::samples()) {
    if (sample.http_status != 200) continue;
    for (int i = 0; i < 300; ++i) {
      std::vector<std::byte> bytes = sample.wire;
      for (int flips = 0; flips < 3; ++flips) {
        bytes[random() % bytes.size()] = static_cast<std::byte>(random() & 0xff);
      }
      const std::string text = print(sample.signal, bytes);
      const auto report = check(sample.signal, bytes, {.nesting_max = kNestingMax});
      // Not the other way round: data that a later member of its oneof overrides is not looked
      // into.
      if (report.has_value()) {
        ASSERT_TRUE(text.starts_with("{")) << to_hex(bytes);
      }
      if (text.starts_with("refused")) continue;
      std::vector<std::byte> wire;
      const auto result = json_to_wire(sample.signal, json::test::bytes_of(text), {}, wire);
      ASSERT_TRUE(result.has_value()) << result.error().message << "\n" << text;
      ASSERT_EQ(print(sample.signal, wire), text);
    }
  }
}

}  // namespace
}  // namespace otlpview
