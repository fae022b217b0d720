#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <zstd.h>

#include "exporter/decode.h"
#include "exporter/lane.h"
#include "exporter/testing/lane_test_case.h"

namespace gateway::exporter {
namespace {

using std::chrono::seconds;
using testing::FakeTransport;
using testing::LaneTestCase;
using testing::small_settings;

std::string field(char tag, const std::string& bytes) {
  std::string out(1, tag);
  std::size_t size = bytes.size();
  for (; size >= 0x80U; size >>= 7U) out += static_cast<char>((size & 0x7fU) | 0x80U);
  return out + static_cast<char>(size) + bytes;
}

// ExportTraceServiceRequest with one scope, a span for each name.
std::string spans(const std::vector<std::string>& names) {
  std::string scope;
  for (const std::string& name : names) scope += field('\x12', field('\x2a', name));
  return field('\x0a', field('\x12', scope));
}

std::vector<std::string> names(std::size_t count, std::size_t size_bytes) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = "<" + std::to_string(i) + ">";
    all.push_back(name + std::string(size_bytes - name.size(), '.'));
  }
  return all;
}

// Which of `wanted` a request holds.
std::set<std::string> found(const Request& request, const std::vector<std::string>& wanted) {
  const std::string text = FakeTransport::text(request);
  std::set<std::string> in;
  for (const std::string& name : wanted) {
    if (text.find(name) != std::string::npos) in.insert(name);
  }
  return in;
}

class LaneCutTest : public LaneTestCase {
 protected:
  // Answers all there is by `answer`; what was delivered, each name once.
  std::set<std::string> settle(const std::vector<std::string>& wanted,
                               const std::function<AnswerKind(const Request&)>& answer) {
    std::set<std::string> delivered;
    while (!transport_.sent.empty()) {
      const auto request = transport_.sent[0].request;
      const AnswerKind kind = answer(*request);
      if (kind == AnswerKind::delivered) {
        for (const std::string& name : found(*request, wanted)) {
          EXPECT_TRUE(delivered.insert(name).second) << name << " came twice";
        }
      }
      transport_.answer({.kind = kind, .message = "no"});
    }
    return delivered;
  }
};

