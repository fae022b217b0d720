#include "config/schema.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "base/assert.h"
#include "config/schema_table.h"
#include "config/values.h"
#include "telemetry/log.h"

namespace gateway::config {
namespace {

// "a.{b,c}.d" to "a.b.d" and "a.c.d".
void expand_braces(const std::string& path, std::vector<std::string>& out) {
  const std::size_t open = path.find('{');
  if (open == std::string::npos) {
    out.push_back(path);
    return;
  }
  const std::size_t close = path.find('}', open);
  const std::string words = path.substr(open + 1, close - open - 1);
  for (std::size_t at = 0; at <= words.size();) {
    const std::size_t comma = std::min(words.find(',', at), words.size());
    expand_braces(path.substr(0, open) + words.substr(at, comma - at) + path.substr(close + 1),
                  out);
    at = comma + 1;
  }
}

struct Expanded {
  std::deque<std::string> paths;  // whose bytes rows borrow
  std::vector<SchemaRow> rows;
  SchemaNode root;
};

void insert(SchemaNode& root, const SchemaRow& row) {
  SchemaNode* node = &root;
  std::string_view rest = row.path;
  while (true) {
    std::string_view segment = rest.substr(0, rest.find('.'));
    const bool is_last = segment.size() == rest.size();
    SchemaNode wanted;
    if (segment.ends_with("[/name]")) {
      wanted.is_component = true;
      wanted.segment = segment.substr(0, segment.size() - 7);
    } else if (segment.ends_with("[]")) {
      wanted.is_list = true;
      wanted.segment = segment.substr(0, segment.size() - 2);
    } else {
      wanted.segment = segment;
    }
    const auto same = [&](const SchemaNode& child) { return child.segment == wanted.segment; };
    auto at = std::find_if(node->children.begin(), node->children.end(), same);
    if (at == node->children.end()) {
      node->children.push_back(std::move(wanted));
      at = node->children.end() - 1;
    }
    node = &*at;
    if (is_last) break;
    rest.remove_prefix(segment.size() + 1);
  }
  GATEWAY_ASSERT(node->row == nullptr);
  node->row = &row;
}

[[nodiscard]] const Expanded& expanded() {
  static const Expanded* const kExpanded = [] {
    auto* const result = new Expanded();
    for (const SchemaRow& row : detail::compact_schema_rows()) {
      std::vector<std::string> paths;
      expand_braces(std::string(row.path), paths);
      for (std::string& path : paths) {
        SchemaRow copy = row;
        copy.path = result->paths.emplace_back(std::move(path));
        result->rows.push_back(copy);
      }
    }
    for (const SchemaRow& row : result->rows) insert(result->root, row);
    return result;
  }();
  return *kExpanded;
}

// "low..high", either may be missing; `parse` reads both and the value.
template <typename Parse>
[[nodiscard]] std::optional<std::string> range_mistake(const SchemaRow& row,
                                                       const std::string& text, Parse parse,
                                                       std::string_view what) {
  const auto value = parse(text);
  if (!value) return "`" + text + "` is not " + std::string(what);
  const std::size_t dots = row.allowed.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const auto low = parse(row.allowed.substr(0, dots));
  const auto high = parse(row.allowed.substr(dots + 2));
  if (low && *value < *low) {
    return "`" + text + "` is too small; at least " + std::string(row.allowed.substr(0, dots));
  }
  if (high && *value > *high) {
    return "`" + text + "` is too large; at most " + std::string(row.allowed.substr(dots + 2));
  }
  return std::nullopt;
}

[[nodiscard]] std::vector<std::string> choices(const SchemaRow& row) {
  std::vector<std::string> words;
  for (std::string_view rest = row.allowed; !rest.empty();) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    words.emplace_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return words;
}

[[nodiscard]] std::optional<std::string> choice_mistake(const SchemaRow& row,
                                                        const std::string& text) {
  const std::vector<std::string> words = choices(row);
  if (std::find(words.begin(), words.end(), text) != words.end()) return std::nullopt;
  const std::string near = nearest(text, words);
  return "`" + text + "` is not possible here; " +
         (near.empty() ? "" : "did you mean `" + near + "`? ") +
         (words.size() == 1 ? "only " : "possible are ") + joined(words);
}

[[nodiscard]] std::string_view kind_text(const Node& node) noexcept {
  constexpr std::array<std::string_view, 4> kTexts = {"nothing", "a value", "a list", "a map"};
  return kTexts[static_cast<std::size_t>(node.kind)];
}

[[nodiscard]] std::optional<std::string> list_mistake(const Node& value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_list())
    return "a list is wanted, as in [a, b]; this is " + std::string(kind_text(value));
  for (const Node& item : value.items) {
    if (!item.is_scalar())
      return "a list of text is wanted; one item is " + std::string(kind_text(item));
  }
  return std::nullopt;
}

[[nodiscard]] std::optional<std::string> pairs_mistake(const Node& value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_map()) {
    for (const Entry& entry : value.entries) {
      if (!entry.value.is_scalar() && !entry.value.is_null()) {
        return "`" + entry.key + "` must be text; this is " + std::string(kind_text(entry.value));
      }
    }
    return std::nullopt;
  }
  if (value.is_list()) {
    for (const Node& item : value.items) {
      const Node* const name = item.find("name");
      const Node* const text = item.find("value");
      if (name == nullptr || text == nullptr || !name->is_scalar() || !text->is_scalar()) {
        return "each item must be {name: ..., value: ...}";
      }
    }
    return std::nullopt;
  }
  return "a map is wanted, as in {name: value}; this is " + std::string(kind_text(value));
}

