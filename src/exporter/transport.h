// One way of handing a batch to a destination: gRPC, HTTP, a file, the log. It knows nothing of
// retries, batches or cursors; the lane above it knows nothing of sockets.
//
//   Piece    : one stored request body, or a part of one.
//   Request  : what goes out at once; the concatenation of its pieces is one request body (W-05).
//   Answer   : what became of it, in the five ways that delivery tells apart.
//
// Units:   bytes, items.
// Errors:  every failure is an Answer.
// Threads: all calls on the exporter's loop thread, and `done` too: later, never from within
//          send().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/content_coding.h"
#include "base/result.h"
#include "base/signal.h"
#include "pipeline/service.h"
#include "storage/log.h"

namespace gateway::exporter {

// A destination's words are cut here before they reach a log line or a dead letter.
inline constexpr std::size_t kAnswerMessageSizeBytesMax = 512;
// a longer answer is not read.
inline constexpr std::size_t kResponseSizeBytesMax = 4U << 20U;

struct Piece {
  Slice payload;
  std::uint64_t item_count = 0;
  // Other than identity only where the exporter reuses it: compression_params.reuse.
  ContentCoding coding = ContentCoding::identity;
};

// What holding a piece takes beside its bytes, on its way through queues and transports.
inline constexpr std::uint64_t kPieceCostBytes = 512;

struct Request {
  Signal signal = Signal::traces;
  std::vector<Piece> pieces;
  std::uint64_t item_count = 0;
  std::uint64_t size_bytes = 0;

  // In memory.
  [[nodiscard]] std::uint64_t held_bytes() const noexcept {
    return size_bytes + pieces.size() * kPieceCostBytes;
  }
};

enum class AnswerKind : std::uint8_t {
  delivered,     // with `rejected_items` of them refused by partial success
  retry,         // again later: overload, or nobody there
  data_refused,  // never again as it is: something in it is bad, or it is too large
  refused,       // never again, and not for the sake of its bytes: credentials, path, a bug there
  cancelled,     // we gave up waiting; says nothing about the destination
};
// The names are metric labels: rename none.
[[nodiscard]] std::string_view name_of(AnswerKind kind) noexcept;

struct Answer {
  AnswerKind kind = AnswerKind::delivered;
  std::uint64_t rejected_items = 0;
  std::optional<std::chrono::milliseconds> retry_in;  // what the destination asked for
  std::string message;                                // for a person: valid UTF-8, bounded
};

// `text` as valid UTF-8 of one line, at most kAnswerMessageSizeBytesMax.
[[nodiscard]] std::string printable(std::string_view text);

class Transport {
 public:
  using Done = std::function<void(Answer)>;

  virtual ~Transport() = default;
  // Also again, after cancel_all() and the last answer.
  [[nodiscard]] virtual Result<void, pipeline::ServiceFailure> start() = 0;
  // The request stays alive as long as the transport holds it.
  virtual void send(std::shared_ptr<const Request> request, Done done) = 0;
  // Each request not yet answered is answered soon, as cancelled or as what had happened by then.
  virtual void cancel_all() = 0;
};

}  // namespace gateway::exporter
