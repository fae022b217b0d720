#include "storage/catalog.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace gateway::storage {

Head Catalog::head() const {
  const std::lock_guard lock(mutex_);
  return head_;
}

Position Catalog::oldest() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? head_.position : segments_.front().begin();
}

ItemTotals Catalog::oldest_items() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? head_.items : segments_.front().header.items;
}

std::optional<Segment> Catalog::at_or_after(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  const auto at = std::lower_bound(segments_.begin(), segments_.end(), sequence,
                                   [](const Segment& segment, std::uint64_t wanted) {
                                     return segment.header.sequence < wanted;
                                   });
  if (at == segments_.end()) return std::nullopt;
  return *at;
}

std::optional<Segment> Catalog::newest() const {
  const std::lock_guard lock(mutex_);
  if (segments_.empty()) return std::nullopt;
  return segments_.back();
}

std::vector<Segment> Catalog::segments() const {
  const std::lock_guard lock(mutex_);
  return {segments_.begin(), segments_.end()};
}

std::uint64_t Catalog::size_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const Segment& segment : segments_) sum += segment.file_size_bytes;
  return sum;
}

std::size_t Catalog::segment_count() const {
  const std::lock_guard lock(mutex_);
  return segments_.size();
}

void Catalog::add(Segment segment) {
  const std::lock_guard lock(mutex_);
  GATEWAY_ASSERT(segments_.empty() || segments_.back().header.sequence < segment.header.sequence);
  segments_.push_back(std::move(segment));
}

void Catalog::set_head(const Head& head) {
  const std::lock_guard lock(mutex_);
  head_ = head;
}

void Catalog::commit(const Head& head) {
  const std::lock_guard lock(mutex_);
  GATEWAY_ASSERT(!segments_.empty() && segments_.back().header.sequence == head.position.segment);
  segments_.back().end_bytes = head.position.offset_bytes;
  head_ = head;
}

void Catalog::seal(std::uint64_t file_size_bytes) {
  const std::lock_guard lock(mutex_);
  segments_.back().file.reset();
  segments_.back().file_size_bytes = file_size_bytes;
}

Segment Catalog::remove_oldest() {
  const std::lock_guard lock(mutex_);
  GATEWAY_ASSERT(segments_.size() >= 2);
  Segment oldest = std::move(segments_.front());
  segments_.pop_front();
  return oldest;
}

}  // namespace gateway::storage
