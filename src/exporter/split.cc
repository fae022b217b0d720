#include "exporter/split.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "otlpview/split.h"

namespace gateway::exporter {

std::vector<Piece> split_piece(Signal signal, const Piece& piece, std::uint64_t items_max,
                               std::uint64_t bytes_max) {
  otlpview::SplitLimits limits;
  if (items_max != 0) {
    limits.items_max = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(items_max, std::numeric_limits<std::uint32_t>::max()));
  }
  if (bytes_max != 0) limits.bytes_max = static_cast<std::size_t>(bytes_max);
  const otlpview::Bytes body = piece.payload.bytes;
  otlpview::Splitter splitter(static_cast<otlpview::Signal>(index_of(signal)), std::span(&body, 1),
                              limits);
  std::vector<Piece> parts;
  std::uint64_t item_count = 0;
  otlpview::Piece part;
  while (splitter.next(part)) {
    // Copied: parts are few and outlive the Splitter.
    Buffer buffer = Buffer::allocate(part.size_bytes);
    for (const otlpview::Bytes bytes : part.slices) buffer.append(bytes);
    const std::span<const std::byte> bytes = std::as_const(buffer).payload();
    parts.push_back(
        {.payload = {.owner = std::move(buffer), .bytes = bytes}, .item_count = part.item_count});
    item_count += part.item_count;
  }
  // The books go by the count the record was stored with.
  if (parts.size() < 2 || item_count != piece.item_count) return {};
  return parts;
}

}  // namespace gateway::exporter
