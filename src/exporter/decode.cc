#include "exporter/decode.h"

#include <utility>

#include "base/byte_budget.h"

namespace gateway::exporter {

namespace {

Result<Slice, net::DecompressErrc> decompressed(net::ContentCoding coding, const Slice& payload) {
  Buffer buffer;
  ByteLease none;  // what is in flight is counted by the lane, once its size is known
  const net::BodyPlan plan{.size_bytes_max = kDecodedPayloadSizeBytesMax, .budget = nullptr};
  if (auto done = net::decompress(coding, payload.bytes, plan, buffer, none); !done) {
    return fail(done.error());
  }
  const std::span<const std::byte> bytes = std::as_const(buffer).payload();
  return Slice{.owner = std::move(buffer), .bytes = bytes};
}

}  // namespace

Result<Slice, net::DecompressErrc> decode_payload(storage::Coding coding, const Slice& payload) {
  switch (coding) {
    case storage::Coding::identity:
      return payload;
    case storage::Coding::gzip:
      return decompressed(net::ContentCoding::gzip, payload);
    case storage::Coding::zstd:
      return decompressed(net::ContentCoding::zstd, payload);
  }
  return fail(net::DecompressErrc::corrupt);
}

}  // namespace gateway::exporter
