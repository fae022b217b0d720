#include "schema.h"

namespace otlpview::json {
namespace {

using K = Kind;
using L = Label;
using M = MessageId;
using E = EnumId;

constexpr EnumValue kSeverityNumber[] = {
    {"SEVERITY_NUMBER_UNSPECIFIED", 0}, {"SEVERITY_NUMBER_TRACE", 1},
    {"SEVERITY_NUMBER_TRACE2", 2},      {"SEVERITY_NUMBER_TRACE3", 3},
    {"SEVERITY_NUMBER_TRACE4", 4},      {"SEVERITY_NUMBER_DEBUG", 5},
    {"SEVERITY_NUMBER_DEBUG2", 6},      {"SEVERITY_NUMBER_DEBUG3", 7},
    {"SEVERITY_NUMBER_DEBUG4", 8},      {"SEVERITY_NUMBER_INFO", 9},
    {"SEVERITY_NUMBER_INFO2", 10},      {"SEVERITY_NUMBER_INFO3", 11},
    {"SEVERITY_NUMBER_INFO4", 12},      {"SEVERITY_NUMBER_WARN", 13},
    {"SEVERITY_NUMBER_WARN2", 14},      {"SEVERITY_NUMBER_WARN3", 15},
    {"SEVERITY_NUMBER_WARN4", 16},      {"SEVERITY_NUMBER_ERROR", 17},
    {"SEVERITY_NUMBER_ERROR2", 18},     {"SEVERITY_NUMBER_ERROR3", 19},
    {"SEVERITY_NUMBER_ERROR4", 20},     {"SEVERITY_NUMBER_FATAL", 21},
    {"SEVERITY_NUMBER_FATAL2", 22},     {"SEVERITY_NUMBER_FATAL3", 23},
    {"SEVERITY_NUMBER_FATAL4", 24},
};

constexpr EnumValue kAggregationTemporality[] = {
    {"AGGREGATION_TEMPORALITY_UNSPECIFIED", 0},
    {"AGGREGATION_TEMPORALITY_DELTA", 1},
    {"AGGREGATION_TEMPORALITY_CUMULATIVE", 2},
};

constexpr EnumValue kSpanKind[] = {
    {"SPAN_KIND_UNSPECIFIED", 0}, {"SPAN_KIND_INTERNAL", 1}, {"SPAN_KIND_SERVER", 2},
    {"SPAN_KIND_CLIENT", 3},      {"SPAN_KIND_PRODUCER", 4}, {"SPAN_KIND_CONSUMER", 5},
};

constexpr EnumValue kStatusCode[] = {
    {"STATUS_CODE_UNSET", 0},
    {"STATUS_CODE_OK", 1},
    {"STATUS_CODE_ERROR", 2},
};

constexpr SchemaField kAnyValue[] = {
    {"stringValue", "string_value", 1, K::string, L::oneof},
    {"boolValue", "bool_value", 2, K::boolean, L::oneof},
    {"intValue", "int_value", 3, K::int64, L::oneof},
    {"doubleValue", "double_value", 4, K::float64, L::oneof},
    {"arrayValue", "array_value", 5, K::message, L::oneof, M::array_value},
    {"kvlistValue", "kvlist_value", 6, K::message, L::oneof, M::key_value_list},
    {"bytesValue", "bytes_value", 7, K::base64, L::oneof},
    {"stringValueStrindex", "string_value_strindex", 8, K::int32, L::oneof},
};

constexpr SchemaField kArrayValue[] = {
    {"values", "values", 1, K::message, L::repeated, M::any_value},
};

constexpr SchemaField kKeyValueList[] = {
    {"values", "values", 1, K::message, L::repeated, M::key_value},
};

constexpr SchemaField kKeyValue[] = {
    {"key", "key", 1, K::string, L::singular},
    {"value", "value", 2, K::message, L::singular, M::any_value},
    {"keyStrindex", "key_strindex", 3, K::int32, L::singular},
};

constexpr SchemaField kInstrumentationScope[] = {
    {"name", "name", 1, K::string, L::singular},
    {"version", "version", 2, K::string, L::singular},
    {"attributes", "attributes", 3, K::message, L::repeated, M::key_value},
    {"droppedAttributesCount", "dropped_attributes_count", 4, K::uint32, L::singular},
};

constexpr SchemaField kEntityRef[] = {
    {"schemaUrl", "schema_url", 1, K::string, L::singular},
    {"type", "type", 2, K::string, L::singular},
    {"idKeys", "id_keys", 3, K::string, L::repeated},
    {"descriptionKeys", "description_keys", 4, K::string, L::repeated},
};

constexpr SchemaField kResource[] = {
    {"attributes", "attributes", 1, K::message, L::repeated, M::key_value},
    {"droppedAttributesCount", "dropped_attributes_count", 2, K::uint32, L::singular},
    {"entityRefs", "entity_refs", 3, K::message, L::repeated, M::entity_ref},
};

constexpr SchemaField kResourceSpans[] = {
    {"resource", "resource", 1, K::message, L::singular, M::resource},
    {"scopeSpans", "scope_spans", 2, K::message, L::repeated, M::scope_spans},
    {"schemaUrl", "schema_url", 3, K::string, L::singular},
};

constexpr SchemaField kScopeSpans[] = {
    {"scope", "scope", 1, K::message, L::singular, M::instrumentation_scope},
    {"spans", "spans", 2, K::message, L::repeated, M::span},
    {"schemaUrl", "schema_url", 3, K::string, L::singular},
};

constexpr SchemaField kSpan[] = {
    {"traceId", "trace_id", 1, K::hex, L::singular},
    {"spanId", "span_id", 2, K::hex, L::singular},
    {"traceState", "trace_state", 3, K::string, L::singular},
    {"parentSpanId", "parent_span_id", 4, K::hex, L::singular},
    {"name", "name", 5, K::string, L::singular},
    {"kind", "kind", 6, K::enumeration, L::singular, E::span_kind},
    {"startTimeUnixNano", "start_time_unix_nano", 7, K::fixed64, L::singular},
    {"endTimeUnixNano", "end_time_unix_nano", 8, K::fixed64, L::singular},
    {"attributes", "attributes", 9, K::message, L::repeated, M::key_value},
    {"droppedAttributesCount", "dropped_attributes_count", 10, K::uint32, L::singular},
    {"events", "events", 11, K::message, L::repeated, M::span_event},
    {"droppedEventsCount", "dropped_events_count", 12, K::uint32, L::singular},
    {"links", "links", 13, K::message, L::repeated, M::span_link},
    {"droppedLinksCount", "dropped_links_count", 14, K::uint32, L::singular},
    {"status", "status", 15, K::message, L::singular, M::status},
    {"flags", "flags", 16, K::fixed32, L::singular},
};

constexpr SchemaField kSpanEvent[] = {
    {"timeUnixNano", "time_unix_nano", 1, K::fixed64, L::singular},
    {"name", "name", 2, K::string, L::singular},
    {"attributes", "attributes", 3, K::message, L::repeated, M::key_value},
    {"droppedAttributesCount", "dropped_attributes_count", 4, K::uint32, L::singular},
};

constexpr SchemaField kSpanLink[] = {
    {"traceId", "trace_id", 1, K::hex, L::singular},
    {"spanId", "span_id", 2, K::hex, L::singular},
    {"traceState", "trace_state", 3, K::string, L::singular},
    {"attributes", "attributes", 4, K::message, L::repeated, M::key_value},
    {"droppedAttributesCount", "dropped_attributes_count", 5, K::uint32, L::singular},
    {"flags", "flags", 6, K::fixed32, L::singular},
};

constexpr SchemaField kStatus[] = {
    {"message", "message", 2, K::string, L::singular},
    {"code", "code", 3, K::enumeration, L::singular, E::status_code},
};

constexpr SchemaField kResourceMetrics[] = {
    {"resource", "resource", 1, K::message, L::singular, M::resource},
    {"scopeMetrics", "scope_metrics", 2, K::message, L::repeated, M::scope_metrics},
    {"schemaUrl", "schema_url", 3, K::string, L::singular},
};

constexpr SchemaField kScopeMetrics[] = {
    {"scope", "scope", 1, K::message, L::singular, M::instrumentation_scope},
    {"metrics", "metrics", 2, K::message, L::repeated, M::metric},
    {"schemaUrl", "schema_url", 3, K::string, L::singular},
};

constexpr SchemaField kMetric[] = {
    {"name", "name", 1, K::string, L::singular},
    {"description", "description", 2, K::string, L::singular},
    {"unit", "unit", 3, K::string, L::singular},
    {"gauge", "gauge", 5, K::message, L::oneof, M::gauge},
    {"sum", "sum", 7, K::message, L::oneof, M::sum},
    {"histogram", "histogram", 9, K::message, L::oneof, M::histogram},
    {"exponentialHistogram", "exponential_histogram", 10, K::message, L::oneof,
     M::exponential_histogram},
    {"summary", "summary", 11, K::message, L::oneof, M::summary},
    {"metadata", "metadata", 12, K::message, L::repeated, M::key_value},
};

constexpr SchemaField kGauge[] = {
    {"dataPoints", "data_points", 1, K::message, L::repeated, M::number_data_point},
};

constexpr SchemaField kSum[] = {
    {"dataPoints", "data_points", 1, K::message, L::repeated, M::number_data_point},
    {"aggregationTemporality", "aggregation_temporality", 2, K::enumeration, L::singular,
     E::aggregation_temporality},
    {"isMonotonic", "is_monotonic", 3, K::boolean, L::singular},
};

constexpr SchemaField kHistogram[] = {
    {"dataPoints", "data_points", 1, K::message, L::repeated, M::histogram_data_point},
    {"aggregationTemporality", "aggregation_temporality", 2, K::enumeration, L::singular,
     E::aggregation_temporality},
};

constexpr SchemaField kExponentialHistogram[] = {
    {"dataPoints", "data_points", 1, K::message, L::repeated, M::exponential_histogram_data_point},
    {"aggregationTemporality", "aggregation_temporality", 2, K::enumeration, L::singular,
     E::aggregation_temporality},
};

constexpr SchemaField kSummary[] = {
    {"dataPoints", "data_points", 1, K::message, L::repeated, M::summary_data_point},
};

constexpr SchemaField kNumberDataPoint[] = {
    {"startTimeUnixNano", "start_time_unix_nano", 2, K::fixed64, L::singular},
    {"timeUnixNano", "time_unix_nano", 3, K::fixed64, L::singular},
    {"asDouble", "as_double", 4, K::float64, L::oneof},
    {"exemplars", "exemplars", 5, K::message, L::repeated, M::exemplar},
    {"asInt", "as_int", 6, K::sfixed64, L::oneof},
    {"attributes", "attributes", 7, K::message, L::repeated, M::key_value},
    {"flags", "flags", 8, K::uint32, L::singular},
};

constexpr SchemaField kHistogramDataPoint[] = {
    {"startTimeUnixNano", "start_time_unix_nano", 2, K::fixed64, L::singular},
    {"timeUnixNano", "time_unix_nano", 3, K::fixed64, L::singular},
    {"count", "count", 4, K::fixed64, L::singular},
    {"sum", "sum", 5, K::float64, L::optional},
    {"bucketCounts", "bucket_counts", 6, K::fixed64, L::repeated},
    {"explicitBounds", "explicit_bounds", 7, K::float64, L::repeated},
    {"exemplars", "exemplars", 8, K::message, L::repeated, M::exemplar},
    {"attributes", "attributes", 9, K::message, L::repeated, M::key_value},
    {"flags", "flags", 10, K::uint32, L::singular},
    {"min", "min", 11, K::float64, L::optional},
    {"max", "max", 12, K::float64, L::optional},
};

constexpr SchemaField kExponentialHistogramDataPoint[] = {
    {"attributes", "attributes", 1, K::message, L::repeated, M::key_value},
    {"startTimeUnixNano", "start_time_unix_nano", 2, K::fixed64, L::singular},
    {"timeUnixNano", "time_unix_nano", 3, K::fixed64, L::singular},
    {"count", "count", 4, K::fixed64, L::singular},
    {"sum", "sum", 5, K::float64, L::optional},
    {"scale", "scale", 6, K::sint32, L::singular},
    {"zeroCount", "zero_count", 7, K::fixed64, L::singular},
    {"positive", "positive", 8, K::message, L::singular,
     M::exponential_histogram_data_point_buckets},
    {"negative", "negative", 9, K::message, L::singular,
     M::exponential_histogram_data_point_buckets},
    {"flags", "flags", 10, K::uint32, L::singular},
    {"exemplars", "exemplars", 11, K::message, L::repeated, M::exemplar},
    {"min", "min", 12, K::float64, L::optional},
    {"max", "max", 13, K::float64, L::optional},
    {"zeroThreshold", "zero_threshold", 14, K::float64, L::singular},
};

constexpr SchemaField kExponentialHistogramDataPointBuckets[] = {
    {"offset", "offset", 1, K::sint32, L::singular},
    {"bucketCounts", "bucket_counts", 2, K::uint64, L::repeated},
};

constexpr SchemaField kSummaryDataPoint[] = {
    {"startTimeUnixNano", "start_time_unix_nano", 2, K::fixed64, L::singular},
    {"timeUnixNano", "time_unix_nano", 3, K::fixed64, L::singular},
    {"count", "count", 4, K::fixed64, L::singular},
    {"sum", "sum", 5, K::float64, L::singular},
    {"quantileValues", "quantile_values", 6, K::message, L::repeated,
     M::summary_data_point_value_at_quantile},
    {"attributes", "attributes", 7, K::message, L::repeated, M::key_value},
    {"flags", "flags", 8, K::uint32, L::singular},
};

constexpr SchemaField kSummaryDataPointValueAtQuantile[] = {
    {"quantile", "quantile", 1, K::float64, L::singular},
    {"value", "value", 2, K::float64, L::singular},
};

constexpr SchemaField kExemplar[] = {
    {"timeUnixNano", "time_unix_nano", 2, K::fixed64, L::singular},
    {"asDouble", "as_double", 3, K::float64, L::oneof},
    {"spanId", "span_id", 4, K::hex, L::singular},
    {"traceId", "trace_id", 5, K::hex, L::singular},
    {"asInt", "as_int", 6, K::sfixed64, L::oneof},
    {"filteredAttributes", "filtered_attributes", 7, K::message, L::repeated, M::key_value},
};

constexpr SchemaField kResourceLogs[] = {
    {"resource", "resource", 1, K::message, L::singular, M::resource},
    {"scopeLogs", "scope_logs", 2, K::message, L::repeated, M::scope_logs},
    {"schemaUrl", "schema_url", 3, K::string, L::singular},
};

constexpr SchemaField kScopeLogs[] = {
    {"scope", "scope", 1, K::message, L::singular, M::instrumentation_scope},
    {"logRecords", "log_records", 2, K::message, L::repeated, M::log_record},
    {"schemaUrl", "schema_url", 3, K::string, L::singular},
};

constexpr SchemaField kLogRecord[] = {
    {"timeUnixNano", "time_unix_nano", 1, K::fixed64, L::singular},
    {"severityNumber", "severity_number", 2, K::enumeration, L::singular, E::severity_number},
    {"severityText", "severity_text", 3, K::string, L::singular},
    {"body", "body", 5, K::message, L::singular, M::any_value},
    {"attributes", "attributes", 6, K::message, L::repeated, M::key_value},
    {"droppedAttributesCount", "dropped_attributes_count", 7, K::uint32, L::singular},
    {"flags", "flags", 8, K::fixed32, L::singular},
    {"traceId", "trace_id", 9, K::hex, L::singular},
    {"spanId", "span_id", 10, K::hex, L::singular},
    {"observedTimeUnixNano", "observed_time_unix_nano", 11, K::fixed64, L::singular},
    {"eventName", "event_name", 12, K::string, L::singular},
};

constexpr SchemaField kProfilesDictionary[] = {
    {"mappingTable", "mapping_table", 1, K::message, L::repeated, M::mapping},
    {"locationTable", "location_table", 2, K::message, L::repeated, M::location},
    {"functionTable", "function_table", 3, K::message, L::repeated, M::function},
    {"linkTable", "link_table", 4, K::message, L::repeated, M::profile_link},
    {"stringTable", "string_table", 5, K::string, L::repeated},
    {"attributeTable", "attribute_table", 6, K::message, L::repeated, M::key_value_and_unit},
    {"stackTable", "stack_table", 7, K::message, L::repeated, M::stack},
};

constexpr SchemaField kResourceProfiles[] = {
    {"resource", "resource", 1, K::message, L::singular, M::resource},
    {"scopeProfiles", "scope_profiles", 2, K::message, L::repeated, M::scope_profiles},
    {"schemaUrl", "schema_url", 3, K::string, L::singular},
};

constexpr SchemaField kScopeProfiles[] = {
    {"scope", "scope", 1, K::message, L::singular, M::instrumentation_scope},
    {"profiles", "profiles", 2, K::message, L::repeated, M::profile},
    {"schemaUrl", "schema_url", 3, K::string, L::singular},
};

constexpr SchemaField kProfile[] = {
    {"sampleType", "sample_type", 1, K::message, L::singular, M::value_type},
    {"samples", "samples", 2, K::message, L::repeated, M::sample},
    {"timeUnixNano", "time_unix_nano", 3, K::fixed64, L::singular},
    {"durationNano", "duration_nano", 4, K::uint64, L::singular},
    {"periodType", "period_type", 5, K::message, L::singular, M::value_type},
    {"period", "period", 6, K::int64, L::singular},
    {"profileId", "profile_id", 7, K::base64, L::singular},
    {"droppedAttributesCount", "dropped_attributes_count", 8, K::uint32, L::singular},
    {"originalPayloadFormat", "original_payload_format", 9, K::string, L::singular},
    {"originalPayload", "original_payload", 10, K::base64, L::singular},
    {"attributeIndices", "attribute_indices", 11, K::int32, L::repeated},
};

constexpr SchemaField kProfileLink[] = {
    {"traceId", "trace_id", 1, K::hex, L::singular},
    {"spanId", "span_id", 2, K::hex, L::singular},
};

constexpr SchemaField kValueType[] = {
    {"typeStrindex", "type_strindex", 1, K::int32, L::singular},
    {"unitStrindex", "unit_strindex", 2, K::int32, L::singular},
};

constexpr SchemaField kSample[] = {
    {"stackIndex", "stack_index", 1, K::int32, L::singular},
    {"attributeIndices", "attribute_indices", 2, K::int32, L::repeated},
    {"linkIndex", "link_index", 3, K::int32, L::singular},
    {"values", "values", 4, K::int64, L::repeated},
    {"timestampsUnixNano", "timestamps_unix_nano", 5, K::fixed64, L::repeated},
};

constexpr SchemaField kMapping[] = {
    {"memoryStart", "memory_start", 1, K::uint64, L::singular},
    {"memoryLimit", "memory_limit", 2, K::uint64, L::singular},
    {"fileOffset", "file_offset", 3, K::uint64, L::singular},
    {"filenameStrindex", "filename_strindex", 4, K::int32, L::singular},
    {"attributeIndices", "attribute_indices", 5, K::int32, L::repeated},
};

constexpr SchemaField kStack[] = {
    {"locationIndices", "location_indices", 1, K::int32, L::repeated},
};

constexpr SchemaField kLocation[] = {
    {"mappingIndex", "mapping_index", 1, K::int32, L::singular},
    {"address", "address", 2, K::uint64, L::singular},
    {"lines", "lines", 3, K::message, L::repeated, M::line},
    {"attributeIndices", "attribute_indices", 4, K::int32, L::repeated},
};

constexpr SchemaField kLine[] = {
    {"functionIndex", "function_index", 1, K::int32, L::singular},
    {"line", "line", 2, K::int64, L::singular},
    {"column", "column", 3, K::int64, L::singular},
};

constexpr SchemaField kFunction[] = {
    {"nameStrindex", "name_strindex", 1, K::int32, L::singular},
    {"systemNameStrindex", "system_name_strindex", 2, K::int32, L::singular},
    {"filenameStrindex", "filename_strindex", 3, K::int32, L::singular},
    {"startLine", "start_line", 4, K::int64, L::singular},
};

constexpr SchemaField kKeyValueAndUnit[] = {
    {"keyStrindex", "key_strindex", 1, K::int32, L::singular},
    {"value", "value", 2, K::message, L::singular, M::any_value},
    {"unitStrindex", "unit_strindex", 3, K::int32, L::singular},
};

constexpr SchemaField kTraceRequest[] = {
    {"resourceSpans", "resource_spans", 1, K::message, L::repeated, M::resource_spans},
};

constexpr SchemaField kMetricsRequest[] = {
    {"resourceMetrics", "resource_metrics", 1, K::message, L::repeated, M::resource_metrics},
};

constexpr SchemaField kLogsRequest[] = {
    {"resourceLogs", "resource_logs", 1, K::message, L::repeated, M::resource_logs},
};

constexpr SchemaField kProfilesRequest[] = {
    {"resourceProfiles", "resource_profiles", 1, K::message, L::repeated, M::resource_profiles},
    {"dictionary", "dictionary", 2, K::message, L::singular, M::profiles_dictionary},
};

// Finds factors under which no two names share a slot; that there are some is checked below.
consteval SchemaMessage describe(std::string_view full_name, std::span<const SchemaField> fields) {
  SchemaMessage message;
  message.full_name = full_name;
  message.fields = fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].label == Label::oneof) message.oneof_mask |= 1U << i;
    message.by_number[fields[i].number] = static_cast<std::uint8_t>(i + 1);
  }
  for (std::uint8_t first = 0; first < 16; ++first) {
    for (std::uint8_t later = 0; later < 16; ++later) {
      std::array<std::uint8_t, kNameSlotCount> slots{};
      bool clash = false;
      for (std::size_t i = 0; i < fields.size() && !clash; ++i) {
        std::uint8_t& slot = slots[name_slot(fields[i].name, first, later)];
        clash = slot != 0;
        slot = static_cast<std::uint8_t>(i + 1);
      }
      if (clash) continue;
      message.first_factor = first;
      message.later_factor = later;
      message.by_name = slots;
      return message;
    }
  }
  throw "no perfect hash for the names of a message";  // a compile error: this is consteval
}

