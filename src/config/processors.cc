#include "config/processors.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "config/convert.h"
#include "config/values.h"
#include "ottl/program.h"

namespace gateway::config {
namespace {

constexpr std::array<std::pair<std::string_view, ProcessorKind>, 6> kKinds = {
    {{"attributes", ProcessorKind::attributes},
     {"resource", ProcessorKind::resource},
     {"filter", ProcessorKind::filter},
     {"transform", ProcessorKind::transform},
     {"redaction", ProcessorKind::redaction},
     {"probabilistic_sampler", ProcessorKind::probabilistic_sampler}}};

// Contexts from the outside in, for texts whose paths name theirs.
constexpr std::array<std::string_view, 4> kTraceContexts = {"resource", "scope", "span",
                                                            "spanevent"};
constexpr std::array<std::string_view, 4> kMetricContexts = {"resource", "scope", "metric",
                                                             "datapoint"};
constexpr std::array<std::string_view, 3> kLogContexts = {"resource", "scope", "log"};

[[nodiscard]] std::span<const std::string_view> contexts_of(Signal signal) noexcept {
  if (signal == Signal::traces) return kTraceContexts;
  if (signal == Signal::metrics) return kMetricContexts;
  return kLogContexts;
}

[[nodiscard]] char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

void read_text(const Node& from, std::string_view key, std::string& out) {
  const Node* const found = from.find(key);
  if (found != nullptr && found->is_scalar()) out = found->text;
}
void read_boolean(const Node& from, std::string_view key, bool& out) {
  const Node* const found = from.find(key);
  if (found == nullptr || !found->is_scalar()) return;
  if (const auto value = parse_bool(found->text)) out = *value;
}
void read_integer(const Node& from, std::string_view key, std::uint32_t& out) {
  const Node* const found = from.find(key);
  if (found == nullptr || !found->is_scalar()) return;
  if (const auto value = parse_integer(found->text)) out = static_cast<std::uint32_t>(*value);
}
void read_list(const Node& from, std::string_view key, std::vector<std::string>& out) {
  const Node* const found = from.find(key);
  if (found == nullptr || !found->is_list()) return;
  for (const Node& item : found->items) {
    if (item.is_scalar()) out.push_back(item.text);
  }
}

// Builds one processor, and says what is wrong with it.
class Builder {
 public:
  Builder(const Entry& entry, Diagnostics& diagnostics)
      : entry_(entry), path_("processors." + entry.key), diagnostics_(diagnostics) {}

  [[nodiscard]] Processor build(ProcessorKind kind) {
    processor_.id = entry_.key;
    processor_.kind = kind;
    switch (kind) {
      case ProcessorKind::attributes:
        actions("actions");
        matches();
        break;
      case ProcessorKind::resource:
        actions("attributes");
        break;
      case ProcessorKind::filter:
        filter();
        break;
      case ProcessorKind::transform:
        transform();
        break;
      case ProcessorKind::redaction:
        redaction();
        break;
      case ProcessorKind::probabilistic_sampler:
        sampler();
        break;
    }
    return std::move(processor_);
  }

 private:
  void error(const Origin& origin, const std::string& below, std::string message) {
    diagnostics_.error(origin, path_ + '.' + below, std::move(message));
  }
  [[nodiscard]] const Node& node() const { return entry_.value; }

  // --- attributes, resource

  [[nodiscard]] std::optional<AttributeValue> value(const Node& from, std::string_view key,
                                                    const std::string& below) {
    const Node* const found = from.find(key);
    if (found == nullptr || found->is_null()) return std::nullopt;
    if (!found->is_scalar()) {
      error(found->origin, below + '.' + std::string(key),
            "a text, a number or a boolean is wanted; lists and maps are not supported");
      return std::nullopt;
    }
    if (found->quoted) return found->text;
    if (const auto boolean = parse_bool(found->text)) return *boolean;
    if (const auto integer = parse_signed(found->text)) return *integer;
    if (const auto number = parse_number(found->text)) return *number;
    return found->text;
  }

  void actions(const std::string& list) {
    const Node* const found = node().find(list);
    if (found == nullptr || !found->is_list() || found->items.empty()) {
      error(entry_.origin, list, "names no action; a processor without one does nothing");
      return;
    }
    for (std::size_t i = 0; i < found->items.size(); ++i) {
      if (found->items[i].is_map()) {
        action(found->items[i], list + '[' + std::to_string(i) + ']');
      }
    }
  }

