#include "telemetry/span_buffer.h"

#include <cmath>
#include <optional>
#include <span>

namespace gateway::telemetry {
namespace {

// 00-<32 hex digits>-<16 hex digits>-<2 hex digits>
constexpr std::size_t kTraceparentSizeBytes = 55;

std::uint64_t threshold_of(double ratio) {
  if (!(ratio > 0)) return 0;
  if (ratio >= 1) return UINT64_MAX;
  return static_cast<std::uint64_t>(std::ldexp(ratio, 64));
}

std::optional<unsigned> hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return std::nullopt;
}

// False also for zeroes, which are no id.
bool read_id(std::string_view hex, std::span<std::byte> id) noexcept {
  bool any = false;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const auto high = hex_value(hex[2 * i]);
    const auto low = hex_value(hex[2 * i + 1]);
    if (!high || !low) return false;
    id[i] = static_cast<std::byte>(*high << 4U | *low);
    any = any || id[i] != std::byte{0};
  }
  return any;
}

}  // namespace

SpanBuffer::SpanBuffer(double ratio) : threshold_(threshold_of(ratio)) {
  if (threshold_ != 0) spans_.reserve(kSpansMax);
}

void SpanBuffer::add(const RequestSpan& span) noexcept {
  const std::lock_guard lock(mutex_);
  if (spans_.size() == spans_.capacity()) {
    ++dropped_;
    return;
  }
  spans_.push_back(span);
}

void SpanBuffer::take(std::vector<RequestSpan>& out) {
  const std::lock_guard lock(mutex_);
  out.insert(out.end(), spans_.begin(), spans_.end());
  spans_.clear();
}

void read_traceparent(std::string_view header, RequestSpan& span) noexcept {
  if (header.size() != kTraceparentSizeBytes || !header.starts_with("00-")) return;
  RequestSpan read;
  if (header[35] != '-' || header[52] != '-' || !read_id(header.substr(3, 32), read.trace_id) ||
      !read_id(header.substr(36, 16), read.parent_span_id)) {
    return;
  }
  span.trace_id = read.trace_id;
  span.parent_span_id = read.parent_span_id;
}

}  // namespace gateway::telemetry
