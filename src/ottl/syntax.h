// OTTL as text to a tree: what it says, before anyone asks whether it makes sense.
//
//   statement := call [ "where" boolean ]
//   boolean   := and ( "or" and )*            and := factor ( "and" factor )*
//   factor    := "not" factor | "(" boolean ")" | value op value | value
//   op        := "==" | "!=" | "<" | "<=" | ">" | ">="
//   value     := product ( ("+"|"-") product )*      product := operand ( ("*"|"/") operand )*
//   operand   := literal | ENUM | path | call | list | "(" value ")" | "-" operand
//   literal   := "text" | 12 | 1.5 | true | false | nil | 0x0badcafe
//   list      := "[" [ value ("," value)* ] "]"
//   path      := name ( "." name )* ( "[" ("text" | 12) "]" )*
//   call      := name "(" [ argument ("," argument)* ] ")"     argument := [ name "=" ] value
//
// Limits:  kTextSizeBytesMax, kDepthMax.
// Errors:  a Mistake: where, and what, for a person.
// Threads: pure functions.
// Source:  the grammar of OTTL, docs/processors.md says what of it is here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ottl/value.h"

namespace gateway::ottl {

inline constexpr std::size_t kTextSizeBytesMax = 16 * 1024;
// Brackets inside brackets, `not` after `not`.
inline constexpr std::size_t kDepthMax = 32;

struct Mistake {
  std::size_t offset = 0;  // in the text
  std::string message;
  // Where a name is not known: the name, and those that are, for a suggestion.
  std::string word;
  std::vector<std::string> candidates;
};

enum class Op : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

struct Syntax {
  enum class Kind : std::uint8_t {
    literal,
    enumeration,  // STATUS_CODE_ERROR
    path,
    call,
    list,
    arithmetic,  // name is + - * /
    comparison,
    all_of,
    any_of,
    negation,
  };

  Kind kind = Kind::literal;
  std::size_t offset = 0;
  std::string name;      // of a path, dots included; of a call or an enumeration
  std::string argument;  // the name before "=" of an argument
  std::string text;      // a literal of kind text or bytes
  Value::Kind literal = Value::Kind::nil;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  Op op = Op::equal;
  std::vector<Syntax> children;  // operands, arguments, items; of a path its keys
};

struct StatementSyntax {
  Syntax call;
  std::vector<Syntax> where;  // one or none
};

[[nodiscard]] Result<StatementSyntax, Mistake> parse_statement(std::string_view text);
[[nodiscard]] Result<Syntax, Mistake> parse_condition(std::string_view text);

}  // namespace gateway::ottl
