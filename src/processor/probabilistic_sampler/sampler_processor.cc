#include "processor/probabilistic_sampler/sampler_processor.h"

#include <cmath>
#include <optional>
#include <string>

#include "ottl/value.h"
#include "processor/probabilistic_sampler/threshold.h"
#include "processor/signals.h"

namespace gateway::processor {
namespace {

using otlpview::Bytes;
using otlpview::Draft;
using otlpview::Field;
using otlpview::Verdict;
using ottl::Value;

enum class Mode : std::uint8_t { hash_seed, proportional, equalizing, trace_id_ratio };

constexpr std::uint32_t kSpanTraceId = 1;
constexpr std::uint32_t kSpanTraceState = 3;
constexpr std::uint32_t kLogTraceId = 9;
constexpr std::string_view kSpanPriority = "sampling.priority";
constexpr std::string_view kLogRandomness = "sampling.randomness";
constexpr std::string_view kLogThreshold = "sampling.threshold";

[[nodiscard]] Mode mode_of(const config::ProbabilisticSampler& settings) noexcept {
  if (settings.mode == "proportional") return Mode::proportional;
  if (settings.mode == "equalizing") return Mode::equalizing;
  if (settings.mode == "trace_id_ratio") return Mode::trace_id_ratio;
  return Mode::hash_seed;  // as the Collector chooses
}

// The share of the hash's buckets that is kept: reckoned in single precision, as it always was.
[[nodiscard]] std::uint64_t hash_threshold(double percentage) noexcept {
  constexpr float kBucketsPerPercent = static_cast<float>(kHashBuckets) / 100.0F;
  const auto kept = static_cast<std::uint32_t>(static_cast<float>(percentage) * kBucketsPerPercent);
  return static_cast<std::uint64_t>(kHashBuckets - kept) << 42;
}

// A number, or, of a span, a text that is one.
[[nodiscard]] std::optional<double> number_in(const Draft& draft, std::string_view key,
                                              bool takes_text) {
  const Draft::Attribute* const attribute = draft.find(key);
  if (attribute == nullptr) return std::nullopt;
  const Value value = Value::of(attribute->value(), {});
  if (value.is_number()) return value.as_real();
  if (!value.is_text() || !takes_text) return std::nullopt;
  return ottl::parsed<double>(value.text);
}

class SamplerProcessor final : public pipeline::Processor, private otlpview::Visitor {
 public:
  SamplerProcessor(const config::Processor& settings, Signal signal)
      : id_(settings.id),
        settings_(settings.sampler),
        signal_(signal),
        mode_(mode_of(settings.sampler)),
        percentage_(std::fmin(settings.sampler.sampling_percentage, 100)),
        // In single precision, as the Collector reads it: the digits of a threshold show it.
        ratio_(std::fmax(static_cast<double>(static_cast<float>(percentage_)) / 100,
                         kProbabilityMin)) {
    if (percentage_ <= 0) {
      threshold_ = kThresholdMax;
    } else if (mode_ == Mode::hash_seed) {
      threshold_ = hash_threshold(percentage_);
    } else {
      threshold_ = threshold_of(ratio_, settings_.sampling_precision);
    }
    // The bound of the SDKs' TraceIdRatioBased over the last 64 bits of a trace id.
    trace_id_bound_ =
        percentage_ <= 0 ? 0 : std::roundl(static_cast<long double>(percentage_) / 100 * 0x1p64L);
  }

  [[nodiscard]] std::string_view id() const noexcept override { return id_; }
  [[nodiscard]] std::size_t pass_count() const noexcept override {
    return signal_ == Signal::traces || signal_ == Signal::logs ? 1 : 0;
  }
  void run(std::size_t, Bytes body, otlpview::Editor& editor) override {
    editor.visit(wire_signal(signal_), body, item_context(signal_), *this);
  }

