#include "pipeline/request_context.h"

#include <gtest/gtest.h>

#include "storage/log.h"

namespace gateway::pipeline {
namespace {

std::string two_values() {
  std::string context;
  EXPECT_TRUE(append_context_value("metadata.x-tenant", "shop", context));
  EXPECT_TRUE(append_context_value("client.address", "", context));
  return context;
}

// Goal: what is added is found. Method: a value, an empty one, one that is not there.
TEST(RequestContext, ValuesAreFoundByTheirKeys) {
  const std::string context = two_values();
  EXPECT_EQ(find_context_value(context, "metadata.x-tenant"), "shop");
  EXPECT_EQ(find_context_value(context, "client.address"), "");
  EXPECT_EQ(find_context_value(context, "metadata.x"), std::nullopt);
  EXPECT_EQ(find_context_value("", "client.address"), std::nullopt);
}

// Goal: what is larger than a record keeps is left out, and nothing else is. Method: a value that
// just fits, and one byte more.
TEST(RequestContext, AValueWithoutRoomIsLeftOut) {
  const std::size_t room = storage::kContextSizeBytesMax - two_values().size() - 1 - 1 - 2;
  std::string context = two_values();
  EXPECT_FALSE(append_context_value("k", std::string(room + 1, 'v'), context));
  EXPECT_EQ(context, two_values());
  EXPECT_TRUE(append_context_value("k", std::string(room, 'v'), context));
  EXPECT_EQ(context.size(), storage::kContextSizeBytesMax);
  EXPECT_EQ(find_context_value(context, "k"), std::string(room, 'v'));
}

// Goal: nothing is read beyond the end. Method: cut at every length.
TEST(RequestContext, EveryShorterPrefixIsReadAsFarAsItGoes) {
  const std::string whole = two_values();
  const std::size_t first = 1 + 17 + 2 + 4;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    const std::string cut = whole.substr(0, size);
    EXPECT_EQ(find_context_value(cut, "metadata.x-tenant").has_value(), size >= first);
    EXPECT_EQ(find_context_value(cut, "client.address"), std::nullopt);
  }
}

}  // namespace
}  // namespace gateway::pipeline