[[nodiscard]] std::optional<std::string> duration_mistake(const SchemaRow& row,
                                                          const std::string& text) {
  if (!parse_duration(text) && parse_integer(text)) {
    return "`" + text + "` has no unit; write `" + text + "s` for seconds or `" + text +
           "ms` for milliseconds";
  }
  return range_mistake(
      row, text, [](std::string_view t) { return parse_duration(t); },
      "a duration such as 5s, 100ms or 1m30s");
}

[[nodiscard]] std::optional<std::string> scalar_mistake(const SchemaRow& row,
                                                        const std::string& text) {
  switch (row.type) {
    case Type::section:
    case Type::list:
    case Type::pairs:
    case Type::any:
    case Type::ignored:
    case Type::better:
    case Type::unsupported:
      break;
    case Type::text:
      if (text.empty()) return "must not be empty";
      if (text.find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) {
        return "must be one line";
      }
      break;
    case Type::boolean:
      if (!parse_bool(text)) return "`" + text + "` is not true or false";
      break;
    case Type::integer:
      return range_mistake(
          row, text, [](std::string_view t) { return parse_integer(t); }, "a whole number");
    case Type::level:
      return range_mistake(
          row, text, [](std::string_view t) { return parse_signed(t); }, "a whole number");
    case Type::number:
      return range_mistake(
          row, text, [](std::string_view t) { return parse_number(t); }, "a number");
    case Type::duration:
      return duration_mistake(row, text);
    case Type::size:
      return range_mistake(
          row, text, [](std::string_view t) { return parse_size(t); },
          "a size such as 65536, 64KiB or 10GiB");
    case Type::address:
      if (!parse_address(text)) {
        return "`" + text + "` is not host:port, with a port of 0 to 65535";
      }
      break;
    case Type::url:
      if (!parse_url(text)) return "`" + text + "` is not a URL such as http://host:4318";
      break;
    case Type::choice:
      return choice_mistake(row, text);
    case Type::filter:
      if (!telemetry::is_log_filter(text)) {
        return "`" + text +
               "` is not a level (trace, debug, info, warn, error, off) or a filter "
               "such as info,storage=debug";
      }
      break;
  }
  return std::nullopt;
}

[[nodiscard]] std::vector<std::string> keys_of(const SchemaNode& node) {
  std::vector<std::string> keys;
  for (const SchemaNode& child : node.children) {
    const bool is_refused = child.row != nullptr && child.row->type == Type::unsupported;
    if (!is_refused) keys.push_back(child.segment);
  }
  return keys;
}

// A path below `node` whose last segment is `key`, for keys put at the wrong depth.
[[nodiscard]] std::string deeper_path(const SchemaNode& node, std::string_view key) {
  for (const SchemaNode& child : node.children) {
    if (child.segment == key) return child.segment;
    if (const std::string deeper = deeper_path(child, key); !deeper.empty()) {
      return child.segment + '.' + deeper;
    }
  }
  return {};
}

[[nodiscard]] std::string unknown_key(const SchemaNode& node, const std::string& path,
                                      const std::string& key) {
  constexpr std::size_t kKeysShownMax = 16;
  const std::vector<std::string> keys = keys_of(node);
  const bool holds_components =
      !node.children.empty() && (node.children[0].is_component || path == "extensions");
  const std::string type = key.substr(0, key.find('/'));
  std::string text = holds_components ? "`" + type + "` is not supported" : "unknown key";
  if (const std::string near = nearest(type, keys); !near.empty()) {
    text += "; did you mean `" + near + "`?";
  } else if (const std::string deeper = deeper_path(node, key);
             !deeper.empty() && !path.empty() && !holds_components) {
    text += "; did you mean `" + path + '.' + deeper + "`?";
  } else if (!keys.empty() && keys.size() <= kKeysShownMax) {
    text +=
        "; " + std::string(holds_components ? "supported are " : "possible are ") + joined(keys);
  }
  return text;
}