  void action(const Node& from, const std::string& below) {
    AttributeAction it;
    read_text(from, "key", it.key);
    read_text(from, "action", it.action);
    std::transform(it.action.begin(), it.action.end(), it.action.begin(), lower);
    read_text(from, "pattern", it.pattern);
    read_text(from, "from_attribute", it.from_attribute);
    read_text(from, "from_context", it.from_context);
    read_text(from, "converted_type", it.converted_type);
    it.value = value(from, "value", below);
    it.default_value = value(from, "default_value", below);
    const auto wrong = [&](std::string message) { error(from.origin, below, std::move(message)); };
    const bool sets = it.action == "insert" || it.action == "update" || it.action == "upsert";
    const bool takes_keys = it.action == "delete" || it.action == "hash";
    if (it.action.empty()) {
      wrong("`action` is missing: insert, update, upsert, delete, hash, extract or convert");
    } else if (it.key.empty() && !(takes_keys && !it.pattern.empty())) {
      wrong(takes_keys ? "`key` or `pattern` is missing" : "`key` is missing");
    } else if (sets && !it.value && !it.default_value && it.from_attribute.empty() &&
               it.from_context.empty()) {
      wrong("`value`, `from_attribute` or `from_context` is missing");
    } else if (sets && it.value && !it.from_attribute.empty()) {
      wrong("`value` and `from_attribute` exclude each other");
    } else if (sets && !it.from_context.empty() &&
               (it.value || it.default_value || !it.from_attribute.empty())) {
      wrong("`from_context` goes with no other source of a value");
    } else if (!sets && (it.value || it.default_value || !it.from_attribute.empty() ||
                         !it.from_context.empty())) {
      wrong("`" + it.action + "` takes no value");
    } else if (it.action == "convert" && it.converted_type.empty()) {
      wrong("`converted_type` is missing: int, double or string");
    } else if (it.action != "convert" && !it.converted_type.empty()) {
      wrong("`converted_type` is only for convert");
    } else if (it.action == "extract" && it.pattern.empty()) {
      wrong("`pattern` is missing: a regular expression with named groups");
    } else if ((sets || it.action == "convert") && !it.pattern.empty()) {
      wrong("`" + it.action + "` takes no pattern");
    } else {
      check_action_pattern(from, below, it);
      check_context_key(from, below, it);
      processor_.actions.push_back(std::move(it));
    }
  }

  // Gives it the name under which the receiver keeps it. As in the Collector a key without a prefix
  // is a header's, and headers are compared without case.
  void check_context_key(const Node& from, const std::string& below, AttributeAction& it) {
    if (it.from_context.empty() || it.from_context == kContextClientAddress) return;
    const Origin origin = from.find("from_context")->origin;
    if (it.from_context.starts_with("auth.")) {
      error(origin, below + ".from_context",
            "is not supported: senders are not asked for credentials, so nothing is known of them");
      return;
    }
    if (!it.from_context.starts_with(kContextMetadata)) {
      it.from_context.insert(0, kContextMetadata);
    }
    if (it.from_context.size() > kContextKeySizeBytesMax) {
      error(origin, below + ".from_context",
            "has more than " + std::to_string(kContextKeySizeBytesMax) + " bytes");
    }
    std::transform(it.from_context.begin(), it.from_context.end(), it.from_context.begin(), lower);
  }

  void check_action_pattern(const Node& from, const std::string& below, const AttributeAction& it) {
    if (it.pattern.empty()) return;
    const Origin origin = from.find("pattern")->origin;
    const auto regex = ottl::Regex::compile(it.pattern);
    if (!regex) {
      error(origin, below + ".pattern", "not a regular expression: " + regex.error());
      return;
    }
    if (it.action != "extract") return;
    const auto& names = regex->group_names();
    const bool has_unnamed = std::find(names.begin(), names.end(), "") != names.end();
    if (names.empty() || has_unnamed) {
      error(origin, below + ".pattern",
            "every group must have a name, as in (?P<name>...), and there must be one");
    }
  }

  // --- OTTL

  // The text with a caret, as it were: where in it, and what was meant.
  [[nodiscard]] static std::string told(const std::string& text, const ottl::Mistake& mistake) {
    std::string message = mistake.message;
    if (!mistake.word.empty()) {
      if (const std::string near = nearest(mistake.word, mistake.candidates); !near.empty()) {
        message += "; did you mean `" + near + "`?";
      }
    }
    constexpr std::size_t kShownMax = 60;
    const std::size_t at = std::min(mistake.offset, text.size());
    if (at == text.size()) return message + ", at the end of the text";
    return message + ", at `" + text.substr(at, kShownMax) +
           (text.size() - at > kShownMax ? "...`" : "`");
  }

