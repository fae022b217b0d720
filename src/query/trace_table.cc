#include "query/trace_table.h"

namespace gateway::query {

TraceTable::TraceTable(std::size_t tracked_max) : tracked_max_(tracked_max) {}

void TraceTable::observe(const TraceId& id, bool is_root, bool failed, std::int64_t now_ms) {
  auto found = index_.find(id);
  std::uint32_t at = kNone;
  if (found == index_.end()) {
    if (index_.size() >= tracked_max_) {
      const Silence& root = lists_[1];
      complete(root.oldest != kNone ? root.oldest : lists_[0].oldest);
    }
    if (free_.empty()) {
      at = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      at = free_.back();
      free_.pop_back();
      slots_[at] = Slot{};
    }
    slots_[at].trace.id = id;
    slots_[at].trace.first_seen_ms = now_ms;
    index_.emplace(id, at);
    ++counts_.total;
    ++counts_.active;
  } else {
    at = found->second;
    unlink(at);
  }
  TraceSummary& trace = slots_[at].trace;
  trace.last_seen_ms = now_ms;
  ++trace.span_count;
  trace.root_seen |= is_root;
  trace.failed |= failed;
  link_newest(at);
}

void TraceTable::sweep(std::int64_t now_ms) {
  constexpr std::array<std::int64_t, 2> kIdleOfList = {kIdleMs, kIdleAfterRootMs};
  for (std::size_t list = 0; list < lists_.size(); ++list) {
    while (lists_[list].oldest != kNone &&
           now_ms - slots_[lists_[list].oldest].trace.last_seen_ms >= kIdleOfList[list]) {
      complete(lists_[list].oldest);
    }
  }
}

std::optional<TraceSummary> TraceTable::find(const TraceId& id) const {
  const auto found = index_.find(id);
  if (found == index_.end()) return std::nullopt;
  return slots_[found->second].trace;
}

void TraceTable::unlink(std::uint32_t index) {
  Slot& slot = slots_[index];
  Silence& list = list_of(slot);
  (slot.previous == kNone ? list.oldest : slots_[slot.previous].next) = slot.next;
  (slot.next == kNone ? list.newest : slots_[slot.next].previous) = slot.previous;
  slot.previous = slot.next = kNone;
}

void TraceTable::link_newest(std::uint32_t index) {
  Slot& slot = slots_[index];
  Silence& list = list_of(slot);
  slot.previous = list.newest;
  (list.newest == kNone ? list.oldest : slots_[list.newest].next) = index;
  list.newest = index;
}

void TraceTable::complete(std::uint32_t index) {
  unlink(index);
  const TraceSummary& trace = slots_[index].trace;
  index_.erase(trace.id);
  ++counts_.completed;
  --counts_.active;
  if (trace.failed) ++counts_.failed;
  free_.push_back(index);
}

}  // namespace gateway::query
