// Any bytes as a request body: both walks decide alike, and what is accepted counts the same when
// it is only counted. The first byte chooses the signal.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "check_internal.h"
#include "otlpview/check.h"
#include "otlpview/count.h"

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
  const auto fast = check(signal, body);
  const auto general = internal::check_by_general_walk(signal, body);
  require(fast.has_value() == general.has_value());
  const std::uint32_t counted = count_items(signal, body);
  if (!fast.has_value()) {
    require(fast.error().code == general.error().code);
    require(fast.error().offset == general.error().offset);
    require(fast.error().offset <= body.size());
    return 0;
  }
  require(fast->item_count == counted);
  require(fast->item_count == general->item_count);
  require(fast->rejected_count == general->rejected_count);
  require(fast->rejected_count <= fast->item_count);
  require(fast->needs_rewrite == general->needs_rewrite);
  require(fast->first_reason == general->first_reason);
  require(fast->first_offset == general->first_offset);
  require((fast->rejected_count != 0) == (fast->first_reason != RejectReason::none));
  require(fast->rejected_count == 0 || fast->needs_rewrite);
  return 0;
}
