#include "otlpview/rewrite.h"

#include <array>

#include "walk.h"

namespace otlpview {
namespace internal {
namespace {

class Rewriter {
 public:
  Rewriter(Bytes body, const CheckLimits& limits, std::vector<std::byte>& out) noexcept
      : walker_(body, limits), out_(out) {}

  struct Outcome {
    std::uint32_t kept = 0;
    std::uint32_t left_out = 0;

    Outcome& operator+=(const Outcome& other) noexcept {
      kept += other.kept;
      left_out += other.left_out;
      return *this;
    }
  };

  // Appends the fields of a container that may stay.
  Outcome container(Kind kind, Bytes message, std::uint32_t depth);

 private:
  // The container in `field`, and its tag and length.
  Outcome below(Kind kind, const Field& field, std::uint32_t depth);
  void item(Kind kind, const Field& field, std::uint32_t depth, Outcome& outcome);
  void without_wrong_ids(Kind kind, Bytes message);

  Walker<true> walker_;
  std::vector<std::byte>& out_;
  bool keeps_points_ = true;  // of the metric being written
};

bool is_point(Kind kind) noexcept {
  return kind >= Kind::number_point && kind <= Kind::summary_point;
}

// What a metric keeps: the data fields of the last kind, from the last change of kind on.
struct MetricData {
  Kind kind = Kind::metric;
  const std::byte* kept_from = nullptr;
  bool keeps_points = true;
};

std::uint32_t temporality_in(Bytes data, Kind kind, std::uint32_t before) noexcept {
  FieldReader reader(data);
  Field field;
  while (reader.next(field)) {
    if (rule_of(kind, field.number).role == Role::temporality) {
      before = static_cast<std::uint32_t>(field.value);
    }
  }
  return before;
}

MetricData metric_data(Bytes metric) noexcept {
  MetricData data;
  std::uint32_t temporality = 0;
  FieldReader reader(metric);
  Field field;
  while (reader.next(field)) {
    const FieldRule rule = rule_of(Kind::metric, field.number);
    if (rule.type != FieldType::message || !is_metric_data(rule.child)) continue;
    if (rule.child != data.kind) {
      data.kind = rule.child;
      data.kept_from = field.raw.data();
      temporality = 0;
    }
    if (needs_temporality(data.kind)) {
      temporality = temporality_in(field.payload, data.kind, temporality);
    }
  }
  data.keeps_points = !needs_temporality(data.kind) || temporality != 0;
  return data;
}

Rewriter::Outcome Rewriter::container(Kind kind, Bytes message, std::uint32_t depth) {
  Outcome outcome;
  const MetricData data = kind == Kind::metric ? metric_data(message) : MetricData{};
  if (kind == Kind::metric) keeps_points_ = data.keeps_points;
  FieldReader reader(message);
  Field field;
  while (reader.next(field)) {
    const FieldRule rule = rule_of(kind, field.number);
    if (rule.type != FieldType::message || field.type != WireType::len) {
      append_bytes(field.raw, out_);
    } else if (is_item(rule.child)) {
      item(rule.child, field, depth + 1, outcome);
    } else if (!is_container(rule.child)) {
      append_bytes(field.raw, out_);
    } else if (is_metric_data(rule.child)) {
      if (field.raw.data() < data.kept_from) continue;  // overridden
      outcome += below(rule.child, field, depth + 1);
    } else if (!walker_.has_good_text(rule.child, field.payload, depth + 1)) {
      ++outcome.left_out;
    } else {
      const std::size_t begin = out_.size();
      const Outcome inner = below(rule.child, field, depth + 1);
      if (inner.kept == 0 && inner.left_out != 0) out_.resize(begin);
      outcome += inner;
    }
  }
  return outcome;
}

Rewriter::Outcome Rewriter::below(Kind kind, const Field& field, std::uint32_t depth) {
  const std::size_t begin = out_.size();
  const Outcome outcome = container(kind, field.payload, depth);
  wrap_len_field(field.number, begin, out_);
  return outcome;
}

void Rewriter::item(Kind kind, const Field& field, std::uint32_t depth, Outcome& outcome) {
  const auto verdict = walker_.inspect_item(kind, field.payload, depth);
  if (verdict.reason != RejectReason::none || (is_point(kind) && !keeps_points_)) {
    ++outcome.left_out;
    return;
  }
  ++outcome.kept;
  if (!verdict.has_wrong_ids) {
    append_bytes(field.raw, out_);
    return;
  }
  const std::size_t begin = out_.size();
  without_wrong_ids(kind, field.payload);
  wrap_len_field(field.number, begin, out_);
}

// A reader takes the last of an id that is there twice. Is the last one wrong, all of them go, so
// that no earlier one comes to life.
void Rewriter::without_wrong_ids(Kind kind, Bytes message) {
  std::array<bool, kKnownFieldMax + 1> last_is_wrong{};
  const auto is_wrong = [&](const Field& field, Role role) {
    const std::size_t size = field.payload.size();
    return size != 0 && size != id_size_of(role);
  };
  Field field;
  for (FieldReader reader(message); reader.next(field);) {
    const Role role = rule_of(kind, field.number).role;
    if (id_size_of(role) != 0) last_is_wrong[field.number] = is_wrong(field, role);
  }
  for (FieldReader reader(message); reader.next(field);) {
    const FieldRule rule = rule_of(kind, field.number);
    if (id_size_of(rule.role) != 0) {
      if (last_is_wrong[field.number] || is_wrong(field, rule.role)) continue;
    } else if (rule.child == Kind::link || rule.child == Kind::exemplar) {
      const std::size_t begin = out_.size();
      without_wrong_ids(rule.child, field.payload);
      wrap_len_field(field.number, begin, out_);
      continue;
    }
    append_bytes(field.raw, out_);
  }
}

}  // namespace
}  // namespace internal

void rewrite(Signal signal, Bytes body, const CheckLimits& limits, std::vector<std::byte>& out) {
  if (signal == Signal::profiles) {
    append_bytes(body, out);
    return;
  }
  internal::Rewriter(body, limits, out).container(internal::request_of(signal), body, 0);
}

}  // namespace otlpview
