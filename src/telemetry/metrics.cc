#include "telemetry/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>

#include "base/assert.h"
#include "telemetry/json_text.h"

namespace gateway::telemetry {
namespace {

constexpr std::array<double, 17> kLatencyBounds = {50e-6,  100e-6, 250e-6, 500e-6, 1e-3,   2.5e-3,
                                                   5e-3,   10e-3,  25e-3,  50e-3,  100e-3, 250e-3,
                                                   500e-3, 1.0,    2.5,    5.0,    10.0};

[[nodiscard]] bool is_name(std::string_view name, bool colon_allowed) noexcept {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c == ':' && colon_allowed);
  });
}

// Help text: backslash and newline escaped; label values: the quote too.
void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && in_quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void append_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  append_json_number(out, value);
}

// Name and value, ordered by name: what tells one series of a family from another.
using OwnedLabels = std::vector<std::pair<std::string, std::string>>;

void append_labels(std::string& out, const OwnedLabels& labels, std::string_view le = {}) {
  if (labels.empty() && le.empty()) return;
  out += '{';
  bool first = true;
  for (const auto& [name, value] : labels) {
    if (!first) out += ',';
    first = false;
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  if (!le.empty()) {
    if (!first) out += ',';
    out += "le=\"";
    out += le;
    out += '"';
  }
  out += '}';
}

void append_histogram(std::string& out, std::string_view name, const OwnedLabels& labels,
                      const Histogram& histogram) {
  const std::span<const double> bounds = histogram.upper_bounds();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    cumulative += histogram.bucket(i);
    std::string le;
    append_value(le, i < bounds.size() ? bounds[i] : HUGE_VAL);
    out.append(name).append("_bucket");
    append_labels(out, labels, le);
    out += ' ';
    append_json_number(out, cumulative);
    out += '\n';
  }
  out.append(name).append("_sum");
  append_labels(out, labels);
  out += ' ';
  append_value(out, histogram.sum());
  out += '\n';
  out.append(name).append("_count");
  append_labels(out, labels);
  out += ' ';
  append_json_number(out, cumulative);
  out += '\n';
}

}  // namespace

constinit const std::span<const double> kLatencyBoundsSeconds{kLatencyBounds};

Histogram::Histogram(std::span<const double> upper_bounds)
    : upper_bounds_(upper_bounds.begin(), upper_bounds.end()),
      buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(upper_bounds.size() + 1)) {
  GATEWAY_ASSERT(std::adjacent_find(upper_bounds_.begin(), upper_bounds_.end(),
                                    std::greater_equal<>()) == upper_bounds_.end());
}