constexpr std::array<SchemaMessage, kMessageCount> kTables = {{
    describe("opentelemetry.proto.common.v1.AnyValue", kAnyValue),
    describe("opentelemetry.proto.common.v1.ArrayValue", kArrayValue),
    describe("opentelemetry.proto.common.v1.KeyValueList", kKeyValueList),
    describe("opentelemetry.proto.common.v1.KeyValue", kKeyValue),
    describe("opentelemetry.proto.common.v1.InstrumentationScope", kInstrumentationScope),
    describe("opentelemetry.proto.common.v1.EntityRef", kEntityRef),
    describe("opentelemetry.proto.resource.v1.Resource", kResource),
    describe("opentelemetry.proto.trace.v1.ResourceSpans", kResourceSpans),
    describe("opentelemetry.proto.trace.v1.ScopeSpans", kScopeSpans),
    describe("opentelemetry.proto.trace.v1.Span", kSpan),
    describe("opentelemetry.proto.trace.v1.Span.Event", kSpanEvent),
    describe("opentelemetry.proto.trace.v1.Span.Link", kSpanLink),
    describe("opentelemetry.proto.trace.v1.Status", kStatus),
    describe("opentelemetry.proto.metrics.v1.ResourceMetrics", kResourceMetrics),
    describe("opentelemetry.proto.metrics.v1.ScopeMetrics", kScopeMetrics),
    describe("opentelemetry.proto.metrics.v1.Metric", kMetric),
    describe("opentelemetry.proto.metrics.v1.Gauge", kGauge),
    describe("opentelemetry.proto.metrics.v1.Sum", kSum),
    describe("opentelemetry.proto.metrics.v1.Histogram", kHistogram),
    describe("opentelemetry.proto.metrics.v1.ExponentialHistogram", kExponentialHistogram),
    describe("opentelemetry.proto.metrics.v1.Summary", kSummary),
    describe("opentelemetry.proto.metrics.v1.NumberDataPoint", kNumberDataPoint),
    describe("opentelemetry.proto.metrics.v1.HistogramDataPoint", kHistogramDataPoint),
    describe("opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint",
             kExponentialHistogramDataPoint),
    describe("opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint.Buckets",
             kExponentialHistogramDataPointBuckets),
    describe("opentelemetry.proto.metrics.v1.SummaryDataPoint", kSummaryDataPoint),
    describe("opentelemetry.proto.metrics.v1.SummaryDataPoint.ValueAtQuantile",
             kSummaryDataPointValueAtQuantile),
    describe("opentelemetry.proto.metrics.v1.Exemplar", kExemplar),
    describe("opentelemetry.proto.logs.v1.ResourceLogs", kResourceLogs),
    describe("opentelemetry.proto.logs.v1.ScopeLogs", kScopeLogs),
    describe("opentelemetry.proto.logs.v1.LogRecord", kLogRecord),
    describe("opentelemetry.proto.profiles.v1development.ProfilesDictionary", kProfilesDictionary),
    describe("opentelemetry.proto.profiles.v1development.ResourceProfiles", kResourceProfiles),
    describe("opentelemetry.proto.profiles.v1development.ScopeProfiles", kScopeProfiles),
    describe("opentelemetry.proto.profiles.v1development.Profile", kProfile),
    describe("opentelemetry.proto.profiles.v1development.Link", kProfileLink),
    describe("opentelemetry.proto.profiles.v1development.ValueType", kValueType),
    describe("opentelemetry.proto.profiles.v1development.Sample", kSample),
    describe("opentelemetry.proto.profiles.v1development.Mapping", kMapping),
    describe("opentelemetry.proto.profiles.v1development.Stack", kStack),
    describe("opentelemetry.proto.profiles.v1development.Location", kLocation),
    describe("opentelemetry.proto.profiles.v1development.Line", kLine),
    describe("opentelemetry.proto.profiles.v1development.Function", kFunction),
    describe("opentelemetry.proto.profiles.v1development.KeyValueAndUnit", kKeyValueAndUnit),
    describe("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest", kTraceRequest),
    describe("opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest",
             kMetricsRequest),
    describe("opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest", kLogsRequest),
    describe("opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest",
             kProfilesRequest),
}};

}  // namespace

constinit const std::array<SchemaMessage, kMessageCount> kMessages = kTables;

const SchemaField* find_by_proto_name(const SchemaMessage& message,
                                      std::string_view name) noexcept {
  for (const SchemaField& field : message.fields) {
    if (field.proto_name == name && field.name != name) return &field;
  }
  return nullptr;
}

const EnumValue* find_enum_value(EnumId id, std::string_view name) noexcept {
  std::span<const EnumValue> values;
  switch (id) {
    case EnumId::none:
      break;
    case EnumId::severity_number:
      values = kSeverityNumber;
      break;
    case EnumId::aggregation_temporality:
      values = kAggregationTemporality;
      break;
    case EnumId::span_kind:
      values = kSpanKind;
      break;
    case EnumId::status_code:
      values = kStatusCode;
      break;
  }
  for (const EnumValue& value : values) {
    if (value.name == name) return &value;
  }
  return nullptr;
}

}  // namespace otlpview::json
