#include "otlpview/count.h"

#include "count.h"

namespace otlpview {
namespace internal {

namespace {

// Skips a run of fields with this one-byte tag and lengths of at most two bytes, which is how the
// items of a scope and the points of a metric lie; `at` ends at the first field that is different.
std::uint32_t skip_run(std::uint8_t tag, const std::byte*& at, const std::byte* end) noexcept {
  std::uint32_t count = 0;
  while (end - at >= 3 && std::to_integer<std::uint8_t>(at[0]) == tag) {
    const auto first = std::to_integer<std::size_t>(at[1]);
    const auto second = std::to_integer<std::size_t>(at[2]);
    const std::byte* payload = at + 2;
    std::size_t size = first;
    if (first >= 0x80) {
      if (second >= 0x80) break;
      size = (first & 0x7f) | second << 7;
      ++payload;
    }
    if (size > static_cast<std::size_t>(end - payload)) break;
    at = payload + size;
    ++count;
  }
  return count;
}

// The field number under which a container holds its items directly, and 0 if it does not.
constexpr std::uint32_t item_field_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::scope_spans:
    case Kind::scope_logs:
    case Kind::scope_profiles:
      return 2;
    default:
      return is_metric_data(kind) ? 1 : 0;
  }
}

}  // namespace

std::uint32_t count_below(Kind kind, Bytes message) noexcept {
  const std::uint32_t item_field = item_field_of(kind);
  const auto item_tag = static_cast<std::uint8_t>(tag_of(item_field, WireType::len));
  Kind data = Kind::metric;  // of a metric: the last kind of data seen
  std::uint32_t count = 0;
  FieldReader reader(message);
  Field field;
  while (true) {
    if (item_field != 0) {
      const Bytes rest = reader.rest();
      const std::byte* at = rest.data();
      count += skip_run(item_tag, at, at + rest.size());
      reader = FieldReader(Bytes(at, rest.data() + rest.size()));
    }
    if (!reader.next(field)) return count;
    if (field.type != WireType::len) continue;
    const FieldRule rule = rule_of(kind, field.number);
    if (rule.type != FieldType::message) continue;
    if (is_item(rule.child)) {
      ++count;
    } else if (is_container(rule.child)) {
      if (is_metric_data(rule.child) && rule.child != data) {
        data = rule.child;
        count = 0;
      }
      count += count_below(rule.child, field.payload);
    }
  }
}

}  // namespace internal

std::uint32_t count_items(Signal signal, Bytes body) noexcept {
  return internal::count_below(internal::request_of(signal), body);
}

}  // namespace otlpview
