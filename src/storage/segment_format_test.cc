#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "storage/cursor_file.h"
#include "storage/engine_fixture.h"
#include "storage/record.h"
#include "storage/segment.h"

namespace gateway::storage {
namespace {

RecordHeader some_header() {
  RecordHeader header;
  header.payload_size_bytes = 5;
  header.extent_size_bytes = 4096;
  header.item_count = 2;
  header.epoch = 0x1122334455667788;
  header.items_before = 1'000'000'000'000;
  header.record_sequence = 77;
  header.received_unix_nano = 1'700'000'000'000'000'000;
  header.signal = Signal::logs;
  header.coding = ContentCoding::zstd;
  header.tenant_size_bytes = 4;
  header.flags = kRecordFlagGroupEnd;
  header.group_block = 9;
  return header;
}

std::vector<std::byte> encoded(const RecordHeader& header) {
  std::vector<std::byte> bytes(kRecordHeaderSizeBytes);
  encode_record_header(header, bytes);
  return bytes;
}

// Goal: what is written is read. Method: every field has a value of its own.
TEST(RecordHeader, IsReadAsItWasWritten) {
  const RecordHeader header = some_header();
  const auto decoded = decode_record_header(encoded(header), header.epoch);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, header);
}

// Goal: no read beyond what is there. Method: cut at every length.
TEST(RecordHeader, EveryShorterPrefixIsTruncated) {
  const auto whole = encoded(some_header());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto decoded = decode_record_header(std::span(whole).first(size), some_header().epoch);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error(), RecordErrc::truncated);
  }
}

// Goal: no damaged header passes. Method: flip each bit.
TEST(RecordHeader, EveryFlippedBitIsFound) {
  const auto whole = encoded(some_header());
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto flipped = whole;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(decode_record_header(flipped, some_header().epoch).has_value()) << bit;
  }
}

// Goal: a header that is whole, and says what cannot be, is refused. Method: one bad field at a
// time, checksum and all.
TEST(RecordHeader, FieldsOutOfRangeAreRefused) {
  const auto error_of = [](auto&& change) {
    RecordHeader header = some_header();
    change(header);
    const auto decoded = decode_record_header(encoded(header), some_header().epoch);
    return decoded ? std::nullopt : std::optional(decoded.error());
  };
  EXPECT_EQ(error_of([](RecordHeader& h) { h.signal = static_cast<Signal>(4); }),
            RecordErrc::bad_field);
  EXPECT_EQ(error_of([](RecordHeader& h) { h.coding = static_cast<ContentCoding>(3); }),
            RecordErrc::bad_field);
  EXPECT_EQ(error_of([](RecordHeader& h) { h.tenant_size_bytes = 129; }), RecordErrc::bad_field);
  EXPECT_EQ(error_of([](RecordHeader& h) { h.extent_size_bytes = 4090; }), RecordErrc::bad_field);
  EXPECT_EQ(error_of([](RecordHeader& h) { h.extent_size_bytes = 64; }), RecordErrc::bad_field);
  EXPECT_EQ(error_of([](RecordHeader& h) { h.epoch = 1; }), RecordErrc::other_epoch);
}

// Goal: no damaged payload passes. Method: cut at every length, flip each bit.
TEST(RecordPayload, EveryCutAndEveryFlipIsFound) {
  RecordHeader header = some_header();
  std::vector<std::byte> record(kRecordHeaderSizeBytes + 9, std::byte{'p'});
  header.payload_crc = crc32c(std::span(record).subspan(kRecordHeaderSizeBytes));
  encode_record_header(header, record);
  ASSERT_TRUE(check_record_payload(header, record).has_value());
  for (std::size_t size = kRecordHeaderSizeBytes; size < record.size(); ++size) {
    EXPECT_EQ(check_record_payload(header, std::span(record).first(size)).error(),
              RecordErrc::truncated);
  }
  for (std::size_t bit = kRecordHeaderSizeBytes * 8; bit < record.size() * 8; ++bit) {
    auto flipped = record;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(check_record_payload(header, flipped).has_value()) << bit;
  }
}

// A record with a tenant and a context, and padding behind.
std::vector<std::byte> record_with_context(RecordHeader& header, std::string_view context) {
  header.flags |= kRecordFlagContext;
  std::vector<std::byte> record(header.extent_size_bytes);
  std::fill_n(record.begin() + kRecordHeaderSizeBytes, 9, std::byte{'p'});
  header.payload_crc = crc32c(std::span(record).subspan(kRecordHeaderSizeBytes, 9));
  encode_record_header(header, record);
  encode_record_context(context, std::span(record).subspan(header.size_bytes()));
  return record;
}

