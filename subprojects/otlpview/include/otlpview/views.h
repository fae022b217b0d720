// Lazy views over request bodies: look at telemetry without decoding it.
//
//   TracesView | MetricsView | LogsView       range of ResourceGroup
//     ResourceGroup  resource(), schema_url()  range of ScopeGroup
//       ScopeGroup   scope(), schema_url()     range of SpanView | MetricView | LogRecordView
//         MetricView points()                  range of PointView
//   AttributesView                             range of KeyValueView; find(key)
//
//   for (const auto& resource : TracesView(body))
//     for (const auto& scope : resource)
//       for (const SpanView& span : scope) use(resource.resource().service_name(), span.name());
//
// Every view, text and id borrows from the bytes of the body; a view of a temporary does not build.
// An item's view reads its scalars once, when it is made; everything repeated is read as one walks.
// Like every reader: a singular message that is there twice is merged, of a scalar or oneof the
// last counts. (Of two arrays in one value only the last is seen.) Missing fields have their
// default.
//
// Units:   times in nanoseconds since 1970.
// Errors:  none: a walk ends where the bytes are damaged. Bodies that passed check() are whole.
// Threads: pure values.
// Source:  the .proto files; conformance lines W-04 and W-15.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "otlpview/wire.h"

namespace otlpview {

// Where the fields of a message are: the message itself, or, for a singular sub-message that may be
// there several times, its parent and the number.
struct MessageRef {
  Bytes bytes;
  std::uint32_t number = 0;  // 0: `bytes` is the message
};

class FieldCursor {
 public:
  explicit FieldCursor(const MessageRef& ref) noexcept
      : number_(ref.number),
        outer_(ref.number == 0 ? Bytes{} : ref.bytes),
        inner_(ref.number == 0 ? ref.bytes : Bytes{}) {}

  [[nodiscard]] bool next(Field& field) noexcept {
    while (!inner_.next(field)) {
      do {
        if (!outer_.next(field)) return false;
      } while (field.number != number_ || field.type != WireType::len);
      inner_ = FieldReader(field.payload);
    }
    return true;
  }

 private:
  std::uint32_t number_;
  FieldReader outer_;
  FieldReader inner_;
};

// The sub-messages under one number, each as a View.
template <typename View>
class Repeated {
 public:
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = View;
    using difference_type = std::ptrdiff_t;

    Iterator(const MessageRef& ref, std::uint32_t number) noexcept : cursor_(ref), number_(number) {
      ++*this;
    }
    [[nodiscard]] View operator*() const noexcept { return View(field_.payload); }
    Iterator& operator++() noexcept {
      do {
        at_end_ = !cursor_.next(field_);
      } while (!at_end_ && (field_.number != number_ || field_.type != WireType::len));
      return *this;
    }
    void operator++(int) noexcept { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept { return at_end_; }

   private:
    FieldCursor cursor_;
    Field field_;
    std::uint32_t number_;
    bool at_end_ = false;
  };

  Repeated() noexcept = default;
  Repeated(const MessageRef& ref, std::uint32_t number) noexcept : ref_(ref), number_(number) {}

  [[nodiscard]] Iterator begin() const noexcept { return Iterator(ref_, number_); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  [[nodiscard]] bool empty() const noexcept { return begin() == end(); }

 private:
  MessageRef ref_;
  std::uint32_t number_ = 1;
};

// ---- values -------------------------------------------------------------------------------------

enum class ValueKind : std::uint8_t { empty, string, boolean, integer, real, array, map, bytes };

class AttributesView;

// The one value that is set, if any. string_value_strindex means nothing outside profiles: empty.
class AnyValueView {
 public:
  AnyValueView() noexcept = default;
  explicit AnyValueView(const MessageRef& ref) noexcept;
  explicit AnyValueView(Bytes message) noexcept {
    if (!is_usual(message)) *this = AnyValueView(MessageRef{message});
  }
  template <OwningTemporary T>
  explicit AnyValueView(T&&) = delete;

