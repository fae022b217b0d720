// Processors that change or drop items, as typed values; `batch` and `memory_limiter` are none of
// them: they set other things (config/mappings.cc). Names are the Collector's.
//
// Errors:  none here; every rule is checked by the loader, patterns and OTTL too.
// Threads: values, immutable after load.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/signal.h"

namespace gateway::config {

enum class ProcessorKind : std::uint8_t {
  attributes,
  resource,
  filter,
  transform,
  redaction,
  probabilistic_sampler,
};

using AttributeValue = std::variant<std::string, bool, std::int64_t, double>;

// What `from_context` may ask for.
inline constexpr std::string_view kContextClientAddress = "client.address";
inline constexpr std::string_view kContextMetadata = "metadata.";  // and a header's name
inline constexpr std::size_t kContextKeySizeBytesMax = 128;

// One of `actions`: insert, update, upsert, delete, hash, extract, convert.
struct AttributeAction {
  std::string key;
  std::string action;
  std::string pattern;         // extract; delete and hash by key
  std::string from_attribute;  // insert, update, upsert: the value of another
  std::string from_context;    // insert, update, upsert: "client.address", "metadata.x-tenant"
  std::string converted_type;  // convert: int, double, string
  std::optional<AttributeValue> value;
  std::optional<AttributeValue> default_value;  // where from_attribute is not there

  [[nodiscard]] bool operator==(const AttributeAction&) const = default;
};

// OTTL for the messages of one context: `resource`, `scope`, `span`, ...
struct OttlGroup {
  Signal signal = Signal::traces;
  std::string context;
  std::vector<std::string> conditions;
  std::vector<std::string> statements;

  [[nodiscard]] bool operator==(const OttlGroup&) const = default;
};

struct Redaction {
  bool allow_all_keys = false;
  std::vector<std::string> allowed_keys, ignored_keys, ignored_key_patterns;
  std::vector<std::string> blocked_key_patterns, blocked_values, allowed_values;
  bool redact_all_types = false;
  std::string hash_function;  // md5, sha1, sha3; empty: "****"
  std::string summary;        // debug, info; else none

  [[nodiscard]] bool operator==(const Redaction&) const = default;
};

struct ProbabilisticSampler {
  double sampling_percentage = 0;
  std::string mode;  // hash_seed, proportional, equalizing, trace_id_ratio; empty: as the Collector
  std::uint32_t hash_seed = 0;
  bool fail_closed = true;
  std::uint32_t sampling_precision = 4;      // hex digits
  std::string attribute_source = "traceID";  // or record: logs
  std::string from_attribute, sampling_priority;

  [[nodiscard]] bool operator==(const ProbabilisticSampler&) const = default;
};

struct Processor {
  std::string id;  // "attributes/strip"
  ProcessorKind kind = ProcessorKind::attributes;
  std::vector<AttributeAction> actions;  // attributes, resource
  // attributes: OTTL made of include and exclude, for each signal; an item is changed that meets
  // all of them. filter: one that meets any of a group's conditions is dropped. transform: the
  // statements of a group run on one that meets any of its conditions, or where it has none.
  std::vector<OttlGroup> groups;
  Redaction redaction;
  ProbabilisticSampler sampler;

  [[nodiscard]] bool operator==(const Processor&) const = default;
};

}  // namespace gateway::config
