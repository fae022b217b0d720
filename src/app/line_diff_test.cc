#include "app/line_diff.h"

#include <gtest/gtest.h>

#include "app/json_format.h"

namespace gateway::app {
namespace {

// Goal: only what differs is shown, with the lines around. Method: a change, a new line and a gone
// one, far from each other.
TEST(LineDiff, ShowsWhatDiffersWithItsSurroundings) {
  std::string before, after;
  for (int i = 1; i <= 40; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    if (i != 20) before += line;
    if (i != 38) after += i == 5 ? "line five\n" : line;
  }
  EXPECT_EQ(line_diff(before, after),
            "@@ line 2 @@\n line 2\n line 3\n line 4\n-line 5\n+line five\n line 6\n line 7\n"
            " line 8\n"
            "@@ line 17 @@\n line 17\n line 18\n line 19\n+line 20\n line 21\n line 22\n line 23\n"
            "@@ line 34 @@\n line 35\n line 36\n line 37\n-line 38\n line 39\n line 40\n");
}

// Goal: the edges. Method: nothing, all new, all gone, the same, repeated lines.
TEST(LineDiff, TheEdges) {
  EXPECT_EQ(line_diff("", ""), "");
  EXPECT_EQ(line_diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(line_diff("", "a\n"), "@@ line 1 @@\n+a\n");
  EXPECT_EQ(line_diff("a\n", ""), "@@ line 1 @@\n-a\n");
  EXPECT_EQ(line_diff("x\nx\n", "x\nx\nx\n"), "@@ line 1 @@\n x\n x\n+x\n");
}

// Goal: texts that differ everywhere are bounded in cost. Method: more cells than are compared.
TEST(LineDiff, VeryDifferentTextsAreAllGoneAndAllNew) {
  std::string before, after;
  for (int i = 0; i < 5000; ++i) {
    before += "b" + std::to_string(i) + "\n";
    after += "a" + std::to_string(i) + "\n";
  }
  const std::string diff = line_diff(before, after);
  EXPECT_TRUE(diff.starts_with("@@ line 1 @@\n-b0\n-b1\n"));
  EXPECT_TRUE(diff.ends_with("+a4998\n+a4999\n"));
}

// Goal: JSON is laid out, its texts untouched. Method: every kind of value, spaces anywhere.
TEST(JsonFormat, LaysOutEveryKindOfValue) {
  EXPECT_EQ(format_json(" { \"a\\\" b\" :[1 ,-2.5e3, true,null ] ,\"c\":{ },\"d\":[\n]} "),
            "{\n  \"a\\\" b\": [\n    1,\n    -2.5e3,\n    true,\n    null\n  ],\n  \"c\": {},\n"
            "  \"d\": []\n}");
  EXPECT_EQ(format_json("7"), "7");
  EXPECT_EQ(format_json("[1]", 1), "[\n    1\n  ]");
}

// Goal: laying out twice changes nothing. Method: the output as input.
TEST(JsonFormat, IsItsOwnFixedPoint) {
  const auto once = format_json(R"({"a":[{"b":"x"},[]],"c":1})");
  ASSERT_TRUE(once.has_value());
  EXPECT_EQ(format_json(*once), once);
}

// Goal: what is no JSON is refused, and deep nesting does not end the process. Method: one mistake
// each; every prefix; the limit and one beyond.
TEST(JsonFormat, WhatIsNoJsonIsRefused) {
  for (const char* text : {"", "{", "]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1,]", "[1 2]", "\"x",
                           "\"x\\", "{} {}", "{\"a\":1,}", ":"}) {
    EXPECT_FALSE(format_json(text).has_value()) << text;
  }
  const std::string whole = R"({"a":["b",{"c":1}]})";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(format_json(whole.substr(0, size)).has_value()) << size;
  }
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + "1" + std::string(depth, ']');
  };
  EXPECT_TRUE(format_json(nested(kJsonFormatNestingMax)).has_value());
  EXPECT_FALSE(format_json(nested(kJsonFormatNestingMax + 1)).has_value());
}

}  // namespace
}  // namespace gateway::app
