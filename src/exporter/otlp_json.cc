#include "exporter/otlp_json.h"

#include <vector>

#include "otlpview/wire_to_json.h"

namespace gateway::exporter {

Result<std::string, std::string> to_otlp_json(const Request& request) {
  std::vector<std::byte> whole;
  std::span<const std::byte> body;
  if (request.pieces.size() == 1) {
    body = request.pieces.front().payload.bytes;
  } else {
    whole.reserve(static_cast<std::size_t>(request.size_bytes));
    for (const Piece& piece : request.pieces) {
      whole.insert(whole.end(), piece.payload.bytes.begin(), piece.payload.bytes.end());
    }
    body = whole;
  }
  std::string text;
  const auto signal = static_cast<otlpview::Signal>(index_of(request.signal));
  if (!otlpview::wire_to_json(signal, body, text)) {
    return fail(std::string("stored bytes cannot be shown as OTLP JSON"));
  }
  return text;
}

}  // namespace gateway::exporter