  // What is wrong with a text; nothing when it compiles.
  [[nodiscard]] static std::optional<ottl::Mistake> mistake_of(const std::string& text,
                                                               std::string_view context,
                                                               bool is_statement,
                                                               ottl::Names names) {
    ottl::Compiler compiler(*ottl::context_of(context), names);
    if (is_statement) {
      const auto statement = compiler.statement(text);
      return statement ? std::nullopt : std::optional(statement.error());
    }
    const auto condition = compiler.condition(text);
    return condition ? std::nullopt : std::optional(condition.error());
  }

  // Conditions or statements of a known context into `out`.
  void texts(const Node* list, const std::string& below, std::string_view context,
             bool is_statement, std::vector<std::string>& out) {
    if (list == nullptr) return;
    if (!list->is_list()) {
      error(list->origin, below, "a list of texts is wanted");
      return;
    }
    for (const Node& item : list->items) {
      if (!item.is_scalar()) {
        error(item.origin, below, "a text is wanted");
      } else if (const auto wrong =
                     mistake_of(item.text, context, is_statement, ottl::Names::any)) {
        error(item.origin, below, told(item.text, *wrong));
      } else {
        out.push_back(item.text);
      }
    }
  }

  // The outermost context in which `text` makes sense; nothing, and a diagnostic, if there is none.
  [[nodiscard]] std::string inferred_context(const Node& text, const std::string& below,
                                             Signal signal, bool is_statement) {
    std::optional<ottl::Mistake> meant;  // of the innermost context that the text names
    for (const std::string_view context : contexts_of(signal)) {
      auto wrong = mistake_of(text.text, context, is_statement, ottl::Names::with_context);
      if (!wrong) return std::string(context);
      const bool is_named = text.text.find(std::string(context) + '.') != std::string::npos;
      if (!meant || is_named) meant = std::move(wrong);
    }
    error(text.origin, below, told(text.text, *meant));
    return {};
  }

  void group(Signal signal, std::string context, std::vector<std::string> conditions,
             std::vector<std::string> statements) {
    processor_.groups.push_back({.signal = signal,
                                 .context = std::move(context),
                                 .conditions = std::move(conditions),
                                 .statements = std::move(statements)});
  }

  // `include` and `exclude` of `from`, which stands below the processor at `below`.
  void check_matches(const Node& from, const std::string& below) {
    for (const std::string_view key : {"include", "exclude"}) {
      const Node* const found = from.find(key);
      if (found == nullptr || !found->is_map()) continue;
      const std::string path = below + std::string(key);
      if (found->find("match_type") == nullptr) {
        error(found->origin, path, "`match_type` is missing: strict or regexp");
      }
      if (found->entries.size() < 2) error(found->origin, path, "names nothing to match");
      const Node* const min = found->find_path({"severity_number", "min"});
      if (min != nullptr && min->is_scalar() && !severity_number_of(min->text)) {
        error(min->origin, path + ".severity_number.min",
              "`" + min->text + "` is not a severity such as INFO, WARN2 or 13");
      }
    }
  }

  void matches() {
    check_matches(node(), "");
    for (const Signal signal : {Signal::traces, Signal::metrics, Signal::logs}) {
      const std::string_view context = contexts_of(signal)[signal == Signal::metrics ? 3 : 2];
      std::vector<std::string> conditions = match_conditions(node(), signal);
      for (const std::string& condition : conditions) {
        if (const auto wrong = mistake_of(condition, context, false, ottl::Names::any)) {
          error(entry_.origin, "include", wrong->message);
        }
      }
      if (!conditions.empty()) group(signal, std::string(context), std::move(conditions), {});
    }
  }

