// What differs between two configurations, and what it takes for the difference to hold: what
// `config --diff` tells, and what a reload does.
//
//   live    : holds from the next request, batch or line on; nothing is interrupted
//   rebuild : an exporter is ended and begun again at its cursor; listeners and the other exporters
//             go on
//   restart : cannot change while the gateway runs; what runs stays until it is started anew
//
// Errors:  none.
// Threads: pure functions.
// Source:  docs/operations.md, "Changing the configuration".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.h"
#include "config/settings.h"

namespace gateway::config {

enum class Effect : std::uint8_t { live, rebuild, restart };
[[nodiscard]] std::string_view name_of(Effect effect) noexcept;

// What a change of the setting at `schema_path` (a path of config/schema.h) takes.
[[nodiscard]] Effect effect_of(std::string_view schema_path) noexcept;

struct Change {
  std::string path;           // "exporters.otlp/primary.timeout"
  std::string before, after;  // secrets masked; empty: not there
  Effect effect = Effect::restart;
};
[[nodiscard]] std::string text_of(const Change& change);

// Both trees are effective ones (Loaded::effective). A component that only one has is one change.
[[nodiscard]] std::vector<Change> changes_between(const Node& before, const Node& after);

// What can hold of `wanted` while `running` runs: all but what takes a restart.
[[nodiscard]] Settings without_restart(const Settings& running, const Settings& wanted);

}  // namespace gateway::config
