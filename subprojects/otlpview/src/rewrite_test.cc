#include "otlpview/rewrite.h"

#include <gtest/gtest.h>

#include "message_builder.h"
#include "otlpview/count.h"

namespace otlpview {
namespace {

using namespace testing;  // NOLINT: the builders read like the messages they make

std::vector<std::byte> rewritten(Signal signal, const Message& body) {
  std::vector<std::byte> out;
  rewrite(signal, body.bytes(), {}, out);
  const auto before = check(signal, body.bytes());
  const auto after = check(signal, out);
  EXPECT_TRUE(before.has_value());
  EXPECT_TRUE(after.has_value());
  if (before.has_value() && after.has_value()) {
    EXPECT_EQ(after->item_count, before->item_count - before->rejected_count);
    EXPECT_EQ(after->rejected_count, 0U);
    EXPECT_FALSE(after->needs_rewrite);
  }
  return out;
}

// Goal: what is right keeps its bytes. Method: good items between bad ones.
TEST(Rewrite, LeavesOutRejectedItemsAndNothingElse) {
  const Message good = span().raw("a3 1f 08 01 a4 1f");
  const Message no_ids = Message().text(5, "no ids");
  EXPECT_EQ(rewritten(Signal::traces, envelope({good, no_ids, good, span("\xff")})),
            envelope({good, good}).bytes());
  EXPECT_EQ(rewritten(Signal::logs, envelope({Message().text(3, "\xff"), Message().text(3, "ok")})),
            envelope({Message().text(3, "ok")}).bytes());
  EXPECT_EQ(rewritten(Signal::metrics, envelope({gauge({number_point(1), number_point(2, 0)})})),
            envelope({gauge({number_point(1)})}).bytes());
}

// Goal: W-14. Method: reject all items of a scope, of a resource, of a metric, of a request.
TEST(Rewrite, W14LeavesNoEmptyEnvelopeBehind) {
  const Message bad = Message().text(5, "no ids");
  EXPECT_TRUE(rewritten(Signal::traces, envelope({bad, bad})).empty());
  EXPECT_TRUE(rewritten(Signal::traces, envelope({span()}, "\xff")).empty());
  const Message two = Message().raw(envelope({bad}).bytes()).raw(envelope({span()}).bytes());
  EXPECT_EQ(rewritten(Signal::traces, two), envelope({span()}).bytes());
  EXPECT_EQ(rewritten(Signal::metrics,
                      envelope({metric_with(7, {number_point(1)}, 0), gauge({number_point(1)})})),
            envelope({gauge({number_point(1)})}).bytes());
  // What came empty stays: it is the sender's.
  const Message empty = Message().len(1, Message().len(2, Message().len(1, Message())));
  EXPECT_EQ(rewritten(Signal::traces, Message().raw(empty.bytes()).raw(envelope({bad}).bytes())),
            empty.bytes());
}

// Goal: S-06. Method: a schema_url that is not UTF-8, above nothing and above a span.
TEST(Rewrite, S06LeavesOutAnEnvelopeWithABadString) {
  const Message above_nothing = Message().len(1, Message().text(3, "\xff"));
  EXPECT_TRUE(rewritten(Signal::traces, above_nothing).empty());
  const Message scope = Message().len(2, span()).text(3, "\xff");
  EXPECT_TRUE(rewritten(Signal::traces, Message().len(1, Message().len(2, scope))).empty());
}

// Goal: S-02, S-03. Method: wrong lengths in records, parents, links and exemplars.
TEST(Rewrite, S02S03ClearsIdsOfAWrongLength) {
  EXPECT_EQ(rewritten(Signal::logs, envelope({Message().text(9, "abc").text(10, kSpanId)})),
            envelope({Message().text(10, kSpanId)}).bytes());
  EXPECT_EQ(rewritten(Signal::traces, envelope({span().text(4, "abc")})),
            envelope({span()}).bytes());
  const Message link = Message().text(3, "state");
  EXPECT_EQ(rewritten(Signal::traces,
                      envelope({span().len(13, Message().text(1, "abc").raw(link.bytes()))})),
            envelope({span().len(13, link)}).bytes());
  EXPECT_EQ(
      rewritten(Signal::metrics, envelope({gauge({number_point(1).len(
                                     5, Message().real(3, 1).text(4, "abc").text(5, kTraceId))})})),
      envelope({gauge({number_point(1).len(5, Message().real(3, 1).text(5, kTraceId))})}).bytes());
}

// Goal: W-04 with ids. Method: an id twice, the last or the first of a wrong length.
TEST(Rewrite, W04ClearingNeverBringsAnEarlierIdToLife) {
  EXPECT_EQ(rewritten(Signal::logs, envelope({Message().text(9, kTraceId).text(9, "abc")})),
            envelope({Message()}).bytes());
  EXPECT_EQ(rewritten(Signal::logs, envelope({Message().text(9, "abc").text(9, kTraceId)})),
            envelope({Message().text(9, kTraceId)}).bytes());
  EXPECT_EQ(rewritten(Signal::traces, envelope({Message().text(1, "abc").raw(span().bytes())})),
            envelope({span()}).bytes());
}

// Goal: W-04 with a metric's data. Method: a gauge that a sum overrides, both ways round.
TEST(Rewrite, W04LeavesOutOverriddenData) {
  const Message points = Message().len(1, number_point(1));
  const Message sum = Message().varint(2, 1).raw(points.bytes());
  EXPECT_EQ(rewritten(Signal::metrics, envelope({Message().len(5, points).len(7, sum)})),
            envelope({Message().len(7, sum)}).bytes());
  EXPECT_EQ(rewritten(Signal::metrics,
                      envelope({Message().len(7, sum).len(5, points).text(1, "m").len(5, points)})),
            envelope({Message().len(5, points).text(1, "m").len(5, points)}).bytes());
  // The temporality of a sum that a gauge overrode does not come back.
  EXPECT_TRUE(
      rewritten(Signal::metrics, envelope({Message().len(7, sum).len(5, points).len(7, points)}))
          .empty());
}

// Goal: damage that check() would refuse does no harm. Method: every prefix and every flipped bit.
TEST(Rewrite, AnyBytesAreSafe) {
  const auto bytes = envelope({span().text(4, "abc"), Message().text(5, "x"),
                               span().len(13, Message().text(1, "a"))})
                         .bytes();
  std::vector<std::byte> out;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::vector<std::byte> flipped(bytes.begin(), bytes.begin() + static_cast<long>(bit / 8) + 1);
    flipped.back() ^= static_cast<std::byte>(1 << bit % 8);
    rewrite(Signal::traces, flipped, {}, out);
    flipped.insert(flipped.end(), bytes.begin() + static_cast<long>(bit / 8) + 1, bytes.end());
    rewrite(Signal::traces, flipped, {}, out);
  }
}

// Goal: profiles go on whole. Method: bytes in, bytes out.
TEST(Rewrite, ProfilesAreCopied) {
  const Message body = envelope({Message().fixed64(3, 1)}).len(2, Message().text(5, ""));
  EXPECT_EQ(rewritten(Signal::profiles, body), body.bytes());
}

}  // namespace
}  // namespace otlpview
