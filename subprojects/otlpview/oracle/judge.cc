#include "judge.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <google/protobuf/descriptor.h>

#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"

namespace otlpview::oracle {

namespace pb = google::protobuf;
namespace collector = opentelemetry::proto::collector;
namespace metrics = opentelemetry::proto::metrics::v1;
namespace trace = opentelemetry::proto::trace::v1;
namespace logs = opentelemetry::proto::logs::v1;

namespace {

__extension__ typedef unsigned __int128 WideSum;

bool is_zero(const std::string& id) { return id.find_first_not_of('\0') == std::string::npos; }

// Clears an id of a wrong length; true if it did.
bool clear_wrong(std::string& id, std::size_t size) {
  if (id.empty() || id.size() == size) return false;
  id.clear();
  return true;
}

bool is_right(trace::Span& span, bool& wrong_ids) {
  if (span.trace_id().size() != 16 || is_zero(span.trace_id())) return false;
  if (span.span_id().size() != 8 || is_zero(span.span_id())) return false;
  wrong_ids |= clear_wrong(*span.mutable_parent_span_id(), 8);
  for (auto& link : *span.mutable_links()) {
    wrong_ids |= clear_wrong(*link.mutable_trace_id(), 16);
    wrong_ids |= clear_wrong(*link.mutable_span_id(), 8);
  }
  return true;
}

bool is_right(logs::LogRecord& record, bool& wrong_ids) {
  wrong_ids |= clear_wrong(*record.mutable_trace_id(), 16);
  wrong_ids |= clear_wrong(*record.mutable_span_id(), 8);
  return true;
}

template <typename Point>
void clear_exemplars(Point& point, bool& wrong_ids) {
  for (auto& exemplar : *point.mutable_exemplars()) {
    wrong_ids |= clear_wrong(*exemplar.mutable_trace_id(), 16);
    wrong_ids |= clear_wrong(*exemplar.mutable_span_id(), 8);
  }
}

template <typename Point>
bool has_no_value(const Point& point) {
  return (point.flags() & 1) != 0;
}

bool values_are_right(const metrics::NumberDataPoint& point) {
  return point.value_case() != metrics::NumberDataPoint::VALUE_NOT_SET;
}
bool values_are_right(const metrics::HistogramDataPoint& point) {
  if (point.bucket_counts().empty() && point.explicit_bounds().empty()) return true;
  if (point.bucket_counts_size() != point.explicit_bounds_size() + 1) return false;
  for (int i = 0; i < point.explicit_bounds_size(); ++i) {
    if (std::isnan(point.explicit_bounds(i))) return false;
    if (i != 0 && point.explicit_bounds(i) <= point.explicit_bounds(i - 1)) return false;
  }
  WideSum sum = 0;
  for (const std::uint64_t count : point.bucket_counts()) sum += count;
  return sum == point.count();
}
bool in_range(const metrics::ExponentialHistogramDataPoint::Buckets& buckets, int scale) {
  for (int i = 0; i < buckets.bucket_counts_size(); ++i) {
    if (buckets.bucket_counts(i) == 0) continue;
    const double index = static_cast<double>(buckets.offset()) + i;
    const double lower = std::ldexp(index, scale == INT32_MIN ? INT32_MAX : -scale);
    const double upper = std::ldexp(index + 1, scale == INT32_MIN ? INT32_MAX : -scale);
    if (lower >= 1024 || upper < -1074) return false;
  }
  return true;
}
bool values_are_right(const metrics::ExponentialHistogramDataPoint& point) {
  WideSum sum = point.zero_count();
  for (const std::uint64_t count : point.positive().bucket_counts()) sum += count;
  for (const std::uint64_t count : point.negative().bucket_counts()) sum += count;
  return sum == point.count() && in_range(point.positive(), point.scale()) &&
         in_range(point.negative(), point.scale());
}
bool values_are_right(const metrics::SummaryDataPoint& point) {
  double last = -1;
  for (const auto& value : point.quantile_values()) {
    if (!(value.quantile() >= 0 && value.quantile() <= 1 && value.quantile() > last)) return false;
    last = value.quantile();
  }
  return true;
}

template <typename Point>
bool is_right(Point& point, bool& wrong_ids) {
  if (point.time_unix_nano() == 0) return false;
  if (!has_no_value(point) && !values_are_right(point)) return false;
  if constexpr (!std::is_same_v<Point, metrics::SummaryDataPoint>) {
    clear_exemplars(point, wrong_ids);
  }
  return true;
}

struct Counts {
  std::uint32_t kept = 0;
  std::uint32_t left_out = 0;
};

// Keeps the elements that `judge_one` likes; an envelope that lost all it had goes too.
template <typename List, typename JudgeOne>
Counts keep(List& list, JudgeOne judge_one) {
  Counts all;
  List kept;
  for (auto& element : list) {
    const Counts counts = judge_one(element);
    all.kept += counts.kept;
    all.left_out += counts.left_out;
    if (counts.kept != 0 || counts.left_out == 0) *kept.Add() = element;
  }
  list = kept;
  return all;
}

template <typename List>
Counts keep_items(List& items, bool& wrong_ids, bool keep_any = true) {
  return keep(items, [&](auto& item) {
    bool wrong = false;
    if (!keep_any || !is_right(item, wrong)) return Counts{0, 1};
    wrong_ids |= wrong;
    return Counts{1, 0};
  });
}

Counts keep_points(metrics::Metric& metric, bool& wrong_ids) {
  using metrics::Metric;
  switch (metric.data_case()) {
    case Metric::kGauge:
      return keep_items(*metric.mutable_gauge()->mutable_data_points(), wrong_ids);
    case Metric::kSum:
      return keep_items(*metric.mutable_sum()->mutable_data_points(), wrong_ids,
                        metric.sum().aggregation_temporality() != 0);
    case Metric::kHistogram:
      return keep_items(*metric.mutable_histogram()->mutable_data_points(), wrong_ids,
                        metric.histogram().aggregation_temporality() != 0);
    case Metric::kExponentialHistogram:
      return keep_items(*metric.mutable_exponential_histogram()->mutable_data_points(), wrong_ids,
                        metric.exponential_histogram().aggregation_temporality() != 0);
    case Metric::kSummary:
      return keep_items(*metric.mutable_summary()->mutable_data_points(), wrong_ids);
    case Metric::DATA_NOT_SET:
      break;
  }
  return {};
}

bool is_envelope_list(const pb::FieldDescriptor& field) {
  static constexpr std::string_view kNames[] = {
      "resource_spans", "scope_spans", "spans",         "resource_metrics", "scope_metrics",
      "metrics",        "gauge",       "sum",           "histogram",        "exponential_histogram",
      "summary",        "data_points", "resource_logs", "scope_logs",       "log_records"};
  return field.message_type() != nullptr &&
         std::find(std::begin(kNames), std::end(kNames), field.name()) != std::end(kNames);
}

void flatten_into(const pb::Message& message, const std::string& above,
                  std::vector<std::string>& items) {
  const pb::Reflection& reflection = *message.GetReflection();
  const std::unique_ptr<pb::Message> own(message.New());
  own->CopyFrom(message);
  std::vector<const pb::Message*> elements;
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (!is_envelope_list(*field)) continue;
    if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        elements.push_back(&reflection.GetRepeatedMessage(message, field, i));
      }
    } else {
      elements.push_back(&reflection.GetMessage(message, field));
    }
    reflection.ClearField(own.get(), field);
  }
  const std::string path = above + own->SerializeAsString() + '|';
  if (elements.empty()) items.push_back(path);
  for (const pb::Message* element : elements) flatten_into(*element, path, items);
}

}  // namespace

