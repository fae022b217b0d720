// What the application sees of an exporter, whatever its kind: one per configured exporter, with
// one cursor for each signal that its pipelines bring it.
//
// Errors:  none leave it: what a destination refuses ends in the ledger (storage::Outcomes).
// Threads: start() and stop() on the application's thread; status() from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/signal.h"
#include "config/settings.h"
#include "pipeline/processor.h"
#include "pipeline/service.h"
#include "storage/log.h"
#include "telemetry/metrics.h"

namespace gateway::exporter {

enum class BreakerState : std::uint8_t { closed = 0, open = 1, half_open = 2 };

struct ExporterStatus {
  std::string id;
  pipeline::Health health;
  BreakerState breaker = BreakerState::closed;
  std::string last_error;
  std::uint64_t in_flight_requests = 0;
  std::uint64_t in_flight_bytes = 0;
};

// A Service named "exporter/<id>". May be started again after stop(): it goes on where it was.
class Exporter : public pipeline::Service {
 public:
  [[nodiscard]] virtual ExporterStatus status() const = 0;
  // Sends nothing more, and waits until what is in flight is answered, or `deadline`; drain() does
  // so in the last part of its time. What is not sent by then goes out from the cursor on, after
  // the next start. stop() follows.
  virtual void quiesce(std::chrono::steady_clock::time_point deadline) = 0;
};

// Whether the files that these settings name (certificates, keys) can be used: asked before one
// that works is replaced. A sentence with the file if not.
[[nodiscard]] Result<void, std::string> check_files(const config::Exporter& settings);

// Builds the exporter that `settings.kind` names, reading `signals` of `log`. Dead letters are kept
// in a folder of its own below `dead_letter_directory`; empty: they are counted, and not kept.
// What is read goes through the chain of its signal in `processors` before it is sent.
[[nodiscard]] std::unique_ptr<Exporter> make_exporter(const config::Exporter& settings,
                                                      const std::vector<Signal>& signals,
                                                      storage::Log& log,
                                                      telemetry::Registry& metrics,
                                                      const std::string& dead_letter_directory = {},
                                                      pipeline::ProcessorChains processors = {});

}  // namespace gateway::exporter
