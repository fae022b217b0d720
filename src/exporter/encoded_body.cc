#include "exporter/encoded_body.h"

#include <algorithm>
#include <utility>

#include <libdeflate.h>
#include <zstd.h>

#include "base/assert.h"
#include "exporter/otlp_json.h"

namespace gateway::exporter {

namespace {
// No larger than zlib's or Go's usual 6 (docs/decisions/0010-gzip-out-by-libdeflate.md).
constexpr int kGzipLevelDefault = 5;
constexpr int kGzipLevelMax = 12;
}  // namespace

struct BodyEncoder::Compressors {
  struct FreeGzip {
    void operator()(libdeflate_compressor* it) const noexcept { libdeflate_free_compressor(it); }
  };
  struct FreeZstd {
    void operator()(ZSTD_CCtx* it) const noexcept { ZSTD_freeCCtx(it); }
  };
  std::unique_ptr<libdeflate_compressor, FreeGzip> gzip;
  std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd;
  int zstd_level = 0;
};

BodyEncoder::BodyEncoder(ContentCoding compression, int level, bool json)
    : compression_(compression), json_(json), compressors_(std::make_unique<Compressors>()) {
  if (compression == ContentCoding::gzip) {
    compressors_->gzip.reset(libdeflate_alloc_compressor(
        level < 0 ? kGzipLevelDefault : std::clamp(level, 0, kGzipLevelMax)));
    GATEWAY_ASSERT(compressors_->gzip != nullptr);
  } else if (compression == ContentCoding::zstd) {
    compressors_->zstd.reset(ZSTD_createCCtx());
    GATEWAY_ASSERT(compressors_->zstd != nullptr);
    compressors_->zstd_level = level < 0 ? ZSTD_CLEVEL_DEFAULT : std::min(level, ZSTD_maxCLevel());
  }
}

BodyEncoder::~BodyEncoder() = default;

Result<void, std::string> BodyEncoder::compress(std::span<const std::byte> whole,
                                                std::vector<std::byte>& to) {
  const std::size_t before = to.size();
  std::size_t size = 0;
  if (compression_ == ContentCoding::gzip) {
    libdeflate_compressor* gzip = compressors_->gzip.get();
    to.resize(before + libdeflate_gzip_compress_bound(gzip, whole.size()));
    size = libdeflate_gzip_compress(gzip, whole.data(), whole.size(), to.data() + before,
                                    to.size() - before);
    GATEWAY_ASSERT(size != 0);  // the bound is enough
  } else {
    to.resize(before + ZSTD_compressBound(whole.size()));
    size = ZSTD_compressCCtx(compressors_->zstd.get(), to.data() + before, to.size() - before,
                             whole.data(), whole.size(), compressors_->zstd_level);
    if (ZSTD_isError(size) != 0) return fail(std::string("zstd: ") + ZSTD_getErrorName(size));
  }
  to.resize(before + size);
  return {};
}

Result<EncodedBody, std::string> BodyEncoder::encode(const Request& request) {
  EncodedBody body;
  if (!json_ && compression_ == ContentCoding::identity) {
    for (const Piece& piece : request.pieces) body.parts.push_back(piece.payload.bytes);
    body.size_bytes = static_cast<std::size_t>(request.size_bytes);
    return body;
  }
  if (json_) {
    const auto text = to_otlp_json(request);
    if (!text) return fail(text.error());
    const auto bytes = std::as_bytes(std::span(text->data(), text->size()));
    if (compression_ == ContentCoding::identity) {
      body.owned.assign(bytes.begin(), bytes.end());
    } else if (auto done = compress(bytes, body.owned); !done) {
      return fail(done.error());
    }
    body.parts.emplace_back(body.owned);
    body.size_bytes = body.owned.size();
    return body;
  }
  return encode_members(request);
}

// What came compressed goes as it is; what lies between is compressed as one member, or frame.
Result<EncodedBody, std::string> BodyEncoder::encode_members(const Request& request) {
  EncodedBody body;
  // Compressors want one piece: a copy, small beside their own work.
  std::vector<std::byte> plain;
  std::vector<std::size_t> owned_sizes;  // 0: the next piece goes as it is
  std::vector<std::span<const std::byte>> reused;
  const auto end_member = [&]() -> Result<void, std::string> {
    if (plain.empty()) return {};
    const std::size_t before = body.owned.size();
    if (auto done = compress(plain, body.owned); !done) return done;
    owned_sizes.push_back(body.owned.size() - before);
    plain.clear();
    return {};
  };
  for (const Piece& piece : request.pieces) {
    const auto bytes = piece.payload.bytes;
    if (piece.coding == ContentCoding::identity) {
      if (plain.empty()) plain.reserve(static_cast<std::size_t>(request.size_bytes));
      plain.insert(plain.end(), bytes.begin(), bytes.end());
      continue;
    }
    GATEWAY_ASSERT(piece.coding == compression_);
    if (auto done = end_member(); !done) return fail(done.error());
    owned_sizes.push_back(0);
    reused.push_back(bytes);
  }
  if (auto done = end_member(); !done) return fail(done.error());
  // Only now does `owned` stay where it is.
  std::size_t at = 0;
  auto next_reused = reused.begin();
  for (const std::size_t size : owned_sizes) {
    body.parts.push_back(size == 0 ? *next_reused++ : std::span(body.owned).subspan(at, size));
    body.size_bytes += body.parts.back().size();
    at += size;
  }
  return body;
}

}  // namespace gateway::exporter
