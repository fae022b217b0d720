#include "ottl/program.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "ottl/enumerations.h"

namespace gateway::ottl {
namespace {

// Whether `text` may stand in a message: OTLP's strings are UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(i);
    const std::size_t size = first < 0x80                     ? 1
                             : first >= 0xC2 && first <= 0xDF ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
    if (size == 0 || i + size > text.size()) return false;
    for (std::size_t k = 1; k < size; ++k) {
      if ((byte(i + k) & 0xC0U) != 0x80U) return false;
    }
    if ((first == 0xE0 && byte(i + 1) < 0xA0) || (first == 0xED && byte(i + 1) > 0x9F) ||
        (first == 0xF0 && byte(i + 1) < 0x90) || (first == 0xF4 && byte(i + 1) > 0x8F)) {
      return false;
    }
    i += size;
  }
  return true;
}

[[nodiscard]] Mistake not_a(const Syntax& syntax, std::string_view what) {
  return {syntax.offset, std::string(what) + " is wanted here", {}, {}};
}

[[nodiscard]] Result<Node, Mistake> literal(const Syntax& syntax) {
  Node node;
  node.text = syntax.text;
  node.constant = {.kind = syntax.literal,
                   .boolean = syntax.boolean,
                   .integer = syntax.integer,
                   .real = syntax.real};
  if (syntax.literal == Value::Kind::text && !is_utf8(syntax.text)) {
    return fail(Mistake{syntax.offset, "the text is not UTF-8", {}, {}});
  }
  return node;
}

[[nodiscard]] const FunctionRow* function(std::string_view name) noexcept {
  const auto rows = function_rows();
  const auto it = std::find_if(rows.begin(), rows.end(),
                               [name](const FunctionRow& row) { return row.name == name; });
  return it == rows.end() ? nullptr : &*it;
}

[[nodiscard]] std::size_t parameter_count(const FunctionRow& row) noexcept {
  return static_cast<std::size_t>(
      std::count_if(row.parameters.begin(), row.parameters.end(),
                    [](const auto& it) { return it.as != Parameter::none; }));
}

// Arguments in the order of the parameters, whether they were given by place or by name.
[[nodiscard]] Result<std::vector<const Syntax*>, Mistake> in_order(const FunctionRow& row,
                                                                   const Syntax& call) {
  const std::size_t count = parameter_count(row);
  std::vector<const Syntax*> ordered(count, nullptr);
  for (std::size_t i = 0; i < call.children.size(); ++i) {
    const Syntax& argument = call.children[i];
    std::size_t at = i;
    if (!argument.argument.empty()) {
      at = 0;
      while (at < count && row.parameters[at].name != argument.argument) ++at;
    }
    if (at >= count || ordered[at] != nullptr) {
      Mistake mistake{argument.offset, "`" + std::string(row.name) + "` takes ", {}, {}};
      for (std::size_t k = 0; k < count; ++k) {
        mistake.message.append(k == 0 ? "" : ", ").append(row.parameters[k].name);
      }
      return fail(std::move(mistake));
    }
    ordered[at] = &argument;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (ordered[i] == nullptr) {
      return fail(Mistake{
          call.offset,
          "`" + std::string(row.name) + "` needs `" + std::string(row.parameters[i].name) + "`",
          {},
          {}});
    }
  }
  return ordered;
}

[[nodiscard]] Value constant_of(const Node& node) noexcept {
  Value value = node.constant;
  if (value.kind == Value::Kind::text) value.text = node.text;
  if (value.kind == Value::Kind::bytes) value.bytes = std::as_bytes(std::span(node.text));
  return value;
}

[[nodiscard]] Value calculate(char sign, const Value& a, const Value& b) noexcept {
  if (!a.is_number() || !b.is_number()) return {};
  if (a.kind == Value::Kind::integer && b.kind == Value::Kind::integer) {
    std::int64_t result = 0;
    constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
    switch (sign) {
      case '+':
        static_cast<void>(__builtin_add_overflow(a.integer, b.integer, &result));
        return Value::of(result);  // two's complement, as in Go
      case '-':
        static_cast<void>(__builtin_sub_overflow(a.integer, b.integer, &result));
        return Value::of(result);
      case '*':
        static_cast<void>(__builtin_mul_overflow(a.integer, b.integer, &result));
        return Value::of(result);
      default:
        if (b.integer == 0) return {};
        if (a.integer == kLowest && b.integer == -1) return a;
        return Value::of(a.integer / b.integer);
    }
  }
  const double x = a.as_real();
  const double y = b.as_real();
  switch (sign) {
    case '+':
      return Value::of(x + y);
    case '-':
      return Value::of(x - y);
    case '*':
      return Value::of(x * y);
    default:
      return y == 0 ? Value{} : Value::of(x / y);
  }
}

