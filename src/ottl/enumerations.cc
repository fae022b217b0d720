#include "ottl/enumerations.h"

#include <algorithm>
#include <array>

namespace gateway::ottl {
namespace {

constexpr std::array kRows = {
    EnumerationRow{"SPAN_KIND_UNSPECIFIED", 0},
    EnumerationRow{"SPAN_KIND_INTERNAL", 1},
    EnumerationRow{"SPAN_KIND_SERVER", 2},
    EnumerationRow{"SPAN_KIND_CLIENT", 3},
    EnumerationRow{"SPAN_KIND_PRODUCER", 4},
    EnumerationRow{"SPAN_KIND_CONSUMER", 5},
    EnumerationRow{"STATUS_CODE_UNSET", 0},
    EnumerationRow{"STATUS_CODE_OK", 1},
    EnumerationRow{"STATUS_CODE_ERROR", 2},
    EnumerationRow{"SEVERITY_NUMBER_UNSPECIFIED", 0},
    EnumerationRow{"SEVERITY_NUMBER_TRACE", 1},
    EnumerationRow{"SEVERITY_NUMBER_TRACE2", 2},
    EnumerationRow{"SEVERITY_NUMBER_TRACE3", 3},
    EnumerationRow{"SEVERITY_NUMBER_TRACE4", 4},
    EnumerationRow{"SEVERITY_NUMBER_DEBUG", 5},
    EnumerationRow{"SEVERITY_NUMBER_DEBUG2", 6},
    EnumerationRow{"SEVERITY_NUMBER_DEBUG3", 7},
    EnumerationRow{"SEVERITY_NUMBER_DEBUG4", 8},
    EnumerationRow{"SEVERITY_NUMBER_INFO", 9},
    EnumerationRow{"SEVERITY_NUMBER_INFO2", 10},
    EnumerationRow{"SEVERITY_NUMBER_INFO3", 11},
    EnumerationRow{"SEVERITY_NUMBER_INFO4", 12},
    EnumerationRow{"SEVERITY_NUMBER_WARN", 13},
    EnumerationRow{"SEVERITY_NUMBER_WARN2", 14},
    EnumerationRow{"SEVERITY_NUMBER_WARN3", 15},
    EnumerationRow{"SEVERITY_NUMBER_WARN4", 16},
    EnumerationRow{"SEVERITY_NUMBER_ERROR", 17},
    EnumerationRow{"SEVERITY_NUMBER_ERROR2", 18},
    EnumerationRow{"SEVERITY_NUMBER_ERROR3", 19},
    EnumerationRow{"SEVERITY_NUMBER_ERROR4", 20},
    EnumerationRow{"SEVERITY_NUMBER_FATAL", 21},
    EnumerationRow{"SEVERITY_NUMBER_FATAL2", 22},
    EnumerationRow{"SEVERITY_NUMBER_FATAL3", 23},
    EnumerationRow{"SEVERITY_NUMBER_FATAL4", 24},
    EnumerationRow{"METRIC_DATA_TYPE_NONE", 0},
    EnumerationRow{"METRIC_DATA_TYPE_GAUGE", 1},
    EnumerationRow{"METRIC_DATA_TYPE_SUM", 2},
    EnumerationRow{"METRIC_DATA_TYPE_HISTOGRAM", 3},
    EnumerationRow{"METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM", 4},
    EnumerationRow{"METRIC_DATA_TYPE_SUMMARY", 5},
    EnumerationRow{"AGGREGATION_TEMPORALITY_UNSPECIFIED", 0},
    EnumerationRow{"AGGREGATION_TEMPORALITY_DELTA", 1},
    EnumerationRow{"AGGREGATION_TEMPORALITY_CUMULATIVE", 2},
};

}  // namespace

std::span<const EnumerationRow> enumeration_rows() noexcept { return kRows; }

const EnumerationRow* enumeration(std::string_view name) noexcept {
  const auto it = std::find_if(kRows.begin(), kRows.end(),
                               [name](const EnumerationRow& row) { return row.name == name; });
  return it == kRows.end() ? nullptr : &*it;
}

}  // namespace gateway::ottl
