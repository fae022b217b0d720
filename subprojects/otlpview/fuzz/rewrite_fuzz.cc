// Any accepted body, rewritten: nothing is left to reject or rewrite, and no item is lost. Bodies
// that are refused are rewritten too, and do no harm. The first byte chooses the signal.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "otlpview/check.h"
#include "otlpview/rewrite.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace otlpview;
  if (size == 0) return 0;
  const auto signal = static_cast<Signal>(data[0] & 3);
  const Bytes body = std::as_bytes(std::span(data + 1, size - 1));
  std::vector<std::byte> out;
  rewrite(signal, body, {}, out);
  const auto before = check(signal, body);
  if (!before.has_value()) return 0;
  const auto after = check(signal, out);
  require(after.has_value());
  require(after->item_count == before->item_count - before->rejected_count);
  require(!after->needs_rewrite);
  require(after->rejected_count == 0);
  return 0;
}
