// How many retries a destination may be sent beside its first attempts, so that a recovery is no
// storm: a bucket of tokens, filled by successes and a little by time. A retry takes one token.
//
// Units:   tokens are retries.
// Errors:  none; without a token the caller waits for wait_for_token().
// Threads: one holder.
#pragma once

#include <algorithm>

#include "pipeline/delivery/instant.h"

namespace gateway::pipeline::delivery {

struct RetryBudgetSettings {
  double tokens_max = 10;
  double tokens_per_success = 0.2;  // at most one retry for five successes, in the long run
  double tokens_per_second = 2;     // so that a destination that only fails is still asked
};

class RetryBudget {
 public:
  RetryBudget(const RetryBudgetSettings& settings, Instant now) noexcept
      : settings_(settings), tokens_(settings.tokens_max), filled_at_(now) {}

  void on_success() noexcept {
    tokens_ = std::min(settings_.tokens_max, tokens_ + settings_.tokens_per_success);
  }

  [[nodiscard]] bool try_take(Instant now) noexcept {
    fill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

  // How long until time alone has filled in a token.
  [[nodiscard]] Duration wait_for_token(Instant now) noexcept {
    fill(now);
    if (tokens_ >= 1) return Duration::zero();
    const double seconds = (1 - tokens_) / settings_.tokens_per_second;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)) +
           std::chrono::milliseconds(1);
  }

 private:
  void fill(Instant now) noexcept {
    if (now <= filled_at_) return;
    const double seconds = std::chrono::duration<double>(now - filled_at_).count();
    tokens_ = std::min(settings_.tokens_max, tokens_ + seconds * settings_.tokens_per_second);
    filled_at_ = now;
  }

  RetryBudgetSettings settings_;
  double tokens_;
  Instant filled_at_;
};

}  // namespace gateway::pipeline::delivery
