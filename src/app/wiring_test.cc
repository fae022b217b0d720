#include "app/wiring.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/load.h"

namespace gateway::app {
namespace {

[[nodiscard]] config::Settings settings_of(const std::vector<std::string>& exporters) {
  config::Settings settings;
  for (const std::string& id : exporters) {
    config::Exporter exporter;
    exporter.id = id;
    settings.exporters.push_back(exporter);
  }
  settings.pipelines.push_back({"traces", Signal::traces, {"otlp"}, {}, exporters});
  return settings;
}

[[nodiscard]] std::vector<std::string> ids(const std::vector<ExporterWiring>& wiring) {
  std::vector<std::string> found;
  found.reserve(wiring.size());
  for (const ExporterWiring& exporter : wiring) found.push_back(exporter.settings.id);
  return found;
}

using Ids = std::vector<std::string>;

// Goal: only what differs is touched. Method: of four exporters one goes, one changes, one comes.
TEST(Wiring, TellsWhatWentChangedAndCame) {
  const config::Settings before = settings_of({"a", "b", "c"});
  config::Settings after = settings_of({"a", "c", "d"});
  after.exporters[1].timeout = config::Millis(1);
  const WiringChange change = change_of(wiring_of(before), wiring_of(after));
  EXPECT_EQ(ids(change.removed), Ids{"b"});
  EXPECT_EQ(ids(change.changed), Ids{"c"});
  EXPECT_EQ(ids(change.added), Ids{"d"});
}

// Goal: an exporter that gets another signal is another one. Method: a second pipeline names it.
TEST(Wiring, AnotherSignalIsAChange) {
  const config::Settings before = settings_of({"a"});
  config::Settings after = before;
  after.pipelines.push_back({"logs", Signal::logs, {"otlp"}, {}, {"a"}});
  EXPECT_EQ(ids(change_of(wiring_of(before), wiring_of(after)).changed), Ids{"a"});
}

// Goal: what no chosen service or pipeline reaches is not wired. Method: --services=log.
TEST(Wiring, AServiceThatIsNotChosenTakesItsSignalAway) {
  config::Settings settings = settings_of({"a"});
  EXPECT_EQ(signals_enabled(settings), 1U << index_of(Signal::traces));
  settings.services = {"log"};
  EXPECT_EQ(signals_enabled(settings), 0U);
  EXPECT_TRUE(wiring_of(settings).empty());
}

// Goal: an exporter whose processors change is another one, and no other. Method: configurations
// that differ in what a filter says, in its name, in its place, and in who uses it.
TEST(Wiring, AProcessorThatChangesIsAChangeOfItsExporters) {
  const auto wired = [](const std::string& condition, const std::string& used) {
    const auto loaded = config::load_text(R"(
receivers: {otlp: {protocols: {grpc: {}}}}
processors:
  filter: {traces: {span: ['name == ")" + condition +
                                              R"("']}}
  resource: {attributes: [{key: a, value: b, action: upsert}]}
  filter/same: {traces: {span: ['name == ")" + condition +
                                              R"("']}}
exporters: {debug/a: {}, debug/b: {}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: )" +
                                              used + R"(, exporters: [debug/a]}
    logs: {receivers: [otlp], exporters: [debug/b]}
)",
                                          "test.yaml");
    EXPECT_TRUE(loaded.has_value()) << loaded.error().text();
    return wiring_of(loaded->settings);
  };
  const auto before = wired("x", "[filter, resource]");
  EXPECT_TRUE(change_of(before, wired("x", "[filter, resource]")).changed.empty());
  for (const auto& after : {wired("y", "[filter, resource]"), wired("x", "[resource, filter]"),
                            wired("x", "[filter]"), wired("x", "[filter/same, resource]")}) {
    const WiringChange change = change_of(before, after);
    EXPECT_EQ(ids(change.changed), Ids{"debug/a"});
    EXPECT_TRUE(change.added.empty() && change.removed.empty());
  }
}

// Goal: the files to follow are those in use. Method: clear text, an unused exporter, a listener
// that is off.
TEST(Wiring, FollowsTheFilesInUse) {
  config::Settings settings = settings_of({"a", "b"});
  settings.exporters[0].tls.ca_file = "ca.pem";
  settings.exporters[1].tls = {.insecure = true, .ca_file = "unused.pem"};
  config::OtlpReceiver receiver;
  receiver.grpc.enabled = true;
  receiver.grpc.tls = {.cert_file = "tls.crt", .key_file = "tls.key", .client_ca_file = ""};
  receiver.http.tls = {.cert_file = "off.crt", .key_file = "off.key", .client_ca_file = ""};
  settings.receivers.push_back(receiver);
  EXPECT_EQ(tls_files(settings), (Ids{"tls.crt", "tls.key", "ca.pem"}));
}

}  // namespace
}  // namespace gateway::app
