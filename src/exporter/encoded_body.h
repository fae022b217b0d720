// A request's bytes as they go out: as stored, or as JSON, and compressed if so configured.
//
// Units:   bytes.
// Errors:  a sentence; only JSON can fail, on bytes that are no OTLP.
// Threads: one holder; keeps its compressors between bodies.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "exporter/transport.h"

namespace gateway::exporter {

struct EncodedBody {
  // Borrow from the request and from `owned`.
  std::vector<std::span<const std::byte>> parts;
  std::vector<std::byte> owned;
  std::size_t size_bytes = 0;
};

class BodyEncoder {
 public:
  BodyEncoder(config::Compression compression, int level, bool json);
  ~BodyEncoder();
  BodyEncoder(const BodyEncoder&) = delete;
  BodyEncoder& operator=(const BodyEncoder&) = delete;

  [[nodiscard]] Result<EncodedBody, std::string> encode(const Request& request);

 private:
  struct Compressors;
  const config::Compression compression_;
  const bool json_;
  std::unique_ptr<Compressors> compressors_;
};

}  // namespace gateway::exporter
