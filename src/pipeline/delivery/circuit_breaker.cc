#include "pipeline/delivery/circuit_breaker.h"

#include <algorithm>

namespace gateway::pipeline::delivery {

CircuitBreaker::CircuitBreaker(const CircuitBreakerSettings& settings) noexcept
    : settings_(settings) {
  settings_.failure_threshold = std::max(settings_.failure_threshold, 1U);
  settings_.open_interval =
      std::max<Duration>(settings_.open_interval, std::chrono::milliseconds(1));
  settings_.open_interval_max = std::max(settings_.open_interval_max, settings_.open_interval);
  interval_ = settings_.open_interval;
}

bool CircuitBreaker::try_pass(Instant now) noexcept {
  switch (state_) {
    case State::closed:
      return true;
    case State::open:
      if (now < probe_at_) return false;
      state_ = State::half_open;
      return true;
    case State::half_open:
      return false;
  }
  return false;
}

void CircuitBreaker::on_success() noexcept {
  // A late success of a request sent before it opened says that the destination is there.
  state_ = State::closed;
  failure_count_ = 0;
  interval_ = settings_.open_interval;
}

void CircuitBreaker::on_failure(Instant now, Jitter& jitter) noexcept {
  ++failure_count_;
  if (!settings_.enabled) return;
  switch (state_) {
    case State::closed:
      if (failure_count_ >= settings_.failure_threshold) {
        opened_at_ = now;
        open(now, jitter);
      }
      break;
    case State::half_open:
      interval_ = std::min(std::chrono::duration_cast<Duration>(interval_ * kBreakerGrowth),
                           settings_.open_interval_max);
      open(now, jitter);
      break;
    case State::open:
      break;  // a late answer: it was open already
  }
}

void CircuitBreaker::abandon_probe() noexcept {
  if (state_ == State::half_open) state_ = State::open;
}

void CircuitBreaker::open(Instant now, Jitter& jitter) noexcept {
  state_ = State::open;
  probe_at_ = now + jitter.spread(interval_, kBreakerRandomizationFactor);
}

}  // namespace gateway::pipeline::delivery
