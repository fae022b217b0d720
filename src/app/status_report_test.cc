#include "app/status_report.h"

#include <string>

#include <gtest/gtest.h>

namespace gateway::app {
namespace {

// Goal: an operator's tools can read it, whatever the reasons say. Method: quotes and control
// characters in a reason; the whole text compared.
TEST(StatusReport, HealthIsJsonWithEveryServiceAndItsReason) {
  pipeline::ServiceManager::Report report;
  report.name = "exporter/otlp";
  report.health = {pipeline::HealthState::degraded, "peer said \"no\"\n"};
  report.running = true;
  report.stats = {{"items_pending", 3.0}};
  EXPECT_EQ(health_json("serving", report.health, {report}),
            R"({"status":"degraded","phase":"serving","reason":"peer said \"no\"\n","services":[)"
            R"({"name":"exporter/otlp","state":"degraded","reason":"peer said \"no\"\n",)"
            R"("running":true,"restart_count":0,"stats":{"items_pending":3}}]})");
}

// Goal: the ledger is shown whole. Method: one row with every outcome different.
TEST(StatusReport, TheLedgerNamesEveryOutcome) {
  StatusReport report;
  report.phase = "serving";
  pipeline::LedgerRow row;
  row.exporter = "otlp";
  row.signal = Signal::logs;
  row.stored = 21;
  row.outcomes = {.delivered = 1, .filtered = 2, .dead_lettered = 3, .expired = 4, .damaged = 5};
  row.pending = 6;
  report.ledger.push_back(row);
  const std::string json = status_json(report);
  EXPECT_NE(json.find(R"("ledger":[{"exporter":"otlp","signal":"logs","stored":21,"delivered":1,)"
                      R"("filtered":2,"dead_lettered":3,"expired":4,"damaged":5,"pending":6}])"),
            std::string::npos)
      << json;
}

}  // namespace
}  // namespace gateway::app
