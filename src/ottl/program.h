// OTTL compiled for one context: names looked up, patterns compiled, types of arguments checked, so
// that what can be wrong with a text is said when it is loaded, and running it has no errors.
//
//   Compiler  : makes Conditions and Statements of one context; then frame() fits them all
//   Condition : whether a message meets it
//   Statement : an editor, with or without a condition
//
// A function that is given a value of a type it does not take gives nil; an editor does nothing.
//
// Limits:  those of syntax.h and regex.h.
// Errors:  compiling gives a Mistake; running none.
// Threads: a compiled text may be run from any thread, each with a Frame of its own.
// Source:  docs/processors.md lists paths, functions and editors; a test compares.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ottl/functions.h"
#include "ottl/paths.h"
#include "ottl/regex.h"

namespace gateway::ottl {

struct Node {
  enum class Kind : std::uint8_t {
    constant,
    path,
    list,
    call,
    arithmetic,
    comparison,
    all_of,
    any_of,
    negation,
  };

  Kind kind = Kind::constant;
  Value constant;  // text and bytes borrow from `text`; see constant_of()
  std::string text;
  Path path;
  const FunctionRow* function = nullptr;
  std::shared_ptr<const Regex> regex;  // of a function that takes a pattern
  std::string replacement;             // of one that replaces what it matches
  std::uint32_t site = 0;              // of a function: its own questions to the frame's Memo
  char sign = '+';
  Op op = Op::equal;
  std::vector<Node> children;
};

class Condition {
 public:
  [[nodiscard]] bool holds(Frame& frame) const;

 private:
  friend class Compiler;
  explicit Condition(Node node) : node_(std::move(node)) {}
  Node node_;
};

class Statement {
 public:
  void run(Frame& frame) const;

 private:
  friend class Compiler;
  Statement(Node call, std::vector<Node> where)
      : call_(std::move(call)), where_(std::move(where)) {}
  Node call_;
  std::vector<Node> where_;  // one or none
};

class Compiler {
 public:
  explicit Compiler(Context context, Names names = Names::any) noexcept
      : context_(context), names_(names) {}

  [[nodiscard]] Result<Condition, Mistake> condition(std::string_view text);
  [[nodiscard]] Result<Statement, Mistake> statement(std::string_view text);
  [[nodiscard]] Context context() const noexcept { return context_; }
  // For all that was compiled so far.
  [[nodiscard]] Frame frame(std::size_t memo_set_count = kMemoSetCount) const {
    return Frame(slot_count_, memo_set_count);
  }

 private:
  [[nodiscard]] Result<Node, Mistake> value(const Syntax& syntax);
  [[nodiscard]] Result<Node, Mistake> boolean(const Syntax& syntax);
  [[nodiscard]] Result<Node, Mistake> path(const Syntax& syntax, Parameter as);
  [[nodiscard]] Result<Node, Mistake> call(const Syntax& syntax, bool is_editor);
  [[nodiscard]] Result<Node, Mistake> argument(const FunctionRow& row, Parameter as,
                                               const Syntax& syntax);

  Context context_;
  Names names_;
  std::size_t slot_count_ = 0;
  std::uint32_t site_count_ = 0;
};

// The value of an expression. Text that had to be made lies in the frame's Arena.
[[nodiscard]] Value evaluate(const Node& node, Frame& frame);
[[nodiscard]] bool holds(const Node& node, Frame& frame);

}  // namespace gateway::ottl
