#include "pipeline/delivery/window.h"

#include <algorithm>
#include <cmath>

namespace gateway::pipeline::delivery {

namespace {
constexpr double kHalve = 0.5;
constexpr double kGiveWay = 0.9;
constexpr double kMeanWeight = 0.1;           // of a new sample
constexpr double kDeviationsSlow = 4.0;       // beyond the mean: slower than usual
constexpr double kSlowMarginSeconds = 0.005;  // below this a difference is noise
constexpr std::uint32_t kSampleCountMin = 8;
}  // namespace

Window::Window(std::uint32_t limit_max) noexcept
    : limit_max_(static_cast<double>(std::max(limit_max, 1U))) {}

void Window::on_success(Instant now, Instant sent_at, std::uint32_t in_flight) noexcept {
  const double latency_s = std::max(0.0, std::chrono::duration<double>(now - sent_at).count());
  const bool slow =
      sample_count_ >= kSampleCountMin &&
      latency_s > latency_mean_s_ + kDeviationsSlow * latency_deviation_s_ + kSlowMarginSeconds;
  if (sample_count_ == 0) {
    latency_mean_s_ = latency_s;
    latency_deviation_s_ = latency_s / 2;
  } else {
    latency_deviation_s_ +=
        kMeanWeight * (std::abs(latency_s - latency_mean_s_) - latency_deviation_s_);
    latency_mean_s_ += kMeanWeight * (latency_s - latency_mean_s_);
  }
  ++sample_count_;

  if (slow) {
    if (sent_at >= decreased_at_) decrease(now, kGiveWay);
    return;
  }
  // A window that is not used up tells nothing about a larger one.
  if (in_flight < limit()) return;
  limit_ = std::min(limit_max_, limit_ + (doubling_ ? 1.0 : 1.0 / limit_));
}

void Window::on_congestion(Instant now, Instant sent_at) noexcept {
  if (sent_at < decreased_at_) return;
  decrease(now, kHalve);
}

void Window::reset() noexcept {
  limit_ = 1;
  doubling_ = true;
  sample_count_ = 0;
}

void Window::decrease(Instant now, double factor) noexcept {
  limit_ = std::max(1.0, limit_ * factor);
  doubling_ = false;
  decreased_at_ = now;
}

}  // namespace gateway::pipeline::delivery
