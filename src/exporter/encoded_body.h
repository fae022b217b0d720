// A request's bytes as they go out: as stored, or as JSON, and compressed if so configured. What
// was stored in the same coding is a member of the body as it is (RFC 1952, 2.2; RFC 8878, 3.1).
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
  BodyEncoder(ContentCoding compression, int level, bool json);
  ~BodyEncoder();
  BodyEncoder(const BodyEncoder&) = delete;
  BodyEncoder& operator=(const BodyEncoder&) = delete;

  [[nodiscard]] Result<EncodedBody, std::string> encode(const Request& request);

 private:
  struct Compressors;
  // Appends `whole`, compressed, to `to`.
  [[nodiscard]] Result<void, std::string> compress(std::span<const std::byte> whole,
                                                   std::vector<std::byte>& to);
  [[nodiscard]] Result<EncodedBody, std::string> encode_members(const Request& request);

  const ContentCoding compression_;
  const bool json_;
  std::unique_ptr<Compressors> compressors_;
};

}  // namespace gateway::exporter
