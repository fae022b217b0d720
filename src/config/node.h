// A configuration as a tree, whatever it was written in: maps in the order of the file, lists, and
// scalars that are still text. Each node knows where it stands, so that each message can.
//
//   Node  := null | scalar text | list of Node | map of Entry
//   Entry := key, where the key stands, Node
//
// Limits:  kNodeDepthMax and kNodeCountMax hold for every tree that a parser returns.
// Errors:  none; a lookup that finds nothing is a nullptr.
// Threads: values.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace gateway::config {

inline constexpr std::size_t kNodeDepthMax = 64;
inline constexpr std::size_t kNodeCountMax = 100'000;

struct Entry;

struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool quoted = false;  // a scalar in quotes is text, whatever it looks like
  Origin origin;
  std::string text;            // scalar
  std::vector<Node> items;     // list
  std::vector<Entry> entries;  // map; keys are unique

  [[nodiscard]] static Node scalar(std::string_view text, Origin origin = {});
  [[nodiscard]] static Node list(std::initializer_list<std::string_view> texts, Origin origin = {});
  [[nodiscard]] static Node map(Origin origin = {});

  [[nodiscard]] bool is_null() const noexcept { return kind == Kind::null; }
  [[nodiscard]] bool is_scalar() const noexcept { return kind == Kind::scalar; }
  [[nodiscard]] bool is_list() const noexcept { return kind == Kind::list; }
  [[nodiscard]] bool is_map() const noexcept { return kind == Kind::map; }

  [[nodiscard]] const Entry* entry(std::string_view key) const noexcept;
  [[nodiscard]] const Node* find(std::string_view key) const noexcept;
  [[nodiscard]] Node* find(std::string_view key) noexcept;
  [[nodiscard]] const Node* find_path(std::initializer_list<std::string_view> path) const noexcept;
  [[nodiscard]] Node* find_path(std::initializer_list<std::string_view> path) noexcept;

  // The value of `key`, made (null) if it is new. A null becomes a map; requires null or map.
  Node& at(std::string_view key, const Origin& origin);
  // The same for a whole path; what is on the way and no map is replaced by one.
  Node& at_path(std::initializer_list<std::string_view> path, const Origin& origin);
  void erase(std::string_view key);
};

struct Entry {
  std::string key;
  Origin origin;
  Node value;
};

// Puts `over` on `base`: maps merge by key, all else is replaced. A null over a map leaves it: it
// says "here, with defaults".
void merge(Node& base, Node over);

// "file:line:column", "file:line" or "file".
[[nodiscard]] std::string text_of(const Origin& origin);

}  // namespace gateway::config
