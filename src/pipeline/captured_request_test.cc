#include "pipeline/captured_request.h"

#include <array>
#include <span>

#include <gtest/gtest.h>

#include "io/memory_file_system.h"
#include "pipeline/request_context.h"

namespace gateway::pipeline {
namespace {

std::string a_context() {
  std::string context;
  EXPECT_TRUE(append_context_value("metadata.x-tenant", "a \"b\";c", context));
  EXPECT_TRUE(append_context_value("client.address", "127.0.0.1", context));
  return context;
}

CapturedHead a_head() {
  return {.signal = Signal::logs,
          .time_unix_nano = 1'700'000'000'000'000'001,
          .item_count = 2,
          .size_bytes = 8,
          .tenant = "shop \"1\"",
          .context = a_context(),
          .reason = "refused_by_destination",
          .message = "say\nno"};
}

std::string an_entry() {
  std::string text;
  append_captured_head(a_head(), text);
  return text + "pay\nload\n";
}

// Goal: what is written is read. Method: one entry with every member, a newline in the payload.
TEST(CapturedRequest, AnEntryIsReadAsItWasWritten) {
  const std::string text = an_entry() + "rest";
  const auto entry = read_captured(text);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->head.signal, Signal::logs);
  EXPECT_EQ(entry->head.time_unix_nano, 1'700'000'000'000'000'001U);
  EXPECT_EQ(entry->head.item_count, 2U);
  EXPECT_EQ(entry->head.tenant, "shop \"1\"");
  EXPECT_EQ(entry->head.context, a_context());
  EXPECT_EQ(entry->head.reason, "refused_by_destination");
  EXPECT_EQ(entry->head.message, "say\nno");
  EXPECT_EQ(entry->payload, "pay\nload");
  EXPECT_EQ(entry->size_bytes, text.size() - 4);
}

// Goal: an entry that is being written is told from damage. Method: cut at every length.
TEST(CapturedRequest, EveryShorterPrefixIsTruncated) {
  const std::string text = an_entry();
  for (std::size_t size = 0; size < text.size(); ++size) {
    SCOPED_TRACE(size);
    const auto entry = read_captured(std::string_view(text).substr(0, size));
    ASSERT_FALSE(entry.has_value());
    EXPECT_EQ(entry.error(), CapturedErrc::truncated);
  }
}

// Goal: what is no entry is said, whatever it is. Method: one mistake at a time.
TEST(CapturedRequest, WhatIsNoEntryIsMalformed) {
  for (const std::string text :
       {"\n\n", "no json\n\n", "[]\n\n", "{}\n\n",
        R"({"time_unix_nano":"1","signal":"spans","item_count":1,"size_bytes":0})"
        "\n\n",
        R"({"time_unix_nano":1,"signal":"logs","item_count":1,"size_bytes":0})"
        "\n\n",
        R"({"time_unix_nano":"1x","signal":"logs","item_count":1,"size_bytes":0})"
        "\n\n",
        R"({"time_unix_nano":"1","signal":"logs","item_count":1,"size_bytes":-1})"
        "\n\n",
        R"({"time_unix_nano":"1","signal":"logs","size_bytes":0})"
        "\n\n",
        R"({"time_unix_nano":"1","signal":"logs","item_count":1,"size_bytes":0})"
        "\nx\n"}) {
    const auto entry = read_captured(text);
    ASSERT_FALSE(entry.has_value()) << text;
    EXPECT_EQ(entry.error(), CapturedErrc::malformed) << text;
  }
  EXPECT_EQ(read_captured(std::string(kCapturedHeadSizeBytesMax, 'x')).error(),
            CapturedErrc::malformed);
  const std::string large = std::to_string(kCapturedPayloadSizeBytesMax + 1);
  EXPECT_EQ(read_captured(R"({"time_unix_nano":"1","signal":"logs","item_count":1,"size_bytes":)" +
                          large + "}\n")
                .error(),
            CapturedErrc::too_large);
}

// Goal: a file is read entry by entry, and again where it was being written. Method: a small entry,
// one larger than the first read, and half of a third.
TEST(CapturedRequest, AFileIsReadEntryByEntry) {
  const auto files = std::make_unique<io::MemoryFileSystem>();
  std::shared_ptr<io::File> file =
      std::move(*files->open("/captured", {.write = true, .create = true}));
  CapturedHead large = a_head();
  large.size_bytes = 3 * kCapturedHeadSizeBytesMax;
  std::string text = an_entry();
  append_captured_head(large, text);
  text += std::string(static_cast<std::size_t>(large.size_bytes), 'L') + "\n";
  const std::string third = an_entry();
  const auto write = [&](std::uint64_t at, std::string_view part) {
    const std::array parts = {std::as_bytes(std::span(part.data(), part.size()))};
    ASSERT_TRUE(file->write_at(at, parts).has_value());
  };
  write(0, text + third.substr(0, third.size() / 2));

  CapturedFileReader reader(file);
  for (const std::size_t size : {std::size_t{8}, 3 * kCapturedHeadSizeBytesMax}) {
    const auto entry = reader.next();
    ASSERT_TRUE(entry.has_value());
    ASSERT_TRUE(entry->has_value());
    EXPECT_EQ((*entry)->payload.size(), size);
  }
  ASSERT_FALSE(reader.next().has_value());
  EXPECT_EQ(reader.next().error(), CapturedErrc::truncated);
  EXPECT_EQ(reader.offset_bytes(), text.size());
  write(text.size(), third);
  ASSERT_TRUE(reader.next().has_value());
  const auto end = reader.next();
  ASSERT_TRUE(end.has_value());
  EXPECT_FALSE(end->has_value());
}

}  // namespace
}  // namespace gateway::pipeline
