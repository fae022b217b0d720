// The rows of the processors that change or drop items; see schema_table.cc.
#include <array>

#include "config/schema_table.h"

namespace gateway::config {
namespace {

using enum Type;

constexpr std::string_view kNoErrors =
    "running OTTL has no errors here: a function that gets a value of a type it does not take "
    "gives nil, an editor does nothing";
constexpr std::string_view kActions =
    "insert|update|upsert|delete|hash|extract|convert|INSERT|UPDATE|UPSERT|DELETE|HASH|EXTRACT|"
    "CONVERT";

constexpr std::array kRows = {
    SchemaRow{"processors.attributes[/name]", section, "", "",
              "Changes the attributes of spans, data points and log records."},
    SchemaRow{"processors.attributes[/name].actions[].key", text, "", "",
              "The attribute to act on."},
    SchemaRow{"processors.attributes[/name].actions[].action", choice, "", kActions,
              "What to do, in the order of the list."},
    SchemaRow{
        "processors.attributes[/name].actions[].value", any, "", "",
        "For insert, update and upsert: a text, a number or a boolean; `\"5\"` in quotes is a "
        "text."},
    SchemaRow{"processors.attributes[/name].actions[].from_attribute", text, "", "",
              "For insert, update and upsert: the attribute to copy the value of."},
    SchemaRow{"processors.attributes[/name].actions[].default_value", any, "", "",
              "The value where `from_attribute` is not there, or none is named."},
    SchemaRow{"processors.attributes[/name].actions[].pattern", text, "", "",
              "For extract: a regular expression whose named groups become attributes. For delete "
              "and hash: one of the keys to act on."},
    SchemaRow{"processors.attributes[/name].actions[].converted_type", choice, "",
              "int|double|string", "For convert: the type to make it."},
    SchemaRow{
        "processors.attributes[/name].actions[].from_context", text, "", "",
        "For insert, update and upsert: `client.address`, or `metadata.` and the name of a "
        "header or of gRPC metadata. Kept with the request from when it is asked for; headers "
        "where the protocol has `include_metadata`."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.match_type", choice, "",
              "strict|regexp", "Whether the lists below are texts or regular expressions."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.services", list, "", "",
              "Values of the resource's `service.name`; any of them matches."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.span_names", list, "", "",
              "Names of spans."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.span_kinds", list, "", "",
              "Kinds of spans: `SPAN_KIND_SERVER`."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.log_bodies", list, "", "",
              "Bodies of log records that are text."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.log_severity_texts", list, "", "",
              "Severity texts of log records."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.log_severity_number.min", integer, "",
              "1..24", "Lowest severity number that matches."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.log_severity_number.match_undefined",
              boolean, "", "", "Whether a record without severity matches."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.metric_names", list, "", "",
              "Names of metrics."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.{attributes,resources}[].key", text,
              "", "", "An attribute; all of the list must match."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.{attributes,resources}[].value", any,
              "", "", "Its value; without one it only has to be there."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.libraries[].name", text, "", "",
              "Name of the instrumentation scope."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.libraries[].version", any, "", "",
              "Its version; any when missing, none when empty."},
    SchemaRow{"processors.attributes[/name].{include,exclude}.regexp", ignored, "", "",
              "RE2 needs no cache of answers"},

    SchemaRow{"processors.resource[/name]", section, "", "",
              "Changes the attributes of resources."},
    SchemaRow{"processors.resource[/name].attributes[].{key,from_attribute,from_context,pattern}",
              text, "", "", "As in `processors.attributes[/name].actions[]`."},
    SchemaRow{"processors.resource[/name].attributes[].{value,default_value}", any, "", "",
              "As in `processors.attributes[/name].actions[]`."},
    SchemaRow{"processors.resource[/name].attributes[].action", choice, "", kActions,
              "What to do, in the order of the list."},
    SchemaRow{"processors.resource[/name].attributes[].converted_type", choice, "",
              "int|double|string", "For convert: the type to make it."},

    SchemaRow{"processors.filter[/name]", section, "", "",
              "Drops what meets a condition; what is dropped is `filtered` in the ledger."},
    SchemaRow{"processors.filter[/name].error_mode", ignored, "", "", kNoErrors},
    SchemaRow{"processors.filter[/name].traces.{resource,span,spanevent}", list, "", "",
              "OTTL conditions; a resource, span or event that meets one is dropped."},
    SchemaRow{"processors.filter[/name].metrics.{resource,metric,datapoint}", list, "", "",
              "OTTL conditions; a resource, metric or data point that meets one is dropped."},
    SchemaRow{"processors.filter[/name].logs.{resource,log_record}", list, "", "",
              "OTTL conditions; a resource or log record that meets one is dropped."},
    SchemaRow{"processors.filter[/name].{trace_conditions,metric_conditions,log_conditions}", any,
              "", "",
              "A list of conditions whose paths begin with their context, `span.name == \"x\"`, or "
              "of maps with `context` and `conditions`."},
    SchemaRow{"processors.filter[/name].{spans,metrics,logs}.{include,exclude}.match_type", choice,
              "", "strict|regexp",
              "The older form: only what matches `include` is kept, and what matches `exclude` is "
              "dropped. Whether its lists are texts or regular expressions."},
    SchemaRow{"processors.filter[/name].spans.{include,exclude}.{services,span_names,span_kinds}",
              list, "", "", "As in `processors.attributes[/name].include`."},
    SchemaRow{"processors.filter[/name].spans.{include,exclude}.{attributes,resources}[].key", text,
              "", "", "An attribute; all of the list must match."},
    SchemaRow{"processors.filter[/name].spans.{include,exclude}.{attributes,resources}[].value",
              any, "", "", "Its value; without one it only has to be there."},
    SchemaRow{"processors.filter[/name].spans.{include,exclude}.libraries[].{name,version}", any,
              "", "", "Name and version of the instrumentation scope."},
    SchemaRow{"processors.filter[/name].metrics.{include,exclude}.metric_names", list, "", "",
              "Names of metrics."},
    SchemaRow{"processors.filter[/name].metrics.{include,exclude}.expressions", unsupported, "", "",
              "write them as OTTL below `metrics.datapoint`"},
    SchemaRow{"processors.filter[/name].logs.{include,exclude}.{bodies,severity_texts}", list, "",
              "", "Bodies that are text, and severity texts, of log records."},
    SchemaRow{"processors.filter[/name].logs.{include,exclude}.severity_number.min", text, "", "",
              "Lowest severity that matches, as `WARN` or `13`."},
    SchemaRow{"processors.filter[/name].logs.{include,exclude}.severity_number.match_undefined",
              boolean, "", "", "Whether a record without severity matches."},
    SchemaRow{"processors.filter[/name].logs.{include,exclude}.record_attributes[].key", text, "",
              "", "An attribute of log records; all of the list must match."},
    SchemaRow{"processors.filter[/name].logs.{include,exclude}.record_attributes[].value", any, "",
              "", "Its value; without one it only has to be there."},
    SchemaRow{"processors.filter[/name].{metrics,logs}.{include,exclude}.resource_attributes[].key",
              text, "", "", "An attribute of resources; all of the list must match."},
    SchemaRow{
        "processors.filter[/name].{metrics,logs}.{include,exclude}.resource_attributes[].value",
        any, "", "", "Its value; without one it only has to be there."},
    SchemaRow{"processors.filter[/name].{spans,metrics}.{include,exclude}.regexp", ignored, "", "",
              "RE2 needs no cache of answers"},
    SchemaRow{"processors.filter[/name].metrics.regexp", ignored, "", "",
              "RE2 needs no cache of answers"},
    SchemaRow{"processors.filter[/name].{profiles,profile_conditions}", unsupported, "", "",
              "profiles are forwarded whole"},

    SchemaRow{"processors.transform[/name]", section, "", "", "Runs OTTL statements."},
    SchemaRow{"processors.transform[/name].error_mode", ignored, "", "", kNoErrors},
    SchemaRow{
        "processors.transform[/name].{trace_statements,metric_statements,log_statements}", any, "",
        "",
        "A list of statements whose paths begin with their context, or of maps with `context`, "
        "`conditions` and `statements`."},
    SchemaRow{"processors.transform[/name].profile_statements", unsupported, "", "",
              "profiles are forwarded whole"},

    SchemaRow{"processors.redaction[/name]", section, "", "",
              "Removes attributes that are not allowed, and masks values that are blocked: of "
              "resources, scopes, spans, events, data points and log records."},
    SchemaRow{"processors.redaction[/name].allow_all_keys", boolean, "false", "",
              "Keeps every attribute; without it those that are not in `allowed_keys` go."},
    SchemaRow{"processors.redaction[/name].allowed_keys", list, "", "", "Attributes that stay."},
    SchemaRow{"processors.redaction[/name].ignored_keys", list, "", "",
              "Attributes that stay, whatever their value."},
    SchemaRow{"processors.redaction[/name].ignored_key_patterns", list, "", "",
              "The same, as regular expressions of keys."},
    SchemaRow{"processors.redaction[/name].blocked_key_patterns", list, "", "",
              "Regular expressions of keys whose value is masked whole."},
    SchemaRow{"processors.redaction[/name].blocked_values", list, "", "",
              "Regular expressions; what matches in a value is masked. In the body of a log record "
              "too."},
    SchemaRow{"processors.redaction[/name].allowed_values", list, "", "",
              "Regular expressions; a value that matches is not masked."},
    SchemaRow{"processors.redaction[/name].redact_all_types", boolean, "false", "",
              "Looks at numbers and booleans as text too."},
    SchemaRow{"processors.redaction[/name].hash_function", choice, "", "md5|sha1|sha3",
              "Digest that takes the place of what is masked, instead of `****`."},
    SchemaRow{"processors.redaction[/name].summary", choice, "", "debug|info|silent",
              "Adds attributes that count what was redacted and masked (`info`), or name it "
              "(`debug`)."},
    SchemaRow{"processors.redaction[/name].hmac_key", unsupported, "", "",
              "there is no keyed digest; `hash_function` has md5, sha1 and sha3"},
    SchemaRow{"processors.redaction[/name].url_sanitizer", unsupported, "", "",
              "write `replace_pattern` in a `transform` processor"},
    SchemaRow{"processors.redaction[/name].db_sanitizer", unsupported, "", "",
              "queries are not parsed; write `replace_pattern` in a `transform` processor"},

    SchemaRow{"processors.probabilistic_sampler[/name]", section, "", "",
              "Keeps a share of spans and log records, the same ones in every gateway."},
    SchemaRow{"processors.probabilistic_sampler[/name].sampling_percentage", number, "", "0..",
              "Share that is kept, in percent; 100 and more keeps all."},
    SchemaRow{"processors.probabilistic_sampler[/name].mode", choice, "",
              "hash_seed|proportional|equalizing|trace_id_ratio",
              "How it is decided; as the Collector, `hash_seed` when missing."},
    SchemaRow{"processors.probabilistic_sampler[/name].hash_seed", integer, "0", "0..4294967295",
              "Seed of the hash; the same in all gateways of a tier."},
    SchemaRow{"processors.probabilistic_sampler[/name].fail_closed", boolean, "true", "",
              "Whether what cannot be decided about (no trace id, a threshold that is not true) is "
              "dropped."},
    SchemaRow{"processors.probabilistic_sampler[/name].sampling_precision", integer, "4", "1..14",
              "Hexadecimal digits of the threshold that is written."},
    SchemaRow{"processors.probabilistic_sampler[/name].attribute_source", choice, "traceID",
              "traceID|record", "Logs: decide by the trace id, or by `from_attribute`."},
    SchemaRow{"processors.probabilistic_sampler[/name].from_attribute", text, "", "",
              "Logs: the attribute to decide by, where there is no trace id."},
    SchemaRow{"processors.probabilistic_sampler[/name].sampling_priority", text, "", "",
              "Logs: an attribute that holds the share for its record, in percent."},
};

}  // namespace

namespace detail {
std::span<const SchemaRow> processor_rows() noexcept { return kRows; }
}  // namespace detail

}  // namespace gateway::config
