#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <sstream>
#include <utility>

#include <toml++/toml.h>

#include "config/source.h"

namespace gateway::config {
namespace {

class Converter {
 public:
  Converter(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {}

  [[nodiscard]] Node convert(const toml::node& from, std::size_t depth) {
    Node node;
    node.origin = origin(from.source());
    if (stopped_) return node;
    if (depth > kNodeDepthMax || ++count_ > kNodeCountMax) {
      stopped_ = true;
      diagnostics_.error(node.origin, "",
                         depth > kNodeDepthMax ? "nested too deeply" : "too many values");
      return node;
    }
    if (const toml::table* const table = from.as_table()) {
      node.kind = Node::Kind::map;
      for (const auto& [key, value] : *table) {
        node.entries.push_back(
            {std::string(key.str()), origin(key.source()), convert(value, depth + 1)});
      }
      // toml++ keeps keys sorted; people expect the order of the file.
      std::stable_sort(node.entries.begin(), node.entries.end(), [](const auto& a, const auto& b) {
        return std::pair(a.origin.line, a.origin.column) <
               std::pair(b.origin.line, b.origin.column);
      });
    } else if (const toml::array* const array = from.as_array()) {
      node.kind = Node::Kind::list;
      for (const toml::node& item : *array) node.items.push_back(convert(item, depth + 1));
    } else {
      node.kind = Node::Kind::scalar;
      node.quoted = from.is_string();
      node.text = scalar_text(from);
    }
    return node;
  }

 private:
  [[nodiscard]] static std::string scalar_text(const toml::node& from) {
    if (const auto* const text = from.as_string()) return text->get();
    if (const auto* const boolean = from.as_boolean()) return boolean->get() ? "true" : "false";
    if (const auto* const integer = from.as_integer()) return std::to_string(integer->get());
    if (const auto* const number = from.as_floating_point()) {
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number->get());
      return {digits.data(), end.ptr};
    }
    std::ostringstream text;  // dates and times, which no setting is
    from.visit([&text](const auto& value) {
      if constexpr (toml::is_value<decltype(value)>) text << value.get();
    });
    return text.str();
  }

  [[nodiscard]] Origin origin(const toml::source_region& region) const {
    return {file_, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  std::size_t count_ = 0;
  bool stopped_ = false;
};

}  // namespace

Node parse_toml(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  try {
    const toml::table table = toml::parse(text, file);
    return Converter(file, diagnostics).convert(table, 0);
  } catch (const toml::parse_error& failure) {
    const toml::source_position& at = failure.source().begin;
    diagnostics.error({file, static_cast<int>(at.line), static_cast<int>(at.column)}, "",
                      "not TOML: " + std::string(failure.description()));
  } catch (const std::exception& failure) {
    diagnostics.error({file, 0, 0}, "", std::string("not TOML: ") + failure.what());
  }
  return Node::map({file, 0, 0});
}

}  // namespace gateway::config
