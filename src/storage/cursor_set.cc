#include "storage/cursor_set.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace gateway::storage {
namespace {

Outcomes operator+(const Outcomes& a, const Outcomes& b) noexcept {
  return {a.delivered + b.delivered, a.filtered + b.filtered, a.dead_lettered + b.dead_lettered,
          a.expired + b.expired, a.damaged + b.damaged};
}

}  // namespace

Position LogCursor::position() const {
  const std::lock_guard lock(mutex_);
  return state_.position;
}

std::uint64_t LogCursor::items_at() const {
  const std::lock_guard lock(mutex_);
  return state_.items_at;
}

std::uint64_t LogCursor::items_start() const {
  const std::lock_guard lock(mutex_);
  return state_.items_start;
}

Outcomes LogCursor::outcomes() const {
  const std::lock_guard lock(mutex_);
  return state_.outcomes;
}

StoredCursor LogCursor::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void LogCursor::advance(Position to, std::uint64_t items_at, const Outcomes& delta) {
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t count = delta.sum();
    GATEWAY_ASSERT(items_at >= count && items_at - count <= state_.items_at);
    // What expire_before() has counted as expired meanwhile, and what the caller says became of it.
    const std::uint64_t overtaken = std::min(items_at, state_.items_at) - (items_at - count);
    GATEWAY_ASSERT(overtaken <= state_.outcomes.expired);
    state_.outcomes.expired -= overtaken;
    state_.outcomes = state_.outcomes + delta;
    state_.items_at = std::max(state_.items_at, items_at);
    state_.position = std::max(state_.position, to);
  }
  set_.mark_dirty();
}

void LogCursor::expire_before(Position oldest, std::uint64_t items) {
  {
    const std::lock_guard lock(mutex_);
    if (state_.position >= oldest) return;
    state_.position = oldest;
    if (items > state_.items_at) {
      state_.outcomes.expired += items - state_.items_at;
      state_.items_at = items;
    }
  }
  set_.mark_dirty();
}

void CursorSet::restore(std::vector<StoredCursor> cursors, bool lost) {
  const std::lock_guard lock(mutex_);
  lost_ = lost;
  for (StoredCursor& cursor : cursors) {
    const Position saved = cursor.position;
    const std::uint64_t items = cursor.items_at;
    entries_.push_back({std::make_unique<LogCursor>(*this, std::move(cursor)), saved, items});
  }
  expire_removed();
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): the vector owns it; its move is not followed

std::vector<CursorSet::Entry>::iterator CursorSet::find(std::string_view name, Signal signal) {
  return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.cursor->signal() == signal && entry.cursor->name() == name;
  });
}

LogCursor& CursorSet::get(std::string_view name, Signal signal, StartAt start_at) {
  std::unique_lock lock(mutex_);
  if (const auto at = find(name, signal); at != entries_.end()) return *at->cursor;
  GATEWAY_ASSERT(name.size() <= kCursorNameSizeBytesMax && entries_.size() < kCursorCountMax);
  StoredCursor state;
  state.name = name;
  state.signal = signal;
  if (start_at == StartAt::earliest || lost_) {
    state.position = catalog_.oldest();
    state.items_at = catalog_.oldest_items()[index_of(signal)];
  } else {
    const Head head = catalog_.head();
    state.position = head.position;
    state.items_at = head.items[index_of(signal)];
  }
  state.items_start = state.items_at;
  const Position saved = state.position;
  const std::uint64_t items = state.items_at;
  entries_.push_back({std::make_unique<LogCursor>(*this, std::move(state)), saved, items});
  LogCursor& cursor = *entries_.back().cursor;
  made_count_.fetch_add(1, std::memory_order_release);
  mark_dirty();
  lock.unlock();
  // Durable before anything is stored for it: after a crash nothing else would hold back what it
  // has not read. Where this fails, the writer tries again before it stores anything.
  static_cast<void>(save());
  return cursor;
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): as in restore()

std::vector<Cursor*> CursorSet::all() {
  const std::lock_guard lock(mutex_);
  std::vector<Cursor*> cursors;
  for (const Entry& entry : entries_) cursors.push_back(entry.cursor.get());
  return cursors;
}

void CursorSet::remove(std::string_view name, Signal signal) {
  const std::lock_guard lock(mutex_);
  const auto at = find(name, signal);
  if (at == entries_.end()) return;
  removed_.push_back(std::move(at->cursor));
  entries_.erase(at);
  mark_dirty();
}

void CursorSet::mark_dirty() noexcept {
  if (!dirty_.exchange(true, std::memory_order_acq_rel) && wakeup_ != nullptr) wakeup_->wake();
}

io::IoResult<void> CursorSet::save() {
  const std::lock_guard saving(save_mutex_);
  if (!dirty_.exchange(false, std::memory_order_acq_rel)) return {};
  std::vector<StoredCursor> states;
  std::uint64_t made_count = 0;
  {
    const std::lock_guard lock(mutex_);
    made_count = made_count_.load(std::memory_order_relaxed);
    for (const Entry& entry : entries_) states.push_back(entry.cursor->state());
  }
  if (auto saved = save_cursors(files_, directory_, states); !saved) {
    dirty_.store(true, std::memory_order_release);
    return saved;
  }
  const std::lock_guard lock(mutex_);
  made_saved_count_.store(made_count, std::memory_order_release);
  for (const StoredCursor& state : states) {
    if (const auto at = find(state.name, state.signal); at != entries_.end()) {
      at->saved = state.position;
      at->saved_items = state.items_at;
    }
  }
  return {};
}

std::optional<Position> CursorSet::floor() const {
  if (entries_.empty()) {
    // Until the cursors that were lost are made again, everything may be theirs. Where none were
    // lost, none was there when the records were stored, and nobody waits for them.
    return lost_ ? std::optional(Position{}) : std::nullopt;
  }
  const std::vector<Segment> segments = catalog_.segments();
  std::optional<Position> slowest;
  for (const Entry& entry : entries_) {
    Position place = entry.saved;
    // Where nothing of its signal came, a cursor stands still, and holds back nothing: as many
    // items before a segment as before the cursor means that none is between.
    const std::size_t signal = index_of(entry.cursor->signal());
    for (const Segment& segment : segments) {
      if (segment.header.items[signal] > entry.saved_items) break;
      place = std::max(place, segment.begin());
    }
    slowest = std::min(slowest.value_or(place), place);
  }
  return slowest;
}

void CursorSet::expire_removed() {
  const Position oldest = catalog_.oldest();
  const ItemTotals items = catalog_.oldest_items();
  for (const Entry& entry : entries_) {
    entry.cursor->expire_before(oldest, items[index_of(entry.cursor->signal())]);
  }
}

}  // namespace gateway::storage
