#include "storage/tail_cache.h"

#include <algorithm>
#include <utility>

namespace gateway::storage {
namespace {

// A reader takes at most this much in one go, for it holds the lock meanwhile.
constexpr std::size_t kEntriesPerReadMax = 256;
constexpr std::size_t kRecordsPerReadMax = 64;

}  // namespace

TailCache::Follower::Follower(TailCache& cache) : cache_(cache) {
  const std::lock_guard lock(cache_.mutex_);
  cache_.followers_.push_back(this);
}

TailCache::Follower::~Follower() {
  const std::lock_guard lock(cache_.mutex_);
  std::erase(cache_.followers_, this);
}

void TailCache::Follower::set_awaited(bool awaited) noexcept {
  const std::chrono::nanoseconds until =
      awaited ? cache_.clock_.monotonic() + kAwaitedTimeMax : std::chrono::nanoseconds(0);
  awaited_until_.store(until.count(), std::memory_order_relaxed);
}

void TailCache::add(Position from, std::vector<Entry>&& entries) {
  std::vector<Entry> evicted;  // freed outside the lock
  const std::lock_guard lock(mutex_);
  if (entries_.empty() && covered_from_ == Position{}) covered_from_ = from;
  std::size_t size = size_bytes_.load(std::memory_order_relaxed);
  for (Entry& entry : entries) {
    size += entry.charge_bytes;
    covered_to_ = entry.record.next;
    entries_.push_back(std::move(entry));
  }
  while (size > size_bytes_max_ && !entries_.empty()) {
    size -= entries_.front().charge_bytes;
    covered_from_ = entries_.front().record.next;
    evicted.push_back(std::move(entries_.front()));
    entries_.pop_front();
  }
  size_bytes_.store(size, std::memory_order_relaxed);
}

void TailCache::restart_at(Position position) {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  covered_from_ = covered_to_ = position;
  size_bytes_.store(0, std::memory_order_relaxed);
}

Position TailCache::covered_from() const {
  const std::lock_guard lock(mutex_);
  return covered_from_;
}

TailCache::Found TailCache::read(Position from, Position head, std::uint32_t signals,
                                 Follower& follower, std::deque<Record>& out) {
  const std::lock_guard lock(mutex_);
  follower.read_to_ = from;
  if (writer_waits_) read_on_.notify_one();
  if (from < covered_from_) return {};
  auto at = std::lower_bound(
      entries_.begin(), entries_.end(), from,
      [](const Entry& entry, Position wanted) { return entry.record.position < wanted; });
  Found found{true, head};
  std::size_t taken = 0;
  std::size_t charge = 0;
  for (std::size_t seen = 0; at != entries_.end() && at->record.position < head; ++at, ++seen) {
    if (seen == kEntriesPerReadMax || taken == kRecordsPerReadMax ||
        charge >= kReadChargeBytesMax) {
      found.scanned_to = at->record.position;
      break;
    }
    if (at->probe || (signals >> index_of(at->record.info.signal) & 1U) == 0) continue;
    out.push_back(at->record);
    ++taken;
    charge += at->charge_bytes;
  }
  follower.read_to_ = found.scanned_to;
  return found;
}

// One that is far behind is not: to bring it back, the senders would be held up for long.
bool TailCache::is_waited_for(const Follower& follower) const noexcept {
  const std::chrono::nanoseconds until(follower.awaited_until_.load(std::memory_order_relaxed));
  if (clock_.monotonic() >= until) return false;
  const Position from = follower.read_to_;
  if (from >= covered_to_) return false;
  const std::uint64_t unread = (covered_to_.segment - from.segment) * segment_size_bytes_ +
                               covered_to_.offset_bytes - from.offset_bytes;
  return unread > size_bytes_max_ / kUnreadShare && unread <= kFollowedSizesMax * size_bytes_max_;
}

bool TailCache::wait_for_followers(std::chrono::nanoseconds time_max) {
  std::unique_lock lock(mutex_);
  const auto none_is = [this] {
    return std::none_of(followers_.begin(), followers_.end(),
                        [this](const Follower* follower) { return is_waited_for(*follower); });
  };
  if (none_is()) return false;
  writer_waits_ = true;
  read_on_.wait_for(lock, time_max, none_is);
  writer_waits_ = false;
  return true;
}

}  // namespace gateway::storage
