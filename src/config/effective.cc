#include <algorithm>
#include <array>

#include "config/build.h"
#include "config/schema.h"
#include "config/values.h"
#include "telemetry/json_text.h"

namespace gateway::config {
namespace {

// Whether YAML reads `text` as the same text without quotes.
[[nodiscard]] bool is_plain(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 10> kWords = {"null", "Null", "NULL", "~",    "yes",
                                                       "no",   "on",   "off",  ".inf", ".nan"};
  if (text.empty() || std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return false;
  if (text.front() == '-' && (text.size() == 1 || text[1] == '-')) return false;
  if (text.back() == ':') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/' || c == ':' || c == '+' || c == '=';
  });
}

void append_text(std::string& out, std::string_view text) {
  if (is_plain(text)) {
    out += text;
    return;
  }
  std::string escaped;  // a dollar sign would be read as a reference
  for (const char c : text) {
    if (c == '$') escaped += '$';
    escaped += c;
  }
  telemetry::append_json_string(out, escaped);
}

[[nodiscard]] Node masked(const Node& node) {
  Node copy = node;
  for (Entry& entry : copy.entries) entry.value = Node::scalar(kMasked);
  for (Node& item : copy.items) {
    if (Node* const value = item.find("value")) *value = Node::scalar(kMasked);
  }
  if (copy.is_scalar()) copy.text = kMasked;
  return copy;
}

void append_flow(std::string& out, const Node& node) {
  if (node.is_list()) {
    out += '[';
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (i > 0) out += ", ";
      append_flow(out, node.items[i]);
    }
    out += ']';
  } else if (node.is_map()) {
    out += '{';
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      if (i > 0) out += ", ";
      append_text(out, node.entries[i].key);
      out += ": ";
      append_flow(out, node.entries[i].value);
    }
    out += '}';
  } else if (node.quoted && (parse_bool(node.text) || parse_number(node.text))) {
    telemetry::append_json_string(out, node.text);  // text that looks like a number
  } else {
    append_text(out, node.text);
  }
}

void append_map(std::string& out, const Node& node, const SchemaNode* at, std::size_t depth) {
  for (const Entry& entry : node.entries) {
    const SchemaNode* const child = at == nullptr ? nullptr : at->child(entry.key);
    const bool is_secret = child != nullptr && child->row != nullptr && child->row->secret;
    const Node& value = is_secret ? masked(entry.value) : entry.value;
    out.append(2 * depth, ' ');
    append_text(out, entry.key);
    out += ':';
    if (value.is_map() && !value.entries.empty()) {
      out += '\n';
      append_map(out, value, child, depth + 1);
      continue;
    }
    out += ' ';
    append_flow(out, value);
    out += '\n';
  }
}

}  // namespace

std::string flow_text(const Node& value) {
  std::string out;
  append_flow(out, value);
  return out;
}

std::string effective_yaml(const Node& root) {
  std::string out;
  append_map(out, root, &schema(), 0);
  return out;
}

}  // namespace gateway::config
