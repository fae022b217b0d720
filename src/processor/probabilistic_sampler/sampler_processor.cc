#include "processor/probabilistic_sampler/sampler_processor.h"

#include <charconv>
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

[[nodiscard]] Mode mode_of(const config::ProbabilisticSampler& settings, Signal signal) noexcept {
  if (settings.mode == "hash_seed") return Mode::hash_seed;
  if (settings.mode == "proportional") return Mode::proportional;
  if (settings.mode == "equalizing") return Mode::equalizing;
  if (settings.mode == "trace_id_ratio") return Mode::trace_id_ratio;
  // As the Collector chooses.
  const bool is_by_attribute = signal == Signal::logs && settings.attribute_source != "traceID";
  return settings.hash_seed != 0 || is_by_attribute ? Mode::hash_seed : Mode::proportional;
}

// The share of the hash's buckets that is kept: reckoned in single precision, as it always was.
[[nodiscard]] std::uint64_t hash_threshold(double percentage) noexcept {
  constexpr float kBucketsPerPercent = static_cast<float>(kHashBuckets) / 100.0F;
  const auto kept = static_cast<std::uint32_t>(static_cast<float>(percentage) * kBucketsPerPercent);
  return static_cast<std::uint64_t>(kHashBuckets - kept) << 42;
}

// A number, or a text that is one.
[[nodiscard]] std::optional<double> number_in(const Draft& draft, std::string_view key) {
  const Draft::Attribute* const attribute = draft.find(key);
  if (attribute == nullptr) return std::nullopt;
  const Value value = Value::of(attribute->value(), {});
  if (value.is_number()) return value.as_real();
  if (!value.is_text()) return std::nullopt;
  double number = 0;
  const auto done =
      std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
  if (done.ec != std::errc() || done.ptr != value.text.data() + value.text.size()) {
    return std::nullopt;
  }
  return number;
}

class SamplerProcessor final : public pipeline::Processor, private otlpview::Visitor {
 public:
  SamplerProcessor(const config::Processor& settings, Signal signal)
      : id_(settings.id),
        settings_(settings.sampler),
        signal_(signal),
        mode_(mode_of(settings.sampler, signal)),
        percentage_(std::fmin(settings.sampler.sampling_percentage, 100)),
        ratio_(std::fmax(percentage_ / 100, kProbabilityMin)) {
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
    std::optional<std::uint64_t> randomness;  // none: it cannot be decided
    bool is_hashed = false;                   // so it is written down beside the threshold
    TraceState state;
    bool is_wrong = false;  // what is written in it is not true, or not of this mode
  };

  Verdict visit(otlpview::Place&, Draft& draft) override {
    draft.read();
    const bool is_span = signal_ == Signal::traces;
    if (mode_ == Mode::trace_id_ratio) return by_trace_id(draft, is_span);
    Item item = is_span ? span_item(draft) : log_item(draft);
    if (!item.randomness || item.is_wrong) {
      return settings_.fail_closed ? Verdict::drop : Verdict::keep;
    }
    const std::uint64_t threshold = with_priority(draft, is_span, own_threshold(item));
    if (threshold >= kThresholdMax || *item.randomness < threshold) return Verdict::drop;
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

  // A span's sampling.priority is yes or no; a log record's is a share, which only adds.
  [[nodiscard]] std::uint64_t with_priority(const Draft& draft, bool is_span,
                                            std::uint64_t threshold) const {
    if (is_span) {
      const auto priority = number_in(draft, kSpanPriority);
      if (!priority || *priority < 0) return threshold;
      return *priority == 0 ? kThresholdMax : 0;
    }
    if (settings_.sampling_priority.empty()) return threshold;
    const auto priority = number_in(draft, settings_.sampling_priority);
    if (!priority || std::isnan(*priority)) return threshold;
    if (*priority <= 0) return kThresholdMax;
    const double share = std::fmin(std::fmax(*priority / 100, kProbabilityMin), 1.0);
    return std::min(threshold, threshold_of(share, settings_.sampling_precision));
  }

  [[nodiscard]] Item span_item(const Draft& draft) const {
    Item item;
    if (const Field* const field = draft.field(kSpanTraceState)) {
      auto state = parse_trace_state(field->text());
      if (!state) return {.is_wrong = true};
      item.state = *std::move(state);
    }
    const Field* const id = draft.field(kSpanTraceId);
    randomness_of(id == nullptr ? Bytes{} : id->payload, item);
    return item;
  }

  [[nodiscard]] Item log_item(const Draft& draft) const {
    Item item;
    const auto written = [&draft, &item](std::string_view key, auto parse,
                                         std::optional<std::uint64_t>& out) {
      const Draft::Attribute* const attribute = draft.find(key);
      if (attribute == nullptr) return;
      out = parse(attribute->value().as_string());
      item.is_wrong = item.is_wrong || !out;
    };
    written(kLogRandomness, parse_randomness, item.state.randomness);
    written(kLogThreshold, parse_threshold, item.state.threshold);
    const Field* const id = draft.field(kLogTraceId);
    const bool takes_trace_id = settings_.attribute_source == "traceID";
    randomness_of(id == nullptr || !takes_trace_id ? Bytes{} : id->payload, item);
    if (!item.randomness && !settings_.from_attribute.empty()) by_attribute(draft, item);
    return item;
  }

  void by_attribute(const Draft& draft, Item& item) const {
    const Draft::Attribute* const attribute = draft.find(settings_.from_attribute);
    if (attribute == nullptr) return;
    std::string text;
    if (!ottl::append_text(Value::of(attribute->value(), {}), text) || text.empty()) return;
    item.randomness =
        hash_randomness(seeded_hash(std::as_bytes(std::span(text)), settings_.hash_seed));
    item.is_hashed = true;
  }

  void randomness_of(Bytes trace_id, Item& item) const {
    const auto of_id = trace_id_randomness(trace_id);
    if (mode_ == Mode::hash_seed) {
      // What a sampler of the other kinds has written is not this one's to change.
      item.is_wrong = item.is_wrong || item.state.randomness || item.state.threshold;
      if (!of_id) return;
      item.randomness = hash_randomness(seeded_hash(trace_id, settings_.hash_seed));
      item.is_hashed = true;
      return;
    }
    item.randomness = item.state.randomness ? item.state.randomness : of_id;
    const bool is_untrue =
        item.randomness && item.state.threshold && *item.randomness < *item.state.threshold;
    item.is_wrong = item.is_wrong || is_untrue;
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
    if (item.is_hashed) set(kLogRandomness, text_of_randomness(*item.randomness));
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
