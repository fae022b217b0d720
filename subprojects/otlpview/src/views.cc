#include "otlpview/views.h"

namespace otlpview {

namespace {

constexpr std::uint32_t kLen = static_cast<std::uint32_t>(WireType::len);
constexpr std::uint32_t kVarint = static_cast<std::uint32_t>(WireType::varint);
constexpr std::uint32_t kI64 = static_cast<std::uint32_t>(WireType::i64);
constexpr std::uint32_t kI32 = static_cast<std::uint32_t>(WireType::i32);

// A case label: the tag of a field in its right wire type. Others fall through as unknown.
constexpr std::uint32_t tag(std::uint32_t number, std::uint32_t type) noexcept {
  return number << 3 | type;
}

std::int32_t int32_of(const Field& field) noexcept {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(field.value));
}
std::uint32_t uint32_of(const Field& field) noexcept {
  return static_cast<std::uint32_t>(field.value);
}
double real_of(const Field& field) noexcept { return std::bit_cast<double>(field.value); }

}  // namespace

std::string_view text_field(Bytes message, std::uint32_t number) noexcept {
  std::string_view text;
  Field field;
  for (FieldReader reader(message); reader.next(field);) {
    if (field.tag() == tag(number, kLen)) text = field.text();
  }
  return text;
}

AnyValueView::AnyValueView(const MessageRef& ref) noexcept {
  const auto set = [&](ValueKind kind, const Field& field) {
    kind_ = kind;
    field_ = field;
  };
  Field field;
  for (FieldCursor cursor(ref); cursor.next(field);) {
    switch (field.tag()) {
      case tag(1, kLen):
        set(ValueKind::string, field);
        break;
      case tag(2, kVarint):
        set(ValueKind::boolean, field);
        break;
      case tag(3, kVarint):
        set(ValueKind::integer, field);
        break;
      case tag(4, kI64):
        set(ValueKind::real, field);
        break;
      case tag(5, kLen):
        set(ValueKind::array, field);
        break;
      case tag(6, kLen):
        set(ValueKind::map, field);
        break;
      case tag(7, kLen):
        set(ValueKind::bytes, field);
        break;
      case tag(8, kVarint):
        set(ValueKind::empty, Field{});
        break;
      default:
        break;
    }
  }
}

AttributesView AnyValueView::as_map() const noexcept {
  return {MessageRef{of(ValueKind::map).payload}, 1};
}

KeyValueView::KeyValueView(Bytes message) noexcept
    : message_(message), key_(text_field(message, 1)) {}

std::optional<AnyValueView> AttributesView::find(std::string_view key) const noexcept {
  for (const KeyValueView& attribute : *this) {
    if (attribute.key() == key) return attribute.value();
  }
  return std::nullopt;
}

std::string_view ResourceView::service_name() const noexcept {
  const auto value = attributes().find("service.name");
  return value.has_value() ? value->as_string() : std::string_view{};
}

ScopeView::ScopeView(const MessageRef& ref) noexcept : ref_(ref) {
  Field field;
  for (FieldCursor cursor(ref); cursor.next(field);) {
    if (field.tag() == tag(1, kLen)) name_ = field.text();
    if (field.tag() == tag(2, kLen)) version_ = field.text();
  }
}

EventView::EventView(Bytes message) noexcept : message_(message) {
  Field field;
  for (FieldReader reader(message); reader.next(field);) {
    if (field.tag() == tag(1, kI64)) time_unix_nano_ = field.value;
    if (field.tag() == tag(2, kLen)) name_ = field.text();
  }
}

LinkView::LinkView(Bytes message) noexcept : message_(message) {
  Field field;
  for (FieldReader reader(message); reader.next(field);) {
    if (field.tag() == tag(1, kLen)) trace_id_ = field.payload;
    if (field.tag() == tag(2, kLen)) span_id_ = field.payload;
  }
}

SpanView::SpanView(Bytes message) noexcept : message_(message) {
  Field field;
  for (FieldReader reader(message); reader.next(field);) {
    switch (field.tag()) {
      case tag(1, kLen):
        trace_id_ = field.payload;
        break;
      case tag(2, kLen):
        span_id_ = field.payload;
        break;
      case tag(3, kLen):
        trace_state_ = field.text();
        break;
      case tag(4, kLen):
        parent_span_id_ = field.payload;
        break;
      case tag(5, kLen):
        name_ = field.text();
        break;
      case tag(6, kVarint):
        kind_ = int32_of(field);
        break;
      case tag(7, kI64):
        start_ = field.value;
        break;
      case tag(8, kI64):
        end_ = field.value;
        break;
      case tag(16, kI32):
        flags_ = uint32_of(field);
        break;
      default:
        break;
    }
  }
}

