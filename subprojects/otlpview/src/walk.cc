#include "walk.h"

#include <cstring>

#include "ascii.h"

namespace otlpview::internal {

namespace {

constexpr bool likely(bool condition) noexcept { return __builtin_expect(condition, 1) != 0; }
constexpr bool unlikely(bool condition) noexcept { return __builtin_expect(condition, 0) != 0; }

std::size_t size_of(const Byte* at, const Byte* end) noexcept {
  return static_cast<std::size_t>(end - at);
}

constexpr Byte tag1(std::uint32_t number, WireType type) noexcept {
  return static_cast<Byte>(tag_of(number, type));
}

bool is_zero(const Byte* at, std::size_t size) noexcept {
  if (size == 16) return (load_le<std::uint64_t>(at) | load_le<std::uint64_t>(at + 8)) == 0;
  return load_le<std::uint64_t>(at) == 0;
}

}  // namespace

// ---- primitives ---------------------------------------------------------------------------------

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
      point_.bucket_sum.add(bits);
      ++point_.bucket_count_size;
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

// ---- the general walk ---------------------------------------------------------------------------

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
    for (; at != end; at += 8) on_i64(rule.role, load_le<std::uint64_t>(at));
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
      // Attributes of a resource, a scope, an event, a link, a histogram point, a metric.
      const FieldRule rule = rule_of(kind, *at >> 3);
      if (*at < 0x80 && (*at & 7) == static_cast<Byte>(WireType::len) &&
          rule.type == FieldType::message && rule.child == Kind::key_value &&
          depth + 2 <= nesting_max_) {
        if (const Byte* const behind = usual_key_value(at, end); behind != nullptr) {
          at = behind;
          continue;
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

// ---- items and what they lie in -----------------------------------------------------------------

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

// A metric holds one kind of data. When fields of several kinds follow each other, a reader drops all
// but the last run of one kind; what is dropped is not counted, and must be gone before the body goes
// on, because a peer might judge it.
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

// ---- fast paths ---------------------------------------------------------------------------------

// The usual key-value: a key, then a value of one scalar, each with a length of one byte, and the
// lengths add up. One mask says of all its bytes which are not ASCII; for a string none may be, for a
// varint the mask shows that exactly its last byte ends it.
//
//   at: tag size | 0a key_size key.. 12 value_size type ..
template <bool kFast>
const Byte* Walker<kFast>::usual_key_value(const Byte* at, const Byte* end) const noexcept {
  if (unlikely(size_of(at, end) < 8)) return nullptr;
  const std::size_t size = at[1];
  const Byte* const pair = at + 2;
  const Byte* const behind = pair + size;
  if (unlikely(size < 6 || size >= 0x80 || size > size_of(pair, end))) return nullptr;
  const std::size_t key_size = pair[1];
  if (unlikely(pair[0] != 0x0a || key_size + 6 > size)) return nullptr;
  const std::size_t value_size = pair[3 + key_size];
  const Byte* const value = pair + 4 + key_size;
  if (unlikely(pair[2 + key_size] != 0x12 || 4 + key_size + value_size != size)) return nullptr;
  const Byte type = value[0];
  if (likely(size < kMaskSizeBytes && size_of(pair, body_end_) >= kMaskSizeBytes)) {
    const std::uint64_t mask = ascii_mask64(pair);
    if (type == 0x0a) {
      const bool usual = value[1] + 2U == value_size && mask << (64 - size) == 0;
      return likely(usual) ? behind : nullptr;
    }
    if (type == 0x18 || type == 0x10) {
      // Of the bits from the key on to the last byte only those of the varint's leading bytes may
      // and must be set.
      const std::size_t varint_begin = 5 + key_size;
      const std::uint64_t leading =
          ((std::uint64_t{1} << (size - 1)) - 1) & (~std::uint64_t{0} << varint_begin);
      const bool usual = value_size <= 1 + kVarintSizeBytesMax &&
                         (mask & ((std::uint64_t{1} << size) - 1)) == leading;
      return likely(usual) ? behind : nullptr;
    }
    if (type == 0x21) {
      const bool usual = value_size == 9 && mask << (64 - 5 - key_size) == 0;
      return likely(usual) ? behind : nullptr;
    }
    return nullptr;
  }
  if (type == 0x0a && value[1] + 2U == value_size && is_ascii(pair, size)) return behind;
  if (type == 0x21 && value_size == 9 && is_ascii(pair, 4 + key_size)) return behind;
  if ((type == 0x18 || type == 0x10) && value_size == 2 && value[1] < 0x80 &&
      is_ascii(pair, 4 + key_size)) {
    return behind;
  }
  return nullptr;
}

template <bool kFast>
bool Walker<kFast>::walk_span(const Byte* at, const Byte* end, std::uint32_t depth) noexcept {
  if constexpr (!kFast) return walk(Kind::span, at, end, depth);
  if (depth + 2 > nesting_max_) return walk(Kind::span, at, end, depth);
  // Both ids at the head: 0a 10 <16 bytes> 12 08 <8 bytes>.
  if (likely(size_of(at, end) >= 28 && load_le<std::uint16_t>(at) == 0x100a &&
             load_le<std::uint16_t>(at + 18) == 0x0812)) {
    trace_id_good_ = !is_zero(at + 2, 16);
    span_id_good_ = !is_zero(at + 20, 8);
    at += 28;
  }
  while (at != end) {
    const Byte* behind = nullptr;
    const std::size_t left = size_of(at, end);
    switch (*at) {
      case tag1(9, WireType::len):  // attributes
        behind = usual_key_value(at, end);
        break;
      case tag1(4, WireType::len):  // parent_span_id
        if (left >= 10 && at[1] == 8) behind = at + 10;
        break;
      case tag1(5, WireType::len):  // name
      case tag1(3, WireType::len):  // trace_state
        if (left >= 2 && at[1] < 0x80 && left >= 2U + at[1] && is_ascii(at + 2, at[1])) {
          behind = at + 2 + at[1];
        }
        break;
      case tag1(6, WireType::varint):  // kind
        if (left >= 2 && at[1] < 0x80) behind = at + 2;
        break;
      case tag1(7, WireType::i64):  // start_time_unix_nano
      case tag1(8, WireType::i64):  // end_time_unix_nano
        if (left >= 9) behind = at + 9;
        break;
      case tag1(15, WireType::len):  // status: empty, or a code alone
        if (left >= 2 && at[1] == 0) {
          behind = at + 2;
        } else if (left >= 4 && at[1] == 2 && at[2] == tag1(3, WireType::varint) && at[3] < 0x80) {
          behind = at + 4;
        }
        break;
      case 0x85:  // flags, 16: a tag of two bytes
        if (left >= 6 && at[1] == 0x01) behind = at + 6;
        break;
      default:
        break;
    }
    if (unlikely(behind == nullptr)) {
      behind = field(Kind::span, at, end, depth);
      if (behind == nullptr) return false;
    }
    at = behind;
  }
  return true;
}

template <bool kFast>
bool Walker<kFast>::walk_log_record(const Byte* at, const Byte* end, std::uint32_t depth) noexcept {
  if constexpr (!kFast) return walk(Kind::log_record, at, end, depth);
  if (depth + 2 > nesting_max_) return walk(Kind::log_record, at, end, depth);
  while (at != end) {
    const Byte* behind = nullptr;
    const std::size_t left = size_of(at, end);
    switch (*at) {
      case tag1(6, WireType::len):  // attributes
        behind = usual_key_value(at, end);
        break;
      case tag1(1, WireType::i64):   // time_unix_nano
      case tag1(11, WireType::i64):  // observed_time_unix_nano
        if (left >= 9) behind = at + 9;
        break;
      case tag1(2, WireType::varint):  // severity_number
      case tag1(7, WireType::varint):  // dropped_attributes_count
        if (left >= 2 && at[1] < 0x80) behind = at + 2;
        break;
      case tag1(3, WireType::len):   // severity_text
      case tag1(12, WireType::len):  // event_name
        if (left >= 2 && at[1] < 0x80 && left >= 2U + at[1] && is_ascii(at + 2, at[1])) {
          behind = at + 2 + at[1];
        }
        break;
      case tag1(5, WireType::len):  // body, a string: of less than 128 bytes, or of less than 16 Ki
        if (left >= 4 && at[1] < 0x80 && at[2] == 0x0a && at[3] + 2U == at[1] &&
            left >= 2U + at[1]) {
          if (is_ascii(at + 4, at[3])) behind = at + 2 + at[1];
        } else if (left >= 6 && at[1] >= 0x80 && at[2] < 0x80 && at[3] == 0x0a && at[4] >= 0x80 &&
                   at[5] < 0x80) {
          const std::size_t size = (at[1] & 0x7fU) | static_cast<std::size_t>(at[2]) << 7;
          const std::size_t text_size = (at[4] & 0x7fU) | static_cast<std::size_t>(at[5]) << 7;
          if (text_size + 3 == size && left >= 3 + size && is_ascii(at + 6, text_size)) {
            behind = at + 3 + size;
          }
        }
        break;
      case tag1(8, WireType::i32):  // flags
        if (left >= 5) behind = at + 5;
        break;
      case tag1(9, WireType::len):  // trace_id
        if (left >= 18 && at[1] == 16) behind = at + 18;
        break;
      case tag1(10, WireType::len):  // span_id
        if (left >= 10 && at[1] == 8) behind = at + 10;
        break;
      default:
        break;
    }
    if (unlikely(behind == nullptr)) {
      behind = field(Kind::log_record, at, end, depth);
      if (behind == nullptr) return false;
    }
    at = behind;
  }
  return true;
}

template <bool kFast>
bool Walker<kFast>::walk_number_point(const Byte* at, const Byte* end,
                                      std::uint32_t depth) noexcept {
  if constexpr (!kFast) return walk(Kind::number_point, at, end, depth);
  if (depth + 2 > nesting_max_) return walk(Kind::number_point, at, end, depth);
  while (at != end) {
    const Byte* behind = nullptr;
    switch (*at) {
      case tag1(7, WireType::len):  // attributes
        behind = usual_key_value(at, end);
        break;
      case tag1(2, WireType::i64):  // start_time_unix_nano
        if (size_of(at, end) >= 9) behind = at + 9;
        break;
      case tag1(3, WireType::i64):  // time_unix_nano
        if (size_of(at, end) >= 9) {
          point_.time_unix_nano = load_le<std::uint64_t>(at + 1);
          behind = at + 9;
        }
        break;
      case tag1(4, WireType::i64):  // as_double
      case tag1(6, WireType::i64):  // as_int
        if (size_of(at, end) >= 9) {
          point_.has_value = true;
          behind = at + 9;
        }
        break;
      default:
        break;
    }
    if (unlikely(behind == nullptr)) {
      behind = field(Kind::number_point, at, end, depth);
      if (behind == nullptr) return false;
    }
    at = behind;
  }
  return true;
}

// ---- entry points -------------------------------------------------------------------------------

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

template class Walker<true>;
template class Walker<false>;

}  // namespace otlpview::internal
