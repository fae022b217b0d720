#include "ottl/syntax.h"

#include <charconv>
#include <optional>
#include <utility>

namespace gateway::ottl {
namespace {

[[nodiscard]] bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
[[nodiscard]] bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// STATUS_CODE_ERROR, and no function: capitals, digits and "_" alone.
[[nodiscard]] bool is_enumeration(std::string_view word) noexcept {
  bool has_underscore = false;
  for (const char c : word) {
    if (!is_upper(c) && !is_digit(c) && c != '_') return false;
    has_underscore |= c == '_';
  }
  return has_underscore;
}

using Parsed = Result<Syntax, Mistake>;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  [[nodiscard]] Result<StatementSyntax, Mistake> statement() {
    StatementSyntax statement;
    skip_space();
    if (auto wrong = check_size()) return fail(*std::move(wrong));
    auto call = operand(0);
    if (!call) return fail(std::move(call.error()));
    if (call->kind != Syntax::Kind::call) {
      return fail(Mistake{call->offset, "a statement begins with a function such as set(...)"});
    }
    statement.call = *std::move(call);
    if (take_word("where")) {
      auto condition = boolean(0);
      if (!condition) return fail(std::move(condition.error()));
      statement.where.push_back(*std::move(condition));
    }
    if (at_ != text_.size()) return fail(Mistake{at_, "unexpected " + here()});
    return statement;
  }

  [[nodiscard]] Parsed condition() {
    skip_space();
    if (auto wrong = check_size()) return fail(*std::move(wrong));
    auto condition = boolean(0);
    if (condition && at_ != text_.size()) return wrong("unexpected " + here());
    return condition;
  }

 private:
  [[nodiscard]] std::optional<Mistake> check_size() const {
    if (text_.size() <= kTextSizeBytesMax) return std::nullopt;
    return Mistake{0, "is longer than " + std::to_string(kTextSizeBytesMax) + " bytes"};
  }
  [[nodiscard]] tl::unexpected<Mistake> wrong(std::string message) const {
    return fail(Mistake{at_, std::move(message)});
  }
  // What stands here, for a message.
  [[nodiscard]] std::string here() const {
    constexpr std::size_t kShownMax = 20;
    if (at_ == text_.size()) return "end of text";
    std::size_t end = at_ + 1;
    while (end < text_.size() && end - at_ < kShownMax && is_letter(text_[end - 1]) &&
           is_letter(text_[end])) {
      ++end;
    }
    return "`" + std::string(text_.substr(at_, end - at_)) + "`";
  }

  void skip_space() noexcept {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  [[nodiscard]] bool next_is(std::string_view token) const noexcept {
    return text_.substr(at_).starts_with(token);
  }
  bool take(std::string_view token) noexcept {
    if (!next_is(token)) return false;
    at_ += token.size();
    skip_space();
    return true;
  }
  // A whole word, not the beginning of one.
  bool take_word(std::string_view word) noexcept {
    if (!next_is(word)) return false;
    const std::size_t end = at_ + word.size();
    if (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) return false;
    return take(word);
  }
  [[nodiscard]] std::string word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    std::string found(text_.substr(begin, at_ - begin));
    skip_space();
    return found;
  }

  // --- booleans

  [[nodiscard]] Parsed boolean(std::size_t depth) {
    return chain(depth, "or", Syntax::Kind::any_of, [this](std::size_t d) { return all_of(d); });
  }
  [[nodiscard]] Parsed all_of(std::size_t depth) {
    return chain(depth, "and", Syntax::Kind::all_of, [this](std::size_t d) { return factor(d); });
  }
  template <typename Next>
  [[nodiscard]] Parsed chain(std::size_t depth, std::string_view separator, Syntax::Kind kind,
                             Next next) {
    auto first = next(depth);
    if (!first || !next_is_word(separator)) return first;
    Syntax node{.kind = kind, .offset = first->offset};
    node.children.push_back(*std::move(first));
    while (take_word(separator)) {
      auto more = next(depth);
      if (!more) return more;
      node.children.push_back(*std::move(more));
    }
    return node;
  }
  [[nodiscard]] bool next_is_word(std::string_view word) noexcept {
    const std::size_t before = at_;
    const bool is_there = take_word(word);
    at_ = before;
    return is_there;
  }

