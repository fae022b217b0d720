#include "config/values.h"

#include <gtest/gtest.h>

namespace gateway::config {
namespace {

// Goal: Go's durations mean what they mean there. Method: table, good and bad.
TEST(Values, DurationsAreGos) {
  for (const auto& [text, millis] : {std::pair<const char*, std::int64_t>{"0", 0},
                                     {"5s", 5000},
                                     {"100ms", 100},
                                     {"1m30s", 90'000},
                                     {"1.5h", 5'400'000},
                                     {"7d", 604'800'000},
                                     {"10us", 1},
                                     {"2000us", 2},
                                     {"300µs", 1},
                                     {"0s", 0}}) {
    SCOPED_TRACE(text);
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->count(), millis);
  }
  for (const auto* text :
       {"", "5", "s", "-5s", "5 s", "5sec", "1..5s", "1e3s", "5s3", "99999999999h"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

// Goal: what is printed reads back. Method: round trips.
TEST(Values, DurationsAndSizesReadBack) {
  for (const std::int64_t millis : {0, 1, 999, 1000, 90'000, 3'600'000, 3'661'001}) {
    EXPECT_EQ(parse_duration(text_of(Millis(millis))), Millis(millis));
  }
  for (const std::uint64_t bytes : {0ULL, 1ULL, 1024ULL, 1536ULL, 64ULL << 20, 10ULL << 30}) {
    EXPECT_EQ(parse_size(text_of_size(bytes)), bytes);
  }
  EXPECT_EQ(text_of(Millis(90'500)), "1m30s500ms");
  EXPECT_EQ(text_of_size(64ULL << 20), "64MiB");
}

// Goal: sizes have units, exact ones. Method: table, good and bad.
TEST(Values, SizesHaveUnits) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("64MiB"), 64U << 20U);
  EXPECT_EQ(parse_size("1.5KiB"), 1536U);
  EXPECT_EQ(parse_size("2 GB"), 2'000'000'000U);
  for (const auto* text : {"", "MiB", "-1", "1mib", "1M", "9999999999TiB", "1MiB2"}) {
    EXPECT_FALSE(parse_size(text).has_value()) << text;
  }
}

// Goal: addresses are told from what is none. Method: table, IPv6 included.
TEST(Values, AddressesHaveAHostAndAPort) {
  const auto address = parse_address("[::1]:4317");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->port, 4317);
  EXPECT_EQ(parse_address(":0")->host, "");
  EXPECT_EQ(parse_address("my-host.example:65535")->port, 65535);
  for (const auto* text : {"", "host", "host:", "host:65536", "host:-1", "::1:4317", "[::1]",
                           "[]:1", "a b:1", "http://a:1", "host:1/x", "[::1]x:1"}) {
    EXPECT_FALSE(parse_address(text).has_value()) << text;
  }
}

// Goal: URLs are taken apart. Method: table.
TEST(Values, UrlsHaveSchemeHostPortAndPath) {
  const auto url = parse_url("https://[::1]:8443/base/x");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/base/x");
  EXPECT_FALSE(parse_url("http://host")->port.has_value());
  for (const auto* text : {"", "host:4318", "ftp://a", "http://", "http:///x", "http://a:b",
                           "http://a?q=1", "http://a/x#y", "http://a/b c", "HTTP//a"}) {
    EXPECT_FALSE(parse_url(text).has_value()) << text;
  }
}

// Goal: only what cannot leave the machine is loopback. Method: table.
TEST(Values, LoopbackIsThisMachineOnly) {
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("localhost"));
  EXPECT_TRUE(is_loopback("::1"));
  EXPECT_FALSE(is_loopback("0.0.0.0"));
  EXPECT_FALSE(is_loopback("10.0.0.1"));
}

}  // namespace
}  // namespace gateway::config
