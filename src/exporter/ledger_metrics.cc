#include "exporter/ledger_metrics.h"

#include <algorithm>
#include <array>
#include <utility>

#include "io/clock.h"

namespace gateway::exporter {

namespace {

using CallbackType = telemetry::Registry::CallbackType;

double pending_items(const Lane& lane, storage::Log& log) {
  // The cursor first: it never overtakes a head that is read later.
  const std::uint64_t at = lane.cursor().items_at();
  const std::uint64_t head = log.head().items[index_of(lane.signal())];
  return head > at ? static_cast<double>(head - at) : 0.0;
}

double lag_seconds(const Lane& lane, storage::Log& log) {
  const std::uint64_t oldest = lane.snapshot().oldest_received_unix_nano;
  if (oldest == 0 || pending_items(lane, log) == 0) return 0;
  const std::uint64_t now = io::real_clock().unix_nano();
  return now > oldest ? static_cast<double>(now - oldest) * 1e-9 : 0.0;
}

}  // namespace

double distance_bytes(storage::Position from, storage::Position to,
                      const storage::Stats& stats) noexcept {
  if (to <= from) return 0;
  const double offsets =
      static_cast<double>(to.offset_bytes) - static_cast<double>(from.offset_bytes);
  if (to.segment == from.segment) return offsets;
  const double mean = stats.segment_count == 0 ? 0.0
                                               : static_cast<double>(stats.size_bytes) /
                                                     static_cast<double>(stats.segment_count);
  return std::max(0.0, static_cast<double>(to.segment - from.segment) * mean + offsets);
}

LedgerMetrics::LedgerMetrics(telemetry::Registry& registry, const std::string& exporter,
                             std::vector<const Lane*> lanes, storage::Log& log) {
  handles_.push_back(registry.callback(
      CallbackType::gauge, "otlp_export_in_flight_requests",
      "Requests sent to the destination and not answered yet", {{"exporter", exporter}}, [lanes] {
        double sum = 0;
        for (const Lane* lane : lanes) {
          sum += static_cast<double>(lane->snapshot().in_flight_requests);
        }
        return sum;
      }));
  handles_.push_back(registry.callback(
      CallbackType::gauge, "otlp_circuit_breaker_state",
      "State of the circuit breaker: 0 closed, 1 open, 2 half-open; the worst of all signals",
      {{"exporter", exporter}}, [lanes] {
        // Open is worse than half-open, whatever the numbers are.
        double state = 0;
        for (const Lane* lane : lanes) {
          const auto breaker = lane->snapshot().breaker;
          if (breaker == Lane::Breaker::State::open) return 1.0;
          if (breaker == Lane::Breaker::State::half_open) state = 2;
        }
        return state;
      }));

  for (const Lane* lane : lanes) {
    const std::string_view signal = name_of(lane->signal());
    const auto gauge = [&](std::string_view name, std::string_view help,
                           std::function<double()> value) {
      handles_.push_back(registry.callback(CallbackType::gauge, name, help,
                                           {{"exporter", exporter}, {"signal", signal}},
                                           std::move(value)));
    };
    gauge("otlp_cursor_lag_items", "Items stored and not yet delivered",
          [lane, &log] { return pending_items(*lane, log); });
    gauge("otlp_cursor_lag_bytes", "Bytes of the log, all signals, behind its head", [lane, &log] {
      if (pending_items(*lane, log) == 0) return 0.0;
      return distance_bytes(lane->cursor().position(), log.head().position, log.stats());
    });
    gauge("otlp_cursor_lag_seconds", "Age of the oldest item that is read and not yet delivered",
          [lane, &log] { return lag_seconds(*lane, log); });

    const auto ledger = [&](std::string_view state, std::function<double()> value) {
      handles_.push_back(registry.callback(
          CallbackType::gauge, "otlp_ledger_items",
          "Items by what became of them; stored is the sum of all others",
          {{"exporter", exporter}, {"signal", signal}, {"state", state}}, std::move(value)));
    };
    const storage::Cursor* cursor = &lane->cursor();
    ledger("stored", [cursor, lane, &log] {
      const std::uint64_t head = log.head().items[index_of(lane->signal())];
      return static_cast<double>(head - std::min(head, cursor->items_start()));
    });
    ledger("delivered", [cursor] { return static_cast<double>(cursor->outcomes().delivered); });
    ledger("filtered", [cursor] { return static_cast<double>(cursor->outcomes().filtered); });
    ledger("dead_lettered",
           [cursor] { return static_cast<double>(cursor->outcomes().dead_lettered); });
    ledger("expired", [cursor] { return static_cast<double>(cursor->outcomes().expired); });
    ledger("damaged", [cursor] { return static_cast<double>(cursor->outcomes().damaged); });
    ledger("pending", [lane, &log] { return pending_items(*lane, log); });
  }
}

}  // namespace gateway::exporter