  [[nodiscard]] Parsed factor(std::size_t depth) {
    if (depth > kDepthMax) return wrong("is nested too deeply");
    if (next_is_word("not")) {
      Syntax node{.kind = Syntax::Kind::negation, .offset = at_};
      take_word("not");
      auto child = factor(depth + 1);
      if (!child) return child;
      node.children.push_back(*std::move(child));
      return node;
    }
    if (next_is("(") && !opens_a_value()) {
      take("(");
      auto inner = boolean(depth + 1);
      if (!inner) return inner;
      if (!take(")")) return wrong("`)` is missing before " + here());
      return inner;
    }
    return comparison(depth);
  }

  // Whether the bracket here is part of an arithmetic value: an operator stands behind its end.
  [[nodiscard]] bool opens_a_value() const noexcept {
    std::size_t open = 0;
    bool is_quoted = false;
    for (std::size_t i = at_; i < text_.size(); ++i) {
      const char c = text_[i];
      if (is_quoted && c == '\\') {
        ++i;
      } else if (c == '"') {
        is_quoted = !is_quoted;
      } else if (!is_quoted && c == '(') {
        ++open;
      } else if (!is_quoted && c == ')' && --open == 0) {
        const std::size_t next = text_.find_first_not_of(" \t\r\n", i + 1);
        return next != std::string_view::npos &&
               std::string_view("=!<>+-*/").find(text_[next]) != std::string_view::npos;
      }
    }
    return false;
  }

  [[nodiscard]] Parsed comparison(std::size_t depth) {
    constexpr std::pair<std::string_view, Op> kOps[] = {
        {"==", Op::equal},         {"!=", Op::not_equal}, {"<=", Op::less_equal},
        {">=", Op::greater_equal}, {"<", Op::less},       {">", Op::greater}};
    auto left = value(depth);
    if (!left) return left;
    for (const auto& [token, op] : kOps) {
      if (!take(token)) continue;
      auto right = value(depth);
      if (!right) return right;
      Syntax node{.kind = Syntax::Kind::comparison, .offset = left->offset, .op = op};
      node.children.push_back(*std::move(left));
      node.children.push_back(*std::move(right));
      return node;
    }
    if (next_is("=")) return wrong("`=` compares nothing; write `==`");
    return left;
  }

  // --- values

  [[nodiscard]] Parsed value(std::size_t depth) {
    return arithmetic(depth, "+-", [this](std::size_t d) {
      return arithmetic(d, "*/", [this](std::size_t e) { return operand(e); });
    });
  }
  template <typename Next>
  [[nodiscard]] Parsed arithmetic(std::size_t depth, std::string_view signs, Next next) {
    if (depth > kDepthMax) return wrong("is nested too deeply");
    auto left = next(depth);
    while (left && at_ < text_.size() && signs.find(text_[at_]) != std::string_view::npos) {
      Syntax node{.kind = Syntax::Kind::arithmetic, .offset = left->offset};
      node.name = text_[at_];
      take(text_.substr(at_, 1));
      auto right = next(depth);
      if (!right) return right;
      node.children.push_back(*std::move(left));
      node.children.push_back(*std::move(right));
      left = std::move(node);
      // Each step makes the tree one deeper.
      if (++depth > kDepthMax) return wrong("has too many operators in a row");
    }
    return left;
  }

  [[nodiscard]] Parsed operand(std::size_t depth) {
    if (depth > kDepthMax) return wrong("is nested too deeply");
    if (at_ == text_.size()) return wrong("a value is missing at the end");
    const char c = text_[at_];
    if (c == '"') return text_literal();
    if (c == '[') return list(depth);
    if (c == '{') return wrong("maps are not supported as values");
    if (c == '(') {
      take("(");
      auto inner = value(depth + 1);
      if (inner && !take(")")) return wrong("`)` is missing before " + here());
      return inner;
    }
    if (is_digit(c) || ((c == '-' || c == '.') && at_ + 1 < text_.size())) return number();
    if (is_letter(c)) return named(depth);
    return wrong("unexpected " + here());
  }

