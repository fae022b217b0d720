// The table of schema_table.cc as it is written, before "{a,b}" is taken apart; see schema.h.
//
// Errors:  none.
// Threads: constant.
#pragma once

#include <span>

#include "config/schema.h"

namespace gateway::config::detail {

[[nodiscard]] std::span<const SchemaRow> compact_schema_rows();
// Those of the processors that change or drop items.
[[nodiscard]] std::span<const SchemaRow> processor_rows() noexcept;

}  // namespace gateway::config::detail