std::int32_t SpanView::status_code() const noexcept {
  std::int32_t code = 0;
  Field field;
  for (FieldCursor cursor({message_, 15}); cursor.next(field);) {
    if (field.tag() == tag(3, kVarint)) code = int32_of(field);
  }
  return code;
}

std::string_view SpanView::status_message() const noexcept {
  std::string_view message;
  Field field;
  for (FieldCursor cursor({message_, 15}); cursor.next(field);) {
    if (field.tag() == tag(2, kLen)) message = field.text();
  }
  return message;
}

LogRecordView::LogRecordView(Bytes message) noexcept : message_(message) {
  Field field;
  for (FieldReader reader(message); reader.next(field);) {
    switch (field.tag()) {
      case tag(1, kI64):
        time_ = field.value;
        break;
      case tag(2, kVarint):
        severity_number_ = int32_of(field);
        break;
      case tag(3, kLen):
        severity_text_ = field.text();
        break;
      case tag(8, kI32):
        flags_ = uint32_of(field);
        break;
      case tag(9, kLen):
        trace_id_ = field.payload;
        break;
      case tag(10, kLen):
        span_id_ = field.payload;
        break;
      case tag(11, kI64):
        observed_time_ = field.value;
        break;
      case tag(12, kLen):
        event_name_ = field.text();
        break;
      default:
        break;
    }
  }
}

PointView::PointView(MetricKind kind, Bytes message) noexcept : message_(message), kind_(kind) {
  const bool is_number = kind == MetricKind::gauge || kind == MetricKind::sum;
  const bool is_summary = kind == MetricKind::summary;
  const std::uint32_t flags = is_number || is_summary ? 8 : 10;
  if (is_summary) sum_ = 0;
  Field field;
  for (FieldReader reader(message); reader.next(field);) {
    switch (field.tag()) {
      case tag(2, kI64):
        start_time_ = field.value;
        break;
      case tag(3, kI64):
        time_ = field.value;
        break;
      case tag(4, kI64):
        if (is_number) {
          as_double_ = real_of(field);
          as_int_.reset();
        } else {
          count_ = field.value;
        }
        break;
      case tag(5, kI64):
        sum_ = real_of(field);
        break;
      case tag(6, kI64):
        if (is_number) {
          as_int_ = static_cast<std::int64_t>(field.value);
          as_double_.reset();
        }
        break;
      default:
        if (field.tag() == tag(flags, kVarint)) flags_ = uint32_of(field);
        break;
    }
  }
}

AttributesView PointView::attributes() const noexcept {
  const std::uint32_t number = kind_ == MetricKind::histogram               ? 9
                               : kind_ == MetricKind::exponential_histogram ? 1
                                                                            : 7;
  return {MessageRef{message_}, number};
}

MetricView::MetricView(Bytes message) noexcept : message_(message) {
  Field field;
  for (FieldReader reader(message); reader.next(field);) {
    switch (field.tag()) {
      case tag(1, kLen):
        name_ = field.text();
        break;
      case tag(2, kLen):
        description_ = field.text();
        break;
      case tag(3, kLen):
        unit_ = field.text();
        break;
      case tag(5, kLen):
      case tag(7, kLen):
      case tag(9, kLen):
      case tag(10, kLen):
      case tag(11, kLen):
        if (kind_ != static_cast<MetricKind>(field.number)) {
          kind_ = static_cast<MetricKind>(field.number);
          const auto skipped = static_cast<std::size_t>(field.raw.data() - message.data());
          data_ = {message.subspan(skipped), field.number};
        }
        break;
      default:
        break;
    }
  }
  if (kind_ == MetricKind::none || kind_ == MetricKind::gauge || kind_ == MetricKind::summary) {
    return;
  }
  for (FieldCursor cursor(data_); cursor.next(field);) {
    if (field.tag() == tag(2, kVarint)) temporality_ = int32_of(field);
    if (field.tag() == tag(3, kVarint) && kind_ == MetricKind::sum)
      is_monotonic_ = field.value != 0;
  }
}

}  // namespace otlpview
