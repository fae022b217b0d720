// A bound on bytes held in memory, shared by all threads; taken before a body is buffered.
//
//   ByteBudget : the bound, and how much of it is taken.
//   ByteLease  : bytes taken by one holder; given back when it goes.
//
// What is large and does not fit goes alone: one holder at a time may take bytes beyond the bound,
// if it takes kAloneSizeBytesMin in all. So a request larger than the whole budget is served, one
// after the other, and the bound is the limit and one such request.
//
// Units:   bytes.
// Errors:  a request over the budget is not granted: the caller refuses its sender with "later".
// Threads: ByteBudget from any thread (one relaxed atomic); a ByteLease belongs to one holder.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

#include "base/assert.h"

namespace gateway {

// Nothing smaller goes beyond the limit: for a crowd of small requests there is no exception.
inline constexpr std::size_t kAloneSizeBytesMin = 4 * 1024 * 1024;

class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit_bytes) noexcept : limit_bytes_(limit_bytes) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  [[nodiscard]] bool try_take(std::size_t bytes) noexcept {
    const std::size_t before = taken_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= limit_bytes() && before + bytes >= bytes) return true;
    taken_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void give_back(std::size_t bytes) noexcept {
    const std::size_t before = taken_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    GATEWAY_ASSERT(before >= bytes);
  }

  // Beyond the limit, for the one `holder` that goes alone: nobody does now, or it is the one.
  [[nodiscard]] bool try_take_alone(const void* holder, std::size_t bytes) noexcept {
    const void* alone = nullptr;
    if (!alone_.compare_exchange_strong(alone, holder, std::memory_order_acquire) &&
        alone != holder) {
      return false;
    }
    alone_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    return true;
  }
  // On the thread that took them.
  void give_back_alone(std::size_t bytes) noexcept {
    const std::size_t before = alone_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    GATEWAY_ASSERT(before >= bytes);
    if (before == bytes) alone_.store(nullptr, std::memory_order_release);
  }
  // Whether that many bytes may be granted, at some time, to one that has `held_bytes`.
  [[nodiscard]] bool could_take(std::size_t bytes, std::size_t held_bytes,
                                const void* holder) const noexcept {
    const std::size_t all = bytes + held_bytes;
    return all <= limit_bytes() || (holder != nullptr && all >= kAloneSizeBytesMin);
  }
  [[nodiscard]] std::size_t taken_bytes() const noexcept {
    return taken_bytes_.load(std::memory_order_relaxed) +
           alone_bytes_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t limit_bytes() const noexcept {
    return limit_bytes_.load(std::memory_order_relaxed);
  }
  // What is taken stays taken, though it be more than the new limit.
  void set_limit_bytes(std::size_t limit_bytes) noexcept {
    limit_bytes_.store(limit_bytes, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::size_t> taken_bytes_{0};
  std::atomic<const void*> alone_{nullptr};
  std::atomic<std::size_t> alone_bytes_{0};
  std::atomic<std::size_t> limit_bytes_;
};

class ByteLease {
 public:
  ByteLease() noexcept = default;
  ByteLease(ByteLease&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)),
        bytes_(std::exchange(other.bytes_, 0)),
        alone_bytes_(std::exchange(other.alone_bytes_, 0)) {}
  ByteLease& operator=(ByteLease&& other) noexcept {
    if (this != &other) {
      release();
      budget_ = std::exchange(other.budget_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
      alone_bytes_ = std::exchange(other.alone_bytes_, 0);
    }
    return *this;
  }
  ~ByteLease() { release(); }

  // Takes `bytes` more from `budget`; false, and nothing taken, when it is used up. A lease takes
  // from one budget only. A `holder`, the same for all leases of one request, may go alone;
  // `held_bytes` is what its other leases have.
  [[nodiscard]] bool try_grow(ByteBudget& budget, std::size_t bytes, const void* holder = nullptr,
                              std::size_t held_bytes = 0) noexcept {
    GATEWAY_ASSERT(budget_ == nullptr || budget_ == &budget);
    if (budget.try_take(bytes)) {
      bytes_ += bytes;
    } else if (holder != nullptr && held_bytes + this->bytes() + bytes >= kAloneSizeBytesMin &&
               budget.try_take_alone(holder, bytes)) {
      alone_bytes_ += bytes;
    } else {
      return false;
    }
    budget_ = &budget;
    return true;
  }
  // What all share is given back first.
  void shrink_to(std::size_t bytes) noexcept {
    GATEWAY_ASSERT(bytes <= this->bytes());
    std::size_t less = this->bytes() - bytes;
    const std::size_t shared = std::min(less, bytes_);
    if (budget_ != nullptr) budget_->give_back(shared);
    bytes_ -= shared;
    less -= shared;
    if (less != 0) budget_->give_back_alone(less);
    alone_bytes_ -= less;
  }
  void release() noexcept {
    if (budget_ != nullptr) {
      budget_->give_back(bytes_);
      if (alone_bytes_ != 0) budget_->give_back_alone(alone_bytes_);
    }
    budget_ = nullptr;
    bytes_ = alone_bytes_ = 0;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_ + alone_bytes_; }

 private:
  ByteBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t alone_bytes_ = 0;
};

}  // namespace gateway
