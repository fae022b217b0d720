// The one walk over OTLP bytes: check() runs it over a whole body, rewrite() over single items.
//
// Two layers. The general walk knows every message from the tables of schema.h and decides alone
// what is refused. In front of it, straight-line code recognises what real SDKs send (fast path),
// accepts it by a few comparisons, and hands everything else, field by field, to the general walk.
// With kFast = false only the general walk runs; tests compare the two.
//
// Shape:   positions are pointers into the body; a walk over [at, end) of a message leaves nothing
//          behind but counts, verdicts and, when it returns false, error() and error_at().
// Source:  walk_general.h holds the general walk, walk_items.h what is counted and rejected,
//          walk_fast.h the fast paths; walk.cc makes them one unit.
// Errors:  a refused body is `false` or nullptr, and error(); nothing throws or allocates.
// Threads: one Walker, one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "otlpview/check.h"
#include "points.h"
#include "schema.h"

namespace otlpview::internal {

using Byte = std::uint8_t;

inline const Byte* begin_of(Bytes bytes) noexcept {
  return reinterpret_cast<const Byte*>(bytes.data());
}
inline const Byte* end_of(Bytes bytes) noexcept { return begin_of(bytes) + bytes.size(); }
inline std::size_t size_of(const Byte* at, const Byte* end) noexcept {
  return static_cast<std::size_t>(end - at);
}

constexpr bool likely(bool condition) noexcept { return __builtin_expect(condition, 1) != 0; }
constexpr bool unlikely(bool condition) noexcept { return __builtin_expect(condition, 0) != 0; }

// Of an id of 8 or 16 bytes.
inline bool is_zero(const Byte* at, std::size_t size) noexcept {
  if (size == 16) return (load_le<std::uint64_t>(at) | load_le<std::uint64_t>(at + 8)) == 0;
  return load_le<std::uint64_t>(at) == 0;
}

template <bool kFast>
class Walker {
 public:
  // Reads no byte outside `body`; every message given to the walk lies in it.
  Walker(Bytes body, const CheckLimits& limits) noexcept
      : body_begin_(begin_of(body)),
        body_end_(end_of(body)),
        nesting_max_(limits.nesting_max < kNestingMax ? limits.nesting_max : kNestingMax) {}

  // The request message and all below.
  [[nodiscard]] Result<CheckReport, CheckFailure> check(Signal signal) noexcept;

  struct ItemVerdict {
    RejectReason reason;
    bool has_wrong_ids;  // some id must be cleared
  };
  // One item alone, at `depth` levels below the request. A message broken in its framing is
  // rejected as invalid_utf8: nobody asks after check() has refused it.
  [[nodiscard]] ItemVerdict inspect_item(Kind kind, Bytes item, std::uint32_t depth) noexcept;
  // Whether the strings of an envelope, without the items below, are UTF-8.
  [[nodiscard]] bool has_good_text(Kind kind, Bytes envelope, std::uint32_t depth) noexcept;

 private:
  // Each returns false when the request is refused; error_ is then set.
  bool walk(Kind kind, const Byte* at, const Byte* end, std::uint32_t depth) noexcept;
  bool walk_child(Kind kind, Role role, const Byte* at, const Byte* end,
                  std::uint32_t depth) noexcept;
  bool walk_envelope(Kind kind, const Byte* at, const Byte* end, std::uint32_t depth) noexcept;
  bool walk_metric(const Byte* at, const Byte* end, std::uint32_t depth) noexcept;
  bool walk_item(Kind kind, const Byte* at, const Byte* end, std::uint32_t depth) noexcept;
  bool walk_buckets(BucketsState& buckets, const Byte* at, const Byte* end,
                    std::uint32_t depth) noexcept;
  bool walk_packed(const FieldRule& rule, const Byte* at, const Byte* end) noexcept;

  // Fast paths: walk whole items, calling field() for what is unusual.
  bool walk_span(const Byte* at, const Byte* end, std::uint32_t depth) noexcept;
  bool walk_log_record(const Byte* at, const Byte* end, std::uint32_t depth) noexcept;
  bool walk_number_point(const Byte* at, const Byte* end, std::uint32_t depth) noexcept;
  const Byte* usual_span_head(const Byte* at, const Byte* end) noexcept;
  const Byte* usual_text(const Byte* at, const Byte* end) const noexcept;
  const Byte* usual_string_value(const Byte* at, const Byte* end) const noexcept;
  const Byte* usual_long_string(const Byte* at, const Byte* end) const noexcept;
  // The byte behind the key-value field at `at` (tag in one byte, already known), or nullptr when
  // it is anything but the usual.
  const Byte* usual_key_value(const Byte* at, const Byte* end) const noexcept;
  // The same for the row of them that begins at `at`: the byte behind those that are usual.
  const Byte* usual_key_values(const Byte* at, const Byte* end) noexcept;
  bool usual_number(std::uint32_t word, std::size_t value_size, const Byte* number) const noexcept;
  // The row of items at `at`, each with the tag of the first: the byte behind those whose tag and
  // length have the usual form (the same byte when none has), or nullptr.
  const Byte* usual_items(Kind kind, const Byte* at, const Byte* end, std::uint32_t depth) noexcept;

  // One field of message `kind`; the byte behind it, or nullptr.
  const Byte* field(Kind kind, const Byte* at, const Byte* end, std::uint32_t depth) noexcept;
  const Byte* skip_group(std::uint32_t number, const Byte* at, const Byte* end,
                         std::uint32_t depth) noexcept;
  const Byte* varint(const Byte* at, const Byte* end, std::uint64_t& value) noexcept;
  const Byte* length(const Byte* at, const Byte* end, std::size_t& size) noexcept;
  void text(const Byte* at, std::size_t size) noexcept;
  void id(Role role, const Byte* at, std::size_t size) noexcept;
  void on_varint(Role role, std::uint64_t value) noexcept;
  void on_i64(Role role, std::uint64_t bits) noexcept;

  [[nodiscard]] RejectReason verdict(Kind kind) const noexcept;
  void reject(RejectReason reason, const Byte* at, std::uint32_t count) noexcept;

  bool refuse(CheckErrc code, const Byte* at) noexcept {
    error_ = code;
    error_at_ = at;
    return false;
  }
  const Byte* refuse_at(CheckErrc code, const Byte* at) noexcept {
    refuse(code, at);
    return nullptr;
  }

  const Byte* const body_begin_;
  const Byte* const body_end_;
  const std::uint32_t nesting_max_;
  CheckErrc error_ = CheckErrc::truncated;
  const Byte* error_at_ = nullptr;

  // The whole body.
  std::uint32_t item_count_ = 0;
  std::uint32_t rejected_count_ = 0;
  bool needs_rewrite_ = false;
  RejectReason first_reason_ = RejectReason::none;
  const Byte* first_at_ = nullptr;

  // The innermost item or envelope: its first string that is not UTF-8.
  const Byte* bad_text_ = nullptr;
  // The item being walked.
  bool has_wrong_ids_ = false;
  bool trace_id_good_ = false;
  bool span_id_good_ = false;
  PointState point_;
  BucketsState* buckets_ = nullptr;
  // The metric being walked.
  std::uint32_t temporality_ = 0;
  // Before it key-values have been taken together once, in vain.
  const Byte* one_by_one_until_ = nullptr;
};

extern template class Walker<true>;
extern template class Walker<false>;

}  // namespace otlpview::internal
