// The gateway's side of `tap` and of `log replay --through`: stored records from a place on, in
// answers of bounded size. Whoever asks keeps the place; nothing is kept here between two answers
// but who has asked lately.
//
//   question := place, filter, times, mode
//   answer   := entry* end
//   entry    := as in pipeline/captured_request.h
//   end      := one line of JSON: {"next":PLACE,"more":BOOL,"dropped_items":N}
//   place    := "latest" | "oldest" | segment:offset:T:M:L:P     (items before it, "-" unknown)
//
// It never holds anything back: there is no cursor, and what is read for all taps together is
// bounded by kTapBytesPerSecondMax. In mode `follow` who is more than a segment behind is moved to
// the head; the items between are counted by subtraction, as the ledger does. Mode `all` moves
// nobody.
//
// Units:   bytes, items.
// Errors:  a sentence, with the HTTP status that fits it.
// Threads: one asks (the admin thread); counters from any.
// Source:  docs/formats/captured_requests.md.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/decode.h"
#include "query/tap/item_filter.h"
#include "storage/log.h"

namespace gateway::query {

// An answer ends before it is larger than this; one record larger than it is an answer of its own.
inline constexpr std::size_t kTapAnswerSizeBytesMax = 2U << 20U;
// Read for one answer, wanted or not, and for all answers of a second.
inline constexpr std::uint64_t kTapAnswerReadBytesMax = 8U << 20U;
inline constexpr std::uint64_t kTapBytesPerSecondMax = 64U << 20U;
// Who asks has an id of its own, and counts as gone after this long.
inline constexpr std::size_t kTapsMax = 8;
inline constexpr std::chrono::seconds kTapGoneAfter{10};
inline constexpr std::size_t kTapIdSizeBytesMax = 64;

struct TapPlace {
  storage::Position position;
  // Items of each signal before `position`, as far as they are known.
  std::array<std::optional<std::uint64_t>, kSignalCount> items{};
};
[[nodiscard]] std::optional<TapPlace> parse_tap_place(std::string_view text);
[[nodiscard]] std::string to_text(const TapPlace& place);

struct TapQuestion {
  std::string id;
  std::string from = "latest";
  bool all = false;
  ItemFilter filter;
  std::uint64_t received_from_unix_nano = 0;
  std::uint64_t received_until_unix_nano = UINT64_MAX;  // exclusive
};
[[nodiscard]] Result<TapQuestion, std::string> parse_tap_question(std::string_view query);

struct TapRefusal {
  std::uint16_t status = 400;
  std::string message;
};

class TapSource {
 public:
  // A stored payload as plain bytes; nothing where it cannot be had.
  using Instant = std::chrono::steady_clock::time_point;

  TapSource(storage::Log& log, Decode decode) : log_(log), decode_(std::move(decode)) {}

  [[nodiscard]] Result<std::string, TapRefusal> answer(const TapQuestion& question, Instant now);

  [[nodiscard]] std::uint64_t taps() const noexcept { return tap_count_; }
  [[nodiscard]] std::uint64_t dropped_items() const noexcept { return dropped_items_; }

 private:
  struct Reading;
  [[nodiscard]] bool admit(const std::string& id, Instant now);
  void refill(Instant now);
  [[nodiscard]] Result<TapPlace, TapRefusal> begin(const TapQuestion& question) const;
  [[nodiscard]] static bool take(const TapQuestion& question, const storage::Record& record,
                                 Reading& reading);
  [[nodiscard]] bool put(const TapQuestion& question, const storage::Record& record,
                         Reading& reading);

  storage::Log& log_;
  const Decode decode_;
  std::map<std::string, Instant> seen_;
  std::uint64_t allowance_bytes_ = kTapAnswerReadBytesMax;
  Instant refilled_at_{};
  std::atomic<std::uint64_t> tap_count_{0};
  std::atomic<std::uint64_t> dropped_items_{0};
};

}  // namespace gateway::query
