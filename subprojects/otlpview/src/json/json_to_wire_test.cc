#include "otlpview/json_to_wire.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "test_support.h"
#include "utf8.h"

namespace otlpview {
namespace {

using json::request_message;
using json::test::bytes_of;
using json::test::canonical;
using json::test::from_hex;
using json::test::to_hex;

// What became of a text: hex of the wire bytes, or the failure.
struct Outcome {
  std::string hex;
  JsonStats stats;
  bool refused = false;
  JsonFailure failure;
};

Outcome transcode(Signal signal, std::string_view text, const JsonLimits& limits = {}) {
  // An exact copy on the heap: a read beyond the text is one that a sanitizer sees.
  const std::vector<std::byte> copy(bytes_of(text).begin(), bytes_of(text).end());
  std::vector<std::byte> out = from_hex("cafe");
  const auto result = json_to_wire(signal, copy, limits, out);
  Outcome outcome;
  EXPECT_EQ(to_hex(Bytes(out).first(2)), "cafe");
  if (result.has_value()) {
    outcome.hex = to_hex(Bytes(out).subspan(2));
    outcome.stats = *result;
  } else {
    outcome.refused = true;
    outcome.failure = result.error();
    EXPECT_EQ(out.size(), 2U);
    EXPECT_LE(outcome.failure.message.size(), kJsonErrorMessageSizeBytesMax);
    EXPECT_LE(outcome.failure.offset, text.size());
    EXPECT_TRUE(outcome.failure.message.starts_with("$")) << outcome.failure.message;
    EXPECT_TRUE(json::is_utf8(outcome.failure.message));
  }
  return outcome;
}

std::string in_span(std::string_view members) {
  return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{)" + std::string(members) + "}]}]}]}";
}

// The hex of the one span; the failure's name and message when there is none.
std::string span_of(std::string_view members, const JsonLimits& limits = {}) {
  const Outcome outcome = transcode(Signal::traces, in_span(members), limits);
  if (outcome.refused) {
    return std::string(name_of(outcome.failure.code)) + " " + outcome.failure.message;
  }
  const std::vector<std::byte> wire = from_hex(outcome.hex);
  Bytes at = wire;
  for (int level = 0; level < 3; ++level) {
    Field field;
    FieldReader reader(at);
    EXPECT_TRUE(reader.next(field));
    at = field.payload;
  }
  return to_hex(at);
}

std::string error_of(std::string_view members, const JsonLimits& limits = {}) {
  const Outcome outcome = transcode(Signal::traces, in_span(members), limits);
  return outcome.refused ? std::string(name_of(outcome.failure.code)) : "accepted";
}

// An attribute value of the span, as the hex of its AnyValue.
std::string value_of(std::string_view value) {
  const std::string hex =
      span_of(R"("attributes":[{"key":"k","value":)" + std::string(value) + "}]");
  // 4a len 0a 01 6b 12 len ...: short values only.
  return hex.starts_with("4a") ? hex.substr(14) : hex;
}

// Goal: every sample decodes to the bytes that the published protobuf runtime gets from it.
// Method: each row of expected.tsv, strict, fields brought into the order of their numbers.
TEST(JsonToWire, EverySampleDecodesAsExpected) {
  JsonLimits strict;
  strict.accept_enum_names = false;
  const auto samples = json::test::samples();
  ASSERT_EQ(samples.size(), 15U);
  for (const auto& sample : samples) {
    SCOPED_TRACE(sample.file);
    const Outcome outcome = transcode(sample.signal, sample.json, strict);
    ASSERT_EQ(outcome.refused, sample.http_status == 400) << outcome.failure.message;
    if (outcome.refused) continue;
    const auto wire = from_hex(outcome.hex);
    EXPECT_EQ(to_hex(canonical(request_message(sample.signal), wire)), to_hex(sample.wire));
  }
}

// Goal: a sample sent to the path of another signal holds unknown names only, so is empty.
TEST(JsonToWire, ARequestOfAnotherSignalIsEmpty) {
  for (const auto& sample : json::test::samples()) {
    if (sample.http_status != 200) continue;
    SCOPED_TRACE(sample.file);
    const Signal other = sample.signal == Signal::logs ? Signal::traces : Signal::logs;
    const Outcome outcome = transcode(other, sample.json);
    EXPECT_FALSE(outcome.refused);
    EXPECT_EQ(outcome.hex, "");
    EXPECT_GE(outcome.stats.ignored_name_count, 1U);
  }
}

