#include "exporter/dead_letter_reader.h"

#include <gtest/gtest.h>

#include "exporter/dead_letters.h"
#include "io/clock.h"
#include "io/memory_file_system.h"

namespace gateway::exporter {
namespace {

class DeadLetterReaderTest : public ::testing::Test {
 protected:
  void write(const std::string& payload) { write(payload, letters_); }
  void write(const std::string& payload, DeadLetters& letters) {
    clock_.advance(std::chrono::seconds(1));
    Buffer buffer = Buffer::allocate(payload.size());
    buffer.append(std::as_bytes(std::span(payload.data(), payload.size())));
    const auto view = std::as_const(buffer).payload();
    ASSERT_TRUE(letters.write({.signal = Signal::logs,
                               .pieces = {{.payload = {.owner = buffer, .bytes = view}}},
                               .item_count = 1,
                               .size_bytes = payload.size()},
                              "refused_by_destination", "no"));
  }
  // What lies behind `from`, and where that ends.
  std::vector<std::string> read(DeadLetterPlace& from) {
    std::vector<std::string> found;
    const auto next = read_dead_letters(files_, "/dead", "otlp/a", from, [&](const auto& entry) {
      found.push_back(entry.payload);
      return true;
    });
    EXPECT_TRUE(next.has_value()) << (next ? "" : next.error());
    if (next) from = *next;
    return found;
  }

  io::MemoryFileSystem files_;
  io::SimClock clock_;
  DeadLetters letters_{files_, clock_, "/dead", "otlp/a"};
};

using Found = std::vector<std::string>;

// Goal: what comes is read once, from the first on. Method: before any file, then entry by entry.
TEST_F(DeadLetterReaderTest, FollowsFromTheFirstEntryOn) {
  DeadLetterPlace place;
  EXPECT_EQ(read(place), Found{});
  write("one");
  EXPECT_EQ(read(place), Found{"one"});
  EXPECT_EQ(read(place), Found{});
  write("two");
  write("three");
  EXPECT_EQ(read(place), (Found{"two", "three"}));
  const auto latest = latest_dead_letter(files_, "/dead", "otlp/a");
  ASSERT_TRUE(latest.has_value());
  EXPECT_EQ(to_text(*latest), to_text(place));
}

// Goal: a place survives renaming, and a file that has gone. Method: entries of half a file.
TEST_F(DeadLetterReaderTest, GoesOnOverRotation) {
  const auto large = [](char c) { return std::string(kDeadLetterFileSizeBytesMax / 2 + 1, c); };
  write(large('a'));
  DeadLetterPlace place;
  EXPECT_EQ(read(place).size(), 1U);
  write(large('b'));
  write(large('c'));
  const Found more = read(place);
  ASSERT_EQ(more.size(), 2U);
  EXPECT_EQ(more[0].front(), 'b');
  EXPECT_EQ(more[1].front(), 'c');
  DeadLetterPlace gone{1, 5};
  EXPECT_EQ(read(gone).size(), 3U);
}

// Goal: a reading may end early and go on. Method: one entry at a time.
TEST_F(DeadLetterReaderTest, EndsWhereItIsTold) {
  write("one");
  write("two");
  DeadLetterPlace place;
  Found found;
  for (int i = 0; i < 2; ++i) {
    std::size_t taken = 0;
    const auto next = read_dead_letters(files_, "/dead", "otlp/a", place, [&](const auto& entry) {
      if (taken == 1) return false;
      ++taken;
      found.push_back(entry.payload);
      return true;
    });
    ASSERT_TRUE(next.has_value());
    place = *next;
  }
  EXPECT_EQ(found, (Found{"one", "two"}));
}

// Goal: a torn last entry is not there; damage is told. Method: half an entry, then other bytes.
TEST_F(DeadLetterReaderTest, ATornEntryIsNotThereAndDamageIsTold) {
  write("one");
  const std::string path = dead_letter_path("/dead", "otlp/a");
  const auto file = std::move(*files_.open(path, {.write = true}));
  const std::uint64_t size = *file->size();
  const auto append = [&](std::string_view text) {
    const std::array parts = {std::as_bytes(std::span(text.data(), text.size()))};
    ASSERT_TRUE(file->write_at(size, parts).has_value());
  };
  append(R"({"time_unix_nano":"1","signal":"logs","item_count":1,"size_bytes":9})");
  DeadLetterPlace place;
  EXPECT_EQ(read(place), Found{"one"});
  append("damage\n and more of it, longer than the entry was before it was overwritten \n");
  DeadLetterPlace start;
  const auto next =
      read_dead_letters(files_, "/dead", "otlp/a", start, [](const auto&) { return true; });
  ASSERT_FALSE(next.has_value());
  EXPECT_NE(next.error().find(path), std::string::npos);
}

// Goal: an entry that a crash cut off hides none that come after the restart. Method: cut one at
// every length, and begin again.
TEST_F(DeadLetterReaderTest, ATornEntryHidesNothingWrittenAfterIt) {
  const std::string path = dead_letter_path("/dead", "otlp/a");
  write("one");
  const auto file = std::move(*files_.open(path, {.write = true}));
  const std::uint64_t size = *file->size();
  write("torn");
  const std::uint64_t size_after = *file->size();
  for (std::uint64_t cut = size_after; cut-- > size;) {
    SCOPED_TRACE(cut);
    ASSERT_TRUE(file->truncate(size).has_value());
    DeadLetters before(files_, clock_, "/dead", "otlp/a");
    write("torn", before);
    ASSERT_TRUE(file->truncate(cut).has_value());
    DeadLetters after(files_, clock_, "/dead", "otlp/a");
    write("two", after);
    DeadLetterPlace start;
    EXPECT_EQ(read(start), (Found{"one", "two"}));
  }
}

// Goal: what is not a torn entry is not cut off. Method: other bytes behind an entry; they stay, in
// a file of their own.
TEST_F(DeadLetterReaderTest, DamageIsPutAside) {
  const std::string path = dead_letter_path("/dead", "otlp/a");
  write("one");
  const auto file = std::move(*files_.open(path, {.write = true}));
  const std::uint64_t size = *file->size();
  const std::string_view damage = "damage\n";
  const std::array parts = {std::as_bytes(std::span(damage.data(), damage.size()))};
  ASSERT_TRUE(file->write_at(size, parts).has_value());
  DeadLetters after(files_, clock_, "/dead", "otlp/a");
  write("two", after);
  EXPECT_EQ(*(*files_.open(path + ".1", {}))->size(), size + damage.size());
  EXPECT_EQ(*(*files_.open(path, {}))->size(), size);
}

TEST_F(DeadLetterReaderTest, PlacesAreReadAsTheyAreWritten) {
  const DeadLetterPlace place{17, 4};
  const auto read_back = parse_dead_letter_place(to_text(place));
  ASSERT_TRUE(read_back.has_value());
  EXPECT_EQ(read_back->file_time_unix_nano, 17U);
  EXPECT_EQ(read_back->offset_bytes, 4U);
  for (const char* text : {"", "1", ":", "1:x", "-1:2"}) {
    EXPECT_FALSE(parse_dead_letter_place(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace gateway::exporter
