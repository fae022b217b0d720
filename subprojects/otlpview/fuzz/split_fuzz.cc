// Any accepted body, twice, cut: the limits hold and every item comes out under the same envelopes.
// Bodies that are refused are cut too, and do no harm. The first byte chooses the signal, the
// second the items and the third the size of a piece.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "flatten.h"
#include "otlpview/check.h"
#include "otlpview/count.h"
#include "otlpview/split.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace otlpview;
  // Envelopes are repeated in every piece, so the output grows with the square of the input.
  if (size < 3 || size > 4096) return 0;
  const auto signal = static_cast<Signal>(data[0] & 3);
  SplitLimits limits;
  if (data[1] != 0) limits.items_max = data[1];
  if (data[2] != 0) limits.bytes_max = data[2] * 16U;
  const Bytes body = std::as_bytes(std::span(data + 3, size - 3));
  const Bytes bodies[] = {body, body};
  const bool is_whole = check(signal, body).has_value();

  Splitter splitter(signal, bodies, limits);
  std::vector<std::byte> all;
  std::uint32_t items = 0;
  Piece piece;
  while (splitter.next(piece)) {
    require(piece.size_bytes != 0);
    std::vector<std::byte> out;
    piece.append_to(out);
    require(out.size() == piece.size_bytes);
    require(piece.oversize == (piece.size_bytes > limits.bytes_max));
    if (!is_whole) continue;
    if (signal != Signal::profiles) require(piece.item_count <= limits.items_max);
    require(check(signal, out).has_value());
    require(count_items(signal, out) == piece.item_count);
    items += piece.item_count;
    append_bytes(out, all);
  }
  if (!is_whole) return 0;
  require(items == 2 * count_items(signal, body));
  if (signal == Signal::traces || signal == Signal::logs) {
    // A metric's data may be there twice, which the list below tells apart and a reader does not;
    // the oracle test looks at that.
    std::vector<std::byte> twice(body.begin(), body.end());
    append_bytes(body, twice);
    require(testing::flatten(signal, twice) == testing::flatten(signal, all));
  }
  return 0;
}