// Goal: no damaged context passes. Method: cut at every length, flip each bit.
TEST(RecordContext, IsReadAsWrittenAndEveryCutAndFlipIsFound) {
  const std::string context = "what was kept";
  RecordHeader header = some_header();
  const auto record = record_with_context(header, context);
  ASSERT_EQ(decode_record_header(record, header.epoch), header);
  ASSERT_TRUE(check_record_payload(header, record).has_value());
  EXPECT_EQ(record_context(header, record), context);
  const std::size_t end = header.size_bytes() + framed_context_size_bytes(context);
  for (std::size_t size = kRecordHeaderSizeBytes; size < end; ++size) {
    EXPECT_EQ(check_record_payload(header, std::span(record).first(size)).error(),
              RecordErrc::truncated);
  }
  for (std::size_t bit = header.size_bytes() * 8; bit < end * 8; ++bit) {
    auto flipped = record;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(check_record_payload(header, flipped).has_value()) << bit;
  }
}

// Goal: a reader that knows no contexts reads all else. Method: what it does, which is not to look
// at the flag: payload and tenant are whole, and the next record is where it was.
TEST(RecordContext, IsPaddingToAnOlderReader) {
  RecordHeader header = some_header();
  const auto record = record_with_context(header, "what was kept");
  header.flags = kRecordFlagGroupEnd;
  EXPECT_TRUE(check_record_payload(header, std::span(record).first(header.size_bytes())));
  EXPECT_EQ(record_context(header, record), "");
  EXPECT_EQ(header.extent_size_bytes, some_header().extent_size_bytes);
}

// Goal: a context that cannot be is refused. Method: sizes out of range, in context and header.
TEST(RecordContext, SizesOutOfRangeAreRefused) {
  RecordHeader header = some_header();
  header.extent_size_bytes = 16 * 1024;
  const std::string largest(kContextSizeBytesMax, 'c');
  const auto whole = record_with_context(header, largest);
  EXPECT_TRUE(check_record_payload(header, whole).has_value());
  EXPECT_LE(header.readable_size_bytes(), header.size_bytes() + 8 + kContextSizeBytesMax);
  EXPECT_EQ(record_context(header, whole), largest);
  EXPECT_EQ(check_record_payload(header, record_with_context(header, largest + 'c')).error(),
            RecordErrc::bad_field);
  EXPECT_EQ(check_record_payload(header, record_with_context(header, "")).error(),
            RecordErrc::bad_field);
  header.extent_size_bytes = 80;  // 64 + 9, and no room for a size and a crc
  EXPECT_EQ(decode_record_header(encoded(header), header.epoch).error(), RecordErrc::bad_field);
}

// Goal: the log keeps a context as it is, up to its limit. Method: small and large records, read
// from memory and, after a restart, from the disk; one byte over the limit is refused.
TEST(RecordContext, IsKeptByTheLog) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  const std::string largest(kContextSizeBytesMax, 'c');
  const std::string large(40 * 1024 - 64, 'p');  // its blocks have no room for more
  const auto answers = log.append({{"small", 1, Signal::traces, "acme", "k"},
                                   {large, 1, Signal::traces, "acme", largest},
                                   {"none", 1, Signal::traces, {}, {}},
                                   {"too large", 1, Signal::traces, {}, largest + 'c'},
                                   {"last", 1, Signal::traces, {}, largest}});
  using Answers = std::vector<std::optional<AppendErrc>>;
  EXPECT_EQ(answers, (Answers{{}, {}, {}, AppendErrc::too_large, {}}));
  for (const bool reopened : {false, true}) {
    SCOPED_TRACE(reopened);
    if (reopened) {
      log.crash();
      ASSERT_TRUE(log.open()) << log.failure;
    }
    std::map<std::string, std::string> contexts;
    for (const SeenRecord& record : log.read_all()) contexts[record.payload] = record.context;
    EXPECT_EQ(contexts, (std::map<std::string, std::string>{
                            {"small", "k"}, {large, largest}, {"none", ""}, {"last", largest}}));
    EXPECT_EQ(log.engine->stats().damaged_region_count, 0U);
  }
}

