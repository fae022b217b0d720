#include "config/node.h"

#include <algorithm>

#include "base/assert.h"

namespace gateway::config {

Node Node::scalar(std::string_view text, Origin origin) {
  Node node;
  node.kind = Kind::scalar;
  node.text = text;
  node.origin = std::move(origin);
  return node;
}

Node Node::list(std::initializer_list<std::string_view> texts, Origin origin) {
  Node node;
  node.kind = Kind::list;
  for (const std::string_view text : texts) node.items.push_back(scalar(text, origin));
  node.origin = std::move(origin);
  return node;
}

Node Node::map(Origin origin) {
  Node node;
  node.kind = Kind::map;
  node.origin = std::move(origin);
  return node;
}

const Entry* Node::entry(std::string_view key) const noexcept {
  const auto at = std::find_if(entries.begin(), entries.end(),
                               [key](const Entry& candidate) { return candidate.key == key; });
  return at == entries.end() ? nullptr : &*at;
}

const Node* Node::find(std::string_view key) const noexcept {
  const Entry* const found = entry(key);
  return found == nullptr ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) noexcept {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

const Node* Node::find_path(std::initializer_list<std::string_view> path) const noexcept {
  const Node* node = this;
  for (const std::string_view key : path) {
    node = node->find(key);
    if (node == nullptr) return nullptr;
  }
  return node;
}

Node* Node::find_path(std::initializer_list<std::string_view> path) noexcept {
  return const_cast<Node*>(static_cast<const Node*>(this)->find_path(path));
}

Node& Node::at(std::string_view key, const Origin& at_origin) {
  GATEWAY_ASSERT(is_null() || is_map());
  kind = Kind::map;
  if (Node* const found = find(key)) return *found;
  Entry& added = entries.emplace_back();
  added.key = key;
  added.origin = at_origin;
  added.value.origin = at_origin;
  return added.value;
}

Node& Node::at_path(std::initializer_list<std::string_view> path, const Origin& at_origin) {
  Node* node = this;
  for (const std::string_view key : path) {
    if (!node->is_map()) *node = map(node->origin);
    node = &node->at(key, at_origin);
  }
  return *node;
}

void Node::erase(std::string_view key) {
  std::erase_if(entries, [key](const Entry& candidate) { return candidate.key == key; });
}

void merge(Node& base, Node over) {
  if (base.is_map() && over.is_null()) return;
  if (!base.is_map() || !over.is_map()) {
    base = std::move(over);
    return;
  }
  base.origin = over.origin;
  for (Entry& entry : over.entries) {
    if (Node* const found = base.find(entry.key)) {
      merge(*found, std::move(entry.value));
    } else {
      base.entries.push_back(std::move(entry));
    }
  }
}

std::string text_of(const Origin& origin) {
  std::string text = origin.file;
  if (origin.line > 0) {
    text += ':' + std::to_string(origin.line);
    if (origin.column > 0) text += ':' + std::to_string(origin.column);
  }
  return text;
}

}  // namespace gateway::config
