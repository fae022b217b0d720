// For tests: the rules of the Prometheus text format that a scraper holds us to.
//
// Source: Prometheus text exposition format 0.0.4; the same rules as `promtool check metrics`
//         has for syntax, without its taste in names.
#pragma once

#include <string>
#include <string_view>

namespace gateway::telemetry {

// The first mistake in `text` with its line, or nothing.
[[nodiscard]] std::string prometheus_text_mistakes(std::string_view text);

}  // namespace gateway::telemetry
