// For tests and benchmarks: wire bytes of any shape, right or wrong, written as they read.
//
//   Message().len(1, Message().len(2, span)).bytes()
//
// Field numbers stand as in the .proto files; helpers below know the envelopes.
#pragma once

#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "otlpview/wire.h"

namespace otlpview::testing {

class Message {
 public:
  Message& varint(std::uint32_t number, std::uint64_t value) {
    append_varint_field(number, value, bytes_);
    return *this;
  }
  Message& fixed32(std::uint32_t number, std::uint32_t value) {
    append_fixed32_field(number, value, bytes_);
    return *this;
  }
  Message& fixed64(std::uint32_t number, std::uint64_t value) {
    append_fixed64_field(number, value, bytes_);
    return *this;
  }
  Message& real(std::uint32_t number, double value) {
    return fixed64(number, std::bit_cast<std::uint64_t>(value));
  }
  Message& text(std::uint32_t number, std::string_view value) {
    append_len_field(number, value, bytes_);
    return *this;
  }
  Message& len(std::uint32_t number, const Message& message) {
    append_len_field(number, message.bytes(), bytes_);
    return *this;
  }
  Message& raw(Bytes bytes) {
    append_bytes(bytes, bytes_);
    return *this;
  }
  // Bytes in hex, spaces allowed: raw("0a 00").
  Message& raw(std::string_view hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t i = 0; i + 1 < hex.size(); ++i) {
      if (hex[i] == ' ') continue;
      bytes_.push_back(static_cast<std::byte>(digit(hex[i]) << 4 | digit(hex[i + 1])));
      ++i;
    }
    return *this;
  }

  [[nodiscard]] const std::vector<std::byte>& bytes() const& { return bytes_; }
  [[nodiscard]] std::vector<std::byte> bytes() && { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

inline constexpr std::string_view kTraceId = "0123456789abcdef";
inline constexpr std::string_view kSpanId = "01234567";

inline Message string_value(std::string_view text) { return Message().text(1, text); }
inline Message int_value(std::int64_t value) {
  return Message().varint(3, static_cast<std::uint64_t>(value));
}
inline Message key_value(std::string_view key, const Message& value) {
  return Message().text(1, key).len(2, value);
}
inline Message span(std::string_view name = "GET /") {
  return Message()
      .text(1, kTraceId)
      .text(2, kSpanId)
      .text(5, name)
      .varint(6, 2)
      .fixed64(7, 1)
      .fixed64(8, 2);
}
// One resource, one scope, these items.
inline Message envelope(const std::vector<Message>& items, std::string_view service = "shop") {
  Message scope = Message().len(1, Message().text(1, "lib"));
  for (const Message& item : items) scope.len(2, item);
  return Message().len(
      1, Message()
             .len(1, Message().len(1, key_value("service.name", string_value(service))))
             .len(2, scope));
}
inline Message number_point(double value, std::uint64_t time = 5) {
  return Message().fixed64(3, time).real(4, value);
}
inline Message gauge(const std::vector<Message>& points, std::string_view name = "g") {
  Message data;
  for (const Message& point : points) data.len(1, point);
  return Message().text(1, name).len(5, data);
}
// Field 7 sum, 9 histogram, 10 exponential histogram.
inline Message metric_with(std::uint32_t data_field, const std::vector<Message>& points,
                           std::uint64_t temporality = 2) {
  Message data;
  for (const Message& point : points) data.len(1, point);
  if (temporality != 0) data.varint(2, temporality);
  return Message().text(1, "m").len(data_field, data);
}

}  // namespace otlpview::testing
