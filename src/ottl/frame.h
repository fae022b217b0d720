// What an expression is worked out on: one message, and what it lies in.
//
//   Frame : lives as long as its processor; reset() for each body, enter() for each message
//   slot  : what an expression has read of an envelope, so that a resource with many attributes is
//           searched once and not once a span
//   memo  : what patterns and digests have made of texts that come again
//
// Errors:  none.
// Threads: one holder.
#pragma once

#include <cstddef>
#include <vector>

#include "base/memo.h"
#include "otlpview/visit.h"
#include "ottl/value.h"

namespace gateway::ottl {

class Frame {
 public:
  Frame(std::size_t slot_count, std::size_t memo_set_count)
      : slots_(slot_count), memo_(memo_set_count) {}

  // Before each body: what was borrowed from the last one is gone.
  void reset() noexcept {
    for (Slot& slot : slots_) slot.of = nullptr;
  }
  // `draft` is bound to the message, and is read when it is first needed.
  void enter(otlpview::Place& place, otlpview::Draft& draft) noexcept {
    place_ = &place;
    draft_ = &draft;
    is_read_ = false;
  }

  [[nodiscard]] otlpview::Place& place() const noexcept { return *place_; }
  [[nodiscard]] otlpview::Draft& draft() {
    if (!is_read_) draft_->read();
    is_read_ = true;
    return *draft_;
  }
  [[nodiscard]] otlpview::Arena& arena() const noexcept { return draft_->arena(); }
  // What functions have found out about texts; it outlives the bodies.
  [[nodiscard]] Memo& memo() noexcept { return memo_; }

  // The value of slot `index` for the envelope at `of`, read by `read` when it is another one.
  template <typename Read>
  [[nodiscard]] const Value& slot(std::size_t index, const std::byte* of, Read read) {
    Slot& slot = slots_[index];
    if (slot.of != of) slot = {of, read()};
    return slot.value;
  }

 private:
  struct Slot {
    const std::byte* of = nullptr;
    Value value;
  };

  otlpview::Place* place_ = nullptr;
  otlpview::Draft* draft_ = nullptr;
  bool is_read_ = false;
  std::vector<Slot> slots_;
  Memo memo_;
};

}  // namespace gateway::ottl
