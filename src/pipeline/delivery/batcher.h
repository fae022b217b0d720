// When the records read so far make a batch: enough items, enough bytes, or old enough. It counts;
// the caller holds the records.
//
//   items_due : this many make it due at once        (send_batch_size)
//   items_max : never more than this, unless one record alone has them; 0: no limit
//   bytes_max : never more than this, unless one record alone has them
//   age_max   : due this long after its first record (timeout)
//
// Errors:  none.
// Threads: one holder.
#pragma once

#include <cstdint>
#include <optional>

#include "pipeline/delivery/instant.h"

namespace gateway::pipeline::delivery {

struct BatchLimits {
  std::uint64_t items_due = 8192;
  std::uint64_t items_max = 0;
  std::uint64_t bytes_max = 3'500'000;
  Duration age_max = std::chrono::milliseconds(200);
  bool single_record = false;  // profiles: bodies must not be concatenated (W-05)
};

class Batcher {
 public:
  explicit Batcher(const BatchLimits& limits) noexcept : limits_(limits) {}

  // Whether a record fits beside those counted; into an empty batch every record does.
  [[nodiscard]] bool fits(std::uint64_t items, std::uint64_t bytes) const noexcept {
    if (record_count_ == 0) return true;
    if (limits_.single_record) return false;
    if (limits_.items_max != 0 && items_ + items > limits_.items_max) return false;
    return bytes_ + bytes <= limits_.bytes_max;
  }
  void add(Instant now, std::uint64_t items, std::uint64_t bytes) noexcept {
    if (record_count_ == 0) first_at_ = now;
    ++record_count_;
    items_ += items;
    bytes_ += bytes;
  }
  void clear() noexcept { record_count_ = items_ = bytes_ = 0; }

  // Due now, whatever may come.
  [[nodiscard]] bool full() const noexcept {
    if (record_count_ == 0) return false;
    return limits_.single_record || items_ >= limits_.items_due ||
           (limits_.items_max != 0 && items_ >= limits_.items_max) || bytes_ >= limits_.bytes_max;
  }
  [[nodiscard]] bool due(Instant now) const noexcept {
    return full() || (record_count_ != 0 && now >= first_at_ + limits_.age_max);
  }
  // More than may be sent at once; then it is one record that is too large.
  [[nodiscard]] bool over_limit() const noexcept {
    return (limits_.items_max != 0 && items_ > limits_.items_max) || bytes_ > limits_.bytes_max;
  }
  // When age alone makes it due; nothing while it is empty.
  [[nodiscard]] std::optional<Instant> due_at() const noexcept {
    if (record_count_ == 0) return std::nullopt;
    return first_at_ + limits_.age_max;
  }
  // How many more items are likely to make it full, from the size of those it has: at least 1.
  [[nodiscard]] std::uint64_t items_missing() const noexcept {
    if (record_count_ == 0 || full()) return 1;
    std::uint64_t missing = limits_.items_due - items_;
    if (bytes_ != 0 && items_ != 0) {
      const auto by_bytes =
          static_cast<std::uint64_t>(static_cast<double>(limits_.bytes_max - bytes_) *
                                     static_cast<double>(items_) / static_cast<double>(bytes_));
      if (by_bytes < missing) missing = by_bytes;
    }
    return missing == 0 ? 1 : missing;
  }

  [[nodiscard]] bool empty() const noexcept { return record_count_ == 0; }
  [[nodiscard]] std::uint64_t items() const noexcept { return items_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  BatchLimits limits_;
  std::uint64_t record_count_ = 0;
  std::uint64_t items_ = 0;
  std::uint64_t bytes_ = 0;
  Instant first_at_{};
};

}  // namespace gateway::pipeline::delivery
