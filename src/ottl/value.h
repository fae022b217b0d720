// A value while an expression is worked out: what an attribute, a field or a function gives.
//
// Errors:  none.
// Threads: values; text and bytes are borrowed from the body, the program or the Arena.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "otlpview/draft.h"

namespace gateway::ottl {

using otlpview::Bytes;

struct Value {
  enum class Kind : std::uint8_t { nil, boolean, integer, real, text, bytes, list, map };

  Kind kind = Kind::nil;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;
  Bytes bytes;  // of bytes: they; of a list or map: the AnyValue that holds it

  [[nodiscard]] bool is_nil() const noexcept { return kind == Kind::nil; }
  [[nodiscard]] bool is_text() const noexcept { return kind == Kind::text; }
  [[nodiscard]] bool is_number() const noexcept {
    return kind == Kind::integer || kind == Kind::real;
  }
  [[nodiscard]] double as_real() const noexcept {
    return kind == Kind::integer ? static_cast<double>(integer) : real;
  }

  [[nodiscard]] static Value of(bool value) noexcept {
    return {.kind = Kind::boolean, .boolean = value};
  }
  [[nodiscard]] static Value of(std::int64_t value) noexcept {
    return {.kind = Kind::integer, .integer = value};
  }
  [[nodiscard]] static Value of(double value) noexcept {
    return {.kind = Kind::real, .real = value};
  }
  [[nodiscard]] static Value of(std::string_view value) noexcept {
    return {.kind = Kind::text, .text = value};
  }
  [[nodiscard]] static Value of(Bytes value) noexcept {
    return {.kind = Kind::bytes, .bytes = value};
  }
  // Of an AnyValue; `encoded` is the message that it was read from.
  [[nodiscard]] static Value of(const otlpview::AnyValueView& view, Bytes encoded) noexcept;
};

// Equal values of one kind; integers and reals compare as numbers.
[[nodiscard]] bool equal(const Value& a, const Value& b) noexcept;
// -1, 0 or 1; 2 when the two have no order: other kinds, nil, NaN, lists and maps.
[[nodiscard]] int order(const Value& a, const Value& b) noexcept;

// As the text that OTTL makes of a value: numbers in decimal, with an exponent from 1e+21 up and
// below 1e-06, bytes in hex, lists and maps as JSON; nothing for nil.
[[nodiscard]] bool append_text(const Value& value, std::string& out);
// As the text that an attribute is converted to: the same, but 1e-7, bytes in base64, JSON that is
// not made fit for HTML, and an empty text for nil.
void append_plain(const Value& value, std::string& out);
// The value as an AnyValue without tag and length.
[[nodiscard]] Bytes encode(const Value& value, otlpview::Arena& arena);

// The number that all of `text` is, as processors turn text into numbers; `+` may stand before it.
template <typename T>
[[nodiscard]] std::optional<T> parsed(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  T value{};
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  if (done.ec != std::errc() || done.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace gateway::ottl
