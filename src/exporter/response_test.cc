#include "exporter/response.h"

#include <string>

#include <gtest/gtest.h>

#include "exporter/otlp/endpoint.h"
#include "exporter/transport.h"

namespace gateway::exporter {
namespace {

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Goal: no cut or flipped answer is misread into a crash; each prefix is read or refused. Method:
// every prefix, every flip.
TEST(Response, EveryCutAndFlipIsReadOrRefused) {
  const std::string partial = std::string("\x0a\x07\x08\x02\x12\x03", 6) + "old";
  const std::string status = std::string("\x08\x0e\x12\x02", 4) + "no" +
                             std::string("\x1a\x32\x0a\x28", 4) +
                             "type.googleapis.com/google.rpc.RetryInfo" +
                             std::string("\x12\x06\x0a\x04\x08\x03\x10\x01", 8);
  ASSERT_EQ(read_partial_success(bytes(partial))->rejected_items, 2U);
  ASSERT_EQ(read_partial_success(bytes(partial))->error_message, "old");
  ASSERT_TRUE(read_rpc_status(bytes(status)).has_value());
  ASSERT_EQ(read_rpc_status(bytes(status))->message, "no");
  ASSERT_EQ(read_rpc_status(bytes(status))->retry_delay, std::chrono::milliseconds(3001));
  for (const std::string& whole : {partial, status}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string cut = whole.substr(0, size);
      static_cast<void>(read_partial_success(bytes(cut)));
      static_cast<void>(read_rpc_status(bytes(cut)));
    }
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      static_cast<void>(read_partial_success(bytes(flipped)));
      static_cast<void>(read_rpc_status(bytes(flipped)));
    }
  }
  EXPECT_FALSE(read_partial_success(bytes("\xff\xff junk")).has_value());
}

// Goal: P-10: zero and empty is full success; a negative count is none. Method: each body.
TEST(Response, EmptyAndNegativeCountsAreNone) {
  EXPECT_EQ(read_partial_success({})->rejected_items, 0U);
  EXPECT_EQ(read_partial_success(bytes(std::string("\x0a\x00", 2)))->rejected_items, 0U);
  const std::string negative("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13);
  EXPECT_EQ(read_partial_success(bytes(negative))->rejected_items, 0U);
}

// Goal: ProtoJSON's two spellings of a number, and junk. Method: each.
TEST(Response, ReadsJson) {
  EXPECT_EQ(
      read_partial_success_json(R"({"partialSuccess":{"rejectedLogRecords":"7"}})")->rejected_items,
      7U);
  EXPECT_EQ(
      read_partial_success_json(R"({"partialSuccess":{"rejectedDataPoints":7}})")->rejected_items,
      7U);
  EXPECT_EQ(
      read_partial_success_json(R"({"partialSuccess":{"rejectedSpans":"-7"}})")->rejected_items,
      0U);
  EXPECT_EQ(read_partial_success_json(R"({"partialSuccess":7})")->rejected_items, 0U);
  EXPECT_FALSE(read_partial_success_json("[1]").has_value());
  EXPECT_FALSE(read_partial_success_json("").has_value());
  EXPECT_FALSE(read_rpc_status_json("{").has_value());
  EXPECT_EQ(read_rpc_status_json(R"({"message":"a\nb"})")->message, "a b");
}

// Goal: a destination's words are one line of valid UTF-8, bounded. Method: hostile words.
TEST(Printable, IsOneBoundedLineOfUtf8) {
  EXPECT_EQ(printable("a\r\nb\x1b[31m"), "a  b [31m");
  EXPECT_EQ(printable("\xc3\xa4\xff\xed\xa0\x80"),
            "\xc3\xa4\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(printable(std::string(10'000, 'x')).size(), kAnswerMessageSizeBytesMax);
}

// Goal: R-26: the scheme beats `insecure`; forms of gRPC pass. Method: a table.
TEST(GrpcEndpoint, FormsAndMistakes) {
  const auto target = [](const char* endpoint, bool insecure) {
    const auto parsed = parse_grpc_endpoint(endpoint, insecure);
    return parsed ? parsed->target + (parsed->tls ? " tls" : " clear") : std::string("wrong");
  };
  EXPECT_EQ(target("host:4317", true), "host:4317 clear");
  EXPECT_EQ(target("host:4317", false), "host:4317 tls");
  EXPECT_EQ(target("http://host:1", false), "host:1 clear");
  EXPECT_EQ(target("HTTPS://host:1/", true), "host:1 tls");
  EXPECT_EQ(target("host", true), "host:4317 clear");
  EXPECT_EQ(target("http://host", true), "host:4317 clear");
  EXPECT_EQ(target("https://host", true), "host:443 tls");
  EXPECT_EQ(target("[::1]:4317", true), "[::1]:4317 clear");
  EXPECT_EQ(target("dns:///host:4317", true), "dns:///host:4317 clear");
  EXPECT_EQ(target("unix:///run/otlp.sock", true), "unix:///run/otlp.sock clear");
  EXPECT_EQ(target("dns:4317", true), "dns:4317 clear");
  for (const char* wrong : {"", "http://", "ftp://host:1", "http://host:1/v1/traces", "user@host:1",
                            "host:port", "host:99999", "::1:4317", "[::1", ":4317"}) {
    EXPECT_EQ(target(wrong, true), "wrong") << wrong;
  }
}

}  // namespace
}  // namespace gateway::exporter
