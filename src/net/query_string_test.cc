#include "net/query_string.h"

#include <gtest/gtest.h>

namespace gateway::net {
namespace {

// Goal: what is written is read. Method: every byte as a value, and names that need escapes.
TEST(QueryString, EveryByteGoesThere) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  std::string query;
  append_query(query, "a&b", all);
  append_query(query, "c", "");
  EXPECT_EQ(query.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789-._~%=&"),
            std::string::npos);
  EXPECT_EQ(parse_query(query), (QueryPairs{{"a&b", all}, {"c", ""}}));
}

// Goal: what browsers and people write is read. Method: forms that append_query() does not write.
TEST(QueryString, OtherFormsAreRead) {
  EXPECT_EQ(parse_query(""), QueryPairs{});
  EXPECT_EQ(parse_query("&&a&b=1+2&=x&c=d=e"),
            (QueryPairs{{"a", ""}, {"b", "1 2"}, {"", "x"}, {"c", "d=e"}}));
}

// Goal: broken escapes and floods are refused. Method: one each, and the limit.
TEST(QueryString, BrokenEscapesAndFloodsAreRefused) {
  for (const char* query : {"%", "a=%1", "a=%g0", "a=%0g"}) {
    EXPECT_FALSE(parse_query(query).has_value()) << query;
  }
  std::string many;
  for (std::size_t i = 0; i < kQueryPairsMax; ++i) append_query(many, "a", "b");
  EXPECT_TRUE(parse_query(many).has_value());
  append_query(many, "a", "b");
  EXPECT_FALSE(parse_query(many).has_value());
}

}  // namespace
}  // namespace gateway::net
