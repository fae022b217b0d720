#include "pipeline/delivery/batch_ledger.h"

#include "base/assert.h"

namespace gateway::pipeline::delivery {

namespace {

void add(storage::Outcomes& to, const storage::Outcomes& delta) {
  to.delivered += delta.delivered;
  to.filtered += delta.filtered;
  to.dead_lettered += delta.dead_lettered;
  to.expired += delta.expired;
  to.damaged += delta.damaged;
}

}  // namespace

std::uint64_t BatchLedger::open(storage::Position to, std::uint64_t items_at) {
  GATEWAY_ASSERT(items_at >= items_read_);
  entries_.push_back({.to = to, .items_at = items_at, .item_count = items_at - items_read_});
  read_to_ = to;
  items_read_ = items_at;
  return first_number_ + entries_.size() - 1;
}

void BatchLedger::settle(std::uint64_t number, const storage::Outcomes& delta) {
  Entry& it = entry(number);
  add(it.outcomes, delta);
  GATEWAY_ASSERT(it.outcomes.sum() <= it.item_count);
}

bool BatchLedger::settled(std::uint64_t number) const {
  if (number < first_number_) return true;
  GATEWAY_ASSERT(number - first_number_ < entries_.size());
  const Entry& it = entries_[static_cast<std::size_t>(number - first_number_)];
  return it.outcomes.sum() == it.item_count;
}

std::optional<BatchLedger::Advance> BatchLedger::take_advance() {
  std::optional<Advance> advance;
  while (!entries_.empty() && entries_.front().outcomes.sum() == entries_.front().item_count) {
    const Entry& front = entries_.front();
    if (!advance) advance.emplace();
    advance->to = front.to;
    advance->items_at = front.items_at;
    add(advance->delta, front.outcomes);
    items_done_ = front.items_at;
    entries_.pop_front();
    ++first_number_;
  }
  return advance;
}

BatchLedger::Entry& BatchLedger::entry(std::uint64_t number) {
  GATEWAY_ASSERT(number >= first_number_ && number - first_number_ < entries_.size());
  return entries_[static_cast<std::size_t>(number - first_number_)];
}

}  // namespace gateway::pipeline::delivery
