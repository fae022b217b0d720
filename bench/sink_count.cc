#include "sink_count.h"

#include <cstdint>
#include <vector>

#include <zlib.h>
#include <zstd.h>

namespace bench {
namespace {

std::uint64_t request_count = 0;
std::uint64_t byte_count = 0;
std::uint64_t item_count = 0;

// As it was before, of all its members; nothing when it is broken.
[[nodiscard]] std::vector<std::byte> inflate(std::span<const std::byte> compressed) {
  constexpr int kGzip = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, kGzip) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::vector<std::byte> out(compressed.size() * 8);
  std::size_t size = 0;
  int state = Z_OK;
  while (state == Z_OK) {
    if (size == out.size()) out.resize(out.size() * 2);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(out.size() - size);
    state = ::inflate(&stream, Z_NO_FLUSH);
    size = out.size() - stream.avail_out;
    // One more member.
    if (state == Z_STREAM_END && stream.avail_in != 0) state = inflateReset(&stream);
  }
  out.resize(state == Z_STREAM_END ? size : 0);
  inflateEnd(&stream);
  return out;
}

[[nodiscard]] std::vector<std::byte> unzstd(std::span<const std::byte> compressed) {
  static ZSTD_DCtx* const context = ZSTD_createDCtx();
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  std::vector<std::byte> bytes(compressed.size() * 8);
  ZSTD_outBuffer out{bytes.data(), bytes.size(), 0};
  std::size_t left = 1;  // a frame may be of unknown size
  while (left != 0) {
    if (out.pos == bytes.size()) {
      bytes.resize(bytes.size() * 2);
      out.dst = bytes.data();
      out.size = bytes.size();
    }
    const std::size_t before = out.pos;
    left = ZSTD_decompressStream(context, &out, &in);
    if (ZSTD_isError(left) != 0 || (in.pos == in.size && out.pos == before && left != 0)) return {};
  }
  bytes.resize(out.pos);
  return bytes;
}

}  // namespace

otlpview::Signal signal_of(std::string_view path) {
  if (path.find("metrics") != std::string_view::npos) return otlpview::Signal::metrics;
  if (path.find("logs") != std::string_view::npos) return otlpview::Signal::logs;
  return otlpview::Signal::traces;
}

void count_request(otlpview::Signal signal, std::span<const std::byte> body,
                   std::string_view coding) {
  ++request_count;
  byte_count += body.size();
  if (coding == "gzip") {
    item_count += otlpview::count_items(signal, inflate(body));
  } else if (coding == "zstd") {
    item_count += otlpview::count_items(signal, unzstd(body));
  } else {
    item_count += otlpview::count_items(signal, body);
  }
}

std::string counts() {
  return std::to_string(request_count) + " " + std::to_string(byte_count) + " " +
         std::to_string(item_count) + "\n";
}

}  // namespace bench