void Histogram::observe(double value) noexcept {
  const auto at = std::lower_bound(upper_bounds_.begin(), upper_bounds_.end(), value);
  buckets_[static_cast<std::size_t>(at - upper_bounds_.begin())].fetch_add(
      1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::bucket(std::size_t index) const noexcept {
  return buckets_[index].load(std::memory_order_relaxed);
}

double Histogram::sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

namespace {

enum class Type : std::uint8_t { counter, gauge, histogram };

[[nodiscard]] std::string_view type_text(Type type) noexcept {
  constexpr std::array<std::string_view, 3> kTexts = {"counter", "gauge", "histogram"};
  return kTexts[static_cast<std::size_t>(type)];
}

// One of these; a callback may stand beside a value and then covers it.
struct Series {
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::map<std::uint64_t, std::function<double()>> callbacks;  // by id; the newest speaks
};

struct Family {
  Type type = Type::counter;
  std::string help;
  std::vector<std::string> label_names;  // as first registered, for people
  std::map<OwnedLabels, Series> series;
};

}  // namespace

struct Registry::Impl {
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
  struct CallbackPlace {
    std::string family;
    OwnedLabels labels;
  };
  std::map<std::uint64_t, CallbackPlace> callbacks;
  std::uint64_t next_callback_id = 1;

  Family& family(Type type, std::string_view name, std::string_view help, Labels labels) {
    GATEWAY_ASSERT(is_name(name, true));
    GATEWAY_ASSERT((type == Type::counter) == name.ends_with("_total"));
    const auto [at, is_new] = families.try_emplace(std::string(name));
    Family& found = at->second;
    if (is_new) {
      found.type = type;
      found.help = help;
      for (const auto& [label, value] : labels) {
        GATEWAY_ASSERT(is_name(label, false) && !label.starts_with("__") && label != "le");
        found.label_names.emplace_back(label);
      }
      return found;
    }
    // One name, one type, one set of label names.
    GATEWAY_ASSERT(found.type == type);
    GATEWAY_ASSERT(found.label_names.size() == labels.size());
    for (const auto& [label, value] : labels) {
      GATEWAY_ASSERT(std::find(found.label_names.begin(), found.label_names.end(), label) !=
                     found.label_names.end());
    }
    return found;
  }

  // The key of the series; once the family is full, one that all further values share.
  static OwnedLabels key_of(const Family& family, Labels labels) {
    OwnedLabels key;
    key.reserve(labels.size());
    for (const auto& [name, value] : labels) {
      append_utf8(key.emplace_back(std::string(name), std::string()).second, value);
    }
    std::sort(key.begin(), key.end());
    if (family.series.size() < kSeriesPerFamilyMax || family.series.contains(key)) return key;
    for (auto& label : key) label.second = kOverflowLabelValue;
    return key;
  }
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(impl_->mutex);
  Family& family = impl_->family(Type::counter, name, help, labels);
  Series& series = family.series[Impl::key_of(family, labels)];
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(impl_->mutex);
  Family& family = impl_->family(Type::gauge, name, help, labels);
  Series& series = family.series[Impl::key_of(family, labels)];
  if (!series.gauge) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& Registry::histogram(std::string_view name, std::string_view help,
                               std::span<const double> upper_bounds, Labels labels) {
  const std::lock_guard lock(impl_->mutex);
  Family& family = impl_->family(Type::histogram, name, help, labels);
  Series& series = family.series[Impl::key_of(family, labels)];
  if (!series.histogram) series.histogram = std::make_unique<Histogram>(upper_bounds);
  return *series.histogram;
}

Registry::CallbackHandle Registry::callback(CallbackType type, std::string_view name,
                                            std::string_view help, Labels labels,
                                            std::function<double()> value) {
  const std::lock_guard lock(impl_->mutex);
  Family& family = impl_->family(type == CallbackType::counter ? Type::counter : Type::gauge, name,
                                 help, labels);
  OwnedLabels key = Impl::key_of(family, labels);
  const std::uint64_t id = impl_->next_callback_id++;
  family.series[key].callbacks.emplace(id, std::move(value));
  impl_->callbacks.emplace(id, Impl::CallbackPlace{std::string(name), std::move(key)});
  return {this, id};
}

Registry::CallbackHandle::~CallbackHandle() {
  if (registry_ == nullptr) return;
  Impl& impl = *registry_->impl_;
  const std::lock_guard lock(impl.mutex);
  const auto place = impl.callbacks.find(id_);
  GATEWAY_ASSERT(place != impl.callbacks.end());
  Family& family = impl.families.find(place->second.family)->second;
  const auto series = family.series.find(place->second.labels);
  series->second.callbacks.erase(id_);
  const bool is_left_empty =
      series->second.callbacks.empty() && !series->second.counter && !series->second.gauge;
  if (is_left_empty) family.series.erase(series);
  impl.callbacks.erase(place);
}

std::string Registry::render() const {
  std::string out;
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [name, family] : impl_->families) {
    if (family.series.empty()) continue;
    out.append("# HELP ").append(name).append(" ");
    append_escaped(out, family.help, false);
    out.append("\n# TYPE ").append(name).append(" ").append(type_text(family.type)).append("\n");
    for (const auto& [labels, series] : family.series) {
      if (series.histogram) {
        append_histogram(out, name, labels, *series.histogram);
        continue;
      }
      out += name;
      append_labels(out, labels);
      out += ' ';
      if (!series.callbacks.empty()) {
        append_value(out, series.callbacks.rbegin()->second());
      } else if (series.counter) {
        append_json_number(out, series.counter->value());
      } else {
        append_value(out, series.gauge->value());
      }
      out += '\n';
    }
  }
  return out;
}

std::vector<Registry::Sample> Registry::samples() const {
  std::vector<Sample> samples;
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [name, family] : impl_->families) {
    for (const auto& [labels, series] : family.series) {
      Sample sample{.name = name, .help = family.help, .type = type_text(family.type)};
      sample.labels = labels;
      sample.histogram = series.histogram.get();
      if (!series.callbacks.empty()) {
        sample.value = series.callbacks.rbegin()->second();
      } else if (series.counter) {
        sample.value = static_cast<double>(series.counter->value());
      } else if (series.gauge) {
        sample.value = series.gauge->value();
      }
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

std::vector<Registry::FamilyInfo> Registry::families() const {
  std::vector<FamilyInfo> infos;
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [name, family] : impl_->families) {
    infos.push_back({name, std::string(type_text(family.type)), family.help, family.label_names});
  }
  return infos;
}

}  // namespace gateway::telemetry
