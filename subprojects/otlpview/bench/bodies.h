// Request bodies as SDKs send them, in the field order of their encoders, for the benchmarks.
//
//   traces  : spans of 344 bytes with 8 attributes: six strings, an int, a double
//   logs    : records of a web server with 4 attributes and ids
//   metrics : a sum with 20 points of 4 attributes, a histogram with 5 points of 12 buckets
//
// Errors:  none.
// Threads: pure functions.
#pragma once

#include <string>

#include "message_builder.h"

namespace otlpview::bench {

using testing::int_value;
using testing::key_value;
using testing::Message;
using testing::string_value;

inline constexpr std::uint64_t kNow = 1'795'255'200'000'000'000U;

// Ids and times whose bytes are not ASCII, as real ones are not.
inline std::string noise(std::size_t size, std::uint64_t seed) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    bytes.push_back(static_cast<char>(seed >> 56 | 1));
  }
  return bytes;
}

inline Message span(std::uint64_t i) {
  Message span;
  span.text(1, noise(16, i / 10)).text(2, noise(8, i + 1000)).text(4, noise(8, i + 2000));
  span.text(5, "GET /api/v1/orders/{id}")
      .varint(6, 2)
      .fixed64(7, kNow + i)
      .fixed64(8, kNow + i + 9);
  span.len(9, key_value("http.request.method", string_value("GET")))
      .len(9, key_value("http.route", string_value("/api/v1/orders/{id}")))
      .len(9, key_value("http.response.status_code", int_value(200)))
      .len(9, key_value("server.address", string_value("shop-" + std::to_string(i % 9) + ".svc")))
      .len(9, key_value("url.scheme", string_value("https")))
      .len(9,
           key_value("url.path", string_value("/api/v1/orders/" + std::to_string(1000 + i % 9000))))
      .len(9, key_value("user_agent.original", string_value("okhttp/4.12.0")))
      .len(9, key_value("app.cart.value", Message().real(4, 99.5 + static_cast<double>(i))));
  return span.len(15, Message()).fixed32(16, 0x101);
}

inline Message log_record(std::uint64_t i) {
  return Message()
      .fixed64(1, kNow + i)
      .varint(2, 9)
      .text(3, "INFO")
      .len(5, string_value("10.0.3." + std::to_string(i % 255) +
                           " - GET /api/v1/orders/{id} HTTP/1.1 200 5316 in 12 ms, upstream shop"))
      .len(6, key_value("http.request.method", string_value("GET")))
      .len(6, key_value("http.response.status_code", int_value(200)))
      .len(6, key_value("thread.name", string_value("worker-3")))
      .len(6, key_value("code.function.name", string_value("OrderController.show")))
      .fixed32(8, 1)
      .text(9, noise(16, i))
      .text(10, noise(8, i + 1000))
      .fixed64(11, kNow + i + 1);
}

inline Message sum_metric(std::uint64_t i) {
  Message sum;
  for (std::uint64_t point = 0; point < 20; ++point) {
    sum.len(1,
            Message()
                .len(7, key_value("http.request.method", string_value("GET")))
                .len(7, key_value("http.route", string_value("/api/v1/orders/{id}")))
                .len(7, key_value("http.response.status_code", int_value(200)))
                .len(7, key_value("server.address", string_value("shop-" + std::to_string(point))))
                .fixed64(2, kNow)
                .fixed64(3, kNow + i)
                .fixed64(6, 1000 + point));
  }
  sum.varint(2, 2).varint(3, 1);
  return Message()
      .text(1, "http.server.requests")
      .text(2, "Requests that were answered.")
      .text(3, "{request}")
      .len(7, sum);
}

inline Message histogram_metric(std::uint64_t i) {
  Message histogram;
  for (std::uint64_t point = 0; point < 5; ++point) {
    Message counts;
    Message bounds;
    std::string packed_counts;
    std::string packed_bounds;
    const auto append = [](std::string& to, std::uint64_t bits) {
      to.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    };
    for (std::uint64_t bucket = 0; bucket < 12; ++bucket) append(packed_counts, bucket);
    for (int bound = 1; bound < 12; ++bound) {
      append(packed_bounds, std::bit_cast<std::uint64_t>(0.005 * bound));
    }
    histogram.len(1, Message()
                         .fixed64(2, kNow)
                         .fixed64(3, kNow + i)
                         .fixed64(4, 66)
                         .real(5, 1.5)
                         .text(6, packed_counts)
                         .text(7, packed_bounds)
                         .len(9, key_value("http.request.method", string_value("GET")))
                         .len(9, key_value("http.route", string_value("/api/v1/orders/{id}")))
                         .real(11, 0.001)
                         .real(12, 0.5));
  }
  histogram.varint(2, 2);
  return Message().text(1, "http.server.request.duration").text(3, "s").len(9, histogram);
}

inline Message resource() {
  return Message()
      .len(1, key_value("service.name", string_value("shop")))
      .len(1, key_value("service.version", string_value("2026.11.1")))
      .len(1, key_value("telemetry.sdk.language", string_value("java")))
      .len(1, key_value("telemetry.sdk.name", string_value("opentelemetry")))
      .len(1, key_value("host.name", string_value("shop-6f8d9c7b5-x2x4z")));
}

inline std::vector<std::byte> request(const Message& items) {
  Message scope = Message().len(1, Message().text(1, "io.opentelemetry.tomcat").text(2, "2.21.0"));
  scope.raw(Bytes(items.bytes()));
  return Message().len(1, Message().len(1, resource()).len(2, scope)).bytes();
}

inline std::vector<std::byte> traces(std::uint64_t count) {
  Message items;
  for (std::uint64_t i = 0; i < count; ++i) items.len(2, span(i));
  return request(items);
}
inline std::vector<std::byte> logs(std::uint64_t count) {
  Message items;
  for (std::uint64_t i = 0; i < count; ++i) items.len(2, log_record(i));
  return request(items);
}
// 25 points for each of `count`.
inline std::vector<std::byte> metrics(std::uint64_t count) {
  Message items;
  for (std::uint64_t i = 0; i < count; ++i) items.len(2, sum_metric(i)).len(2, histogram_metric(i));
  return request(items);
}

}  // namespace otlpview::bench
