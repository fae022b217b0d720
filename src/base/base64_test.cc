#include "base/base64.h"

#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace gateway {
namespace {

// Goal: the text is that of RFC 4648. Method: its test vectors (10), without padding and with it.
TEST(Base64, IsThatOfTheStandard) {
  for (const auto& [bytes, text] : {std::pair<std::string_view, std::string_view>("", ""),
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"},
                                    {"\xfb\xff", "+/8="}}) {
    EXPECT_EQ(base64_encode(bytes, Padding::full), text);
    EXPECT_EQ(base64_encode(bytes), text.substr(0, text.find('=')));
  }
}

}  // namespace
}  // namespace gateway