// Goal: one stored request with more items than may go at once goes in parts, and the cursor waits
// for the last of them. Method: 100 spans, 7 at most.
TEST_F(LaneCutTest, ARequestOfTooManyItemsIsCut) {
  config::Exporter settings = small_settings();
  settings.batch.send_batch_max_size = 7;
  settings.batch.max_size_bytes = 1U << 20U;
  make(settings);
  const auto wanted = names(100, 20);
  add(100, spans(wanted));
  std::uint64_t items = 0;
  const auto delivered = settle(wanted, [&](const Request& request) {
    EXPECT_LE(request.item_count, 7U);
    EXPECT_EQ(found(request, wanted).size(), request.item_count);
    EXPECT_LE(lane_->cursor().items_at(), items);
    items += request.item_count;
    EXPECT_TRUE(items == 100 || lane_->cursor().items_at() == 0);
    return AnswerKind::delivered;
  });
  EXPECT_EQ(delivered.size(), 100U);
  EXPECT_EQ(outcomes().delivered, 100U);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

// Goal: the same by bytes; an item that is larger than the limit by itself still goes. Method: 30
// spans of 100 bytes and one of 2000, 1000 at most.
TEST_F(LaneCutTest, ARequestOfTooManyBytesIsCut) {
  config::Exporter settings = small_settings();
  settings.batch.max_size_bytes = 1000;
  make(settings);
  auto wanted = names(30, 100);
  wanted.push_back("<large>" + std::string(2000, '#'));
  add(31, spans(wanted));
  const auto delivered = settle(wanted, [&](const Request& request) {
    EXPECT_TRUE(request.size_bytes <= 1000 || request.item_count == 1);
    return AnswerKind::delivered;
  });
  EXPECT_EQ(delivered.size(), 31U);
  EXPECT_EQ(outcomes().delivered, 31U);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

// Goal: a destination that takes less than we send (413), and one item of the same request that it
// takes never: everything else arrives, the one goes to the dead letters. Method: bodies above 300
// bytes are refused, and those that hold span 37.
TEST_F(LaneCutTest, TheItemAtFaultIsFoundInsideOneRequest) {
  config::Exporter settings = small_settings();
  settings.batch.max_size_bytes = 1U << 20U;
  make(settings);
  const auto wanted = names(60, 40);
  add(60, spans(wanted));
  const auto delivered = settle(wanted, [&](const Request& request) {
    const bool bad = request.size_bytes > 300 || found(request, wanted).contains(wanted[37]);
    return bad ? AnswerKind::data_refused : AnswerKind::delivered;
  });
  EXPECT_EQ(delivered.size(), 59U);
  EXPECT_FALSE(delivered.contains(wanted[37]));
  EXPECT_EQ(outcomes().delivered, 59U);
  EXPECT_EQ(outcomes().dead_lettered, 1U);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

// Goal: bytes that cannot be cut go as they are, and to the dead letters whole. Method: no OTLP,
// above the limit, refused.
TEST_F(LaneCutTest, WhatCannotBeCutGoesWhole) {
  config::Exporter settings = small_settings();
  settings.batch.send_batch_max_size = 5;
  make(settings);
  add(10, std::string(2000, '\xff'));
  ASSERT_EQ(transport_.sent.size(), 1U);
  EXPECT_EQ(transport_.sent[0].request->size_bytes, 2000U);
  transport_.answer({.kind = AnswerKind::data_refused});
  EXPECT_EQ(outcomes().dead_lettered, 10U);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

std::string gzip(const std::string& text) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string out(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  out.resize(
      libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// Goal: what was stored compressed goes out as what it stands for, beside what was not, and can be
// cut as well. Method: a record of each coding, and one that is too large for one request.
TEST_F(LaneCutTest, StoredCodingsAreUndone) {
  make();
  log_.add(Signal::traces, 3, "plain.");
  log_.add(Signal::traces, 3, gzip("gzip."), ContentCoding::gzip);
  log_.add(Signal::traces, 4, zstd("zstd."), ContentCoding::zstd);
  pump();
  ASSERT_EQ(transport_.sent.size(), 1U);
  EXPECT_EQ(FakeTransport::text(*transport_.sent[0].request), "plain.gzip.zstd.");
  EXPECT_EQ(lane_->snapshot().held_bytes, 16U + 3 * kPieceCostBytes);
  deliver_all();
  const auto wanted = names(100, 50);
  log_.add(Signal::traces, 100, gzip(spans(wanted)), ContentCoding::gzip);
  pump();
  const auto delivered = settle(wanted, [](const Request& request) {
    EXPECT_LE(request.size_bytes, 1000U);
    return AnswerKind::delivered;
  });
  EXPECT_EQ(delivered.size(), 100U);
  EXPECT_EQ(outcomes().delivered, 110U);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

// Goal: what was stored in the coding that goes out stays as it is, in a batch with others; what
// must be cut or is refused does not. Method: records of each coding; one above the limit; a
// refusal of one record of many items, of which one is at fault.
TEST_F(LaneCutTest, AReusedCodingGoesAsItIsStored) {
  config::Exporter settings = small_settings();
  settings.compression = ContentCoding::gzip;
  settings.reuse_compression = true;
  make(settings);
  log_.add(Signal::traces, 3, "plain.");
  log_.add(Signal::traces, 3, gzip("gzip."), ContentCoding::gzip);
  log_.add(Signal::traces, 4, zstd("zstd."), ContentCoding::zstd);
  pump();
  ASSERT_EQ(transport_.sent.size(), 1U);
  const Request& request = *transport_.sent[0].request;
  EXPECT_EQ(FakeTransport::text(request), "plain." + gzip("gzip.") + "zstd.");
  ASSERT_EQ(request.pieces.size(), 3U);
  EXPECT_EQ(request.pieces[0].coding, ContentCoding::identity);
  EXPECT_EQ(request.pieces[1].coding, ContentCoding::gzip);
  EXPECT_EQ(request.pieces[2].coding, ContentCoding::identity);
  deliver_all();
  EXPECT_EQ(outcomes().delivered, 10U);

  const auto many = names(100, 50);
  log_.add(Signal::traces, 100, gzip(spans(many)), ContentCoding::gzip);  // above max_size_bytes
  pump();
  const auto delivered = settle(many, [](const Request& part) {
    EXPECT_EQ(part.pieces.front().coding, ContentCoding::identity);
    return AnswerKind::delivered;
  });
  EXPECT_EQ(delivered.size(), 100U);

  const auto few = names(10, 20);
  log_.add(Signal::traces, 10, gzip(spans(few)), ContentCoding::gzip);
  pump();
  ASSERT_EQ(transport_.sent.size(), 1U);
  EXPECT_EQ(transport_.sent[0].request->pieces.front().coding, ContentCoding::gzip);
  transport_.answer({.kind = AnswerKind::data_refused});
  const auto kept = settle(few, [&few](const Request& part) {
    return part.item_count > 1 || FakeTransport::text(part).find(few[7]) != std::string::npos
               ? AnswerKind::data_refused
               : AnswerKind::delivered;
  });
  EXPECT_EQ(kept.size(), 9U);
  EXPECT_EQ(outcomes().delivered, 119U);
  EXPECT_EQ(outcomes().dead_lettered, 1U);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

// Goal: coded bytes are never sent as if they were OTLP: what does not decode is damage, counted,
// and what lies around it is delivered. Method: cut off, flipped, not coded at all, a bomb, and
// nothing, in the middle and at the end.
TEST_F(LaneCutTest, ARecordThatDoesNotDecodeIsDamaged) {
  make();
  const std::string good = gzip(std::string(1000, 'a'));
  std::string flipped = good;
  flipped[good.size() - 6] = static_cast<char>(flipped[good.size() - 6] ^ 1);
  const std::string bomb = zstd(std::string(storage::kInflatedSizeBytesMax + 1, '0'));
  log_.add(Signal::traces, 10, "first");
  log_.add(Signal::traces, 1, good.substr(0, good.size() - 1), ContentCoding::gzip);
  log_.add(Signal::traces, 2, flipped, ContentCoding::gzip);
  log_.add(Signal::traces, 4, "plain", ContentCoding::zstd);
  log_.add(Signal::traces, 8, bomb, ContentCoding::zstd);
  log_.add(Signal::traces, 10, "second");
  log_.add(Signal::traces, 16, "", ContentCoding::gzip);
  std::string sent;
  for (int i = 0; i < 10; ++i) {
    pump();
    while (!transport_.sent.empty()) {
      sent += FakeTransport::text(*transport_.sent[0].request);
      transport_.answer({.kind = AnswerKind::delivered});
    }
    advance(seconds(1));
  }
  EXPECT_EQ(sent, "firstsecond");
  EXPECT_EQ(outcomes().delivered, 20U);
  EXPECT_EQ(outcomes().damaged, 1U + 2U + 4U + 8U + 16U);
  EXPECT_EQ(lane_->cursor().items_at(), 51U);
  EXPECT_EQ(lane_->snapshot().held_bytes, 0U);
}

}  // namespace
}  // namespace gateway::exporter
