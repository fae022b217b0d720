// Every setting there is, in one table: path, type, default, what is allowed, and a sentence for
// people. Validation, defaults, the `config` command and docs/configuration.md all come from it.
//
//   path := segment ("." segment)*
//   segment := name | name "[/name]" (a component: "otlp", "otlp/primary")
//            | name "[]" (a list of maps, each with the rows below)
//
// A row of type `section` is there only when the file has it; sections without a row are always
// there, so their defaults hold. Rows of three more types are the Collector's, and say why in their
// sentence: `ignored` is accepted and has no effect; `better` is accepted, and what it asks for is
// there without it; `unsupported` cannot be had and is refused.
//
// Errors:  a malformed row is a bug and aborts.
// Threads: constant after the first call.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/node.h"

namespace gateway::config {

enum class Type : std::uint8_t {
  section,      // a map with rows of its own
  text,         // any text that is not empty
  boolean,      // true or false
  integer,      // 0 and up
  level,        // an integer that may be negative
  number,       // decimal
  duration,     // 5s
  size,         // 64MiB
  address,      // host:port
  url,          // http://host:port/path
  choice,       // one of `allowed`
  filter,       // info,storage=debug
  list,         // of text
  pairs,        // a map of text to text, or a list of {name, value}
  any,          // anything; read by a mapping (convert.h)
  ignored,      // anything; has no effect
  better,       // anything; what it asks for is there anyway
  unsupported,  // refused
};
[[nodiscard]] std::string_view name_of(Type type) noexcept;

struct SchemaRow {
  std::string_view path;
  Type type = Type::text;
  std::string_view default_text;  // empty: none
  std::string_view allowed;       // "1..65535", "1ms..", "a|b"; empty: all of the type
  std::string_view doc;           // for ignored, better and unsupported rows: why
  bool secret = false;            // its value is never shown
};

[[nodiscard]] std::span<const SchemaRow> schema_rows() noexcept;

// The table as a tree, for walking beside a Node.
struct SchemaNode {
  std::string segment;             // without "[/name]" and "[]"
  bool is_list = false;            // of maps
  bool is_component = false;       // matches "otlp" and "otlp/..."
  const SchemaRow* row = nullptr;  // null for implied sections
  std::vector<SchemaNode> children;

  [[nodiscard]] bool is_section() const noexcept {
    return row == nullptr || row->type == Type::section;
  }
  // The Collector's alone: nothing here reads its value.
  [[nodiscard]] bool is_foreign() const noexcept {
    return row != nullptr && (row->type == Type::ignored || row->type == Type::better ||
                              row->type == Type::unsupported);
  }
  [[nodiscard]] const SchemaNode* child(std::string_view key) const noexcept;
};
[[nodiscard]] const SchemaNode& schema();

// What is wrong with a value of that row, for a person; nothing when it is right.
[[nodiscard]] std::optional<std::string> value_mistake(const SchemaRow& row, const Node& value);

// Reports each unknown key and each malformed value below `root`.
void check_schema(const Node& root, Diagnostics& diagnostics);

// Adds the defaults of what is missing below `root`, and takes out what has no effect.
void fill_defaults(Node& root);

}  // namespace gateway::config