 private:
  // What is known of one item before it is decided about.
  struct Item {
    std::uint64_t randomness = kThresholdMax - 1;  // where there is none, every share takes it
    bool is_failed = false;  // it cannot be decided about: `fail_closed` says what becomes of it
    bool is_hashed = false;  // so the randomness is written down beside the threshold
    bool may_be_written = true;  // what it carries can be read, and is of this mode
    TraceState state;
  };

  Verdict visit(otlpview::Place&, Draft& draft) override {
    draft.read();
    const bool is_span = signal_ == Signal::traces;
    if (mode_ == Mode::trace_id_ratio) return by_trace_id(draft, is_span);
    Item item = is_span ? span_item(draft) : log_item(draft);
    const std::uint64_t failed = settings_.fail_closed ? kThresholdMax : 0;
    const std::uint64_t threshold =
        with_priority(draft, is_span, item.is_failed ? failed : own_threshold(item));
    if (threshold >= kThresholdMax || item.randomness < threshold) return Verdict::drop;
    if (!item.may_be_written) return Verdict::keep;
    // A share may fall on its way, and never rise again.
    if (!item.state.threshold || *item.state.threshold < threshold) {
      item.state.threshold = threshold;
      if (item.is_hashed) item.state.randomness = item.randomness;
      write(item, draft, is_span);
    }
    return Verdict::keep;
  }

  [[nodiscard]] Verdict by_trace_id(const Draft& draft, bool is_span) const {
    const std::uint64_t threshold = with_priority(draft, is_span, threshold_);
    if (threshold >= kThresholdMax) return Verdict::drop;
    if (threshold == 0) return Verdict::keep;
    const Field* const field = draft.field(is_span ? kSpanTraceId : kLogTraceId);
    if (field == nullptr || !trace_id_randomness(field->payload)) {
      return settings_.fail_closed ? Verdict::drop : Verdict::keep;
    }
    std::uint64_t low = 0;
    for (const std::byte byte : field->payload.subspan(8)) {
      low = low << 8 | std::to_integer<std::uint64_t>(byte);
    }
    return static_cast<long double>(low) < trace_id_bound_ ? Verdict::keep : Verdict::drop;
  }

  [[nodiscard]] std::uint64_t own_threshold(const Item& item) const noexcept {
    if (mode_ != Mode::proportional || threshold_ >= kThresholdMax || !item.state.threshold) {
      return threshold_;
    }
    const double share = ratio_ * probability_of(*item.state.threshold);
    if (share < kProbabilityMin) return kThresholdMax;
    return threshold_of(share, settings_.sampling_precision);
  }

  // A span's sampling.priority is yes or no; a log record's is a share in the place of the other.
  [[nodiscard]] std::uint64_t with_priority(const Draft& draft, bool is_span,
                                            std::uint64_t threshold) const {
    if (is_span) {
      const auto priority = number_in(draft, kSpanPriority, true);
      if (!priority || std::isnan(*priority) || *priority < 0) return threshold;
      return *priority == 0 ? kThresholdMax : 0;
    }
    if (settings_.sampling_priority.empty()) return threshold;
    const auto priority = number_in(draft, settings_.sampling_priority, false);
    const double share = priority ? *priority / 100 : 0;
    if (!(share >= kProbabilityMin && share <= 1)) return threshold;
    return threshold_of(share, settings_.sampling_precision);
  }

  [[nodiscard]] Item span_item(const Draft& draft) const {
    Item item;
    if (const Field* const field = draft.field(kSpanTraceState)) {
      item.state = parse_trace_state(field->text());
    }
    const Field* const id = draft.field(kSpanTraceId);
    decide_randomness(id == nullptr ? Bytes{} : id->payload, nullptr, item);
    return item;
  }

