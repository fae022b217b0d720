#include <optional>
#include <utility>

#include "config/source.h"

namespace gateway::config {
namespace {

[[nodiscard]] bool is_variable_name(std::string_view name) noexcept {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
         std::string_view::npos;
}

// References in the default of a reference; what is deeper is a mistake.
constexpr int kNestingMax = 16;

// Where the reference that `text` begins with ends: at the `}` of its own, not of one within.
[[nodiscard]] std::size_t end_of_reference(std::string_view text) noexcept {
  std::size_t open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("$$")) {
      ++i;
    } else if (rest.starts_with("${")) {
      ++open;
      ++i;
    } else if (text[i] == '}' && --open == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

class Expander {
 public:
  Expander(const Environment& environment, Diagnostics& diagnostics)
      : environment_(environment), diagnostics_(diagnostics) {}

  void expand(Node& node) {
    for (Node& item : node.items) expand(item);
    for (Entry& entry : node.entries) expand(entry.value);
    if (!node.is_scalar() || node.text.find('$') == std::string::npos) return;
    bool is_one_reference = false;
    is_broken_ = false;
    node.text = expanded(node.text, node.origin, is_one_reference);
    if (is_broken_) {  // reported; what is missing here is not another mistake
      node.kind = Node::Kind::null;
      return;
    }
    if (is_one_reference && !node.quoted) read_again(node);
  }

 private:
  void report(const Origin& origin, std::string message) {
    diagnostics_.error(origin, "", std::move(message));
    is_broken_ = true;
  }

  // What "${...}" stands for; `reference` is without the "${" and "}".
  [[nodiscard]] std::string value_of(std::string_view reference, const Origin& origin) {
    const std::string whole(reference);
    if (reference.starts_with("env:")) reference.remove_prefix(4);
    std::optional<std::string_view> fallback;
    if (const std::size_t at = reference.find(":-"); at != std::string_view::npos) {
      fallback = reference.substr(at + 2);
      reference = reference.substr(0, at);
    }
    if (!is_variable_name(reference)) {
      report(origin, "`${" + whole +
                         "}` is no reference to a variable; write ${env:NAME} or "
                         "${env:NAME:-default}, and $$ for a dollar sign");
      return {};
    }
    const auto found = environment_.find(reference);
    if (found != environment_.end() && !(found->second.empty() && fallback)) return found->second;
    if (fallback) return default_of(*fallback, origin);
    report(origin, "the environment variable " + std::string(reference) + " is not set; ${env:" +
                       std::string(reference) + ":-default} would give it a default");
    return {};
  }

  [[nodiscard]] std::string default_of(std::string_view text, const Origin& origin) {
    if (nesting_ == kNestingMax) {
      report(origin, "a default within a default, " + std::to_string(kNestingMax) + " deep");
      return {};
    }
    ++nesting_;
    bool is_one_reference = false;
    std::string out = expanded(text, origin, is_one_reference);
    --nesting_;
    return out;
  }

  [[nodiscard]] std::string expanded(std::string_view text, const Origin& origin,
                                     bool& is_one_reference) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
      const std::string_view rest = text.substr(i);
      if (rest.starts_with("$$")) {
        out += '$';
        i += 2;
      } else if (rest.starts_with("${")) {
        const std::size_t end = end_of_reference(rest);
        if (end == std::string_view::npos) {
          report(origin, "`${` without `}`; write $$ for a dollar sign");
          return out.append(rest);
        }
        is_one_reference = i == 0 && end + 1 == text.size();
        out += value_of(rest.substr(2, end - 2), origin);
        i += end + 1;
      } else {
        out += text[i];
        ++i;
      }
    }
    return out;
  }

  // A variable may hold a list or a map; anything else stays the text it is.
  void read_again(Node& node) {
    if (node.text.empty()) {
      node.kind = Node::Kind::null;
      return;
    }
    if (node.text[0] != '[' && node.text[0] != '{') return;
    Diagnostics ignored;
    Node again = parse_yaml(node.text, node.origin.file, ignored);
    if (ignored.has_errors() || again.is_scalar()) return;
    set_origin(again, node.origin);
    node = std::move(again);
  }

  static void set_origin(Node& node, const Origin& origin) {
    node.origin = origin;
    for (Node& item : node.items) set_origin(item, origin);
    for (Entry& entry : node.entries) {
      entry.origin = origin;
      set_origin(entry.value, origin);
    }
  }

  const Environment& environment_;
  Diagnostics& diagnostics_;
  int nesting_ = 0;
  bool is_broken_ = false;  // of the scalar at hand
};

}  // namespace

void expand_environment(Node& node, const Environment& environment, Diagnostics& diagnostics) {
  Expander(environment, diagnostics).expand(node);
}

}  // namespace gateway::config