// Goal: no prefix of a request is a request. Method: cut each sample at every length.
TEST(JsonToWire, EveryShorterPrefixIsRefused) {
  for (const auto& sample : json::test::samples()) {
    SCOPED_TRACE(sample.file);
    const std::size_t end = sample.json.rfind('}');
    for (std::size_t size = 0; size < end; ++size) {
      EXPECT_TRUE(transcode(sample.signal, sample.json.substr(0, size)).refused) << size;
    }
  }
}

// Goal: J-12, enumeration names in the lenient mode are read and counted.
TEST(JsonToWire, EnumNamesAreReadAndCounted) {
  for (const auto& sample : json::test::samples()) {
    if (!sample.file.starts_with("10-")) continue;
    const Outcome outcome = transcode(sample.signal, sample.json);
    EXPECT_FALSE(outcome.refused) << outcome.failure.message;
    EXPECT_EQ(outcome.stats.enum_name_count, 2U);
  }
  EXPECT_EQ(span_of(R"("kind":"SPAN_KIND_SERVER")"), "3002");
  EXPECT_EQ(span_of(R"("kind":"SPAN_KIND_UNSPECIFIED")"), "");
  EXPECT_EQ(span_of(R"("status":{"code":"STATUS_CODE_ERROR"})"), "7a021802");
  EXPECT_EQ(error_of(R"("kind":"SPAN_KIND_OWNER")"), "bad_enum_name");
  EXPECT_EQ(error_of(R"("kind":"span_kind_server")"), "bad_enum_name");
  EXPECT_EQ(error_of(R"("kind":"")"), "bad_enum_name");
  EXPECT_EQ(error_of(R"("kind":"STATUS_CODE_OK")"), "bad_enum_name");
  EXPECT_EQ(error_of(R"("kind":"2")"), "bad_enum_name");
}

// Goal: J-03, names of the .proto are ignored, or read by choice, and counted either way.
TEST(JsonToWire, ProtoNamesAreCountedAndReadByChoice) {
  const std::string text = R"({"resource_spans":[{"scope_spans":[]}],"x":1})";
  const Outcome strict = transcode(Signal::traces, text);
  EXPECT_EQ(strict.hex, "");
  EXPECT_EQ(strict.stats.proto_name_count, 1U);
  EXPECT_EQ(strict.stats.ignored_name_count, 1U);
  JsonLimits lenient;
  lenient.accept_proto_names = true;
  const Outcome read = transcode(Signal::traces, text, lenient);
  EXPECT_EQ(read.hex, "0a00");
  EXPECT_EQ(read.stats.proto_name_count, 2U);
  EXPECT_EQ(error_of(R"("trace_id":"00","traceId":"00")", lenient), "duplicate_name");
}

// Goal: J-02 and J-04, what is not in the schema is ignored whatever it holds, case included.
TEST(JsonToWire, UnknownNamesAreIgnored) {
  for (const std::string_view member :
       {R"("TraceId":"zz")", R"("":1)", R"("x":{})", R"("x":[])", R"("x":null)", R"("x":true)",
        R"("x":-1.5e+300)", R"("x":"\u00e9\n")", R"("x":[[],{},[{"traceId":"zz"}],"",0])",
        R"("x":{"a":{"b":[1,2,{"c":null}]},"d":false})", R"("x":1e400)", R"("x":"\ud800")",
        R"("traceId ":"zz")", R"("traceI":"zz")", R"("traceIdtraceId":"zz")"}) {
    SCOPED_TRACE(member);
    EXPECT_EQ(span_of(std::string(member) + R"(,"kind":1)"), "3001");
  }
}

// Goal: names are compared decoded. Method: escapes in a name, one too long to be known.
TEST(JsonToWire, EscapedNamesAreNames) {
  EXPECT_EQ(span_of(R"("k\u0069nd":1)"), "3001");
  EXPECT_EQ(span_of(R"("k\u0000ind":1)"), "");
  std::string longest;
  for (int i = 0; i < 1000; ++i) longest += R"(\u006b)";
  EXPECT_EQ(span_of("\"" + longest + "\":1"), "");
}

