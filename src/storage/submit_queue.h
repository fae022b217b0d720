// Records on their way to the writer: many threads push, one takes all at once.
//
// Errors:  none; a closed queue takes nothing, and says so.
// Threads: push() from any, lock-free; take_all() and close() from the writer.
#pragma once

#include <atomic>
#include <utility>

#include "storage/log.h"

namespace gateway::storage {

// Turns a chain round.
[[nodiscard]] inline Append* reverse(Append* first) noexcept {
  Append* reversed = nullptr;
  while (first != nullptr) {
    Append* next = std::exchange(first->next, reversed);
    reversed = std::exchange(first, next);
  }
  return reversed;
}

class SubmitQueue {
 public:
  enum class Pushed : std::uint8_t { onto_empty, onto_others, closed };

  // Takes a chain over; when closed, leaves it as it was. Requires: not empty.
  [[nodiscard]] Pushed push(Append* first) noexcept {
    Append* const bottom = first;
    Append* const top = reverse(first);
    Append* below = newest_.load(std::memory_order_relaxed);
    do {
      if (below == &closed_) {
        bottom->next = nullptr;
        static_cast<void>(reverse(top));
        return Pushed::closed;
      }
      bottom->next = below;
    } while (!newest_.compare_exchange_weak(below, top, std::memory_order_release,
                                            std::memory_order_relaxed));
    return below == nullptr ? Pushed::onto_empty : Pushed::onto_others;
  }

  // Everything pushed, in that order.
  [[nodiscard]] Append* take_all() noexcept {
    if (newest_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    return reverse(newest_.exchange(nullptr, std::memory_order_acquire));
  }

  // The same, for the last time.
  [[nodiscard]] Append* close() noexcept {
    Append* last = newest_.exchange(&closed_, std::memory_order_acquire);
    return last == &closed_ ? nullptr : reverse(last);
  }

 private:
  Append closed_;  // a mark, never handed out
  std::atomic<Append*> newest_{nullptr};
};

}  // namespace gateway::storage
