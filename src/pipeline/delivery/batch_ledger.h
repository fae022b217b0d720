// What became of the batches in flight. They complete in any order; the cursor may pass only what
// is complete from its place on, so results wait here until all before them are there.
//
//   log:     |--- done ---|--- batch 7 ---|--- batch 8 ---|--- batch 9 ---|
//   cursor:               ^ moves when batch 7 is complete, then over every complete one behind it
//
// Units:   items.
// Errors:  none; outcomes that do not add up to the items of a batch are a bug and abort.
// Threads: one holder.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "storage/log.h"

namespace gateway::pipeline::delivery {

class BatchLedger {
 public:
  // Where the cursor stands.
  BatchLedger(storage::Position position, std::uint64_t items_at) noexcept
      : read_to_(position), items_read_(items_at), items_done_(items_at) {}

  // A batch was formed of everything read up to `to`; `items_at` items of the signal lie before it.
  // Returns its number.
  std::uint64_t open(storage::Position to, std::uint64_t items_at);
  // Items of batch `number` came to an end; they may do so bit by bit.
  void settle(std::uint64_t number, const storage::Outcomes& delta);
  [[nodiscard]] bool settled(std::uint64_t number) const;

  // How far the cursor may go now, and what to book for it.
  struct Advance {
    storage::Position to;
    std::uint64_t items_at = 0;
    storage::Outcomes delta;
  };
  [[nodiscard]] std::optional<Advance> take_advance();

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  // The number of the oldest batch. Requires: not empty().
  [[nodiscard]] std::uint64_t oldest() const noexcept { return first_number_; }
  [[nodiscard]] std::uint64_t items_read() const noexcept { return items_read_; }
  [[nodiscard]] std::uint64_t items_done() const noexcept { return items_done_; }

 private:
  struct Entry {
    storage::Position to;
    std::uint64_t items_at = 0;
    std::uint64_t item_count = 0;
    storage::Outcomes outcomes;
  };
  [[nodiscard]] Entry& entry(std::uint64_t number);

  std::deque<Entry> entries_;
  std::uint64_t first_number_ = 0;  // of entries_.front()
  storage::Position read_to_;
  std::uint64_t items_read_;
  std::uint64_t items_done_;
};

}  // namespace gateway::pipeline::delivery
