// The gateway's own metrics: counters, gauges and histograms, written by any thread with one
// relaxed atomic each, rendered as Prometheus text on scrape. docs/metrics.md is the contract; a
// test compares.
//
//   Registry : families by name; a family has a type, a help text and series by label values.
//   A handle (Counter&, Gauge&, Histogram&) stays valid as long as its Registry; look it up once,
//   at construction, never on the request path.
//
// Units:   seconds and bytes, as Prometheus asks; counters end in `_total`.
// Errors:  two types or two sets of labels for one name, or a malformed name, are bugs and abort.
//          Series beyond kSeriesPerFamilyMax share one whose label values are kOverflowLabelValue.
// Threads: handles and render() from any thread; registration takes a lock, which render() holds
//          while it runs callbacks: a callback must not touch its registry, and a CallbackHandle
//          must not go while its owner holds a lock that the callback takes.
// Source:  Prometheus text exposition format 0.0.4.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::telemetry {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

inline constexpr std::size_t kSeriesPerFamilyMax = 2000;
inline constexpr std::string_view kOverflowLabelValue = "_overflow";
// What an HTTP answer with render() says of itself.
inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

class alignas(64) Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double n) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Fixed upper bounds, +Inf implied.
class Histogram {
 public:
  explicit Histogram(std::span<const double> upper_bounds);
  void observe(double value) noexcept;
  [[nodiscard]] std::span<const double> upper_bounds() const noexcept { return upper_bounds_; }
  [[nodiscard]] std::uint64_t bucket(std::size_t index) const noexcept;  // not cumulative
  [[nodiscard]] double sum() const noexcept;

 private:
  std::vector<double> upper_bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;  // upper_bounds_.size() + 1
  std::atomic<double> sum_{0};
};

// 50 us to 10 s: the range from a commit on a good disk to a request that times out.
extern const std::span<const double> kLatencyBoundsSeconds;

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help,
                       std::span<const double> upper_bounds, Labels labels = {});

  // A value computed at scrape time, on the scraping thread; removed when the returned handle goes.
  enum class CallbackType : std::uint8_t { counter, gauge };
  class [[nodiscard]] CallbackHandle {
   public:
    CallbackHandle() = default;
    CallbackHandle(Registry* registry, std::uint64_t id) : registry_(registry), id_(id) {}
    CallbackHandle(CallbackHandle&& o) noexcept
        : registry_(std::exchange(o.registry_, nullptr)), id_(o.id_) {}
    CallbackHandle& operator=(CallbackHandle&& o) noexcept {
      std::swap(registry_, o.registry_);
      std::swap(id_, o.id_);
      return *this;
    }
    ~CallbackHandle();

   private:
    Registry* registry_ = nullptr;
    std::uint64_t id_ = 0;
  };
  CallbackHandle callback(CallbackType type, std::string_view name, std::string_view help,
                          Labels labels, std::function<double()> value);

  // Prometheus text, families and series in a stable order.
  [[nodiscard]] std::string render() const;
  // The same as values, the samples of one family together. Names, helps and histograms live as
  // long as the registry.
  struct Sample {
    std::string_view name, help, type;  // counter, gauge, histogram
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;                      // counter, gauge
    const Histogram* histogram = nullptr;  // histogram
  };
  [[nodiscard]] std::vector<Sample> samples() const;
  // name, type, help of every family, for docs/metrics.md and its test.
  struct FamilyInfo {
    std::string name, type, help;
    std::vector<std::string> label_names;
  };
  [[nodiscard]] std::vector<FamilyInfo> families() const;

 private:
  friend class CallbackHandle;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::telemetry
