// Any bytes as OTLP/JSON: refused with a bounded message, or wire bytes that the check takes and
// that print and read back the same. The first byte chooses the signal: '0' to '3' in the corpus.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "otlpview/check.h"
#include "otlpview/json_to_wire.h"
#include "otlpview/wire_to_json.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace otlpview;
  if (size == 0) return 0;
  const auto signal = static_cast<Signal>(data[0] & 3);
  const Bytes text = std::as_bytes(std::span(data + 1, size - 1));
  JsonLimits limits;
  limits.accept_proto_names = (data[0] & 4) != 0;
  limits.wire_size_bytes_max = 1 << 20;
  std::vector<std::byte> wire;
  const auto result = json_to_wire(signal, text, limits, wire);
  if (!result.has_value()) {
    require(wire.empty());
    require(result.error().message.size() <= kJsonErrorMessageSizeBytesMax);
    require(result.error().message.starts_with("$"));
    require(result.error().offset <= text.size());
    return 0;
  }
  require(wire.size() <= limits.wire_size_bytes_max + kVarintSizeBytesMax);
  require(check(signal, wire, {.nesting_max = kNestingMax}).has_value());
  std::string printed;
  require(wire_to_json(signal, wire, printed).has_value());
  std::vector<std::byte> again;
  require(json_to_wire(signal, std::as_bytes(std::span(printed)), {}, again).has_value());
  std::string printed_again;
  require(wire_to_json(signal, again, printed_again).has_value());
  require(printed == printed_again);
  require(again.size() == wire.size());
  return 0;
}
