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

BodyEncoder::BodyEncoder(config::Compression compression, int level, bool json)
    : compression_(compression), json_(json), compressors_(std::make_unique<Compressors>()) {
  if (compression == config::Compression::gzip) {
    compressors_->gzip.reset(libdeflate_alloc_compressor(
        level < 0 ? kGzipLevelDefault : std::clamp(level, 0, kGzipLevelMax)));
    GATEWAY_ASSERT(compressors_->gzip != nullptr);
  } else if (compression == config::Compression::zstd) {
    compressors_->zstd.reset(ZSTD_createCCtx());
    GATEWAY_ASSERT(compressors_->zstd != nullptr);
    compressors_->zstd_level = level < 0 ? ZSTD_CLEVEL_DEFAULT : std::min(level, ZSTD_maxCLevel());
  }
}

BodyEncoder::~BodyEncoder() = default;

Result<EncodedBody, std::string> BodyEncoder::encode(const Request& request) {
  EncodedBody body;
  if (!json_ && compression_ == config::Compression::none) {
    for (const Piece& piece : request.pieces) body.parts.push_back(piece.payload.bytes);
    body.size_bytes = static_cast<std::size_t>(request.size_bytes);
    return body;
  }
  // Compressors want one piece: a copy, small beside their own work.
  std::vector<std::byte> whole;
  if (json_) {
    const auto text = to_otlp_json(request);
    if (!text) return fail(text.error());
    const auto bytes = std::as_bytes(std::span(text->data(), text->size()));
    whole.assign(bytes.begin(), bytes.end());
  } else {
    whole.reserve(static_cast<std::size_t>(request.size_bytes));
    for (const Piece& piece : request.pieces) {
      whole.insert(whole.end(), piece.payload.bytes.begin(), piece.payload.bytes.end());
    }
  }
  switch (compression_) {
    case config::Compression::none:
      body.owned = std::move(whole);
      break;
    case config::Compression::gzip: {
      libdeflate_compressor* gzip = compressors_->gzip.get();
      body.owned.resize(libdeflate_gzip_compress_bound(gzip, whole.size()));
      const std::size_t size = libdeflate_gzip_compress(gzip, whole.data(), whole.size(),
                                                        body.owned.data(), body.owned.size());
      GATEWAY_ASSERT(size != 0);  // the bound is enough
      body.owned.resize(size);
      break;
    }
    case config::Compression::zstd: {
      body.owned.resize(ZSTD_compressBound(whole.size()));
      const std::size_t size =
          ZSTD_compressCCtx(compressors_->zstd.get(), body.owned.data(), body.owned.size(),
                            whole.data(), whole.size(), compressors_->zstd_level);
      if (ZSTD_isError(size) != 0) return fail(std::string("zstd: ") + ZSTD_getErrorName(size));
      body.owned.resize(size);
      break;
    }
  }
  body.size_bytes = body.owned.size();
  body.parts.emplace_back(body.owned);
  return body;
}

}  // namespace gateway::exporter