void check_node(const Node& node, const SchemaNode& at, const std::string& path,
                Diagnostics& diagnostics);

void check_entries(const Node& node, const SchemaNode& at, const std::string& path,
                   Diagnostics& diagnostics) {
  if (node.is_null()) return;
  if (!node.is_map()) {
    diagnostics.error(node.origin, path,
                      "a map is wanted here; this is " + std::string(kind_text(node)));
    return;
  }
  for (const Entry& entry : node.entries) {
    const std::string entry_path = path.empty() ? entry.key : path + '.' + entry.key;
    if (const SchemaNode* const child = at.child(entry.key)) {
      check_node(entry.value, *child, entry_path, diagnostics);
    } else {
      diagnostics.error(entry.origin, entry_path, unknown_key(at, path, entry.key));
    }
  }
}

void check_node(const Node& node, const SchemaNode& at, const std::string& path,
                Diagnostics& diagnostics) {
  if (!at.is_section()) {
    if (at.row->type == Type::ignored) {
      diagnostics.note(node.origin, path, "has no effect: " + std::string(at.row->doc));
    } else if (at.row->type == Type::better) {
      diagnostics.note(node.origin, path, "is not needed: " + std::string(at.row->doc));
    } else if (at.row->type == Type::unsupported) {
      diagnostics.error(node.origin, path, "is not supported: " + std::string(at.row->doc));
    } else if (const auto mistake = value_mistake(*at.row, node)) {
      diagnostics.error(node.origin, path, *mistake);
    }
    return;
  }
  if (!at.is_list) {
    check_entries(node, at, path, diagnostics);
  } else if (node.is_list()) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      check_entries(node.items[i], at, path + '[' + std::to_string(i) + ']', diagnostics);
    }
  } else if (!node.is_null()) {
    diagnostics.error(node.origin, path,
                      "a list of maps is wanted here; this is " + std::string(kind_text(node)));
  }
}

void fill_node(Node& node, const SchemaNode& at) {
  if (!node.is_null() && !node.is_map()) return;
  node.kind = Node::Kind::map;
  Node filled = Node::map(node.origin);
  // In the order of the schema; components in the order of the file.
  for (const SchemaNode& child : at.children) {
    if (child.is_foreign()) continue;
    for (Entry& entry : node.entries) {
      if (at.child(entry.key) != &child) continue;
      if (child.is_list) {
        for (Node& item : entry.value.items) fill_node(item, child);
      } else if (child.is_section()) {
        fill_node(entry.value, child);
      }
      if (entry.value.is_null() && !child.is_section()) continue;
      filled.entries.push_back(std::exchange(entry, Entry()));
    }
    if (child.is_component || child.is_list || filled.find(child.segment) != nullptr) continue;
    if (child.row == nullptr) {  // an implied section: there if any default is
      Node section = Node::map();
      fill_node(section, child);
      if (!section.entries.empty())
        filled.entries.push_back({child.segment, {}, std::move(section)});
    } else if (!child.row->default_text.empty()) {
      filled.entries.push_back({child.segment, {}, Node::scalar(child.row->default_text)});
    }
  }
  node = std::move(filled);
}

}  // namespace

std::string_view name_of(Type type) noexcept {
  constexpr std::array<std::string_view, 18> kNames = {
      "section",  "text", "boolean", "integer", "integer", "number",
      "duration", "size", "address", "URL",     "choice",  "filter",
      "list",     "map",  "any",     "ignored", "better",  "unsupported"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<const SchemaRow> schema_rows() noexcept { return expanded().rows; }

const SchemaNode& schema() { return expanded().root; }

const SchemaNode* SchemaNode::child(std::string_view key) const noexcept {
  for (const SchemaNode& candidate : children) {
    if (candidate.segment == key) return &candidate;
    if (candidate.is_component && key.size() > candidate.segment.size() + 1 &&
        key.starts_with(candidate.segment) && key[candidate.segment.size()] == '/') {
      return &candidate;
    }
  }
  return nullptr;
}

std::optional<std::string> value_mistake(const SchemaRow& row, const Node& value) {
  if (row.type == Type::any || row.type == Type::ignored || row.type == Type::better ||
      row.type == Type::unsupported) {
    return std::nullopt;
  }
  if (row.type == Type::list) return list_mistake(value);
  if (row.type == Type::pairs) return pairs_mistake(value);
  if (value.is_null()) return std::nullopt;  // as if it were not there
  if (!value.is_scalar()) {
    return "one value is wanted (" + std::string(name_of(row.type)) + "); this is " +
           std::string(kind_text(value));
  }
  return scalar_mistake(row, value.text);
}

void check_schema(const Node& root, Diagnostics& diagnostics) {
  check_node(root, schema(), "", diagnostics);
}

void fill_defaults(Node& root) { fill_node(root, schema()); }

}  // namespace gateway::config