  [[nodiscard]] Item log_item(const Draft& draft) const {
    Item item;
    const auto written = [&draft, &item](std::string_view key, auto parse,
                                         std::optional<std::uint64_t>& out) {
      const Draft::Attribute* const attribute = draft.find(key);
      if (attribute == nullptr || attribute->value().as_string().empty()) return;
      out = parse(attribute->value().as_string());
      item.state.is_valid = item.state.is_valid && out.has_value();
    };
    written(kLogRandomness, parse_randomness, item.state.randomness);
    written(kLogThreshold, parse_threshold, item.state.threshold);
    const Field* const id = draft.field(kLogTraceId);
    decide_randomness(id == nullptr ? Bytes{} : id->payload, &draft, item);
    return item;
  }

  // Randomness by the attribute of a log record that is named for it.
  [[nodiscard]] std::optional<std::uint64_t> by_attribute(const Draft& draft) const {
    if (settings_.from_attribute.empty()) return std::nullopt;
    Draft::Attribute const* const attribute = draft.find(settings_.from_attribute);
    if (attribute == nullptr) return std::nullopt;
    const Bytes encoded = attribute->encoded_value(draft.arena());
    const Value value = Value::of(attribute->value(), encoded);
    std::string text;
    if (value.kind != Value::Kind::bytes) ottl::append_plain(value, text);
    const Bytes bytes =
        value.kind == Value::Kind::bytes ? value.bytes : std::as_bytes(std::span(text));
    if (bytes.empty()) return std::nullopt;
    return hash_randomness(seeded_hash(bytes, settings_.hash_seed));
  }

  // `record` is a log record, nullptr for a span.
  void decide_randomness(Bytes trace_id, const Draft* record, Item& item) const {
    item.is_failed = !item.state.is_valid;
    if (threshold_ >= kThresholdMax) return;  // nothing is taken, but by its priority
    item.may_be_written = item.state.is_valid;
    auto randomness = trace_id_randomness(trace_id);
    if (mode_ == Mode::hash_seed) {
      const bool takes_id = record == nullptr || settings_.attribute_source == "traceID";
      if (randomness) randomness = hash_randomness(seeded_hash(trace_id, settings_.hash_seed));
      if (!takes_id) randomness.reset();
      if (!randomness && record != nullptr) randomness = by_attribute(*record);
      item.is_hashed = randomness || record == nullptr;
      // What a sampler of the other kinds has written is not this one's to change.
      if (item.state.randomness || item.state.threshold) {
        item.is_failed = true;
        item.may_be_written = false;
      }
    } else if (item.state.is_valid && item.state.randomness) {
      randomness = item.state.randomness;
    } else if (!item.state.is_valid) {
      randomness.reset();
    }
    if (!randomness) {
      item.is_failed = true;
      return;
    }
    item.randomness = *randomness;
    if (!item.is_failed && item.state.threshold && item.randomness < *item.state.threshold) {
      item.state.threshold.reset();  // it is not true
      item.is_failed = true;
    }
  }

  void write(const Item& item, Draft& draft, bool is_span) const {
    otlpview::Arena& arena = draft.arena();
    if (is_span) {
      const std::string text = item.state.text();
      draft.set_field(kSpanTraceState,
                      arena.len_field(kSpanTraceState, std::as_bytes(std::span(text))));
      return;
    }
    const auto set = [&](std::string_view key, const std::string& text) {
      draft.set(key, ottl::encode(Value::of(std::string_view(text)), arena));
    };
    if (item.is_hashed) set(kLogRandomness, text_of_randomness(item.randomness));
    set(kLogThreshold, text_of_threshold(*item.state.threshold));
  }

  std::string id_;
  config::ProbabilisticSampler settings_;
  Signal signal_;
  Mode mode_;
  double percentage_;
  double ratio_;
  std::uint64_t threshold_ = 0;
  long double trace_id_bound_ = 0;
};

}  // namespace

std::unique_ptr<pipeline::Processor> make_sampler(const config::Processor& settings,
                                                  Signal signal) {
  return std::make_unique<SamplerProcessor>(settings, signal);
}

}  // namespace gateway::processor
