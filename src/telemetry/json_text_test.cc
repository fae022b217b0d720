#include "telemetry/json_text.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace gateway::telemetry {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Goal: what JSON forbids inside a string is escaped. Method: each class of character.
TEST(JsonText, QuotesBackslashesAndControlsAreEscaped) {
  EXPECT_EQ(json("plain"), R"("plain")");
  EXPECT_EQ(json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json("a\nb\tc\rd"), R"("a\nb\tc\rd")");
  EXPECT_EQ(json(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(json("grüße 漢字 🚀"), "\"grüße 漢字 🚀\"");
}

// Goal: no byte string makes invalid UTF-8 output. Method: the classic bad sequences.
TEST(JsonText, BytesThatAreNotUtf8BecomeTheReplacementCharacter) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(json("a\xFF"
                 "b"),
            "\"a" + r + "b\"");
  EXPECT_EQ(json("\xC3"), "\"" + r + "\"");                          // cut short
  EXPECT_EQ(json("\xC0\x80"), "\"" + r + r + "\"");                  // overlong
  EXPECT_EQ(json("\xE0\x80\x80"), "\"" + r + r + r + "\"");          // overlong
  EXPECT_EQ(json("\xED\xA0\x80"), "\"" + r + r + r + "\"");          // surrogate
  EXPECT_EQ(json("\xF4\x90\x80\x80"), "\"" + r + r + r + r + "\"");  // too large
  EXPECT_EQ(json("\xF0\x8F\x80\x80"), "\"" + r + r + r + r + "\"");  // overlong
  EXPECT_EQ(json("\xF0\x9F\x9A"), "\"" + r + r + r + "\"");          // cut short
}

// Goal: numbers are exact, and what JSON cannot say is null. Method: limits.
TEST(JsonText, NumbersAreExactAndNaNIsNull) {
  std::string out;
  append_json_number(out, std::numeric_limits<std::int64_t>::min());
  out += ' ';
  append_json_number(out, std::numeric_limits<std::uint64_t>::max());
  out += ' ';
  append_json_number(out, 0.1);
  out += ' ';
  append_json_number(out, std::nan(""));
  EXPECT_EQ(out, "-9223372036854775808 18446744073709551615 0.1 null");
}

}  // namespace
}  // namespace gateway::telemetry
