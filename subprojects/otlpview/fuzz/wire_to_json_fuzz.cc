// Any bytes as protobuf: what the check takes is printed, and reads back and prints again the same.
// The first byte chooses the signal: '0' to '3' in the corpus.
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
  const Bytes wire = std::as_bytes(std::span(data + 1, size - 1));
  std::string printed;
  const auto result = wire_to_json(signal, wire, printed);
  if (!result.has_value()) {
    require(printed.empty());
    require(result.error().offset <= wire.size());
    require(!check(signal, wire, {.nesting_max = kNestingMax}).has_value());
    return 0;
  }
  require(printed.find('\n') == std::string::npos);
  std::vector<std::byte> again;
  require(json_to_wire(signal, std::as_bytes(std::span(printed)), {}, again).has_value());
  std::string printed_again;
  require(wire_to_json(signal, again, printed_again).has_value());
  require(printed == printed_again);
  return 0;
}
