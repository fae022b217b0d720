// Own spans on their way out: a sampled few of the requests that receivers answer, kept in a fixed
// block until they are sent. Without a ratio nothing is sampled, and asking costs a comparison.
//
// Units:   nanoseconds of the steady clock.
// Errors:  none; a span for which there is no room is counted.
// Threads: any. Only a sampled request takes the lock.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/signal.h"

namespace gateway::telemetry {

inline constexpr std::size_t kSpansMax = 2048;
// A request that has this header carries own telemetry of a gateway: no span is made of it.
inline constexpr std::string_view kOwnTelemetryHeader = "x-otlp-service-own-telemetry";

struct RequestSpan {
  std::array<std::byte, 16> trace_id{};  // zeroes: a trace of its own
  std::array<std::byte, 8> parent_span_id{};
  std::chrono::steady_clock::time_point began{}, ended{};
  Signal signal = Signal::traces;
  bool grpc = false;
  bool failed = false;
  std::string_view status;  // as otlp_requests_total names it: a constant
  std::uint64_t item_count = 0;
  std::uint64_t size_bytes = 0;
};

class SpanBuffer {
 public:
  // `ratio` of the requests, 0 to 1, spread evenly.
  explicit SpanBuffer(double ratio);

  [[nodiscard]] bool sample() noexcept {
    if (threshold_ == 0) return false;
    // Multiples of the golden ratio, modulo one, are as evenly spread as can be.
    constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
    return kGolden * count_.fetch_add(1, std::memory_order_relaxed) < threshold_;
  }
  void add(const RequestSpan& span) noexcept;

  // Moves what is there to the end of `out`.
  void take(std::vector<RequestSpan>& out);
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  const std::uint64_t threshold_;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;
  std::vector<RequestSpan> spans_;  // never grows beyond what it was made with
};

// The ids of a W3C traceparent header into `span`; leaves it where the header is none.
void read_traceparent(std::string_view header, RequestSpan& span) noexcept;

}  // namespace gateway::telemetry
