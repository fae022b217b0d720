#include <exception>
#include <set>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "config/source.h"

namespace gateway::config {
namespace {

class Converter {
 public:
  Converter(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {}

  [[nodiscard]] Node convert(const YAML::Node& from, std::size_t depth) {
    Node node;
    node.origin = origin(from.Mark());
    if (stopped_) return node;
    if (depth > kNodeDepthMax || ++count_ > kNodeCountMax) {
      stopped_ = true;
      diagnostics_.error(node.origin, "",
                         depth > kNodeDepthMax ? "nested too deeply" : "too many values");
      return node;
    }
    switch (from.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        node.kind = Node::Kind::scalar;
        node.text = from.Scalar();
        node.quoted = from.Tag() == "!";
        break;
      case YAML::NodeType::Sequence:
        node.kind = Node::Kind::list;
        for (const YAML::Node& item : from) node.items.push_back(convert(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        convert_map(from, depth, node);
        break;
    }
    return node;
  }

 private:
  void convert_map(const YAML::Node& from, std::size_t depth, Node& node) {
    node.kind = Node::Kind::map;
    Node merged;  // what "<<" brings; the map's own keys are over it
    for (const auto& pair : from) {
      const Origin key_origin = origin(pair.first.Mark());
      if (!pair.first.IsScalar()) {
        diagnostics_.error(key_origin, "", "a key must be text");
        continue;
      }
      const std::string& key = pair.first.Scalar();
      if (key == "<<") {
        take_merge_key(convert(pair.second, depth + 1), merged);
        continue;
      }
      if (const Entry* const first = node.entry(key)) {
        diagnostics_.error(key_origin, "",
                           "key `" + key + "` stands twice; the first is in line " +
                               std::to_string(first->origin.line));
        continue;
      }
      Node value = convert(pair.second, depth + 1);
      node.entries.push_back({key, key_origin, std::move(value)});
    }
    if (merged.is_map()) {
      merge(merged, std::move(node));
      node = std::move(merged);
    }
  }

  void take_merge_key(Node value, Node& merged) {
    if (value.is_map()) {
      merge(merged, std::move(value));
    } else if (value.is_list()) {
      for (auto at = value.items.rbegin(); at != value.items.rend(); ++at) {
        take_merge_key(std::move(*at), merged);
      }
    } else {
      diagnostics_.error(value.origin, "<<", "merges a map or a list of maps");
    }
  }

  [[nodiscard]] Origin origin(const YAML::Mark& mark) const {
    if (mark.is_null()) return {file_, 0, 0};
    return {file_, mark.line + 1, mark.column + 1};
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  std::size_t count_ = 0;
  bool stopped_ = false;
};

}  // namespace

Node parse_yaml(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return Node::map({file, 0, 0});
    if (documents.size() > 1) {
      diagnostics.error({file, documents[1].Mark().line + 1, 0}, "",
                        "more than one YAML document; give each a file of its own");
    }
    Node node = Converter(file, diagnostics).convert(documents[0], 0);
    if (node.is_null()) return Node::map({file, 0, 0});
    return node;
  } catch (const YAML::Exception& failure) {
    Origin origin{file, 0, 0};
    if (!failure.mark.is_null()) origin = {file, failure.mark.line + 1, failure.mark.column + 1};
    diagnostics.error(origin, "", "not YAML: " + failure.msg);
  } catch (const std::exception& failure) {
    diagnostics.error({file, 0, 0}, "", std::string("not YAML: ") + failure.what());
  }
  return Node::map({file, 0, 0});
}

}  // namespace gateway::config