[[nodiscard]] bool compares(Op op, const Value& a, const Value& b) noexcept {
  if (op == Op::equal) return equal(a, b);
  if (op == Op::not_equal) return !equal(a, b);
  const int found = order(a, b);
  if (found == 2) return false;
  switch (op) {
    case Op::less:
      return found < 0;
    case Op::less_equal:
      return found <= 0;
    case Op::greater:
      return found > 0;
    default:
      return found >= 0;
  }
}

}  // namespace

Result<Condition, Mistake> Compiler::condition(std::string_view text) {
  const auto syntax = parse_condition(text);
  if (!syntax) return fail(syntax.error());
  auto node = boolean(*syntax);
  if (!node) return fail(std::move(node.error()));
  return Condition(*std::move(node));
}

Result<Statement, Mistake> Compiler::statement(std::string_view text) {
  const auto syntax = parse_statement(text);
  if (!syntax) return fail(syntax.error());
  auto editor = call(syntax->call, true);
  if (!editor) return fail(std::move(editor.error()));
  std::vector<Node> where;
  for (const Syntax& condition : syntax->where) {
    auto node = boolean(condition);
    if (!node) return fail(std::move(node.error()));
    where.push_back(*std::move(node));
  }
  return Statement(*std::move(editor), std::move(where));
}

Result<Node, Mistake> Compiler::boolean(const Syntax& syntax) {
  Node node;
  switch (syntax.kind) {
    case Syntax::Kind::all_of:
    case Syntax::Kind::any_of:
    case Syntax::Kind::negation:
      node.kind = syntax.kind == Syntax::Kind::all_of   ? Node::Kind::all_of
                  : syntax.kind == Syntax::Kind::any_of ? Node::Kind::any_of
                                                        : Node::Kind::negation;
      for (const Syntax& child : syntax.children) {
        auto inner = boolean(child);
        if (!inner) return inner;
        node.children.push_back(*std::move(inner));
      }
      return node;
    case Syntax::Kind::comparison:
      node.kind = Node::Kind::comparison;
      node.op = syntax.op;
      for (const Syntax& child : syntax.children) {
        auto inner = value(child);
        if (!inner) return inner;
        node.children.push_back(*std::move(inner));
      }
      return node;
    case Syntax::Kind::call: {
      auto inner = call(syntax, false);
      if (inner && !inner->function->gives_boolean) break;
      return inner;
    }
    case Syntax::Kind::literal:
      if (syntax.literal == Value::Kind::boolean) return literal(syntax);
      break;
    default:
      break;
  }
  return fail(not_a(syntax, "a condition, such as a comparison or IsMatch(...),"));
}

Result<Node, Mistake> Compiler::value(const Syntax& syntax) {
  Node node;
  switch (syntax.kind) {
    case Syntax::Kind::literal:
      return literal(syntax);
    case Syntax::Kind::enumeration: {
      const EnumerationRow* const row = enumeration(syntax.name);
      if (row == nullptr) {
        Mistake mistake{
            syntax.offset, "there is no enumeration `" + syntax.name + "`", syntax.name, {}};
        for (const EnumerationRow& it : enumeration_rows()) {
          mistake.candidates.emplace_back(it.name);
        }
        return fail(std::move(mistake));
      }
      node.constant = Value::of(row->number);
      return node;
    }
    case Syntax::Kind::path:
      return path(syntax, Parameter::value);
    case Syntax::Kind::call:
      return call(syntax, false);
    case Syntax::Kind::arithmetic:
      node.kind = Node::Kind::arithmetic;
      node.sign = syntax.name[0];
      for (const Syntax& child : syntax.children) {
        auto inner = value(child);
        if (!inner) return inner;
        node.children.push_back(*std::move(inner));
      }
      return node;
    default:
      return fail(not_a(syntax, "a single value"));
  }
}

Result<Node, Mistake> Compiler::path(const Syntax& syntax, Parameter as) {
  auto found = resolve(syntax, context_, names_, slot_count_);
  if (!found) return fail(std::move(found.error()));
  const bool is_map = found->row->type == PathType::attributes && !found->has_key;
  const bool is_written = as == Parameter::target || as == Parameter::map;
  if (is_map != (as == Parameter::map)) {
    return fail(not_a(
        syntax, is_map ? "a key, as in attributes[\"key\"]," : "`attributes`, without a key,"));
  }
  if (is_written && !found->is_own) {
    return fail(Mistake{syntax.offset,
                        "`" + syntax.name + "` can be read here, and set only in the context " +
                            std::string(name_of(found->row->context)),
                        {},
                        {}});
  }
  if (is_written && !found->row->may_be_set) {
    return fail(Mistake{syntax.offset, "`" + syntax.name + "` cannot be set", {}, {}});
  }
  if (is_written && !found->inner_keys.empty()) {
    return fail(Mistake{syntax.offset, "keys inside a value can be read, not set", {}, {}});
  }
  Node node;
  node.kind = Node::Kind::path;
  node.path = *std::move(found);
  return node;
}

