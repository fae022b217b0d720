#include "exporter/decode.h"

#include <utility>

#include "base/byte_budget.h"

namespace gateway::exporter {

Result<Slice, net::DecompressErrc> decode_payload(ContentCoding coding, const Slice& payload) {
  if (coding == ContentCoding::identity) return payload;
  Buffer buffer;
  ByteLease none;  // what is in flight is counted by the lane, once its size is known
  const net::BodyPlan plan{.size_bytes_max = storage::kInflatedSizeBytesMax, .budget = nullptr};
  if (auto done = net::decompress(coding, payload.bytes, plan, buffer, none); !done) {
    return fail(done.error());
  }
  const std::span<const std::byte> bytes = std::as_const(buffer).payload();
  return Slice{.owner = std::move(buffer), .bytes = bytes};
}

std::optional<Piece> plain_piece(const Piece& piece) {
  auto plain = decode_payload(piece.coding, piece.payload);
  if (!plain) return std::nullopt;
  return Piece{.payload = std::move(*plain), .item_count = piece.item_count};
}

std::optional<Request> plain_request(const Request& request) {
  Request plain{.signal = request.signal, .item_count = request.item_count};
  for (const Piece& piece : request.pieces) {
    auto one = plain_piece(piece);
    if (!one) return std::nullopt;
    plain.size_bytes += one->payload.bytes.size();
    plain.pieces.push_back(std::move(*one));
  }
  return plain;
}

std::optional<std::size_t> inflated_size(ContentCoding coding, const Slice& payload) noexcept {
  if (coding == ContentCoding::identity) return payload.bytes.size();
  return net::announced_size(coding, payload.bytes);
}

}  // namespace gateway::exporter
