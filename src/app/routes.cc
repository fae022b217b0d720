#include "app/routes.h"

#include <algorithm>

namespace gateway::app {

std::vector<Signal> signals_of(const config::Settings& settings, std::string_view exporter_id,
                               std::uint32_t enabled) {
  std::vector<Signal> signals;
  for (const Signal signal : kSignals) {
    if ((enabled >> index_of(signal) & 1U) == 0) continue;
    const bool used = std::any_of(
        settings.pipelines.begin(), settings.pipelines.end(), [&](const config::Pipeline& p) {
          return p.signal == signal && std::find(p.exporters.begin(), p.exporters.end(),
                                                 exporter_id) != p.exporters.end();
        });
    if (used) signals.push_back(signal);
  }
  return signals;
}

}  // namespace gateway::app
