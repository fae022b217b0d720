// Own metrics and spans as OTLP requests.
//
//   metrics : every family of the registry under its name there; counters as cumulative monotonic
//             sums, gauges, histograms with explicit bounds; labels as attributes
//   spans   : one SERVER span a sampled request
//
// Units:   nanoseconds since the epoch.
// Errors:  none.
// Threads: pure, but for reading the registry.
// Source:  proto/; docs/metrics.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/metrics.h"
#include "telemetry/span_buffer.h"

namespace gateway::io {
class Random;
}

namespace gateway::app {

struct OwnResource {
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string version;  // of the scope "otlp-service"
};

// Says how many data points there are.
std::size_t append_own_metrics(const telemetry::Registry& registry, const OwnResource& resource,
                               std::uint64_t start_unix_nano, std::uint64_t now_unix_nano,
                               std::vector<std::byte>& out);

// `to_unix_nano` is what has to be added to the spans' steady times.
void append_own_spans(std::span<const telemetry::RequestSpan> spans, const OwnResource& resource,
                      std::int64_t to_unix_nano, io::Random& random, std::vector<std::byte>& out);

}  // namespace gateway::app
