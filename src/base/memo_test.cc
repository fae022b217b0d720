#include "base/memo.h"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

#include <gtest/gtest.h>

namespace gateway {
namespace {

// Asks, and keeps `code` and `bytes` where nothing is known; what was known before.
std::optional<std::pair<std::uint32_t, std::string>> asked(Memo& memo, std::uint32_t site,
                                                           std::string_view text,
                                                           std::uint32_t code,
                                                           std::string_view bytes = {}) {
  Memo::Question question(site, text);
  if (const Memo::Answer* const known = memo.find(question)) {
    return std::pair(known->code, std::string(known->bytes));
  }
  memo.keep(question, code, bytes);
  return std::nullopt;
}

bool is_known(Memo& memo, std::string_view text) { return asked(memo, 0, text, 1).has_value(); }

TEST(Memo, ATextIsKeptWhenItComesAgain) {
  Memo memo;
  EXPECT_EQ(asked(memo, 0, "GET", 7, "answer"), std::nullopt);
  EXPECT_EQ(asked(memo, 0, "GET", 7, "answer"), std::nullopt);
  EXPECT_EQ(asked(memo, 0, "GET", 0), std::pair(7U, std::string("answer")));
}

TEST(Memo, EachSiteHasItsOwnAnswers) {
  Memo memo;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(asked(memo, 1, "GET", 1, "one"), std::nullopt);
    EXPECT_EQ(asked(memo, 2, "GET", 2, ""), std::nullopt);
  }
  EXPECT_EQ(asked(memo, 1, "GET", 0), std::pair(1U, std::string("one")));
  EXPECT_EQ(asked(memo, 2, "GET", 0), std::pair(2U, std::string()));
}

TEST(Memo, TheEmptyTextIsATextToo) {
  Memo memo;
  EXPECT_FALSE(is_known(memo, {}));
  EXPECT_FALSE(is_known(memo, {}));
  EXPECT_TRUE(is_known(memo, {}));
}

TEST(Memo, WithoutSetsNothingIsKept) {
  Memo memo(0);
  for (int round = 0; round < 4; ++round) EXPECT_FALSE(is_known(memo, "GET"));
}

// Goal: the limits hold at their end and one beyond.
TEST(Memo, WhatIsTooLongIsNotKept) {
  Memo memo;
  const auto is_kept = [&memo](const std::string& text, const std::string& answer) {
    for (int round = 0; round < 2; ++round) asked(memo, 0, text, 1, answer);
    return asked(memo, 0, text, 1, answer).has_value();
  };
  const std::string longest(kMemoTextSizeBytesMax, 'x');
  EXPECT_TRUE(is_kept(longest, ""));
  EXPECT_FALSE(is_kept(longest + 'x', ""));
  const std::size_t room = kMemoSlotSizeBytes - 12;
  EXPECT_TRUE(is_kept("text", std::string(room - 4, 'a')));
  EXPECT_FALSE(is_kept("next", std::string(room - 3, 'a')));
  EXPECT_TRUE(is_kept(std::string(kMemoTextSizeBytesMax, 'y'),
                      std::string(room - kMemoTextSizeBytesMax, 'a')));
}

// Goal: a hash is not believed. Method: two texts of one set whose hashes have the same high half,
// found among as many as it takes for the birthdays to meet.
TEST(Memo, TextsWithTheSameHashAreToldApart) {
  std::unordered_map<std::uint32_t, std::string> seen;
  std::string one;
  std::string other;
  for (int i = 0; i < 2'000'000 && one.empty(); ++i) {
    const std::string text = "text-" + std::to_string(i);
    const auto half = static_cast<std::uint32_t>(Memo::hash_of(0, text) >> 32) | 1U;
    const auto [at, is_new] = seen.emplace(half, text);
    if (is_new) continue;
    one = at->second;
    other = text;
  }
  ASSERT_FALSE(one.empty());
  Memo memo(1);
  for (int round = 0; round < 2; ++round) asked(memo, 0, one, 1, "of one");
  EXPECT_EQ(asked(memo, 0, one, 0), std::pair(1U, std::string("of one")));
  EXPECT_EQ(asked(memo, 0, other, 2, "of the other"), std::nullopt);
  EXPECT_EQ(asked(memo, 0, other, 2), std::pair(2U, std::string("of the other")));
  EXPECT_EQ(asked(memo, 0, one, 1, "of one"), std::nullopt);
}

// Goal: texts that never come again do not drive out the one that does. Method: a single set.
TEST(Memo, AFloodLeavesWhatIsLookedUp) {
  Memo memo(1);
  for (int round = 0; round < 3; ++round) is_known(memo, "often");
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(is_known(memo, "once-" + std::to_string(i)));
    EXPECT_TRUE(is_known(memo, "often"));
  }
}

TEST(Memo, WhatIsNotLookedUpMakesRoom) {
  Memo memo(1);
  for (const std::string_view text : {"a", "b", "c"}) {
    for (int round = 0; round < 2; ++round) EXPECT_FALSE(is_known(memo, text));
    EXPECT_TRUE(is_known(memo, text));
  }
  EXPECT_TRUE(is_known(memo, "b"));  // of the two slots, that which was found last but one
  EXPECT_FALSE(is_known(memo, "a"));
}

TEST(Memo, ALargeTextThatWasMadeIsGivenBack) {
  Memo memo;
  memo.scratch().assign(kMemoScratchSizeBytesMax, 'x');
  EXPECT_GE(memo.scratch().capacity(), kMemoScratchSizeBytesMax);
  EXPECT_TRUE(memo.scratch().empty());
  memo.scratch().assign(2 * kMemoScratchSizeBytesMax, 'x');
  EXPECT_LT(memo.scratch().capacity(), kMemoScratchSizeBytesMax);
}

// Goal: an answer is that of its own text, whatever else is kept, made room for and asked in
// between. Method: random texts of all sizes from a small stock, small tables.
TEST(Memo, EveryAnswerIsThatOfItsText) {
  for (const std::size_t set_count : {1U, 2U, 16U, 512U}) {
    SCOPED_TRACE(set_count);
    std::mt19937_64 random(20261121 + set_count);
    std::vector<std::string> stock;
    for (int i = 0; i < 400; ++i) {
      std::string text(random() % (kMemoTextSizeBytesMax + 8), '\0');
      for (char& c : text) c = static_cast<char>('a' + random() % 2);
      stock.push_back(std::move(text));
    }
    Memo memo(set_count);
    std::size_t hits = 0;
    for (int i = 0; i < 100'000; ++i) {
      const std::string& text = stock[random() % (random() % 2 == 0 ? 4 : stock.size())];
      const auto site = static_cast<std::uint32_t>(random() % 3);
      const std::string answer = std::to_string(site) + text.substr(text.size() / 2);
      const auto code = static_cast<std::uint32_t>(text.size() * 3 + site);
      const auto known = asked(memo, site, text, code, answer);
      if (!known) continue;
      ++hits;
      ASSERT_EQ(known->first, code);
      ASSERT_EQ(known->second, answer);
    }
    EXPECT_GT(hits, 1000U);
  }
}

}  // namespace
}  // namespace gateway
