// `include` and `exclude`, of the attributes processor and of filters in their older form, as OTTL:
// what a Collector's file says with lists of names is the same as conditions on them, and there is
// one way of working them out.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/processors.h"
#include "config/values.h"
#include "ottl/regex.h"

namespace gateway::config {
namespace {

[[nodiscard]] std::string in_quotes(std::string_view text) {
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
  return is_typed ? value.text : in_quotes(value.text);
}

constexpr std::array<std::string_view, 6> kSpanKinds = {
    "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};

class Properties {
 public:
  Properties(const Node& from, Signal signal) : from_(from), signal_(signal) {
    const Node* const type = from.find("match_type");
    is_regexp_ = type != nullptr && type->text == "regexp";
  }

  // One for each property that is about this signal; all must be met.
  [[nodiscard]] std::vector<std::string> conditions() {
    services();
    if (signal_ == Signal::traces) {
      any_of("span_names", "name");
      kinds();
    } else if (signal_ == Signal::logs) {
      const std::string body = is_regexp_ ? "body" : "String(body)";  // numbers and trees as text
      any_of("log_bodies", body);
      any_of("bodies", body);
      any_of("log_severity_texts", "severity_text");
      any_of("severity_texts", "severity_text");
      severity("log_severity_number");
      severity("severity_number");
    } else {
      any_of("metric_names", "metric.name");
    }
    keys("attributes", "attributes");
    keys("record_attributes", "attributes");
    keys("resources", "resource.attributes");
    keys("resource_attributes", "resource.attributes");
    libraries();
    return std::move(all_);
  }

 private:
  void add(const std::string& condition) {
    if (!condition.empty()) all_.push_back('(' + condition + ')');
  }
  // A value against a text or, with regexp, a pattern. A number is wanted in its own type.
  [[nodiscard]] std::string matches(const std::string& path, const Node& wanted) const {
    if (is_regexp_) return "IsMatch(" + path + ", " + in_quotes(wanted.text) + ")";
    std::string same = path + " == " + literal(wanted);
    if (wanted.quoted || !parse_number(wanted.text)) return same;
    return (parse_signed(wanted.text) ? "IsInt(" : "IsDouble(") + path + ") and " + same;
  }
  // Whether a name of the list, or a pattern of it, is that of `text`.
  [[nodiscard]] bool names(const Node& item, std::string_view text) const {
    if (!is_regexp_) return item.text == text;
    const auto regex = ottl::Regex::compile(item.text);
    return regex && regex->matches(text);
  }
  void services() {
    const std::string path = "resource.attributes[\"service.name\"]";
    const Node* const list = from_.find("services");
    if (list == nullptr) return;
    // The name of a service without one.
    const bool takes_none = std::any_of(list->items.begin(), list->items.end(), [this](auto& it) {
      return names(it, "<nil-service-name>");
    });
    any_of("services", path, takes_none ? path + " == nil" : "");
  }
  void any_of(std::string_view key, const std::string& path, std::string any = {}) {
    const Node* const list = from_.find(key);
    if (list == nullptr) return;
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
      bool is_known = false;
      for (const std::string_view kind : kSpanKinds) {
        if (!names(item, kind)) continue;
        is_known = true;
        any.append(any.empty() ? "" : " or ").append("kind == ").append(kind);
      }
      if (is_known) continue;  // else a strict name is told from those that there are
      any.append(any.empty() ? "" : " or ").append(is_regexp_ ? "false" : "kind == " + item.text);
    }
    add(any);
  }
  void severity(std::string_view key) {
    const Node* const severity = from_.find(key);
    if (severity == nullptr) return;
    const Node* const min = severity->find("min");
    const Node* const undefined = severity->find("match_undefined");
    const bool takes_undefined = undefined != nullptr && undefined->text == "true";
    std::string condition = takes_undefined ? "severity_number == 0 or " : "";
    condition += "severity_number >= ";
    const auto number = min == nullptr ? std::nullopt : severity_number_of(min->text);
    condition += std::to_string(number.value_or(1));
    add(condition);
  }
  void keys(std::string_view list_key, const std::string& map) {
    const Node* const list = from_.find(list_key);
    if (list == nullptr) return;
    for (const Node& item : list->items) {
      const Node* const key = item.find("key");
      const Node* const value = item.find("value");
      if (key == nullptr) continue;
      const std::string path = map + '[' + in_quotes(key->text) + ']';
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
  std::vector<std::string> all_;
};

// The condition that all of them are met; empty: there are none.
[[nodiscard]] std::string all_of(const std::vector<std::string>& conditions) {
  std::string all;
  for (const std::string& condition : conditions) {
    if (!all.empty()) all += " and ";
    all += condition;
  }
  return all;
}

}  // namespace

std::optional<std::int64_t> severity_number_of(std::string_view text) {
  constexpr std::array<std::string_view, 6> kNames = {"trace", "debug", "info",
                                                      "warn",  "error", "fatal"};
  constexpr std::int64_t kStep = 4;  // INFO, INFO2, INFO3, INFO4
  constexpr std::int64_t kMax = 24;
  if (const auto number = parse_signed(text)) {
    return *number >= 1 && *number <= kMax ? number : std::nullopt;
  }
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!lower.starts_with(kNames[i])) continue;
    const std::string digit = lower.substr(kNames[i].size());
    const std::int64_t first = 1 + kStep * static_cast<std::int64_t>(i);
    if (digit.empty()) return first;
    if (digit.size() == 1 && digit[0] >= '2' && digit[0] <= '4') return first + (digit[0] - '1');
  }
  return std::nullopt;
}

std::vector<std::string> match_conditions(const Node& processor, Signal signal) {
  std::vector<std::string> conditions;
  if (const Node* const include = processor.find("include")) {
    std::string condition = all_of(Properties(*include, signal).conditions());
    // Properties of other signals alone: nothing of this one is included.
    conditions.push_back(condition.empty() ? "false" : std::move(condition));
  }
  if (const Node* const exclude = processor.find("exclude")) {
    const std::string condition = all_of(Properties(*exclude, signal).conditions());
    if (!condition.empty()) conditions.push_back("not (" + condition + ")");
  }
  return conditions;
}

std::vector<std::string> drop_conditions(const Node& matches, Signal signal) {
  std::vector<std::string> conditions;
  if (const Node* const include = matches.find("include")) {
    const std::string condition = all_of(Properties(*include, signal).conditions());
    if (!condition.empty()) conditions.push_back("not (" + condition + ")");
  }
  if (const Node* const exclude = matches.find("exclude")) {
    std::vector<std::string> met = Properties(*exclude, signal).conditions();
    // Of a metric the resource and the name are looked at one after the other: either is enough.
    if (signal == Signal::metrics) {
      conditions.insert(conditions.end(), met.begin(), met.end());
    } else if (!met.empty()) {
      conditions.push_back(all_of(met));
    }
  }
  return conditions;
}

}  // namespace gateway::config