  [[nodiscard]] ValueKind kind() const noexcept { return kind_; }
  // Each for its kind; the default of its type for any other.
  [[nodiscard]] std::string_view as_string() const noexcept {
    return kind_ == ValueKind::string ? field_.text() : std::string_view();
  }
  [[nodiscard]] bool as_boolean() const noexcept { return of(ValueKind::boolean).value != 0; }
  [[nodiscard]] std::int64_t as_integer() const noexcept {
    return static_cast<std::int64_t>(of(ValueKind::integer).value);
  }
  [[nodiscard]] double as_real() const noexcept {
    return std::bit_cast<double>(of(ValueKind::real).value);
  }
  [[nodiscard]] Bytes as_bytes() const noexcept { return of(ValueKind::bytes).payload; }
  [[nodiscard]] Repeated<AnyValueView> as_array() const noexcept {
    return {MessageRef{of(ValueKind::array).payload}, 1};
  }
  [[nodiscard]] AttributesView as_map() const noexcept;

 private:
  [[nodiscard]] Field of(ValueKind kind) const noexcept { return kind_ == kind ? field_ : Field{}; }

  // Most values are one text with a length of one byte, or one double, and nothing else.
  [[nodiscard]] bool is_usual(Bytes message) noexcept {
    if (message.size() < 2) return false;
    if (message[0] == std::byte{tag_of(1, WireType::len)}) {
      const auto size = std::to_integer<std::size_t>(message[1]);
      if (size >= 0x80 || size + 2 != message.size()) return false;
      kind_ = ValueKind::string;
      field_.number = 1;
      field_.type = WireType::len;
      field_.payload = message.subspan(2);
    } else if (message[0] == std::byte{tag_of(4, WireType::i64)}) {
      if (message.size() != 1 + sizeof(std::uint64_t)) return false;
      kind_ = ValueKind::real;
      field_.number = 4;
      field_.type = WireType::i64;
      field_.value = load_le<std::uint64_t>(message.data() + 1);
    } else {
      return false;
    }
    field_.raw = message;
    return true;
  }

  ValueKind kind_ = ValueKind::empty;
  Field field_;
};

class KeyValueView {
 public:
  explicit KeyValueView(Bytes message) noexcept;
  template <OwningTemporary T>
  explicit KeyValueView(T&&) = delete;

  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] AnyValueView value() const noexcept { return AnyValueView({message_, 2}); }
  [[nodiscard]] Bytes bytes() const noexcept { return message_; }

 private:
  Bytes message_;
  std::string_view key_;
};

class AttributesView : public Repeated<KeyValueView> {
 public:
  using Repeated::Repeated;
  // The value of the first such key; duplicates are the sender's fault.
  [[nodiscard]] std::optional<AnyValueView> find(std::string_view key) const noexcept;
};

// ---- envelopes ----------------------------------------------------------------------------------

class ResourceView {
 public:
  explicit ResourceView(const MessageRef& ref) noexcept : ref_(ref) {}

  [[nodiscard]] AttributesView attributes() const noexcept { return {ref_, 1}; }
  // The attribute service.name, empty if it is absent or no string.
  [[nodiscard]] std::string_view service_name() const noexcept;

 private:
  MessageRef ref_;
};

class ScopeView {
 public:
  explicit ScopeView(const MessageRef& ref) noexcept;

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] std::string_view version() const noexcept { return version_; }
  [[nodiscard]] AttributesView attributes() const noexcept { return {ref_, 3}; }

 private:
  MessageRef ref_;
  std::string_view name_;
  std::string_view version_;
};

// The last string under `number`; empty if there is none.
[[nodiscard]] std::string_view text_field(Bytes message, std::uint32_t number) noexcept;

// The envelopes of all three signals have the same numbers.
template <typename Item>
class ScopeGroup : public Repeated<Item> {
 public:
  explicit ScopeGroup(Bytes message) noexcept : Repeated<Item>({message}, 2), message_(message) {}
  template <OwningTemporary T>
  explicit ScopeGroup(T&&) = delete;

  [[nodiscard]] ScopeView scope() const noexcept { return ScopeView({message_, 1}); }
  [[nodiscard]] std::string_view schema_url() const noexcept { return text_field(message_, 3); }

 private:
  Bytes message_;
};

template <typename Item>
class ResourceGroup : public Repeated<ScopeGroup<Item>> {
 public:
  explicit ResourceGroup(Bytes message) noexcept
      : Repeated<ScopeGroup<Item>>({message}, 2), message_(message) {}
  template <OwningTemporary T>
  explicit ResourceGroup(T&&) = delete;

