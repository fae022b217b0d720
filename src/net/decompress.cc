#include "net/decompress.h"

#include <algorithm>
#include <limits>
#include <memory>

#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include "base/assert.h"
#include "net/body.h"
#include "net/text.h"

namespace gateway::net {
namespace {

// Deflate cannot do better; a trailer that promises more lies.
constexpr std::size_t kDeflateRatioMax = 1032;
constexpr std::size_t kGzipSizeBytesMin = 18;  // header and trailer

DecompressErrc errc_of(RequestErrc why) noexcept {
  return why == RequestErrc::over_budget ? DecompressErrc::over_budget : DecompressErrc::too_large;
}

// One step of a streaming decoder: takes from `in`, writes to `into`.
struct Step {
  std::size_t taken = 0;
  std::size_t written = 0;
  bool whole = false;  // a member or frame has ended here
  bool corrupt = false;
};

// Drives a decoder into a Buffer that grows as bytes come out.
template <typename Decoder>
Result<void, DecompressErrc> stream(Decoder& decoder, std::span<const std::byte> in,
                                    const BodyPlan& plan, Buffer& out, ByteLease& lease) {
  bool whole = false;
  while (!in.empty() || !whole) {
    std::byte one_more{};
    std::span<std::byte> into = out.writable();
    into = into.first(std::min(into.size(), plan.size_bytes_max - out.size()));
    if (into.empty() && out.size() < plan.size_bytes_max) {
      if (auto room = grow_body(plan, out.size() + 1, out, lease); !room) {
        return fail(errc_of(room.error()));
      }
      continue;
    }
    const bool full = into.empty();
    if (full) into = {&one_more, 1};
    const Step step = decoder.next(in, into);
    if (step.corrupt) return fail(DecompressErrc::corrupt);
    if (full && step.written != 0) return fail(DecompressErrc::too_large);
    if (!full) out.commit(step.written);
    in = in.subspan(step.taken);
    whole = step.whole;
    // No progress: the input is cut off.
    if (step.taken == 0 && step.written == 0 && !step.whole) return fail(DecompressErrc::corrupt);
  }
  return {};
}

class GzipDecoder {
 public:
  GzipDecoder() noexcept {
    constexpr int kGzipOnly = 16;
    GATEWAY_ASSERT(inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK);
  }
  ~GzipDecoder() { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Step next(std::span<const std::byte> in, std::span<std::byte> into) noexcept {
    constexpr std::size_t kStepMax = std::numeric_limits<uInt>::max();
    const auto in_size = static_cast<uInt>(std::min(in.size(), kStepMax));
    const auto out_size = static_cast<uInt>(std::min(into.size(), kStepMax));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream_.avail_in = in_size;
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = out_size;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    Step step;
    step.taken = in_size - stream_.avail_in;
    step.written = out_size - stream_.avail_out;
    step.whole = result == Z_STREAM_END;
    step.corrupt = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
    if (step.whole) inflateReset(&stream_);
    return step;
  }

 private:
  z_stream stream_{};
};

class ZstdDecoder {
 public:
  ZstdDecoder() noexcept : stream_(ZSTD_createDStream(), ZSTD_freeDStream) {
    GATEWAY_ASSERT(stream_ != nullptr);
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }

  Step next(std::span<const std::byte> in, std::span<std::byte> into) noexcept {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{into.data(), into.size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream_.get(), &to, &from);
    Step step;
    step.taken = from.pos;
    step.written = to.pos;
    step.whole = result == 0;
    step.corrupt = ZSTD_isError(result) != 0;
    return step;
  }