// Goal: J-30, depth is bounded everywhere, without the stack.
TEST(JsonToWire, NestingIsBounded) {
  const auto nested = [](std::size_t depth, char open, char close) {
    return std::string(depth, open) + std::string(depth, close);
  };
  EXPECT_EQ(error_of("\"x\":" + nested(kJsonIgnoredNestingMax, '[', ']')), "accepted");
  EXPECT_EQ(error_of("\"x\":" + nested(kJsonIgnoredNestingMax + 1, '[', ']')), "nesting_too_deep");
  EXPECT_EQ(error_of("\"x\":" + nested(200'000, '[', ']')), "nesting_too_deep");
  EXPECT_TRUE(transcode(Signal::traces, "{\"x\":" + std::string(200'000, '[')).refused);
  EXPECT_TRUE(transcode(Signal::traces, std::string(200'000, '[')).refused);
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += R"({"x":)";
  EXPECT_TRUE(transcode(Signal::traces, objects).refused);
  EXPECT_EQ(error_of("\"attributes\":" + nested(200'000, '[', ']')), "wrong_type");

  // Each array costs two message levels; the value itself lies on level 5.
  const auto values = [](std::size_t depth) {
    std::string open, close;
    for (std::size_t i = 0; i < depth; ++i) {
      open += R"({"arrayValue":{"values":[)";
      close += "]}}";
    }
    return R"("attributes":[{"key":"k","value":)" + open + "{}" + close + "}]";
  };
  JsonLimits limits;
  limits.nesting_max = 9;
  EXPECT_EQ(error_of(values(2), limits), "accepted");
  EXPECT_EQ(error_of(values(3), limits), "nesting_too_deep");
  // W-09: what protobuf's own readers take, and no more.
  EXPECT_EQ(error_of(values(47)), "accepted");
  EXPECT_EQ(error_of(values(48)), "nesting_too_deep");
  limits.nesting_max = UINT32_MAX;
  EXPECT_EQ(error_of(values(50'000), limits), "nesting_too_deep");
}

// Goal: J-05 to J-08, ids are hex of any case and of any length.
TEST(JsonToWire, IdsAreHex) {
  EXPECT_EQ(span_of(R"("traceId":"0AF7651916cd43dd8448EB211c80319C")"),
            "0a100af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(span_of(R"("traceId":"abcd","parentSpanId":"\u0030\u0031")"), "0a02abcd220101");
  EXPECT_EQ(span_of(R"("traceId":"","spanId":null)"), "");
  EXPECT_EQ(span_of(R"("links":[{"traceId":"ff","spanId":"00"}])"), "6a060a01ff120100");
  for (const std::string_view bad :
       {R"("abc")", R"("zz")", R"("0g")", R"("CvdlGRbNQ92ESOshHIAxnA==")", R"("0x00")", R"(" 00")",
        R"("é")", R"("\u00e9")"}) {
    SCOPED_TRACE(bad);
    EXPECT_EQ(error_of("\"traceId\":" + std::string(bad)), "bad_id");
  }
  EXPECT_EQ(error_of(R"("traceId":12)"), "wrong_type");
  EXPECT_EQ(error_of(R"("traceId":["00"])"), "wrong_type");
}

// Goal: J-09 and J-10, every other kind of bytes is base64 of either alphabet.
TEST(JsonToWire, BytesAreBase64) {
  EXPECT_EQ(value_of(R"({"bytesValue":""})"), "3a00");
  EXPECT_EQ(value_of(R"({"bytesValue":"AA=="})"), "3a0100");
  EXPECT_EQ(value_of(R"({"bytesValue":"AA"})"), "3a0100");
  EXPECT_EQ(value_of(R"({"bytesValue":"AAE="})"), "3a020001");
  EXPECT_EQ(value_of(R"({"bytesValue":"AAE"})"), "3a020001");
  EXPECT_EQ(value_of(R"({"bytesValue":"+/+/"})"), "3a03fbffbf");
  EXPECT_EQ(value_of(R"({"bytesValue":"-_-_"})"), "3a03fbffbf");
  EXPECT_EQ(value_of(R"({"bytesValue":"\u002b\/+\/"})"), "3a03fbffbf");
  for (const std::string_view bad : {"A", "A===", "AA=", "AAAAA", "AA==AA==", "=",
                                     "====", "A A=", "AAE=AA", "é", "AA\\n", "AAA*"}) {
    SCOPED_TRACE(bad);
    EXPECT_TRUE(
        value_of("{\"bytesValue\":\"" + std::string(bad) + "\"}").starts_with("bad_base64"));
  }
  const Outcome profile = transcode(
      Signal::profiles,
      R"({"resourceProfiles":[{"scopeProfiles":[{"profiles":[{"profileId":"AAECAw=="}]}]}]})");
  EXPECT_NE(profile.hex.find("00010203"), std::string::npos) << profile.failure.message;
}

// Goal: J-15 to J-17, whole numbers in every legal form, exact to the last bit.
TEST(JsonToWire, IntegersAreExact) {
  const struct {
    std::string_view json;
    std::string_view hex;
  } kCases[] = {
      {R"({"intValue":0})", "1800"},
      {R"({"intValue":-0})", "1800"},
      {R"({"intValue":"0"})", "1800"},
      {R"({"intValue":1e3})", "18e807"},
      {R"({"intValue":"1e3"})", "18e807"},
      {R"({"intValue":1E+3})", "18e807"},
      {R"({"intValue":2.0})", "1802"},
      {R"({"intValue":2.000e0})", "1802"},
      {R"({"intValue":1.5e1})", "180f"},
      {R"({"intValue":1500e-2})", "180f"},
      {R"({"intValue":0.00e99999999999999999999})", "1800"},
      {R"({"intValue":-1})", "18ffffffffffffffffff01"},
      {R"({"intValue":9223372036854775807})", "18ffffffffffffffff7f"},
      {R"({"intValue":"9223372036854775807"})", "18ffffffffffffffff7f"},
      {R"({"intValue":9223372036854775807.00})", "18ffffffffffffffff7f"},
      {R"({"intValue":922337203685477580.7e1})", "18ffffffffffffffff7f"},
      {R"({"intValue":-9223372036854775808})", "1880808080808080808001"},
      {R"({"intValue":"-9223372036854775808"})", "1880808080808080808001"},
      {R"({"intValue":9007199254740993})", "1881808080808080 10"},
      {R"({"intValue":"\u0031\u0032"})", "180c"},
  };
  for (const auto& [text, hex] : kCases) {
    SCOPED_TRACE(text);
    std::string wanted(hex);
    std::erase(wanted, ' ');
    EXPECT_EQ(value_of(text), wanted);
  }
  EXPECT_EQ(span_of(R"("startTimeUnixNano":1760000000000000001)"), "390100b0d4acc66c18");
  EXPECT_EQ(span_of(R"("startTimeUnixNano":"18446744073709551615")"), "39ffffffffffffffff");
  EXPECT_EQ(span_of(R"("startTimeUnixNano":1.8446744073709551615e19)"), "39ffffffffffffffff");
  EXPECT_EQ(span_of(R"("droppedEventsCount":"4294967295")"), "60ffffffff0f");
  EXPECT_EQ(span_of(R"("flags":4294967295)"), "8501ffffffff");
  EXPECT_EQ(span_of(R"("flags":-0)"), "");
  EXPECT_EQ(span_of(R"("kind":-1)"), "30ffffffffffffffffff01");
  const Outcome scale =
      transcode(Signal::metrics,
                R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{)"
                R"("dataPoints":[{"scale":-2147483648}]}}]}]}]})");
  EXPECT_TRUE(scale.hex.ends_with("30ffffffff0f")) << scale.hex << scale.failure.message;
}

// Goal: J-18 and J-31, whatever is no whole number in range is refused.
TEST(JsonToWire, BadIntegersAreRefused) {
  for (const std::string_view bad : {"1.5",
                                     "\"1.5\"",
                                     "\"\"",
                                     "\" 1\"",
                                     "\"1 \"",
                                     "\"0x10\"",
                                     "\"+1\"",
                                     "\"01\"",
                                     "\"1e\"",
                                     "\"abc\"",
                                     "\"NaN\"",
                                     "\"1_000\"",
                                     "\"-\"",
                                     "\"1\\u0000\"",
                                     "9223372036854775808",
                                     "\"9223372036854775808\"",
                                     "-9223372036854775809",
                                     "9223372036854776000",
                                     "1e19",
                                     "1e+21",
                                     "1e400",
                                     "\"1e99999999999999999999\"",
                                     "1e-1",
                                     "10000000000000000000000000000000000000000",
                                     "0.1e-99999999999999999999",
                                     "9223372036854775807.5"}) {
    SCOPED_TRACE(bad);
    EXPECT_TRUE(value_of("{\"intValue\":" + std::string(bad) + "}").starts_with("bad_number"));
  }
  for (const std::string_view bad : {"true", "{}", "[]", "[1]", R"({"low":1,"high":2})"}) {
    SCOPED_TRACE(bad);
    EXPECT_TRUE(value_of("{\"intValue\":" + std::string(bad) + "}").starts_with("wrong_type"));
  }
  for (const std::string_view bad : {"01", "-", "1.", ".5", "+1", "1e", "1e+", "0x10", "1_0", "--1",
                                     "NaN", "Infinity", "-Infinity", "1 2"}) {
    SCOPED_TRACE(bad);
    EXPECT_TRUE(transcode(Signal::traces, in_span("\"flags\":" + std::string(bad))).refused);
    EXPECT_TRUE(transcode(Signal::traces, in_span("\"unknown\":" + std::string(bad))).refused);
  }
  EXPECT_EQ(error_of(R"("startTimeUnixNano":"2026-11-21T10:00:00Z")"), "bad_number");
  EXPECT_EQ(error_of(R"("startTimeUnixNano":-1)"), "bad_number");
  EXPECT_EQ(error_of(R"("startTimeUnixNano":18446744073709551616)"), "bad_number");
  EXPECT_EQ(error_of(R"("startTimeUnixNano":"99999999999999999999")"), "bad_number");
  EXPECT_EQ(error_of(R"("flags":4294967296)"), "bad_number");
  EXPECT_EQ(error_of(R"("droppedLinksCount":-1)"), "bad_number");
  EXPECT_EQ(error_of(R"("kind":2147483648)"), "bad_number");
  EXPECT_EQ(error_of(R"("kind":1.5)"), "bad_number");
}

// Goal: J-19 and J-20, doubles as numbers, text and three words; never out of range.
TEST(JsonToWire, DoublesAreReadAsTheyStand) {
  const struct {
    std::string_view json;
    std::string_view hex;
  } kCases[] = {
      {"0", "210000000000000000"},
      {"-0", "210000000000000080"},
      {"-0.0", "210000000000000080"},
      {"1.5", "21000000000000f83f"},
      {"\"1.5\"", "21000000000000f83f"},
      {"3", "210000000000000840"},
      {"1e-400", "210000000000000000"},
      {"-1e-400", "210000000000000080"},
      {"0.0000000001e-320", "210000000000000000"},
      {"5e-324", "210100000000000000"},
      {"1.7976931348623157e308", "21ffffffffffffef7f"},
      {"\"NaN\"", "21000000000000f87f"},
      {"\"Infinity\"", "21000000000000f07f"},
      {"\"-Infinity\"", "21000000000000f0ff"},
      {"9007199254740993", "210000000000004043"},
  };
  for (const auto& [text, hex] : kCases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(value_of("{\"doubleValue\":" + std::string(text) + "}"), hex);
  }
  for (const std::string_view bad : {"1e400", "-1e400", "\"1e400\"", "1000e306", "1e99999999999"}) {
    SCOPED_TRACE(bad);
    EXPECT_TRUE(value_of("{\"doubleValue\":" + std::string(bad) + "}").starts_with("bad_number"));
  }
  for (const std::string_view bad :
       {"\"\"", "\"nan\"", "\"inf\"", "\"+Infinity\"", "\" 1\"", "\"0x1p3\"", "true", "[]"}) {
    SCOPED_TRACE(bad);
    EXPECT_TRUE(value_of("{\"doubleValue\":" + std::string(bad) + "}").starts_with("wrong_type"));
  }
  for (const std::string_view bad : {"NaN", "Infinity", "-Infinity", "nan", "1.e3", "0x1p3"}) {
    SCOPED_TRACE(bad);
    EXPECT_TRUE(transcode(Signal::traces, in_span(R"("attributes":[{"value":{"doubleValue":)" +
                                                  std::string(bad) + "}}]"))
                    .refused);
  }
}

// Goal: J-21 and J-22, null is absent as a field and refused as an element.
TEST(JsonToWire, NullIsAbsent) {
  EXPECT_EQ(span_of(R"("traceId":null,"kind":null,"attributes":null,"status":null,"flags":null,)"
                    R"("name":null,"startTimeUnixNano":null)"),
            "");
  EXPECT_EQ(value_of(R"({"stringValue":null,"intValue":"1"})"), "1801");
  EXPECT_EQ(span_of(R"("kind":null,"kind":1)"), "3001");
  EXPECT_EQ(error_of(R"("attributes":[null])"), "null_element");
  EXPECT_EQ(error_of(R"("attributes":[{},null])"), "null_element");
  EXPECT_EQ(error_of(R"("attributes":[{"value":{"arrayValue":{"values":[null]}}}])"),
            "null_element");
  EXPECT_TRUE(transcode(Signal::metrics,
                        R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{)"
                        R"("dataPoints":[{"bucketCounts":["1",null]}]}}]}]}]})")
                  .refused);
  EXPECT_EQ(error_of(R"("kind":nul)"), "syntax");
  EXPECT_TRUE(transcode(Signal::traces, "null").refused);
}

// Goal: J-23, an AnyValue is an object with at most one known name.
TEST(JsonToWire, AnyValueHasItsForms) {
  EXPECT_EQ(value_of("{}"), "");
  EXPECT_EQ(value_of(R"({"stringValue":""})"), "0a00");
  EXPECT_EQ(value_of(R"({"boolValue":false})"), "1000");
  EXPECT_EQ(value_of(R"({"boolValue":true})"), "1001");
  EXPECT_EQ(value_of(R"({"arrayValue":{}})"), "2a00");
  EXPECT_EQ(value_of(R"({"arrayValue":{"values":[{},{"intValue":1}]}})"), "2a060a000a021801");
  EXPECT_EQ(value_of(R"({"kvlistValue":{"values":[{"key":"a"}]}})"), "32050a030a0161");
  for (const std::string_view bad :
       {R"({"arrayValue":["a"]})", R"({"arrayValue":{"values":["a"]}})", "\"a\"", "1", "[]"}) {
    SCOPED_TRACE(bad);
    EXPECT_TRUE(value_of(bad).starts_with("wrong_type")) << value_of(bad);
  }
}

// Goal: J-24, of two values none is picked silently.
TEST(JsonToWire, DuplicatesAreRefused) {
  for (const std::string_view bad :
       {R"("kind":1,"kind":1)", R"("kind":0,"kind":1)", R"("attributes":[],"attributes":[])",
        R"("status":{},"status":{})", R"("kind":1,"k\u0069nd":1)",
        R"("attributes":[{"value":{"intValue":1,"intValue":2}}])",
        R"("attributes":[{"value":{"stringValue":"a","intValue":2}}])"}) {
    SCOPED_TRACE(bad);
    EXPECT_EQ(error_of(bad), "duplicate_name");
  }
  EXPECT_EQ(error_of(R"("x":1,"x":2)"), "accepted");
}

// Goal: J-25, booleans are true and false.
TEST(JsonToWire, BooleansAreTwoWords) {
  for (const std::string_view bad : {"\"true\"", "1", "0", "\"\"", "{}", "[true]"}) {
    EXPECT_TRUE(value_of("{\"boolValue\":" + std::string(bad) + "}").starts_with("wrong_type"));
  }
  for (const std::string_view bad : {"True", "tru", "truex", "falsee", "t"}) {
    EXPECT_FALSE(value_of("{\"boolValue\":" + std::string(bad) + "}").starts_with("10")) << bad;
  }
}

// Goal: J-26 and J-27, zero is absent where the schema has no presence, and kept where it has.
TEST(JsonToWire, PresenceIsKept) {
  EXPECT_EQ(span_of(""), "");
  EXPECT_EQ(span_of(R"("kind":0,"name":"","flags":0,"startTimeUnixNano":"0","attributes":[])"), "");
  EXPECT_EQ(span_of(R"("status":{})"), "7a00");
  const Outcome point = transcode(
      Signal::metrics,
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"asInt":"0"}]}},)"
      R"({"histogram":{"dataPoints":[{"min":0,"sum":0,"bucketCounts":["0",300]}]}}]}]}]})");
  EXPECT_EQ(point.hex,
            "0a3b"
            "1239"
            "120d"
            "2a0b"
            "0a09"
            "310000000000000000"
            "1228"
            "4a26"
            "0a24"
            "590000000000000000"
            "290000000000000000"
            "3210"
            "0000000000000000"
            "2c01000000000000")
      << point.failure.message;
}

// Goal: J-28, text is UTF-8 on both sides.
TEST(JsonToWire, TextIsUtf8) {
  EXPECT_EQ(span_of(R"("name":"é😀")"), "2a06c3a9f09f9880");
  EXPECT_EQ(span_of(R"("name":"\u00e9\ud83d\ude00")"), "2a06c3a9f09f9880");
  EXPECT_EQ(span_of(R"("name":"\u0000\"\\\/\b\f\n\r\t")"), "2a0900225c2f080c0a0d09");
}

// Goal: half a surrogate pair becomes U+FFFD wherever it stands, and is counted.
TEST(JsonToWire, HalfSurrogatesAreReplaced) {
  const struct {
    std::string_view text;
    std::string_view hex;
    std::uint32_t count;
  } kCases[] = {
      {R"(\ud800)", "2a03efbfbd", 1},
      {R"(\udc00)", "2a03efbfbd", 1},
      {R"(\ud83dx)", "2a04efbfbd78", 1},
      {R"(\ud83d\n)", "2a04efbfbd0a", 1},
      {R"(\ud83d\u0041)", "2a04efbfbd41", 1},
      {R"(\ud83d\ud83d\ude00)", "2a07efbfbdf09f9880", 1},
      {R"(\ude00\ud83d)", "2a06efbfbdefbfbd", 2},
  };
  for (const auto& [text, hex, count] : kCases) {
    SCOPED_TRACE(text);
    const std::string member = "\"name\":\"" + std::string(text) + "\"";
    EXPECT_EQ(span_of(member), hex);
    EXPECT_EQ(transcode(Signal::traces, in_span(member)).stats.half_surrogate_count, count);
  }
}

// Goal: bytes that are not UTF-8 are refused wherever they stand, and named by offset.
TEST(JsonToWire, InvalidUtf8IsRefused) {
  for (const std::string_view bad :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    for (const std::string_view place : {R"("name":"@")", R"("@":1)", R"("x":["@"])"}) {
      std::string text = in_span(place);
      const std::size_t at = text.find('@');
      text.replace(at, 1, bad);
      const Outcome outcome = transcode(Signal::traces, text);
      ASSERT_TRUE(outcome.refused);
      EXPECT_EQ(outcome.failure.code, JsonErrc::invalid_utf8);
      EXPECT_EQ(outcome.failure.offset, at);
    }
  }
}

// Goal: J-29, strict JSON, in what is read and in what is ignored.
TEST(JsonToWire, BadSyntaxIsRefused) {
  for (const std::string_view bad : {"",
                                     " ",
                                     "{",
                                     "}",
                                     "[]",
                                     "\"a\"",
                                     "1",
                                     "true",
                                     "null",
                                     "{}{}",
                                     "{} x",
                                     "{},",
                                     "\xef\xbb\xbf{}",
                                     "{,}",
                                     "{\"x\":1,}",
                                     "{\"x\":[1,]}",
                                     "{\"x\":[,1]}",
                                     "{\"x\":[1 2]}",
                                     "{\"x\" 1}",
                                     "{\"x\":}",
                                     "{\"x\"}",
                                     "{x:1}",
                                     "{'x':1}",
                                     "{\"x\":'a'}",
                                     "{\"x\":1 \"y\":2}",
                                     "{/**/}",
                                     "{}//",
                                     "{\"x\":1/**/}",
                                     "{\"x\":[}]",
                                     "{\"x\":[1}}",
                                     "{\"x\":{]}",
                                     "{\"x\":\"\x01\"}",
                                     "{\"x\":\"\n\"}",
                                     "{\"x\":\"\\x41\"}",
                                     "{\"x\":\"\\u12\"}",
                                     "{\"x\":\"\\u12g4\"}",
                                     "{\"x\":\"a}",
                                     "{\"x\":\"\\",
                                     "{\"x\":\"\\u",
                                     "{\"x\":tru}",
                                     "{\"x\":\x0b"
                                     "1}",
                                     "{\"x\":\"a\":1}",
                                     "{\"x\":1:2}",
                                     "{\"x\":{\"y\":1,}}",
                                     "{\"x\":{\"y\" 1}}",
                                     "{\"x\":{1:1}}",
                                     "{\"resourceSpans\":[{},]}",
                                     "{\"resourceSpans\":[,{}]}",
                                     "{\"resourceSpans\":[{} {}]}",
                                     "{\"resourceSpans\":[{}}",
                                     "{\"resourceSpans\":[]",
                                     "{\"resourceSpans\":[{\"schemaUrl\":\"a\":1}]}",
                                     "{\"resourceSpans\":[{\"schemaUrl\":\"\\q\"}]}",
                                     "{\"resourceSpans\":[{\"schemaUrl\":\"\t\"}]}",
                                     "{\"resourceSpans\" []}"}) {
    SCOPED_TRACE(bad);
    const Outcome outcome = transcode(Signal::traces, bad);
    ASSERT_TRUE(outcome.refused) << outcome.hex;
    EXPECT_TRUE(outcome.failure.code == JsonErrc::syntax) << name_of(outcome.failure.code);
  }
  EXPECT_TRUE(transcode(Signal::traces, std::string_view("{}\0", 3)).refused);
  EXPECT_TRUE(transcode(Signal::traces, std::string_view("{\0}", 3)).refused);
}

// Goal: whitespace is what RFC 8259 says, everywhere between tokens.
TEST(JsonToWire, WhitespaceIsSkipped) {
  const Outcome outcome = transcode(Signal::traces,
                                    " \t\r\n{ \"x\" : [ 1 , { } , [ ] ] , \"resourceSpans\" : [ { "
                                    "\"schemaUrl\" : \"a\" } , { } ] } \n");
  EXPECT_EQ(outcome.hex, "0a031a01610a00") << outcome.failure.message;
  EXPECT_EQ(transcode(Signal::traces, "{}").hex, "");
  EXPECT_EQ(transcode(Signal::traces, "{ }").hex, "");
  EXPECT_EQ(transcode(Signal::traces, R"({"resourceSpans":[ ]})").hex, "");
}

// Goal: lengths are minimal whatever was guessed. Method: siblings of every size class, in an order
// that makes each guess wrong.
TEST(JsonToWire, LengthsAreMinimal) {
  std::string text = R"({"resourceSpans":[)";
  std::vector<std::byte> wanted;
  for (const std::size_t size : std::initializer_list<std::size_t>{0, 100'000, 1, 200, 20'000, 124,
                                                                   125, 126, 16'380, 16'381, 0}) {
    const std::string url(size, 'u');
    text += (text.back() == '[' ? "" : ",");
    text += R"({"schemaUrl":")" + url + "\"}";
    std::vector<std::byte> payload;
    if (size > 0) append_len_field(3, url, payload);
    append_len_field(1, payload, wanted);
  }
  text += "]}";
  EXPECT_EQ(transcode(Signal::traces, text).hex, to_hex(wanted));
}

// Goal: the output has a limit. Method: numbers that grow eightfold on the wire.
TEST(JsonToWire, OutputIsBounded) {
  std::string text =
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[0)";
  for (int i = 0; i < 10'000; ++i) text += ",0";
  text += "]}]}}]}]}]}";
  EXPECT_EQ(transcode(Signal::metrics, text).failure.message, "");
  JsonLimits limits;
  limits.wire_size_bytes_max = 70'000;
  const Outcome outcome = transcode(Signal::metrics, text, limits);
  ASSERT_TRUE(outcome.refused);
  EXPECT_EQ(outcome.failure.code, JsonErrc::too_large);
  limits.wire_size_bytes_max = 0;
  EXPECT_EQ(transcode(Signal::traces, in_span("\"kind\":1"), limits).failure.code,
            JsonErrc::too_large);
  EXPECT_FALSE(transcode(Signal::traces, "{}", limits).refused);
}

// Goal: who reserves the limit and the slack keeps the room. Method: one long text, whose lengths
// are closed when the output is nearly as long as the limit.
TEST(JsonToWire, OutputStaysInTheRoomThatWasReserved) {
  const std::string text =
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":")" +
      std::string(100'000, 'x') + R"("}}]}]}]})";
  JsonLimits limits;
  limits.wire_size_bytes_max = text.size();
  std::vector<std::byte> out;
  out.reserve(limits.wire_size_bytes_max + kJsonSlackSizeBytes);
  const std::byte* const data = out.data();
  const std::size_t capacity = out.capacity();
  ASSERT_TRUE(json_to_wire(Signal::logs, std::as_bytes(std::span(text)), limits, out));
  EXPECT_GT(out.size(), 100'000U);
  EXPECT_EQ(out.data(), data);
  EXPECT_EQ(out.capacity(), capacity);
}

// Goal: a message leads to the place. Method: one failure per kind of place.
TEST(JsonToWire, MessagesNameThePath) {
  const auto message_of = [](std::string_view text) {
    return transcode(Signal::traces, text).failure.message;
  };
  EXPECT_EQ(
      message_of(R"({"resourceSpans":[{},{"scopeSpans":[{"spans":[{},{},{"kind":1.5}]}]}]})"),
      "$.resourceSpans[1].scopeSpans[0].spans[2].kind: a fraction where a whole number is due");
  EXPECT_EQ(message_of(R"({"resourceSpans":7})"), "$.resourceSpans: expected an array");
  EXPECT_EQ(message_of(R"({"resourceSpans":[7]})"), "$.resourceSpans[0]: expected an object");
  EXPECT_EQ(message_of("{"), "$: expected a name in quotes");
  EXPECT_EQ(message_of(""), "$: the body is empty");
  EXPECT_EQ(message_of("{} {}"), "$: text behind the document");
}

}  // namespace
}  // namespace otlpview