  [[nodiscard]] ResourceView resource() const noexcept { return ResourceView({message_, 1}); }
  [[nodiscard]] std::string_view schema_url() const noexcept { return text_field(message_, 3); }

 private:
  Bytes message_;
};

template <typename Item>
class RequestView : public Repeated<ResourceGroup<Item>> {
 public:
  explicit RequestView(Bytes body) noexcept : Repeated<ResourceGroup<Item>>({body}, 1) {}
  template <OwningTemporary T>
  explicit RequestView(T&&) = delete;
};

// ---- items --------------------------------------------------------------------------------------

class EventView {
 public:
  explicit EventView(Bytes message) noexcept;
  template <OwningTemporary T>
  explicit EventView(T&&) = delete;

  [[nodiscard]] std::uint64_t time_unix_nano() const noexcept { return time_unix_nano_; }
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] AttributesView attributes() const noexcept { return {{message_}, 3}; }

 private:
  Bytes message_;
  std::uint64_t time_unix_nano_ = 0;
  std::string_view name_;
};

class LinkView {
 public:
  explicit LinkView(Bytes message) noexcept;
  template <OwningTemporary T>
  explicit LinkView(T&&) = delete;

  [[nodiscard]] Bytes trace_id() const noexcept { return trace_id_; }
  [[nodiscard]] Bytes span_id() const noexcept { return span_id_; }
  [[nodiscard]] AttributesView attributes() const noexcept { return {{message_}, 4}; }

 private:
  Bytes message_;
  Bytes trace_id_;
  Bytes span_id_;
};

class SpanView {
 public:
  explicit SpanView(Bytes message) noexcept;
  template <OwningTemporary T>
  explicit SpanView(T&&) = delete;

  [[nodiscard]] Bytes trace_id() const noexcept { return trace_id_; }
  [[nodiscard]] Bytes span_id() const noexcept { return span_id_; }
  [[nodiscard]] Bytes parent_span_id() const noexcept { return parent_span_id_; }
  [[nodiscard]] std::string_view trace_state() const noexcept { return trace_state_; }
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] std::int32_t kind() const noexcept { return kind_; }
  [[nodiscard]] std::uint64_t start_time_unix_nano() const noexcept { return start_; }
  [[nodiscard]] std::uint64_t end_time_unix_nano() const noexcept { return end_; }
  [[nodiscard]] std::uint32_t flags() const noexcept { return flags_; }
  // Status: 0 unset, 1 ok, 2 error.
  [[nodiscard]] std::int32_t status_code() const noexcept;
  [[nodiscard]] std::string_view status_message() const noexcept;
  [[nodiscard]] AttributesView attributes() const noexcept { return {{message_}, 9}; }
  [[nodiscard]] Repeated<EventView> events() const noexcept { return {{message_}, 11}; }
  [[nodiscard]] Repeated<LinkView> links() const noexcept { return {{message_}, 13}; }
  [[nodiscard]] Bytes bytes() const noexcept { return message_; }

 private:
  Bytes message_;
  Bytes trace_id_;
  Bytes span_id_;
  Bytes parent_span_id_;
  std::string_view trace_state_;
  std::string_view name_;
  std::int32_t kind_ = 0;
  std::uint32_t flags_ = 0;
  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
};

class LogRecordView {
 public:
  explicit LogRecordView(Bytes message) noexcept;
  template <OwningTemporary T>
  explicit LogRecordView(T&&) = delete;

  [[nodiscard]] std::uint64_t time_unix_nano() const noexcept { return time_; }
  [[nodiscard]] std::uint64_t observed_time_unix_nano() const noexcept { return observed_time_; }
  [[nodiscard]] std::int32_t severity_number() const noexcept { return severity_number_; }
  [[nodiscard]] std::string_view severity_text() const noexcept { return severity_text_; }
  [[nodiscard]] std::string_view event_name() const noexcept { return event_name_; }
  [[nodiscard]] Bytes trace_id() const noexcept { return trace_id_; }
  [[nodiscard]] Bytes span_id() const noexcept { return span_id_; }
  [[nodiscard]] std::uint32_t flags() const noexcept { return flags_; }
  [[nodiscard]] AnyValueView body() const noexcept { return AnyValueView({message_, 5}); }
  [[nodiscard]] AttributesView attributes() const noexcept { return {{message_}, 6}; }
  [[nodiscard]] Bytes bytes() const noexcept { return message_; }