 private:
  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream_;
};

// What the trailer says a gzip body inflates to, where that may be true and allowed.
std::optional<std::size_t> promised_gzip_size(std::span<const std::byte> in,
                                              const BodyPlan& plan) noexcept {
  const auto size = announced_size(ContentCoding::gzip, in);
  if (!size || *size > plan.size_bytes_max || *size / kDeflateRatioMax > in.size()) {
    return std::nullopt;
  }
  return size;
}

// How an attempt in one step ended. Room that is missing only now is said at once: the stream takes
// more of it, and would call a body too large that another time is not.
enum class AtOnce : std::uint8_t { done, try_the_stream, over_budget };

AtOnce without_room(RequestErrc why) noexcept {
  return why == RequestErrc::over_budget ? AtOnce::over_budget : AtOnce::try_the_stream;
}

// The usual body, one member with an honest trailer, at libdeflate's speed.
AtOnce inflate_at_once(std::span<const std::byte> in, const BodyPlan& plan, Buffer& out,
                       ByteLease& lease) noexcept {
  const auto size = promised_gzip_size(in, plan);
  if (!size || *size == 0) return AtOnce::try_the_stream;
  Buffer whole;
  ByteLease whole_lease;
  if (auto room = allocate_body(plan, *size, whole, whole_lease); !room) {
    return without_room(room.error());
  }
  thread_local const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)>
      decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  GATEWAY_ASSERT(decompressor != nullptr);
  std::size_t taken = 0;
  std::size_t written = 0;
  const libdeflate_result result = libdeflate_gzip_decompress_ex(
      decompressor.get(), in.data(), in.size(), whole.writable().data(), *size, &taken, &written);
  if (result != LIBDEFLATE_SUCCESS || taken != in.size() || written != *size) {
    return AtOnce::try_the_stream;
  }
  whole.commit(written);
  out = std::move(whole);
  lease = std::move(whole_lease);
  return AtOnce::done;
}

// One frame that says its size needs no window: it is decoded where it will stay.
AtOnce decode_at_once(std::span<const std::byte> in, const BodyPlan& plan, Buffer& out,
                      ByteLease& lease) noexcept {
  const unsigned long long size = ZSTD_getFrameContentSize(in.data(), in.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size == 0 ||
      size > plan.size_bytes_max ||
      ZSTD_findFrameCompressedSize(in.data(), in.size()) != in.size()) {
    return AtOnce::try_the_stream;
  }
  Buffer whole;
  ByteLease whole_lease;
  if (auto room = allocate_body(plan, size, whole, whole_lease); !room) {
    return without_room(room.error());
  }
  thread_local const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(
      ZSTD_createDCtx(), ZSTD_freeDCtx);
  GATEWAY_ASSERT(context != nullptr);
  const std::size_t written =
      ZSTD_decompressDCtx(context.get(), whole.writable().data(), size, in.data(), in.size());
  if (ZSTD_isError(written) != 0 || written != size) return AtOnce::try_the_stream;
  whole.commit(written);
  out = std::move(whole);
  lease = std::move(whole_lease);
  return AtOnce::done;
}

}  // namespace

std::optional<ContentCoding> parse_coding(std::string_view name) noexcept {
  name = trim(name);
  if (name.empty() || equals_ignoring_case(name, "identity")) return ContentCoding::identity;
  if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) {
    return ContentCoding::gzip;
  }
  if (equals_ignoring_case(name, "zstd")) return ContentCoding::zstd;
  return std::nullopt;
}

std::optional<std::size_t> announced_size(ContentCoding coding,
                                          std::span<const std::byte> in) noexcept {
  GATEWAY_ASSERT(coding != ContentCoding::identity);
  if (coding == ContentCoding::zstd) {
    const unsigned long long size = ZSTD_getFrameContentSize(in.data(), in.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return std::nullopt;
    return static_cast<std::size_t>(size);
  }
  if (in.size() < kGzipSizeBytesMin) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    size |= std::to_integer<std::size_t>(in[in.size() - 4 + i]) << (8 * i);
  }
  return size;
}

Result<void, DecompressErrc> decompress(ContentCoding coding, std::span<const std::byte> in,
                                        const BodyPlan& plan, Buffer& out,
                                        ByteLease& lease) noexcept {
  GATEWAY_ASSERT(coding != ContentCoding::identity && out.size() == 0);
  const AtOnce attempt = coding == ContentCoding::gzip ? inflate_at_once(in, plan, out, lease)
                                                       : decode_at_once(in, plan, out, lease);
  switch (attempt) {
    case AtOnce::done:
      return {};
    case AtOnce::over_budget:
      return fail(DecompressErrc::over_budget);
    case AtOnce::try_the_stream:
      break;
  }
  if (coding == ContentCoding::gzip) {
    GzipDecoder decoder;
    return stream(decoder, in, plan, out, lease);
  }
  ZstdDecoder decoder;
  return stream(decoder, in, plan, out, lease);
}

}  // namespace gateway::net
