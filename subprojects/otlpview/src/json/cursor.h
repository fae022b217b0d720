// JSON text in place: the next token, strictly by RFC 8259, without looking further than it must.
//
// A Cursor borrows the text and so do the tokens. The text is valid UTF-8 (the caller has seen to
// it), needs no padding behind it and no terminator.
//
// Errors:  a take or skip that returns false has set problem(); offset() is then where.
// Threads: a value; one thread.
// Source:  RFC 8259.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace otlpview::json {

// A string between its quotes, escapes checked but not yet decoded.
struct RawString {
  std::string_view text;
  bool has_escapes = false;
};

class Cursor {
 public:
  explicit Cursor(std::string_view text) noexcept
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  // The byte here, or NUL at the end: no token begins with it.
  [[nodiscard]] char peek() const noexcept { return at_ != end_ ? *at_ : '\0'; }
  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
  [[nodiscard]] std::size_t offset() const noexcept {
    return static_cast<std::size_t>(at_ - begin_);
  }
  [[nodiscard]] std::size_t rest_size() const noexcept {
    return static_cast<std::size_t>(end_ - at_);
  }
  [[nodiscard]] std::string_view problem() const noexcept { return problem_; }
  // Whether the problem was depth rather than syntax.
  [[nodiscard]] bool too_deep() const noexcept { return too_deep_; }

  void skip_whitespace() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  [[nodiscard]] bool take(char wanted) noexcept {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  // true, false or null, whole.
  [[nodiscard]] bool take_literal(std::string_view literal) noexcept;
  // Here is the opening quote.
  [[nodiscard]] bool take_string(RawString& string) noexcept;
  // Here is a digit or a minus. What follows the number is not looked at.
  [[nodiscard]] bool take_number(std::string_view& number) noexcept;
  // Any value, checked and left behind. Does not recurse.
  [[nodiscard]] bool skip_value() noexcept;
  // Whitespace, then a comma (true) or `close` (false in `more`). False for anything else.
  [[nodiscard]] bool take_separator(char close, bool& more) noexcept;

  [[nodiscard]] bool refuse(std::string_view problem) noexcept {
    problem_ = problem;
    return false;
  }

 private:
  [[nodiscard]] bool skip_escape() noexcept;
  [[nodiscard]] bool skip_scalar() noexcept;
  [[nodiscard]] bool skip_name() noexcept;

  const char* begin_;
  const char* at_;
  const char* end_;
  std::string_view problem_;
  bool too_deep_ = false;
};

// Whether all of `text` is one JSON number.
[[nodiscard]] bool is_number(std::string_view text) noexcept;

}  // namespace otlpview::json
