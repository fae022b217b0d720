// Requests kept outside the log, one after the other in a file or an answer: what `tap --record`
// writes, the dead letters are kept as, and `log replay` and `test` read.
//
//   entry   := head LF payload LF
//   head    : one line of JSON, at most kCapturedHeadSizeBytesMax; it holds no LF
//   payload : `size_bytes` bytes, an Export*ServiceRequest of the signal as protobuf
//
// Units:   bytes, items, nanoseconds since the epoch.
// Errors:  CapturedErrc; a file that cannot be read is an IoError told as `unreadable`.
// Threads: pure functions; a CapturedFileReader belongs to one thread.
// Source:  docs/formats/captured_requests.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/signal.h"
#include "io/file_system.h"

namespace gateway::pipeline {

inline constexpr std::size_t kCapturedHeadSizeBytesMax = 16 * 1024;
inline constexpr std::uint64_t kCapturedPayloadSizeBytesMax = 256ULL << 20;

struct CapturedHead {
  Signal signal = Signal::traces;
  std::uint64_t time_unix_nano = 0;  // when it was received; of a dead letter, when it was given up
  std::uint64_t item_count = 0;
  std::uint64_t size_bytes = 0;  // of the payload
  std::string tenant;            // empty: the default one
  std::string context;           // as in pipeline/request_context.h
  std::string reason, message;   // of a dead letter
};

// Why bytes are not an entry. `truncated`: they end too early, and more may come.
enum class CapturedErrc : std::uint8_t { truncated, malformed, too_large, unreadable };
[[nodiscard]] std::string_view name_of(CapturedErrc code) noexcept;

// Appends the head and its LF; payload and LF are the caller's to write.
void append_captured_head(const CapturedHead& head, std::string& out);

// One line without its LF. Unknown members are ignored.
[[nodiscard]] Result<CapturedHead, CapturedErrc> parse_captured_head(std::string_view line);

// An entry read in place: `payload` borrows from the bytes given to read_captured().
struct CapturedView {
  CapturedHead head;
  std::string_view payload;
  std::size_t size_bytes = 0;  // head, payload and both LF: the next entry begins here
};
// Reads the entry at the front of `bytes`.
[[nodiscard]] Result<CapturedView, CapturedErrc> read_captured(std::string_view bytes);

struct CapturedRequest {
  CapturedHead head;
  std::string payload;
};

// The entries of one file, in order, one in memory at a time.
class CapturedFileReader {
 public:
  explicit CapturedFileReader(std::shared_ptr<io::File> file, std::uint64_t offset_bytes = 0)
      : file_(std::move(file)), offset_bytes_(offset_bytes) {}

  // The next entry; nothing at the end of the file. After an error the reader stays before the
  // entry: one that was being written can be asked for again.
  [[nodiscard]] Result<std::optional<CapturedRequest>, CapturedErrc> next();
  // Of the entry that next() returns next.
  [[nodiscard]] std::uint64_t offset_bytes() const noexcept { return offset_bytes_; }

 private:
  std::shared_ptr<io::File> file_;
  std::uint64_t offset_bytes_;
};

}  // namespace gateway::pipeline
