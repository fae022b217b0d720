#include "ottl/syntax.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace gateway::ottl {
namespace {

// The tree in one line: operators before their operands, keys of a path in brackets.
[[nodiscard]] std::string shown(const Syntax& node) {
  constexpr std::array<std::string_view, 6> kOps = {"==", "!=", "<", "<=", ">", ">="};
  const auto all = [&](std::string_view head, std::string_view open, std::string_view close) {
    std::string text(head);
    text += open;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const Syntax& child = node.children[i];
      if (i > 0) text += ' ';
      if (!child.argument.empty()) text.append(child.argument).append("=");
      text += shown(child);
    }
    return text.append(close);
  };
  switch (node.kind) {
    case Syntax::Kind::literal:
      break;
    case Syntax::Kind::enumeration:
      return node.name;
    case Syntax::Kind::path:
      return node.children.empty() ? node.name : all(node.name, "[", "]");
    case Syntax::Kind::call:
      return all(node.name, "(", ")");
    case Syntax::Kind::list:
      return all("", "[", "]");
    case Syntax::Kind::arithmetic:
      return all("{" + node.name, " ", "}");
    case Syntax::Kind::comparison:
      return all("{" + std::string(kOps[static_cast<std::size_t>(node.op)]), " ", "}");
    case Syntax::Kind::all_of:
      return all("{and", " ", "}");
    case Syntax::Kind::any_of:
      return all("{or", " ", "}");
    case Syntax::Kind::negation:
      return all("{not", " ", "}");
  }
  switch (node.literal) {
    case Value::Kind::boolean:
      return node.boolean ? "true" : "false";
    case Value::Kind::integer:
      return std::to_string(node.integer);
    case Value::Kind::real:
      return std::to_string(node.real);
    case Value::Kind::text:
      return '"' + node.text + '"';
    case Value::Kind::bytes:
      return std::to_string(node.text.size()) + " bytes";
    default:
      return "nil";
  }
}

[[nodiscard]] std::string condition(std::string_view text) {
  const auto parsed = parse_condition(text);
  if (parsed) return shown(*parsed);
  return std::to_string(parsed.error().offset) + ": " + parsed.error().message;
}

[[nodiscard]] std::string statement(std::string_view text) {
  const auto parsed = parse_statement(text);
  if (!parsed) return std::to_string(parsed.error().offset) + ": " + parsed.error().message;
  return shown(parsed->call) +
         (parsed->where.empty() ? "" : " where " + shown(parsed->where.front()));
}

// Goal: what binds tighter is deeper. Method: each pair of operators, with and without brackets.
TEST(OttlSyntax, OperatorsBindAsInTheLanguage) {
  for (const auto& [text, tree] : {
           std::pair("a == 1 or b == 2 and c == 3", "{or {== a 1} {and {== b 2} {== c 3}}}"),
           {"(a == 1 or b == 2) and c == 3", "{and {or {== a 1} {== b 2}} {== c 3}}"},
           {"not a == 1 and b", "{and {not {== a 1}} b}"},
           {"not (a and b)", "{not {and a b}}"},
           {"not not a", "{not {not a}}"},
           {"a + 2 * b == c - 1", "{== {+ a {* 2 b}} {- c 1}}"},
           {"(a + 2) * b > 0", "{> {* {+ a 2} b} 0}"},
           {"a - b - c < 0", "{< {- {- a b} c} 0}"},
           {"a / b / c <= 0", "{<= {/ {/ a b} c} 0}"},
           {"a != b", "{!= a b}"},
           {"a >= b", "{>= a b}"},
       }) {
    EXPECT_EQ(condition(text), tree) << text;
  }
}

// Goal: each form of a value is read. Method: one of each, and its nearest neighbours.
TEST(OttlSyntax, ValuesAreRead) {
  for (const auto& [text, tree] : {
           std::pair("a == nil", "{== a nil}"),
           {"a == true", "{== a true}"},
           {"a == falsehood", "{== a falsehood}"},
           {"a == -5", "{== a -5}"},
           {"a == 1.5", "{== a 1.500000}"},
           {"a == .5", "{== a 0.500000}"},
           {"a == 1e3", "{== a 1000.000000}"},
           {"a == 0x0badcafe", "{== a 4 bytes}"},
           {"a == 0x", "{== a 0 bytes}"},
           {"a == 9223372036854775807", "{== a 9223372036854775807}"},
           {R"(a == "x \"y\" \\ \d \n")", "{== a \"x \"y\" \\ \\d \n\"}"},
           {"a == STATUS_CODE_ERROR", "{== a STATUS_CODE_ERROR}"},
           {"a == []", "{== a []}"},
           {"a == [1, \"b\", [c]]", "{== a [1 \"b\" [c]]}"},
           {R"(attributes["k"] == 1)", "{== attributes[\"k\"] 1}"},
           {R"(resource.attributes["k"][0]["x"] == 1)",
            "{== resource.attributes[\"k\" 0 \"x\"] 1}"},
           {"IsMatch(name, \"x\")", "IsMatch(name \"x\")"},
           {"F(G(), index = 2, other=a)", "F(G() index=2 other=a)"},
           {" \t\na==1\r\n ", "{== a 1}"},
       }) {
    EXPECT_EQ(condition(text), tree) << text;
  }
}