  [[nodiscard]] Parsed text_literal() {
    Syntax node{.offset = at_, .literal = Value::Kind::text};
    if (auto found = quoted()) {
      node.text = *std::move(found);
      return node;
    }
    return wrong("a text has no end: `\"` is missing");
  }
  [[nodiscard]] std::optional<std::string> quoted() {
    std::string found;
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '"') {
        at_ = i + 1;
        skip_space();
        return found;
      }
      if (text_[i] != '\\' || i + 1 == text_.size()) {
        found += text_[i];
        continue;
      }
      const char c = text_[++i];
      switch (c) {
        case 'n':
          found += '\n';
          break;
        case 't':
          found += '\t';
          break;
        case 'r':
          found += '\r';
          break;
        case '"':
        case '\\':
        case '\'':
          found += c;
          break;
        default:  // a pattern's own escape, such as \d
          found += '\\';
          found += c;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] Parsed number() {
    Syntax node{.offset = at_, .literal = Value::Kind::integer};
    if (next_is("0x")) {
      node.literal = Value::Kind::bytes;
      at_ += 2;
      while (at_ + 1 < text_.size() && hex_digit(text_[at_]) >= 0 &&
             hex_digit(text_[at_ + 1]) >= 0) {
        node.text += static_cast<char>(hex_digit(text_[at_]) << 4 | hex_digit(text_[at_ + 1]));
        at_ += 2;
      }
      if (at_ < text_.size() && is_letter(text_[at_])) return wrong("not a pair of hex digits");
      skip_space();
      return node;
    }
    const char* const begin = text_.data() + at_;
    const char* const end = text_.data() + text_.size();
    const auto whole = std::from_chars(begin, end, node.integer);
    const auto real = std::from_chars(begin, end, node.real);
    if (real.ec == std::errc::result_out_of_range) return wrong("the number is out of range");
    if (real.ec != std::errc() && whole.ec != std::errc()) return wrong("not a number");
    if (real.ec == std::errc() && real.ptr > whole.ptr) node.literal = Value::Kind::real;
    if (node.literal == Value::Kind::integer && whole.ec != std::errc()) {
      return wrong("the number is too large");
    }
    at_ += static_cast<std::size_t>((node.literal == Value::Kind::real ? real.ptr : whole.ptr) -
                                    begin);
    if (at_ < text_.size() && is_letter(text_[at_])) return wrong("unexpected " + here());
    skip_space();
    return node;
  }

  [[nodiscard]] Parsed list(std::size_t depth) {
    Syntax node{.kind = Syntax::Kind::list, .offset = at_};
    take("[");
    if (take("]")) return node;
    do {
      auto item = value(depth + 1);
      if (!item) return item;
      node.children.push_back(*std::move(item));
    } while (take(","));
    if (!take("]")) return wrong("`]` is missing before " + here());
    return node;
  }

  // A path, a call, an enumeration or a literal that is a word.
  [[nodiscard]] Parsed named(std::size_t depth) {
    Syntax node{.offset = at_};
    if (take_word("nil")) return node;
    if (next_is_word("true") || next_is_word("false")) {
      node.literal = Value::Kind::boolean;
      node.boolean = text_[at_] == 't';
      static_cast<void>(word());
      return node;
    }
    node.name = word();
    if (take("(")) return call(std::move(node), depth);
    if (is_enumeration(node.name)) {
      node.kind = Syntax::Kind::enumeration;
      return node;
    }
    node.kind = Syntax::Kind::path;
    while (take(".")) {
      if (at_ == text_.size() || !is_letter(text_[at_]))
        return wrong("a name is missing after `.`");
      node.name += '.' + word();
    }
    if (auto keys = take_keys(node); !keys) return fail(std::move(keys.error()));
    return node;
  }

  [[nodiscard]] Result<void, Mistake> take_keys(Syntax& node) {
    while (take("[")) {
      if (node.children.size() == kDepthMax) return wrong("has too many keys");
      auto key = at_ < text_.size() && text_[at_] == '"' ? text_literal() : number();
      if (!key) return fail(std::move(key.error()));
      if (!take("]")) return wrong("`]` is missing before " + here());
      node.children.push_back(*std::move(key));
    }
    return {};
  }

  [[nodiscard]] Parsed call(Syntax node, std::size_t depth) {
    node.kind = Syntax::Kind::call;
    if (take(")")) return node;
    do {
      std::string name;
      const std::size_t before = at_;
      if (at_ < text_.size() && is_letter(text_[at_])) {
        name = word();
        // A name with "=" behind it, and not a comparison.
        if (!next_is("=") || next_is("==")) {
          at_ = before;
          name.clear();
        } else {
          take("=");
        }
      }
      auto argument = value(depth + 1);
      if (!argument) return argument;
      argument->argument = std::move(name);
      node.children.push_back(*std::move(argument));
    } while (take(","));
    if (!take(")")) return wrong("`)` is missing before " + here());
    return node;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<StatementSyntax, Mistake> parse_statement(std::string_view text) {
  return Parser(text).statement();
}

Result<Syntax, Mistake> parse_condition(std::string_view text) { return Parser(text).condition(); }

}  // namespace gateway::ottl
