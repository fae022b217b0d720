#include "app/own_requests.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#include "io/random.h"
#include "otlpview/wire.h"

namespace gateway::app {
namespace {

using otlpview::append_fixed64_field;
using otlpview::append_len_field;
using otlpview::append_varint_field;
using Bytes = std::vector<std::byte>;

// Field numbers of OTLP; those of the envelopes are the same for both signals.
constexpr std::uint32_t kRequestResources = 1;
constexpr std::uint32_t kResource = 1, kScopes = 2;
constexpr std::uint32_t kScope = 1, kItems = 2;
constexpr std::uint32_t kCumulative = 2;

// Writes the sub-message `number`, whose fields `fill` appends.
template <typename Fill>
void message(std::uint32_t number, Bytes& out, const Fill& fill) {
  const std::size_t begin = out.size();
  fill();
  otlpview::wrap_len_field(number, begin, out);
}

void real_field(std::uint32_t number, double value, Bytes& out) {
  append_fixed64_field(number, std::bit_cast<std::uint64_t>(value), out);
}

void attribute(std::uint32_t number, std::string_view key, std::string_view text, Bytes& out) {
  message(number, out, [&] {
    append_len_field(1, key, out);
    message(2, out, [&] { append_len_field(1, text, out); });
  });
}

void attribute(std::uint32_t number, std::string_view key, std::uint64_t value, Bytes& out) {
  message(number, out, [&] {
    append_len_field(1, key, out);
    message(2, out, [&] { append_varint_field(3, value, out); });
  });
}

template <typename Items>
void envelope(const OwnResource& resource, Bytes& out, const Items& items) {
  message(kRequestResources, out, [&] {
    message(kResource, out, [&] {
      for (const auto& [key, value] : resource.attributes) attribute(1, key, value, out);
    });
    message(kScopes, out, [&] {
      message(kScope, out, [&] {
        append_len_field(1, std::string_view("otlp-service"), out);
        append_len_field(2, std::string_view(resource.version), out);
      });
      items();
    });
  });
}

std::string_view unit_of(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  if (name.ends_with("_seconds")) return "s";
  if (name.ends_with("_bytes")) return "By";
  return "1";
}

struct Times {
  std::uint64_t start_unix_nano = 0;
  std::uint64_t now_unix_nano = 0;
};

void number_point(const telemetry::Registry::Sample& sample, const Times& times, Bytes& out) {
  message(1, out, [&] {
    if (sample.type != "gauge") append_fixed64_field(2, times.start_unix_nano, out);
    append_fixed64_field(3, times.now_unix_nano, out);
    real_field(4, sample.value, out);
    for (const auto& [key, value] : sample.labels) attribute(7, key, value, out);
  });
}

void histogram_point(const telemetry::Registry::Sample& sample, const Times& times, Bytes& out) {
  const telemetry::Histogram& histogram = *sample.histogram;
  const std::span<const double> bounds = histogram.upper_bounds();
  std::vector<std::uint64_t> buckets;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    buckets.push_back(histogram.bucket(i));
    count += buckets.back();
  }
  message(1, out, [&] {
    append_fixed64_field(2, times.start_unix_nano, out);
    append_fixed64_field(3, times.now_unix_nano, out);
    append_fixed64_field(4, count, out);
    real_field(5, histogram.sum(), out);
    append_len_field(6, std::as_bytes(std::span<const std::uint64_t>(buckets)), out);
    append_len_field(7, std::as_bytes(bounds), out);
    for (const auto& [key, value] : sample.labels) attribute(9, key, value, out);
  });
}

// One metric: the samples of one family.
void metric(std::span<const telemetry::Registry::Sample> family, const Times& times, Bytes& out) {
  const telemetry::Registry::Sample& first = family.front();
  message(kItems, out, [&] {
    append_len_field(1, first.name, out);
    append_len_field(2, first.help, out);
    append_len_field(3, unit_of(first.name), out);
    if (first.type == "histogram") {
      message(9, out, [&] {
        for (const auto& sample : family) histogram_point(sample, times, out);
        append_varint_field(2, kCumulative, out);
      });
    } else if (first.type == "counter") {
      message(7, out, [&] {
        for (const auto& sample : family) number_point(sample, times, out);
        append_varint_field(2, kCumulative, out);
        append_varint_field(3, 1, out);  // monotonic
      });
    } else {
      message(5, out, [&] {
        for (const auto& sample : family) number_point(sample, times, out);
      });
    }
  });
}

void random_id(io::Random& random, std::span<std::byte> id) {
  for (std::size_t i = 0; i < id.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t word = random.next() | 1U;  // never all zeroes
    std::copy_n(std::as_bytes(std::span(&word, 1)).begin(), sizeof word,
                id.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::uint64_t unix_nano(std::chrono::steady_clock::time_point at, std::int64_t to_unix_nano) {
  const auto steady = std::chrono::nanoseconds(at.time_since_epoch()).count();
  return static_cast<std::uint64_t>(steady + to_unix_nano);
}

void span_of(const telemetry::RequestSpan& request, std::int64_t to_unix_nano, io::Random& random,
             Bytes& out) {
  constexpr std::uint64_t kKindServer = 2, kStatusError = 2;
  std::array<std::byte, 16> trace_id = request.trace_id;
  std::array<std::byte, 8> span_id{};
  const bool has_parent = trace_id != std::array<std::byte, 16>{};
  if (!has_parent) random_id(random, trace_id);
  random_id(random, span_id);
  message(kItems, out, [&] {
    append_len_field(1, std::span<const std::byte>(trace_id), out);
    append_len_field(2, std::span<const std::byte>(span_id), out);
    if (has_parent) append_len_field(4, std::span<const std::byte>(request.parent_span_id), out);
    append_len_field(5, "receive " + std::string(name_of(request.signal)), out);
    append_varint_field(6, kKindServer, out);
    append_fixed64_field(7, unix_nano(request.began, to_unix_nano), out);
    append_fixed64_field(8, unix_nano(request.ended, to_unix_nano), out);
    attribute(9, "signal", name_of(request.signal), out);
    attribute(9, "transport", std::string_view(request.grpc ? "grpc" : "http"), out);
    attribute(9, "status", request.status, out);
    attribute(9, "items", request.item_count, out);
    attribute(9, "size_bytes", request.size_bytes, out);
    if (request.failed) {
      message(15, out, [&] {
        append_len_field(2, request.status, out);
        append_varint_field(3, kStatusError, out);
      });
    }
  });
}

}  // namespace

std::size_t append_own_metrics(const telemetry::Registry& registry, const OwnResource& resource,
                               std::uint64_t start_unix_nano, std::uint64_t now_unix_nano,
                               std::vector<std::byte>& out) {
  const std::vector<telemetry::Registry::Sample> samples = registry.samples();
  const Times times{start_unix_nano, now_unix_nano};
  envelope(resource, out, [&] {
    for (auto first = samples.begin(); first != samples.end();) {
      const auto last = std::find_if(
          first, samples.end(), [&](const auto& sample) { return sample.name != first->name; });
      metric({first, last}, times, out);
      first = last;
    }
  });
  return samples.size();
}

void append_own_spans(std::span<const telemetry::RequestSpan> spans, const OwnResource& resource,
                      std::int64_t to_unix_nano, io::Random& random, std::vector<std::byte>& out) {
  envelope(resource, out, [&] {
    for (const telemetry::RequestSpan& span : spans) span_of(span, to_unix_nano, random, out);
  });
}

}  // namespace gateway::app
