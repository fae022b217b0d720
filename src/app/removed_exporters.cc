#include "app/removed_exporters.h"

#include <algorithm>
#include <utility>

#include "telemetry/log.h"

namespace gateway::app {
namespace {

[[nodiscard]] bool is_wired(const std::vector<ExporterWiring>& wiring,
                            const storage::Cursor& cursor) {
  return std::any_of(wiring.begin(), wiring.end(), [&](const ExporterWiring& exporter) {
    return exporter.settings.id == cursor.name() &&
           std::find(exporter.signals.begin(), exporter.signals.end(), cursor.signal()) !=
               exporter.signals.end();
  });
}

}  // namespace

RemovedExporters::Place& RemovedExporters::place_of(const storage::Cursor& cursor,
                                                    const storage::Log& log, TimePoint now) {
  for (Place& place : places_) {
    if (place.exporter == cursor.name() && place.signal == cursor.signal()) return place;
  }
  return places_.emplace_back(
      Place{cursor.name(), cursor.signal(), now, log.head().items[index_of(cursor.signal())]});
}

void RemovedExporters::look(storage::Log& log, const std::vector<ExporterWiring>& wiring,
                            std::chrono::milliseconds kept, TimePoint now, ConfigService& told) {
  std::vector<Place> still_there;
  std::vector<std::string> backlogs;
  std::uint64_t items_sum = 0;
  const storage::Stats stats = log.stats();
  const bool is_full = static_cast<double>(stats.size_bytes) >
                       kLogShareForRemovedMax * static_cast<double>(stats.size_bytes_max);
  for (const storage::Cursor* cursor : log.cursors()) {
    if (is_wired(wiring, *cursor)) continue;
    const std::size_t known_before = places_.size();
    const Place place = place_of(*cursor, log, now);
    const bool is_new = places_.size() != known_before;
    const std::uint64_t at = cursor->items_at();
    const std::uint64_t items = place.owed_to > at ? place.owed_to - at : 0;
    const telemetry::Field exporter("exporter", place.exporter);
    const telemetry::Field signal("signal", name_of(place.signal));
    if (is_new && items != 0) {
      telemetry::log_warn("config", "an exporter that is not configured has a backlog",
                          {exporter, signal, {"items", items}, {"kept_ms", kept.count()}});
    }
    if (is_full || now - place.since >= kept) {
      telemetry::log_warn("config", "the place of an exporter that is not configured is forgotten",
                          {exporter, signal, {"items", items}});
      told.note_forgotten(items);
      log.remove_cursor(place.exporter, place.signal);
      continue;
    }
    still_there.push_back(place);
    if (items == 0) continue;  // nothing waits
    items_sum += items;
    backlogs.push_back("exporter " + place.exporter + " is no longer configured, and " +
                       std::to_string(items) + " " + std::string(name_of(place.signal)) +
                       " items wait for it");
  }
  places_ = std::move(still_there);
  told.set_removed_exporters(std::move(backlogs), items_sum);
}

}  // namespace gateway::app