  void filter() {
    struct Place {
      std::string_view section, key, context;
      Signal signal;
    };
    constexpr std::array<Place, 8> kPlaces = {
        {{"traces", "resource", "resource", Signal::traces},
         {"traces", "span", "span", Signal::traces},
         {"traces", "spanevent", "spanevent", Signal::traces},
         {"metrics", "resource", "resource", Signal::metrics},
         {"metrics", "metric", "metric", Signal::metrics},
         {"metrics", "datapoint", "datapoint", Signal::metrics},
         {"logs", "resource", "resource", Signal::logs},
         {"logs", "log_record", "log", Signal::logs}}};
    for (const Place& place : kPlaces) {
      std::vector<std::string> conditions;
      texts(node().find_path({place.section, place.key}),
            std::string(place.section) + '.' + std::string(place.key), place.context, false,
            conditions);
      if (!conditions.empty()) {
        group(place.signal, std::string(place.context), std::move(conditions), {});
      }
    }
    older_filter("spans", "traces", "span", Signal::traces);
    older_filter("metrics", "metrics", "metric", Signal::metrics);
    older_filter("logs", "logs", "log", Signal::logs);
    conditions("trace_conditions", Signal::traces);
    conditions("metric_conditions", Signal::metrics);
    conditions("log_conditions", Signal::logs);
    const auto& entries = node().entries;
    const bool says_something = std::any_of(entries.begin(), entries.end(),
                                            [](const Entry& it) { return it.key != "error_mode"; });
    if (!says_something) {
      error(entry_.origin, "traces", "names no condition; a filter without one drops nothing");
    }
  }

  // `include` and `exclude` below `section`, which exclude conditions below `newer`.
  void older_filter(const std::string& section, std::string_view newer, std::string_view context,
                    Signal signal) {
    const Node* const from = node().find(section);
    if (from == nullptr) return;
    check_matches(*from, section + '.');
    std::vector<std::string> dropped = drop_conditions(*from, signal);
    for (const std::string& condition : dropped) {
      if (const auto wrong = mistake_of(condition, context, false, ottl::Names::any)) {
        error(from->origin, section, wrong->message);
      }
    }
    if (dropped.empty()) return;
    const bool has_newer =
        std::any_of(processor_.groups.begin(), processor_.groups.end(),
                    [signal](const OttlGroup& it) { return it.signal == signal; });
    if (has_newer) {
      error(from->origin, section,
            "`include` and `exclude` do not go with conditions below `" + std::string(newer) +
                "`; write one or the other");
    }
    group(signal, std::string(context), std::move(dropped), {});
  }

  // A list of conditions, or of maps with `context` and `conditions`.
  void conditions(const std::string& key, Signal signal) {
    const Node* const list = node().find(key);
    if (list == nullptr || list->is_null()) return;
    if (!list->is_list()) {
      error(list->origin, key, "a list of conditions is wanted");
      return;
    }
    for (const Node& item : list->items) {
      if (item.is_scalar()) {
        inferred_condition(item, key, signal);
      } else if (item.is_map()) {
        condition_group(item, key, signal);
      } else {
        error(item.origin, key, "a condition, or a map with `context` and `conditions`, is wanted");
      }
    }
  }

  void inferred_condition(const Node& text, const std::string& key, Signal signal) {
    std::string context = inferred_context(text, key, signal, false);
    if (!context.empty()) group(signal, std::move(context), {text.text}, {});
  }

  void condition_group(const Node& from, const std::string& key, Signal signal) {
    const Node* const list = from.find("conditions");
    if (!check_group(from, key, signal, "conditions")) return;
    std::string context;
    read_text(from, "context", context);
    if (context.empty()) {  // each names its own
      for (const Node& item : list->items) inferred_condition(item, key, signal);
      return;
    }
    std::vector<std::string> found;
    texts(list, key + ".conditions", context, false, found);
    if (!found.empty()) group(signal, std::move(context), std::move(found), {});
  }

  // Whether a map of OTTL has known keys, a context that there is, and a list `wanted`.
  [[nodiscard]] bool check_group(const Node& from, const std::string& key, Signal signal,
                                 std::string_view wanted) {
    for (const Entry& entry : from.entries) {
      static const std::vector<std::string> kKeys = {"context", "conditions", "statements",
                                                     "error_mode"};
      if (std::find(kKeys.begin(), kKeys.end(), entry.key) != kKeys.end()) continue;
      error(entry.origin, key + '.' + entry.key, "unknown key; possible are " + joined(kKeys));
    }
    const Node* const list = from.find(wanted);
    if (list == nullptr || !list->is_list() || list->items.empty()) {
      error(from.origin, key, "`" + std::string(wanted) + "` is missing");
      return false;
    }
    std::string context;
    read_text(from, "context", context);
    const auto possible = contexts_of(signal);
    if (context.empty() || std::find(possible.begin(), possible.end(), context) != possible.end()) {
      return true;
    }
    error(from.find("context")->origin, key + ".context",
          "`" + context + "` is not possible here; possible are " +
              joined({possible.begin(), possible.end()}));
    return false;
  }

  void transform() {
    statements("trace_statements", Signal::traces);
    statements("metric_statements", Signal::metrics);
    statements("log_statements", Signal::logs);
    if (processor_.groups.empty() && !has_statements_) {
      error(entry_.origin, "trace_statements", "there is no statement");
    }
  }