 private:
  Bytes message_;
  Bytes trace_id_;
  Bytes span_id_;
  std::string_view severity_text_;
  std::string_view event_name_;
  std::uint64_t time_ = 0;
  std::uint64_t observed_time_ = 0;
  std::int32_t severity_number_ = 0;
  std::uint32_t flags_ = 0;
};

// The numbers are those of Metric's data fields.
enum class MetricKind : std::uint8_t {
  none = 0,
  gauge = 5,
  sum = 7,
  histogram = 9,
  exponential_histogram = 10,
  summary = 11,
};

// What points of all kinds share, and the value of a number point.
class PointView {
 public:
  PointView(MetricKind kind, Bytes message) noexcept;
  template <OwningTemporary T>
  PointView(MetricKind, T&&) = delete;

  [[nodiscard]] MetricKind kind() const noexcept { return kind_; }
  [[nodiscard]] std::uint64_t start_time_unix_nano() const noexcept { return start_time_; }
  [[nodiscard]] std::uint64_t time_unix_nano() const noexcept { return time_; }
  [[nodiscard]] std::uint32_t flags() const noexcept { return flags_; }
  // Gauge and sum: one of the two, or none.
  [[nodiscard]] std::optional<double> as_double() const noexcept { return as_double_; }
  [[nodiscard]] std::optional<std::int64_t> as_int() const noexcept { return as_int_; }
  // The others. A summary's sum is always there.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::optional<double> sum() const noexcept { return sum_; }
  [[nodiscard]] AttributesView attributes() const noexcept;
  [[nodiscard]] Bytes bytes() const noexcept { return message_; }

 private:
  Bytes message_;
  MetricKind kind_;
  std::uint32_t flags_ = 0;
  std::uint64_t start_time_ = 0;
  std::uint64_t time_ = 0;
  std::uint64_t count_ = 0;
  std::optional<double> as_double_;
  std::optional<std::int64_t> as_int_;
  std::optional<double> sum_;
};

class PointsView {
 public:
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = PointView;
    using difference_type = std::ptrdiff_t;

    Iterator(MetricKind kind, const MessageRef& data) noexcept : cursor_(data), kind_(kind) {
      ++*this;
    }
    [[nodiscard]] PointView operator*() const noexcept { return {kind_, field_.payload}; }
    Iterator& operator++() noexcept {
      do {
        at_end_ = !cursor_.next(field_);
      } while (!at_end_ && (field_.number != 1 || field_.type != WireType::len));
      return *this;
    }
    void operator++(int) noexcept { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept { return at_end_; }

   private:
    FieldCursor cursor_;
    Field field_;
    MetricKind kind_;
    bool at_end_ = false;
  };

  PointsView(MetricKind kind, const MessageRef& data) noexcept : kind_(kind), data_(data) {}
  [[nodiscard]] Iterator begin() const noexcept { return {kind_, data_}; }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  MetricKind kind_;
  MessageRef data_;
};

class MetricView {
 public:
  explicit MetricView(Bytes message) noexcept;
  template <OwningTemporary T>
  explicit MetricView(T&&) = delete;

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] std::string_view description() const noexcept { return description_; }
  [[nodiscard]] std::string_view unit() const noexcept { return unit_; }
  [[nodiscard]] MetricKind kind() const noexcept { return kind_; }
  // 0 unspecified, 1 delta, 2 cumulative.
  [[nodiscard]] std::int32_t aggregation_temporality() const noexcept { return temporality_; }
  [[nodiscard]] bool is_monotonic() const noexcept { return is_monotonic_; }
  [[nodiscard]] AttributesView metadata() const noexcept { return {{message_}, 12}; }
  [[nodiscard]] PointsView points() const noexcept { return {kind_, data_}; }
  [[nodiscard]] Bytes bytes() const noexcept { return message_; }

 private:
  Bytes message_;
  std::string_view name_;
  std::string_view description_;
  std::string_view unit_;
  MetricKind kind_ = MetricKind::none;
  MessageRef data_;  // the data fields of the last kind
  std::int32_t temporality_ = 0;
  bool is_monotonic_ = false;
};

using TracesView = RequestView<SpanView>;
using MetricsView = RequestView<MetricView>;
using LogsView = RequestView<LogRecordView>;

}  // namespace otlpview
