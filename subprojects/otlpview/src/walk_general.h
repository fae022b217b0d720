// The general walk: framing and single fields, for every message alike. Members of Walker; part of
// walk.cc.
//
// Errors:  as walk.h says.
// Threads: one Walker, one thread.
#pragma once

#include "ascii.h"
#include "walk.h"

namespace otlpview::internal {

template <bool kFast>
const Byte* Walker<kFast>::varint(const Byte* at, const Byte* end, std::uint64_t& value) noexcept {
  if (likely(at != end && *at < 0x80)) {
    value = *at;
    return at + 1;
  }
  const auto* const behind = read_varint(reinterpret_cast<const std::byte*>(at),
                                         reinterpret_cast<const std::byte*>(end), value);
  if (unlikely(behind == nullptr)) {
    return refuse_at(
        size_of(at, end) >= kVarintSizeBytesMax ? CheckErrc::bad_varint : CheckErrc::truncated, at);
  }
  return reinterpret_cast<const Byte*>(behind);
}

template <bool kFast>
const Byte* Walker<kFast>::length(const Byte* at, const Byte* end, std::size_t& size) noexcept {
  std::uint64_t value = 0;
  const Byte* const behind = varint(at, end, value);
  if (behind == nullptr) return nullptr;
  if (unlikely(value > size_of(behind, end))) return refuse_at(CheckErrc::truncated, at);
  size = static_cast<std::size_t>(value);
  return behind;
}

template <bool kFast>
void Walker<kFast>::text(const Byte* at, std::size_t size) noexcept {
  if (unlikely(!is_utf8(at, size)) && bad_text_ == nullptr) bad_text_ = at;
}

template <bool kFast>
void Walker<kFast>::id(Role role, const Byte* at, std::size_t size) noexcept {
  const std::size_t wanted = id_size_of(role);
  const bool right_size = size == wanted;
  if (!right_size && size != 0) has_wrong_ids_ = true;
  if (role == Role::span_trace_id) trace_id_good_ = right_size && !is_zero(at, wanted);
  if (role == Role::span_span_id) span_id_good_ = right_size && !is_zero(at, wanted);
}

template <bool kFast>
void Walker<kFast>::on_varint(Role role, std::uint64_t value) noexcept {
  switch (role) {
    case Role::temporality:
      temporality_ = static_cast<std::uint32_t>(value);
      break;
    case Role::point_flags:
      point_.flags = static_cast<std::uint32_t>(value);
      break;
    case Role::scale:
      point_.scale = static_cast<std::int32_t>(zigzag_decode(static_cast<std::uint32_t>(value)));
      break;
    case Role::bucket_offset:
      if (buckets_ != nullptr) {
        buckets_->offset =
            static_cast<std::int32_t>(zigzag_decode(static_cast<std::uint32_t>(value)));
      }
      break;
    case Role::exponential_count:
      if (buckets_ != nullptr) buckets_->add(value);
      break;
    default:
      break;
  }
}

template <bool kFast>
void Walker<kFast>::on_i64(Role role, std::uint64_t bits) noexcept {
  switch (role) {
    case Role::time:
      point_.time_unix_nano = bits;
      break;
    case Role::point_value:
      point_.has_value = true;
      break;
    case Role::point_count:
      point_.count = bits;
      break;
    case Role::zero_count:
      point_.zero_count = bits;
      break;
    case Role::bucket_count:
      point_.add_bucket(bits);
      break;
    case Role::explicit_bound:
      point_.add_bound(std::bit_cast<double>(bits));
      break;
    case Role::quantile:
      point_.quantile = std::bit_cast<double>(bits);
      break;
    default:
      break;
  }
}

template <bool kFast>
const Byte* Walker<kFast>::skip_group(std::uint32_t number, const Byte* at, const Byte* end,
                                      std::uint32_t depth) noexcept {
  if (depth > nesting_max_) return refuse_at(CheckErrc::nesting_too_deep, at);
  while (true) {
    if (at == end) return refuse_at(CheckErrc::truncated, at);
    const Byte* const begin = at;
    std::uint64_t tag = 0;
    at = varint(at, end, tag);
    if (at == nullptr) return nullptr;
    if (tag > UINT32_MAX || tag < 8) return refuse_at(CheckErrc::bad_tag, begin);
    std::uint64_t value = 0;
    std::size_t size = 0;
    switch (static_cast<WireType>(tag & 7)) {
      case WireType::varint:
        at = varint(at, end, value);
        break;
      case WireType::i64:
        at = size_of(at, end) >= 8 ? at + 8 : refuse_at(CheckErrc::truncated, begin);
        break;
      case WireType::i32:
        at = size_of(at, end) >= 4 ? at + 4 : refuse_at(CheckErrc::truncated, begin);
        break;
      case WireType::len:
        at = length(at, end, size);
        if (at != nullptr) at += size;
        break;
      case WireType::start_group:
        at = skip_group(static_cast<std::uint32_t>(tag >> 3), at, end, depth + 1);
        break;
      case WireType::end_group:
        if (tag >> 3 != number) return refuse_at(CheckErrc::unmatched_group, begin);
        return at;
      default:
        return refuse_at(CheckErrc::bad_tag, begin);
    }
    if (at == nullptr) return nullptr;
  }
}

template <bool kFast>
bool Walker<kFast>::walk_packed(const FieldRule& rule, const Byte* at, const Byte* end) noexcept {
  if (rule.type == FieldType::packed_i64) {
    if (size_of(at, end) % 8 != 0) return refuse(CheckErrc::truncated, at);
    // Histograms are full of these; the role is asked once.
    if (rule.role == Role::bucket_count) {
      for (; at != end; at += 8) point_.add_bucket(load_le<std::uint64_t>(at));
    } else if (rule.role == Role::explicit_bound) {
      for (; at != end; at += 8) point_.add_bound(load_le<double>(at));
    }
    return true;
  }
  while (at != end) {
    std::uint64_t value = 0;
    at = varint(at, end, value);
    if (at == nullptr) return false;
    on_varint(rule.role, value);
  }
  return true;
}

template <bool kFast>
const Byte* Walker<kFast>::field(Kind kind, const Byte* at, const Byte* end,
                                 std::uint32_t depth) noexcept {
  const Byte* const begin = at;
  std::uint64_t tag = 0;
  at = varint(at, end, tag);
  if (at == nullptr) return nullptr;
  if (unlikely(tag > UINT32_MAX || tag < 8)) return refuse_at(CheckErrc::bad_tag, begin);
  const auto number = static_cast<std::uint32_t>(tag >> 3);
  const FieldRule rule = rule_of(kind, number);
  const bool known = rule.type != FieldType::unknown;
  const auto wrong_type = [&] { return refuse_at(CheckErrc::wrong_wire_type, begin); };
  switch (static_cast<WireType>(tag & 7)) {
    case WireType::varint: {
      std::uint64_t value = 0;
      at = varint(at, end, value);
      if (at == nullptr) return nullptr;
      if (!known) return at;
      if (rule.type != FieldType::varint && rule.type != FieldType::packed_varint) {
        return wrong_type();
      }
      if (rule.role != Role::none) on_varint(rule.role, value);
      return at;
    }
    case WireType::i64:
      if (size_of(at, end) < 8) return refuse_at(CheckErrc::truncated, begin);
      if (known) {
        if (rule.type != FieldType::i64 && rule.type != FieldType::packed_i64) return wrong_type();
        if (rule.role != Role::none) on_i64(rule.role, load_le<std::uint64_t>(at));
      }
      return at + 8;
    case WireType::i32:
      if (size_of(at, end) < 4) return refuse_at(CheckErrc::truncated, begin);
      if (known && rule.type != FieldType::i32) return wrong_type();
      return at + 4;
    case WireType::len: {
      std::size_t size = 0;
      at = length(at, end, size);
      if (at == nullptr) return nullptr;
      const Byte* const behind = at + size;
      switch (rule.type) {
        case FieldType::unknown:
          return behind;
        case FieldType::bytes:
          if (rule.role != Role::none) id(rule.role, at, size);
          return behind;
        case FieldType::string:
          text(at, size);
          return behind;
        case FieldType::message:
          return walk_child(rule.child, rule.role, at, behind, depth + 1) ? behind : nullptr;
        case FieldType::packed_varint:
        case FieldType::packed_i64:
          return walk_packed(rule, at, behind) ? behind : nullptr;
        default:
          return wrong_type();
      }
    }
    case WireType::start_group:
      if (known) return wrong_type();
      return skip_group(number, at, end, depth + 1);
    case WireType::end_group:
      return refuse_at(CheckErrc::unmatched_group, begin);
    default:
      return refuse_at(CheckErrc::bad_tag, begin);
  }
}

template <bool kFast>
bool Walker<kFast>::walk(Kind kind, const Byte* at, const Byte* end, std::uint32_t depth) noexcept {
  if (unlikely(depth > nesting_max_)) return refuse(CheckErrc::nesting_too_deep, at);
  while (at != end) {
    if constexpr (kFast) {
      const FieldRule rule = rule_of(kind, *at >> 3);
      if (*at < 0x80 && (*at & 7) == static_cast<Byte>(WireType::len) &&
          rule.type == FieldType::message && depth + 2 <= nesting_max_) {
        if (rule.child == Kind::key_value) {
          // Attributes of a resource, a scope, an event, a link, a histogram point, a metric.
          if (const Byte* const behind = usual_key_values(at, end); behind != nullptr) {
            at = behind;
            continue;
          }
        } else if (is_item(rule.child) && rule.child != Kind::profile) {
          const Byte* const behind = usual_items(rule.child, at, end, depth + 1);
          if (unlikely(behind == nullptr)) return false;
          if (behind != at) {
            at = behind;
            continue;
          }
        }
      }
    }
    at = field(kind, at, end, depth);
    if (at == nullptr) return false;
  }
  return true;
}

template <bool kFast>
bool Walker<kFast>::walk_child(Kind kind, Role role, const Byte* at, const Byte* end,
                               std::uint32_t depth) noexcept {
  if (unlikely(depth > nesting_max_)) return refuse(CheckErrc::nesting_too_deep, at);
  switch (kind) {
    case Kind::span:
    case Kind::number_point:
    case Kind::histogram_point:
    case Kind::exponential_point:
    case Kind::summary_point:
    case Kind::log_record:
      return walk_item(kind, at, end, depth);
    case Kind::profile:
      ++item_count_;
      return walk(kind, at, end, depth);
    case Kind::resource_spans:
    case Kind::scope_spans:
    case Kind::resource_metrics:
    case Kind::scope_metrics:
    case Kind::resource_logs:
    case Kind::scope_logs:
      return walk_envelope(kind, at, end, depth);
    case Kind::metric:
      return walk_metric(at, end, depth);
    case Kind::buckets:
      return walk_buckets(role == Role::positive_buckets ? point_.positive : point_.negative, at,
                          end, depth);
    case Kind::quantile_value: {
      point_.quantile = 0;
      if (!walk(kind, at, end, depth)) return false;
      point_.end_quantile();
      return true;
    }
    default:
      return walk(kind, at, end, depth);
  }
}

template <bool kFast>
bool Walker<kFast>::walk_buckets(BucketsState& buckets, const Byte* at, const Byte* end,
                                 std::uint32_t depth) noexcept {
  buckets_ = &buckets;
  const bool whole = walk(Kind::buckets, at, end, depth);
  buckets_ = nullptr;
  return whole;
}

}  // namespace otlpview::internal
