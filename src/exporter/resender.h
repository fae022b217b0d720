// Sends single requests to a destination outside of any lane: for `log replay`. No cursor, no
// retry, no batch; the caller decides what an answer means.
//
// Units:   bytes, items.
// Errors:  start() says what cannot be used; everything later is an Answer.
// Threads: one; send() blocks until the answer, at most the exporter's timeout.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "base/signal.h"
#include "config/settings.h"
#include "exporter/transport.h"

namespace gateway::exporter {

class Resender {
 public:
  explicit Resender(const config::Exporter& settings);
  ~Resender();
  Resender(const Resender&) = delete;
  Resender& operator=(const Resender&) = delete;

  [[nodiscard]] Result<void, pipeline::ServiceFailure> start();
  [[nodiscard]] Answer send(Signal signal, std::uint64_t item_count,
                            std::span<const std::byte> body);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace gateway::exporter