TEST(OttlSyntax, StatementsHaveACallAndPerhapsACondition) {
  EXPECT_EQ(statement("set(name, \"x\")"), "set(name \"x\")");
  EXPECT_EQ(statement("set(name, \"x\") where a == 1 and b"),
            "set(name \"x\") where {and {== a 1} b}");
  EXPECT_EQ(statement("keep_keys(attributes, [\"where\"])"), "keep_keys(attributes [\"where\"])");
}

// Goal: each mistake is told where it is. Method: one of each message.
TEST(OttlSyntax, MistakesSayWhere) {
  for (const auto& [text, told] : {
           std::pair("", "0: a value is missing at the end"),
           {"a ==", "4: a value is missing at the end"},
           {"a = 1", "2: `=` compares nothing; write `==`"},
           {"a == 1 b", "7: unexpected `b`"},
           {"a == \"x", "5: a text has no end: `\"` is missing"},
           {"(a == 1", "7: `)` is missing before end of text"},
           {"a == [1, 2", "10: `]` is missing before end of text"},
           {"f(1", "3: `)` is missing before end of text"},
           {"a[\"k\" == 1", "6: `]` is missing before `=`"},
           {"a. == 1", "3: a name is missing after `.`"},
           {"a == {}", "5: maps are not supported as values"},
           {"a == 99999999999999999999", "5: the number is too large"},
           {"a == 1e999", "5: the number is out of range"},
           {"a == -x", "5: not a number"},
           {"a == 0x1", "7: unexpected `1`"},
           {"a == 0xg", "7: not a pair of hex digits"},
           {"a == 5x", "6: unexpected `x`"},
           {"a == -", "5: unexpected `-`"},
           {"a == ?", "5: unexpected `?`"},
       }) {
    EXPECT_EQ(condition(text), told) << text;
  }
  EXPECT_EQ(statement("name"), "0: a statement begins with a function such as set(...)");
  EXPECT_EQ(statement("set(a, 1) when b"), "10: unexpected `when`");
}

// Goal: no text takes the stack or the time. Method: at each limit, and one beyond it.
TEST(OttlSyntax, LimitsHold) {
  const auto nested = [](std::size_t count) {
    return std::string(count, '(') + "a == 1" + std::string(count, ')');
  };
  EXPECT_EQ(condition(nested(kDepthMax)), "{== a 1}");
  EXPECT_NE(condition(nested(kDepthMax + 1)).find("is nested too deeply"), std::string::npos);
  std::string sum = "a";
  for (std::size_t i = 0; i <= kDepthMax; ++i) sum += " + 1";
  EXPECT_NE(condition(sum + " == 1").find("too many operators in a row"), std::string::npos);
  std::string keys = "a";
  for (std::size_t i = 0; i <= kDepthMax; ++i) keys += "[0]";
  EXPECT_NE(condition(keys).find("has too many keys"), std::string::npos);
  std::string lists(kDepthMax + 2, '[');
  EXPECT_NE(condition("a == " + lists).find("is nested too deeply"), std::string::npos);
  const std::string longest = "a == \"" + std::string(kTextSizeBytesMax - 7, 'x') + '"';
  EXPECT_TRUE(parse_condition(longest).has_value());
  EXPECT_EQ(condition(longest + ' '), "0: is longer than 16384 bytes");
  EXPECT_EQ(statement("f(" + longest + ")"), "0: is longer than 16384 bytes");
}

// Goal: every cut of a text is read or refused at a place inside it. Method: each prefix, and each
// byte taken for another.
TEST(OttlSyntax, EveryCutAndFlipIsReadOrRefused) {
  const auto expect_inside = [](const std::string& text) {
    SCOPED_TRACE(text);
    const auto statement = parse_statement(text);
    const auto condition = parse_condition(text);
    EXPECT_LE(statement ? 0 : statement.error().offset, text.size());
    EXPECT_LE(condition ? 0 : condition.error().offset, text.size());
  };
  const std::string whole =
      R"(set(attributes["k"], Concat([a.b, "x\d"], "-")) where not (b[0] >= -1.5e3 + 2) or c == K_X)";
  ASSERT_TRUE(parse_statement(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) expect_inside(whole.substr(0, size));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char c : std::string_view("\0\"()[]{}.,=<>+-*/x9\\\xff", 21)) {
      std::string text = whole;
      text[i] = c;
      expect_inside(text);
    }
  }
}

}  // namespace
}  // namespace gateway::ottl
