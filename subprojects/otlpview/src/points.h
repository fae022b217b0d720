// What the check remembers of one data point while it walks it, and the verdict at its end.
//
// Repeated numbers arrive packed, unpacked or mixed, and a point's sub-messages may come twice: all
// is therefore added up as it comes, in constant memory.
//
// Errors:  none; the verdict is a RejectReason.
// Threads: values.
// Source:  conformance lines M-01 to M-09.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "otlpview/check.h"
#include "schema.h"

namespace otlpview::internal {

// A sum that remembers an overflow.
struct CheckedSum {
  std::uint64_t value = 0;
  bool overflow = false;

  void add(std::uint64_t more) noexcept { overflow |= __builtin_add_overflow(value, more, &value); }
};

// One side of an exponential histogram. Only filled buckets count for the range.
struct BucketsState {
  std::uint64_t size = 0;
  std::uint64_t first_filled = 0;
  std::uint64_t last_filled = 0;
  bool any_filled = false;
  std::int32_t offset = 0;
  CheckedSum sum;

  void add(std::uint64_t count) noexcept {
    if (count != 0) {
      if (!any_filled) first_filled = size;
      any_filled = true;
      last_filled = size;
      sum.add(count);
    }
    ++size;
  }

  // Bucket i holds (2^(i * 2^-scale), 2^((i+1) * 2^-scale)]. In range: some double lies in it.
  [[nodiscard]] bool in_range(std::int32_t scale) const noexcept {
    if (!any_filled) return true;
    const auto exponent = [&](double index) {
      return std::ldexp(index, scale == std::numeric_limits<std::int32_t>::min()
                                   ? std::numeric_limits<std::int32_t>::max()
                                   : -scale);
    };
    const double first = static_cast<double>(offset) + static_cast<double>(first_filled);
    const double last = static_cast<double>(offset) + static_cast<double>(last_filled);
    return exponent(last) < 1024.0 && exponent(first + 1) >= -1074.0;
  }
};

struct PointState {
  bool has_value = false;
  std::uint64_t time_unix_nano = 0;
  std::uint32_t flags = 0;
  std::uint64_t count = 0;
  // histogram
  std::uint64_t bucket_count_size = 0;
  CheckedSum bucket_sum;
  std::uint64_t bounds_size = 0;
  double last_bound = 0;
  bool bounds_increase = true;
  // exponential histogram
  std::int32_t scale = 0;
  std::uint64_t zero_count = 0;
  BucketsState positive;
  BucketsState negative;
  // summary
  double last_quantile = -1;
  double quantile = 0;
  bool quantiles_in_order = true;

  static constexpr std::uint32_t kNoRecordedValue = 1;

  void add_bucket(std::uint64_t bucket) noexcept {
    bucket_sum.add(bucket);
    ++bucket_count_size;
  }
  void add_bound(double bound) noexcept {
    if (std::isnan(bound) || (bounds_size != 0 && !(bound > last_bound))) bounds_increase = false;
    last_bound = bound;
    ++bounds_size;
  }
  void end_quantile() noexcept {
    if (!(quantile >= 0 && quantile <= 1 && quantile > last_quantile)) quantiles_in_order = false;
    last_quantile = quantile;
  }

  [[nodiscard]] RejectReason verdict(Kind kind) const noexcept {
    if (time_unix_nano == 0) return RejectReason::no_time;
    if ((flags & kNoRecordedValue) != 0) return RejectReason::none;
    switch (kind) {
      case Kind::number_point:
        return has_value ? RejectReason::none : RejectReason::no_value;
      case Kind::histogram_point:
        if (bucket_count_size == 0 && bounds_size == 0) return RejectReason::none;
        if (bucket_count_size != bounds_size + 1) return RejectReason::bucket_mismatch;
        if (!bounds_increase) return RejectReason::bounds_not_increasing;
        return bucket_sum.overflow || bucket_sum.value != count ? RejectReason::count_mismatch
                                                                : RejectReason::none;
      case Kind::exponential_point: {
        CheckedSum sum = positive.sum;
        sum.overflow |= negative.sum.overflow;
        sum.add(negative.sum.value);
        sum.add(zero_count);
        if (sum.overflow || sum.value != count) return RejectReason::count_mismatch;
        return positive.in_range(scale) && negative.in_range(scale)
                   ? RejectReason::none
                   : RejectReason::bucket_out_of_range;
      }
      case Kind::summary_point:
        return quantiles_in_order ? RejectReason::none : RejectReason::quantiles_out_of_order;
      default:
        return RejectReason::none;
    }
  }
};

}  // namespace otlpview::internal
