// A bound on bytes held in memory, shared by all threads; taken before a body is buffered.
//
//   ByteBudget : the bound, and how much of it is taken.
//   ByteLease  : bytes taken by one holder; given back when it goes.
//
// Units:   bytes.
// Errors:  a request over the budget is not granted: the caller refuses its sender with "later".
// Threads: ByteBudget from any thread (one relaxed atomic); a ByteLease belongs to one holder.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "base/assert.h"

namespace gateway {

class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit_bytes) noexcept : limit_bytes_(limit_bytes) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  [[nodiscard]] bool try_take(std::size_t bytes) noexcept {
    const std::size_t before = taken_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= limit_bytes_ && before + bytes >= bytes) return true;
    taken_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void give_back(std::size_t bytes) noexcept {
    const std::size_t before = taken_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    GATEWAY_ASSERT(before >= bytes);
  }
  [[nodiscard]] std::size_t taken_bytes() const noexcept {
    return taken_bytes_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t limit_bytes() const noexcept { return limit_bytes_; }

 private:
  std::atomic<std::size_t> taken_bytes_{0};
  const std::size_t limit_bytes_;
};

class ByteLease {
 public:
  ByteLease() noexcept = default;
  ByteLease(ByteLease&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ByteLease& operator=(ByteLease&& other) noexcept {
    if (this != &other) {
      release();
      budget_ = std::exchange(other.budget_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  ~ByteLease() { release(); }

  // Takes `bytes` more from `budget`; false, and nothing taken, when it is used up. A lease takes
  // from one budget only.
  [[nodiscard]] bool try_grow(ByteBudget& budget, std::size_t bytes) noexcept {
    GATEWAY_ASSERT(budget_ == nullptr || budget_ == &budget);
    if (!budget.try_take(bytes)) return false;
    budget_ = &budget;
    bytes_ += bytes;
    return true;
  }
  void shrink_to(std::size_t bytes) noexcept {
    GATEWAY_ASSERT(bytes <= bytes_);
    if (budget_ != nullptr) budget_->give_back(bytes_ - bytes);
    bytes_ = bytes;
  }
  void release() noexcept {
    if (budget_ != nullptr) budget_->give_back(bytes_);
    budget_ = nullptr;
    bytes_ = 0;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  ByteBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace gateway
