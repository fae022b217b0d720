// `include` and `exclude` of the attributes processor as OTTL: what a Collector's file says with
// lists of names is the same as conditions on them, and there is one way of working them out.
#include <string>
#include <string_view>

#include "config/processors.h"
#include "config/values.h"

namespace gateway::config {
namespace {

[[nodiscard]] std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}

// A typed value as an OTTL literal.
[[nodiscard]] std::string literal(const Node& value) {
  const bool is_typed =
      !value.quoted && (parse_bool(value.text) || parse_number(value.text).has_value());
  return is_typed ? value.text : quoted(value.text);
}

class Properties {
 public:
  Properties(const Node& from, Signal signal) : from_(from), signal_(signal) {
    const Node* const type = from.find("match_type");
    is_regexp_ = type != nullptr && type->text == "regexp";
  }

  // The condition that all properties are met; empty: none is about this signal.
  [[nodiscard]] std::string condition() {
    any_of("services", "resource.attributes[\"service.name\"]");
    if (signal_ == Signal::traces) {
      any_of("span_names", "name");
      kinds();
    } else if (signal_ == Signal::logs) {
      any_of("log_bodies", "body");
      any_of("log_severity_texts", "severity_text");
      severity();
    } else {
      any_of("metric_names", "metric.name");
    }
    keys("attributes", "attributes");
    keys("resources", "resource.attributes");
    libraries();
    return all_;
  }

 private:
  void add(const std::string& condition) {
    if (condition.empty()) return;
    if (!all_.empty()) all_ += " and ";
    all_ += '(' + condition + ')';
  }
  // A value against a text or, with regexp, a pattern.
  [[nodiscard]] std::string matches(const std::string& path, const Node& wanted) const {
    if (is_regexp_) return "IsMatch(" + path + ", " + quoted(wanted.text) + ")";
    return path + " == " + literal(wanted);
  }
  void any_of(std::string_view key, const std::string& path) {
    const Node* const list = from_.find(key);
    if (list == nullptr) return;
    std::string any;
    for (const Node& item : list->items) {
      Node text = item;
      text.quoted = true;  // names are text, whatever they look like
      if (!any.empty()) any += " or ";
      any += matches(path, text);
    }
    add(any);
  }
  void kinds() {
    const Node* const list = from_.find("span_kinds");
    if (list == nullptr) return;
    std::string any;
    for (const Node& item : list->items) {
      if (!any.empty()) any += " or ";
      any += "kind == " + item.text;
    }
    add(any);
  }
  void severity() {
    const Node* const severity = from_.find("log_severity_number");
    if (severity == nullptr) return;
    const Node* const min = severity->find("min");
    const Node* const undefined = severity->find("match_undefined");
    const bool takes_undefined = undefined != nullptr && undefined->text == "true";
    std::string condition = takes_undefined ? "severity_number == 0" : "";
    if (min != nullptr) {
      if (takes_undefined) condition += " or ";
      condition += "severity_number >= " + min->text;
    }
    add(condition);
  }
  void keys(std::string_view list_key, const std::string& map) {
    const Node* const list = from_.find(list_key);
    if (list == nullptr) return;
    for (const Node& item : list->items) {
      const Node* const key = item.find("key");
      const Node* const value = item.find("value");
      if (key == nullptr) continue;
      const std::string path = map + '[' + quoted(key->text) + ']';
      add(value == nullptr || value->is_null() ? path + " != nil" : matches(path, *value));
    }
  }
  void libraries() {
    const Node* const list = from_.find("libraries");
    if (list == nullptr) return;
    std::string any;
    for (const Node& item : list->items) {
      const Node* const name = item.find("name");
      const Node* const version = item.find("version");
      if (name == nullptr) continue;
      if (!any.empty()) any += " or ";
      any += '(' + matches("scope.name", text_of(*name));
      if (version != nullptr) any += " and " + matches("scope.version", text_of(*version));
      any += ')';
    }
    add(any);
  }
  [[nodiscard]] static Node text_of(Node node) {
    node.quoted = true;
    return node;
  }

  const Node& from_;
  Signal signal_;
  bool is_regexp_ = false;
  std::string all_;
};

}  // namespace

std::vector<std::string> match_conditions(const Node& processor, Signal signal) {
  std::vector<std::string> conditions;
  if (const Node* const include = processor.find("include")) {
    std::string condition = Properties(*include, signal).condition();
    // Properties of other signals alone: nothing of this one is included.
    conditions.push_back(condition.empty() ? "false" : std::move(condition));
  }
  if (const Node* const exclude = processor.find("exclude")) {
    const std::string condition = Properties(*exclude, signal).condition();
    if (!condition.empty()) conditions.push_back("not (" + condition + ")");
  }
  return conditions;
}

}  // namespace gateway::config