  void statements(const std::string& key, Signal signal) {
    const Node* const list = node().find(key);
    if (list == nullptr || list->is_null()) return;
    has_statements_ = true;
    if (!list->is_list()) {
      error(list->origin, key, "a list of statements is wanted");
      return;
    }
    for (const Node& item : list->items) {
      if (item.is_scalar()) {
        std::string context = inferred_context(item, key, signal, true);
        if (!context.empty()) group(signal, std::move(context), {}, {item.text});
      } else if (item.is_map()) {
        statement_group(item, key, signal);
      } else {
        error(item.origin, key, "a statement, or a map with `context` and `statements`, is wanted");
      }
    }
  }

  void statement_group(const Node& from, const std::string& key, Signal signal) {
    const Node* const list = from.find("statements");
    if (!check_group(from, key, signal, "statements")) return;
    std::string context;
    read_text(from, "context", context);
    if (context.empty()) {  // each statement names its own
      for (const Node& item : list->items) {
        std::string found = inferred_context(item, key, signal, true);
        if (found.empty()) continue;
        std::vector<std::string> conditions;
        texts(from.find("conditions"), key + ".conditions", found, false, conditions);
        group(signal, std::move(found), std::move(conditions), {item.text});
      }
      return;
    }
    std::vector<std::string> conditions;
    std::vector<std::string> found;
    texts(from.find("conditions"), key + ".conditions", context, false, conditions);
    texts(list, key + ".statements", context, true, found);
    if (!found.empty()) group(signal, context, std::move(conditions), std::move(found));
  }

  // --- redaction, probabilistic_sampler

  void patterns(const char* key, std::vector<std::string>& out) {
    read_list(node(), key, out);
    const Node* const list = node().find(key);
    if (list == nullptr) return;
    for (const Node& item : list->items) {
      const auto regex = ottl::Regex::compile(item.text);
      if (!regex) error(item.origin, key, "not a regular expression: " + regex.error());
    }
  }

  void redaction() {
    Redaction& it = processor_.redaction;
    read_boolean(node(), "allow_all_keys", it.allow_all_keys);
    read_boolean(node(), "redact_all_types", it.redact_all_types);
    read_list(node(), "allowed_keys", it.allowed_keys);
    read_list(node(), "ignored_keys", it.ignored_keys);
    patterns("ignored_key_patterns", it.ignored_key_patterns);
    patterns("blocked_key_patterns", it.blocked_key_patterns);
    patterns("blocked_values", it.blocked_values);
    patterns("allowed_values", it.allowed_values);
    read_text(node(), "hash_function", it.hash_function);
    read_text(node(), "summary", it.summary);
    if (!it.allow_all_keys && it.allowed_keys.empty()) {
      diagnostics_.warning(entry_.origin, path_,
                           "`allowed_keys` is empty, so every attribute is removed; "
                           "`allow_all_keys: true` keeps them");
    }
  }

  void sampler() {
    ProbabilisticSampler& it = processor_.sampler;
    const Node* const percentage = node().find("sampling_percentage");
    if (percentage == nullptr || percentage->is_null()) {
      error(entry_.origin, "sampling_percentage", "is missing: the share to keep, in percent");
    } else if (const auto number = parse_number(percentage->text)) {
      it.sampling_percentage = *number;
    }
    read_text(node(), "mode", it.mode);
    read_integer(node(), "hash_seed", it.hash_seed);
    read_boolean(node(), "fail_closed", it.fail_closed);
    read_integer(node(), "sampling_precision", it.sampling_precision);
    read_text(node(), "attribute_source", it.attribute_source);
    read_text(node(), "from_attribute", it.from_attribute);
    read_text(node(), "sampling_priority", it.sampling_priority);
    if (it.attribute_source == "record" && it.from_attribute.empty()) {
      error(entry_.origin, "from_attribute",
            "is missing: `attribute_source: record` decides by it");
    }
  }

  const Entry& entry_;
  const std::string path_;
  Diagnostics& diagnostics_;
  Processor processor_;
  bool has_statements_ = false;
};

}  // namespace

std::optional<Processor> build_processor(const Entry& entry, Diagnostics& diagnostics) {
  const std::string_view type = type_of(entry.key);
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [type](const auto& pair) { return pair.first == type; });
  if (kind == kKinds.end()) return std::nullopt;
  return Builder(entry, diagnostics).build(kind->second);
}

}  // namespace gateway::config