Result<Node, Mistake> Compiler::call(const Syntax& syntax, bool is_editor) {
  const FunctionRow* const row = function(syntax.name);
  if (row == nullptr || row->is_editor() != is_editor) {
    Mistake mistake{syntax.offset,
                    std::string("there is no ") + (is_editor ? "editor" : "converter") + " `" +
                        syntax.name + "`",
                    syntax.name,
                    {}};
    for (const FunctionRow& it : function_rows()) {
      if (it.is_editor() == is_editor) mistake.candidates.emplace_back(it.name);
    }
    return fail(std::move(mistake));
  }
  const auto arguments = in_order(*row, syntax);
  if (!arguments) return fail(arguments.error());
  Node node;
  node.kind = Node::Kind::call;
  node.function = row;
  node.site = site_count_++;
  for (std::size_t i = 0; i < arguments->size(); ++i) {
    const Syntax& given = *(*arguments)[i];
    const Parameter as = row->parameters[i].as;
    auto found = argument(*row, as, given);
    if (!found) return found;
    if (as == Parameter::pattern) {
      auto regex = Regex::compile(found->text);
      if (!regex) {
        return fail(Mistake{given.offset, "not a regular expression: " + regex.error(), {}, {}});
      }
      node.regex = std::make_shared<const Regex>(*std::move(regex));
    } else if (as == Parameter::replacement) {
      node.replacement = node.regex->replacement(found->text);
    }
    node.children.push_back(*std::move(found));
  }
  return node;
}

Result<Node, Mistake> Compiler::argument(const FunctionRow& row, Parameter as,
                                         const Syntax& syntax) {
  const bool is_text = syntax.kind == Syntax::Kind::literal && syntax.literal == Value::Kind::text;
  switch (as) {
    case Parameter::none:
    case Parameter::value:
      return value(syntax);
    case Parameter::target:
    case Parameter::map:
      if (syntax.kind != Syntax::Kind::path) return fail(not_a(syntax, "a path"));
      return path(syntax, as);
    case Parameter::text:
    case Parameter::pattern:
    case Parameter::replacement:
      if (!is_text) return fail(not_a(syntax, "a text in quotes"));
      if (row.name == "replace_all_patterns" && as == Parameter::text && syntax.text != "value") {
        return fail(Mistake{syntax.offset, "only the mode \"value\" is supported", {}, {}});
      }
      return literal(syntax);
    case Parameter::integer:
      if (syntax.kind != Syntax::Kind::literal || syntax.literal != Value::Kind::integer ||
          syntax.integer < 0) {
        return fail(not_a(syntax, "a whole number, 0 and up,"));
      }
      return literal(syntax);
    case Parameter::values:
    case Parameter::texts: {
      if (syntax.kind != Syntax::Kind::list) return fail(not_a(syntax, "a list in [ ]"));
      Node node;
      node.kind = Node::Kind::list;
      for (const Syntax& item : syntax.children) {
        auto inner = as == Parameter::texts ? argument(row, Parameter::text, item) : value(item);
        if (!inner) return inner;
        node.children.push_back(*std::move(inner));
      }
      return node;
    }
  }
  return fail(not_a(syntax, "another value"));
}

Value evaluate(const Node& node, Frame& frame) {
  switch (node.kind) {
    case Node::Kind::constant:
      return constant_of(node);
    case Node::Kind::path:
      return read(node.path, frame);
    case Node::Kind::call:
      return node.function->convert(node, frame);
    case Node::Kind::arithmetic:
      return calculate(node.sign, evaluate(node.children[0], frame),
                       evaluate(node.children[1], frame));
    case Node::Kind::list:
      break;
    default:
      return Value::of(holds(node, frame));
  }
  GATEWAY_ASSERT(false);  // lists are read by the functions that take them
  return {};
}

bool holds(const Node& node, Frame& frame) {
  const auto inner = [&frame](const Node& child) { return holds(child, frame); };
  switch (node.kind) {
    case Node::Kind::all_of:
      return std::all_of(node.children.begin(), node.children.end(), inner);
    case Node::Kind::any_of:
      return std::any_of(node.children.begin(), node.children.end(), inner);
    case Node::Kind::negation:
      return !holds(node.children[0], frame);
    case Node::Kind::comparison:
      return compares(node.op, evaluate(node.children[0], frame),
                      evaluate(node.children[1], frame));
    default: {
      const Value value = evaluate(node, frame);
      return value.kind == Value::Kind::boolean && value.boolean;
    }
  }
}

bool Condition::holds(Frame& frame) const { return ottl::holds(node_, frame); }

void Statement::run(Frame& frame) const {
  if (!where_.empty() && !ottl::holds(where_[0], frame)) return;
  call_.function->edit(call_, frame);
}

}  // namespace gateway::ottl
