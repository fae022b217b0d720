#include "storage/read_windows.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace gateway::storage {
namespace {

constexpr std::size_t kSizeBytes = 64U << 10;

TEST(ReadWindows, one_that_nobody_holds_is_used_again) {
  ReadWindows windows;
  Buffer window;
  windows.renew(window, kSizeBytes);
  const auto* const bytes = window.block().data();
  ASSERT_GE(window.block().size(), kSizeBytes);
  windows.renew(window, kSizeBytes);
  EXPECT_EQ(window.block().data(), bytes);
}

TEST(ReadWindows, one_that_is_held_is_left_alone_until_it_is_free) {
  ReadWindows windows;
  Buffer window;
  windows.renew(window, kSizeBytes);
  const auto* const first = window.block().data();
  Buffer holder = window;
  windows.renew(window, kSizeBytes);
  EXPECT_NE(window.block().data(), first);
  holder.reset();
  const Buffer second_holder = window;
  windows.renew(window, kSizeBytes);
  EXPECT_EQ(window.block().data(), first);
}

TEST(ReadWindows, one_that_is_too_small_is_not_used) {
  ReadWindows windows;
  Buffer window;
  windows.renew(window, kSizeBytes);
  windows.renew(window, 2 * kSizeBytes);
  EXPECT_GE(window.block().size(), 2 * kSizeBytes);
}

TEST(ReadWindows, no_more_are_kept_than_said) {
  ReadWindows windows;
  Buffer window;
  std::vector<Buffer> holders;
  for (std::size_t i = 0; i < ReadWindows::kKeptMax + 5; ++i) {
    windows.renew(window, kSizeBytes);
    holders.push_back(window);
  }
  const auto shared = std::count_if(holders.begin(), holders.end(),
                                    [](const Buffer& holder) { return !holder.unique(); });
  EXPECT_EQ(static_cast<std::size_t>(shared), ReadWindows::kKeptMax + 1);  // and the one in use
}

}  // namespace
}  // namespace gateway::storage
