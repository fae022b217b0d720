// Which items somebody wants to look at: conditions on signal, resource and item, all of which must
// hold. What a signal does not have (the severity of a span) cannot hold for it.
//
//   signals         traces, metrics, logs, profiles
//   resource        resource attributes as text; --service is service.name
//   attributes      of the span, the log record, or any point of the metric
//   name            of the span, metric or event; '*' stands for any text
//   severity_min    logs: the lowest severity number
//   trace_id        spans and log records
//
// A metric is one item here, with all its points. Profiles are matched by signal and resource only.
//
// Units:   none.
// Errors:  a sentence for a value that is none; items of damaged bodies do not match.
// Threads: pure functions over values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/signal.h"
#include "net/query_string.h"

namespace gateway::query {

struct ItemFilter {
  using Attributes = std::vector<std::pair<std::string, std::string>>;
  std::uint32_t signals = (1U << kSignalCount) - 1;  // bit i: signal i
  Attributes resource;
  Attributes attributes;
  std::string name;
  std::int32_t severity_min = 0;
  std::string trace_id;  // 16 bytes; empty: any

  // Whether anything beside the signal is asked for.
  [[nodiscard]] bool looks_inside() const noexcept { return !resource.empty() || looks_at_items(); }
  [[nodiscard]] bool looks_at_items() const noexcept {
    return !attributes.empty() || !name.empty() || severity_min != 0 || !trace_id.empty();
  }
  [[nodiscard]] bool wants(Signal signal) const noexcept {
    return (signals >> index_of(signal) & 1U) != 0;
  }
};

// One condition as people write it: "signal" "traces,logs" | "service" "shop" | "resource" or
// "attribute" "key=value" | "name" "GET *" | "severity" "warn" or "13" | "trace_id" 32 hex digits.
[[nodiscard]] Result<void, std::string> add_condition(std::string_view name, std::string_view value,
                                                      ItemFilter& filter);
[[nodiscard]] bool is_condition(std::string_view name) noexcept;

// Whether any item of the request is wanted.
[[nodiscard]] bool matches(const ItemFilter& filter, Signal signal,
                           std::span<const std::byte> body);

// Appends the request with nothing but the wanted items and the envelopes around them, byte for
// byte; says how many there are (spans, metrics, log records).
std::size_t narrow(const ItemFilter& filter, Signal signal, std::span<const std::byte> body,
                   std::vector<std::byte>& out);

}  // namespace gateway::query
