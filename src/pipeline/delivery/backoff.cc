#include "pipeline/delivery/backoff.h"

#include <algorithm>

namespace gateway::pipeline::delivery {

Backoff::Backoff(const BackoffSettings& settings) noexcept : settings_(settings) {
  settings_.initial_interval = std::max(settings_.initial_interval, kBackoffIntervalMin);
  settings_.max_interval = std::max(settings_.max_interval, settings_.initial_interval);
  settings_.multiplier = std::max(settings_.multiplier, 1.0);
  settings_.randomization_factor = std::clamp(settings_.randomization_factor, 0.0, 1.0);
  base_ = settings_.initial_interval;
}

Duration Backoff::next(std::optional<Duration> asked, Jitter& jitter) noexcept {
  ++failure_count_;
  const Duration jittered =
      std::max(jitter.spread(base_, settings_.randomization_factor), kBackoffIntervalMin);
  // In floating point, and compared there: a large multiplier must not overflow the count.
  const double grown = static_cast<double>(base_.count()) * settings_.multiplier;
  base_ = grown >= static_cast<double>(settings_.max_interval.count())
              ? settings_.max_interval
              : Duration(static_cast<Duration::rep>(grown));
  return std::max(jittered, std::min(asked.value_or(Duration::zero()), kBackoffAskedMax));
}

void Backoff::reset() noexcept {
  base_ = settings_.initial_interval;
  failure_count_ = 0;
}

}  // namespace gateway::pipeline::delivery