Judgement judge(Signal signal, pb::Message& message) {
  Judgement judgement;
  Counts counts;
  bool& wrong = judgement.has_wrong_ids;
  if (signal == Signal::traces) {
    auto& request = dynamic_cast<collector::trace::v1::ExportTraceServiceRequest&>(message);
    counts = keep(*request.mutable_resource_spans(), [&](auto& resource) {
      return keep(*resource.mutable_scope_spans(),
                  [&](auto& scope) { return keep_items(*scope.mutable_spans(), wrong); });
    });
  } else if (signal == Signal::logs) {
    auto& request = dynamic_cast<collector::logs::v1::ExportLogsServiceRequest&>(message);
    counts = keep(*request.mutable_resource_logs(), [&](auto& resource) {
      return keep(*resource.mutable_scope_logs(),
                  [&](auto& scope) { return keep_items(*scope.mutable_log_records(), wrong); });
    });
  } else {
    auto& request = dynamic_cast<collector::metrics::v1::ExportMetricsServiceRequest&>(message);
    counts = keep(*request.mutable_resource_metrics(), [&](auto& resource) {
      return keep(*resource.mutable_scope_metrics(), [&](auto& scope) {
        return keep(*scope.mutable_metrics(),
                    [&](auto& metric) { return keep_points(metric, wrong); });
      });
    });
  }
  judgement.item_count = counts.kept + counts.left_out;
  judgement.rejected_count = counts.left_out;
  return judgement;
}

std::vector<std::string> flatten(const pb::Message& request) {
  std::vector<std::string> items;
  flatten_into(request, "", items);
  return items;
}

}  // namespace otlpview::oracle