// Goal: segment headers are read as written, and no damage passes. Method: round trip, every cut,
// every flip of the bytes that are covered.
TEST(SegmentHeader, IsReadAsWrittenAndEveryDamageIsFound) {
  const SegmentHeader header{.sequence = 5,
                             .epoch = 6,
                             .size_bytes = 7,
                             .created_unix_nano = 8,
                             .record_sequence = 9,
                             .previous_sequence = 4,
                             .previous_end_bytes = 8192,
                             .items = {1, 2, 3, 4}};
  std::vector<std::byte> block(kBlockSizeBytes, std::byte{0xFF});
  encode_segment_header(header, block);
  ASSERT_TRUE(decode_segment_header(block).has_value());
  EXPECT_EQ(*decode_segment_header(block), header);
  for (std::size_t size = 0; size < kSegmentHeaderSizeBytes; ++size) {
    EXPECT_EQ(decode_segment_header(std::span(block).first(size)).error(), SegmentErrc::truncated);
  }
  for (std::size_t bit = 0; bit < kSegmentHeaderSizeBytes * 8; ++bit) {
    auto flipped = block;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(decode_segment_header(flipped).has_value()) << bit;
  }
}

// Goal: only our own files are taken for segments. Method: names that are nearly right.
TEST(SegmentFileName, IsReadAsItIsWrittenAndNothingElseIs) {
  const std::string name = segment_file_name(kSegmentPrefix, 0xABCDEF0123456789);
  EXPECT_EQ(name, "segment-abcdef0123456789");
  EXPECT_EQ(parse_segment_file_name(kSegmentPrefix, name), 0xABCDEF0123456789);
  for (const char* other : {"segment-", "segment-abcdef012345678", "segment-abcdef01234567890",
                            "segment-abcdef012345678g", "free-abcdef0123456789", "segment", ""}) {
    EXPECT_FALSE(parse_segment_file_name(kSegmentPrefix, other).has_value()) << other;
  }
}

std::vector<StoredCursor> some_cursors() {
  StoredCursor first;
  first.name = "otlp/primary";
  first.signal = Signal::metrics;
  first.position = {3, 4096};
  first.items_start = 10;
  first.items_at = 25;
  first.outcomes = {5, 4, 3, 2, 1};
  StoredCursor second;
  second.name = "";
  return {first, second};
}

// Goal: cursors are read as written, and no damage passes. Method: round trip, cuts, flips.
TEST(CursorFile, IsReadAsWrittenAndEveryCutAndFlipIsFound) {
  const auto bytes = encode_cursors(some_cursors());
  const auto decoded = decode_cursors(bytes);
  ASSERT_TRUE(decoded.has_value());
  ASSERT_EQ(decoded->size(), 2U);
  EXPECT_EQ((*decoded)[0].name, "otlp/primary");
  EXPECT_EQ((*decoded)[0].signal, Signal::metrics);
  EXPECT_EQ((*decoded)[0].position, (Position{3, 4096}));
  EXPECT_EQ((*decoded)[0].items_at, 25U);
  EXPECT_EQ((*decoded)[0].items_start, 10U);
  EXPECT_EQ((*decoded)[0].outcomes.damaged, 1U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_cursors(std::span(bytes).first(size)).has_value()) << size;
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(decode_cursors(flipped).has_value()) << bit;
  }
}

// Goal: a ledger that does not add up is not believed. Method: one item too many.
TEST(CursorFile, ALedgerThatDoesNotAddUpIsRefused) {
  auto cursors = some_cursors();
  ++cursors[0].items_at;
  EXPECT_EQ(decode_cursors(encode_cursors(cursors)).error(), CursorFileErrc::bad_field);
}

std::string hex_dump(const std::vector<std::byte>& bytes, std::size_t end) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t at = 0; at < end; at += 16) {
    std::string line = "    ";
    for (int shift = 12; shift >= 0; shift -= 4) line += kDigits[at >> shift & 0xFU];
    bool zero = true;
    for (std::size_t i = at; i < at + 16; ++i) {
      const auto value = static_cast<unsigned>(bytes[i]);
      zero = zero && value == 0;
      line += i % 8 == 0 ? "  " : " ";
      line += kDigits[value >> 4];
      line += kDigits[value & 0xFU];
    }
    if (!zero) text += line + "\n";
  }
  return text;
}

// Goal: the page that describes the format is true. Method: the log that it describes is written,
// and dumped as it is there.
TEST(SegmentFormat, TheWorkedExampleOfThePageIsWhatTheCodeWrites) {
  EngineFixture log(1);
  ASSERT_TRUE(log.open());
  log.append({{"spans", 2, Signal::traces, "acme", {}}, {"records", 3, Signal::logs, {}, {}}});
  const auto bytes = log.files.content(log.segment_paths().front());
  const std::string dump = hex_dump(bytes, 2 * kBlockSizeBytes);
  std::ifstream page(GATEWAY_DOCS_DIR "/formats/segment.md");
  std::stringstream text;
  text << page.rdbuf();
  EXPECT_NE(text.str().find(dump), std::string::npos) << dump;
}

}  // namespace
}  // namespace gateway::storage
