// Items and the envelopes they lie in: who is counted, who is rejected; and the ways into the walk.
// Members of Walker; part of walk.cc.
//
// Errors:  as walk.h says.
// Threads: one Walker, one thread.
#pragma once

#include "walk.h"

namespace otlpview::internal {

template <bool kFast>
void Walker<kFast>::reject(RejectReason reason, const Byte* at, std::uint32_t count) noexcept {
  needs_rewrite_ = true;
  rejected_count_ += count;
  if (count != 0 && first_reason_ == RejectReason::none) {
    first_reason_ = reason;
    first_at_ = at;
  }
}

template <bool kFast>
RejectReason Walker<kFast>::verdict(Kind kind) const noexcept {
  if (bad_text_ != nullptr) return RejectReason::invalid_utf8;
  switch (kind) {
    case Kind::span:
      if (!trace_id_good_) return RejectReason::invalid_trace_id;
      return span_id_good_ ? RejectReason::none : RejectReason::invalid_span_id;
    case Kind::log_record:
      return RejectReason::none;
    default:
      return point_.verdict(kind);
  }
}

template <bool kFast>
bool Walker<kFast>::walk_item(Kind kind, const Byte* at, const Byte* end,
                              std::uint32_t depth) noexcept {
  const Byte* const begin = at;
  const Byte* const outer_bad_text = bad_text_;
  bad_text_ = nullptr;
  has_wrong_ids_ = false;
  ++item_count_;
  bool whole = false;
  switch (kind) {
    case Kind::span:
      trace_id_good_ = span_id_good_ = false;
      whole = walk_span(at, end, depth);
      break;
    case Kind::log_record:
      whole = walk_log_record(at, end, depth);
      break;
    case Kind::number_point:
      point_.has_value = false;
      point_.time_unix_nano = 0;
      point_.flags = 0;
      whole = walk_number_point(at, end, depth);
      break;
    default:
      point_ = PointState{};
      whole = walk(kind, at, end, depth);
      break;
  }
  if (unlikely(!whole)) return false;
  const RejectReason reason = verdict(kind);
  if (unlikely(reason != RejectReason::none)) {
    reject(reason, reason == RejectReason::invalid_utf8 ? bad_text_ : begin, 1);
  } else if (unlikely(has_wrong_ids_)) {
    needs_rewrite_ = true;
  }
  bad_text_ = outer_bad_text;
  return true;
}

template <bool kFast>
bool Walker<kFast>::walk_envelope(Kind kind, const Byte* at, const Byte* end,
                                  std::uint32_t depth) noexcept {
  const Byte* const outer_bad_text = bad_text_;
  const std::uint32_t items_before = item_count_;
  const std::uint32_t rejected_before = rejected_count_;
  bad_text_ = nullptr;
  if (!walk(kind, at, end, depth)) return false;
  if (unlikely(bad_text_ != nullptr)) {
    rejected_count_ = rejected_before;
    reject(RejectReason::invalid_utf8, bad_text_, item_count_ - items_before);
  }
  bad_text_ = outer_bad_text;
  return true;
}

// A metric holds one kind of data. When fields of several kinds follow each other, a reader drops
// all but the last run of one kind; what is dropped is not counted, and must be gone before the
// body goes on, because a peer might judge it.
template <bool kFast>
bool Walker<kFast>::walk_metric(const Byte* at, const Byte* end, std::uint32_t depth) noexcept {
  const Byte* const begin = at;
  const Byte* const outer_bad_text = bad_text_;
  const std::uint32_t items_before = item_count_;
  const std::uint32_t rejected_before = rejected_count_;
  Kind data = Kind::metric;  // none yet
  bad_text_ = nullptr;
  temporality_ = 0;
  while (at != end) {
    // The kind of data is known from the tag; field() below reads the tag again and judges it.
    std::uint64_t tag = 0;
    if (varint(at, end, tag) == nullptr) return false;
    if ((tag & 7) == static_cast<std::uint64_t>(WireType::len) && tag <= UINT32_MAX) {
      const FieldRule rule = rule_of(Kind::metric, static_cast<std::uint32_t>(tag >> 3));
      if (rule.type == FieldType::message && is_metric_data(rule.child) && rule.child != data) {
        if (data != Kind::metric) needs_rewrite_ = true;
        data = rule.child;
        item_count_ = items_before;
        rejected_count_ = rejected_before;
        temporality_ = 0;
      }
    }
    at = field(Kind::metric, at, end, depth);
    if (at == nullptr) return false;
  }
  const std::uint32_t points = item_count_ - items_before;
  if (unlikely(bad_text_ != nullptr)) {
    rejected_count_ = rejected_before;
    reject(RejectReason::invalid_utf8, bad_text_, points);
  } else if (unlikely(needs_temporality(data) && temporality_ == 0 && points != 0)) {
    rejected_count_ = rejected_before;
    reject(RejectReason::no_temporality, begin, points);
  }
  bad_text_ = outer_bad_text;
  return true;
}

template <bool kFast>
Result<CheckReport, CheckFailure> Walker<kFast>::check(Signal signal) noexcept {
  if (!walk(request_of(signal), body_begin_, body_end_, 0)) {
    return fail(CheckFailure{error_, size_of(body_begin_, error_at_)});
  }
  if (signal == Signal::profiles && bad_text_ != nullptr) {
    return fail(CheckFailure{CheckErrc::invalid_utf8, size_of(body_begin_, bad_text_)});
  }
  CheckReport report;
  report.item_count = item_count_;
  report.rejected_count = rejected_count_;
  report.needs_rewrite = needs_rewrite_;
  if (rejected_count_ != 0) {
    report.first_reason = first_reason_;
    report.first_offset = size_of(body_begin_, first_at_);
  }
  return report;
}

template <bool kFast>
auto Walker<kFast>::inspect_item(Kind kind, Bytes item, std::uint32_t depth) noexcept
    -> ItemVerdict {
  const std::uint32_t rejected_before = rejected_count_;
  first_reason_ = RejectReason::none;
  needs_rewrite_ = false;
  if (!walk_child(kind, Role::none, begin_of(item), end_of(item), depth)) {
    return {RejectReason::invalid_utf8, false};
  }
  if (rejected_count_ != rejected_before) return {first_reason_, false};
  return {RejectReason::none, needs_rewrite_};
}

template <bool kFast>
bool Walker<kFast>::has_good_text(Kind kind, Bytes envelope, std::uint32_t depth) noexcept {
  bad_text_ = nullptr;
  FieldReader reader(envelope);
  Field one;
  while (reader.next(one)) {
    const FieldRule rule = rule_of(kind, one.number);
    if (rule.type == FieldType::message && (is_item(rule.child) || is_container(rule.child))) {
      continue;
    }
    if (field(kind, begin_of(one.raw), end_of(one.raw), depth) == nullptr) return false;
  }
  return bad_text_ == nullptr;
}

}  // namespace otlpview::internal
