// Cuts request bodies into requests of bounded size without copying an item.
//
//   bodies   := request bodies; their concatenation is one request (W-05), so a batch is a list
//   Splitter : walks the bodies once and hands out one Piece after the other
//   Piece    : a request as a list of slices, ready for a gathering write
//
// What fits goes whole, byte for byte. What does not is opened: request, resource, scope, metric,
// down to the single item. Every piece repeats what the opened envelopes hold beside items:
// resource, scope, schema_url, a metric's name, unit, temporality, unknown fields (W-11, W-12).
// Items keep their order (W-13). Nothing is lost: envelopes without items travel too.
//
// A piece that is at least half full is closed rather than filled up by opening an envelope that
// fits into a piece of its own.
//
// Profiles are never cut or merged, because they share a dictionary: one body, one piece.
//
// Units:   items_max in spans, data points, log records; bytes_max of protobuf, without framing.
// Errors:  none. A piece beyond bytes_max is marked oversize: it is one item that cannot be cut, or
//          its envelopes alone are too large; then it holds as many of their items as items_max
//          allows. The bodies have passed check(); what lies behind damage is left out.
// Threads: one Splitter, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <vector>

#include "otlpview/signal.h"
#include "otlpview/wire.h"

namespace otlpview {

// More slices than this of one envelope's own fields are gathered into one, once.
inline constexpr std::size_t kEnvelopeSlicesMax = 64;

struct SplitLimits {
  std::uint32_t items_max = std::numeric_limits<std::uint32_t>::max();  // 0 is taken as 1
  std::size_t bytes_max = std::numeric_limits<std::size_t>::max();
};

// One request. The slices borrow from the bodies, from the Splitter and from `headers`; moving a
// Piece keeps them.
struct Piece {
  Piece() = default;
  Piece(Piece&&) noexcept = default;
  Piece& operator=(Piece&&) noexcept = default;
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  std::vector<Bytes> slices;  // none is empty
  std::uint32_t item_count = 0;
  std::size_t size_bytes = 0;
  bool oversize = false;  // beyond bytes_max, and cannot be cut further

  std::vector<std::byte> headers;  // tags and lengths of opened envelopes

  void clear() noexcept;
  void append_to(std::vector<std::byte>& out) const;
};

class Splitter {
 public:
  // The bytes of the bodies are borrowed for the life of the Splitter and its pieces.
  Splitter(Signal signal, std::span<const Bytes> bodies, const SplitLimits& limits);
  Splitter(const Splitter&) = delete;
  Splitter& operator=(const Splitter&) = delete;
  ~Splitter();

  // The next piece, replacing what `piece` held; false when all is handed out.
  [[nodiscard]] bool next(Piece& piece);

 private:
  struct Frame;
  struct Element;

  [[nodiscard]] bool next_whole_body(Piece& piece);
  [[nodiscard]] bool fits(const Element& element, const Piece& piece) const noexcept;
  [[nodiscard]] bool fits_alone(const Element& element) const noexcept;
  [[nodiscard]] std::size_t size_with(std::size_t size_bytes, const Piece& piece) const noexcept;
  void take(const Element& element, Piece& piece);
  void open(const Element& element);
  void open_metric(const Element& element);
  void gather_own_fields(Frame& frame);
  void close(Frame& frame, Piece& piece);
  void finish(Piece& piece);

  const Signal signal_;
  const SplitLimits limits_;
  std::vector<Bytes> bodies_;
  std::vector<Frame> frames_;                    // opened envelopes, outermost first
  std::deque<std::vector<std::byte>> gathered_;  // see kEnvelopeSlicesMax
  struct Header {
    std::size_t slice_index;
    std::size_t begin;
    std::size_t size_bytes;
  };
  std::vector<Header> headers_;  // of the piece being made
  std::size_t next_body_ = 0;    // of profiles
};

}  // namespace otlpview
