// The functions of OTTL that there are: converters give a value, editors change the message.
//
// Errors:  none when they run; see program.h.
// Threads: pure functions of the frame.
// Source:  docs/processors.md lists them; a test compares.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "ottl/frame.h"

namespace gateway::ottl {

struct Node;

enum class Parameter : std::uint8_t {
  none,
  value,        // anything
  target,       // a path that may be set
  map,          // `attributes` of the message itself
  text,         // a text in quotes
  pattern,      // a text in quotes that is a regular expression
  replacement,  // a text in quotes; $1 and ${name} are groups of the pattern before it
  integer,      // a whole number, 0 and up
  values,       // a list of values in [ ]
  texts,        // a list of texts in quotes in [ ]
};

inline constexpr std::size_t kParametersMax = 4;

struct FunctionRow {
  struct Argument {
    std::string_view name;
    Parameter as = Parameter::none;
  };

  std::string_view name;
  std::array<Argument, kParametersMax> parameters;
  bool gives_boolean = false;
  Value (*convert)(const Node& call, Frame& frame) = nullptr;  // a converter
  void (*edit)(const Node& call, Frame& frame) = nullptr;      // an editor

  [[nodiscard]] bool is_editor() const noexcept { return edit != nullptr; }
};

[[nodiscard]] std::span<const FunctionRow> function_rows() noexcept;

}  // namespace gateway::ottl
