#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "message_builder.h"
#include "otlpview/check.h"
#include "otlpview/count.h"
#include "otlpview/visit.h"

namespace otlpview {
namespace {

using testing::envelope;
using testing::gauge;
using testing::int_value;
using testing::key_value;
using testing::Message;
using testing::number_point;
using testing::span;
using testing::string_value;

class Visit final : public Visitor {
 public:
  using Function = std::function<Verdict(Place&, Draft&)>;
  explicit Visit(Function function) : function_(std::move(function)) {}
  Verdict visit(Place& place, Draft& draft) override {
    draft.read();
    return function_(place, draft);
  }

 private:
  Function function_;
};

std::vector<std::byte> edited(Signal signal, const std::vector<std::byte>& body, Context context,
                              Visit::Function function) {
  Editor editor;
  Visit visit(std::move(function));
  editor.visit(signal, body, context, visit);
  std::vector<std::byte> out(editor.edits().size_bytes());
  editor.edits().write(out.data());
  EXPECT_TRUE(check(signal, out).has_value());
  return out;
}

Message with(const Message& item, std::string_view key, const Message& value) {
  return Message(item).len(9, key_value(key, value));
}

// Goal: what nothing changes is not written at all. Method: look at everything, change nothing.
TEST(Edit, NothingChangedLeavesNoEdit) {
  const auto body = envelope({span("a"), with(span("b"), "k", string_value("v"))}).bytes();
  Editor editor;
  Visit visit([](Place& place, Draft& draft) {
    EXPECT_FALSE(place.resource().empty());
    EXPECT_EQ(draft.find("none"), nullptr);
    return Verdict::keep;
  });
  editor.visit(Signal::traces, body, Context::span, visit);
  EXPECT_TRUE(editor.edits().empty());
  EXPECT_FALSE(editor.has_dropped());
}

// Goal: lengths around an edit grow by whole varints. Method: an attribute that makes the span, its
// scope and its resource cross 127 and 16383 bytes, compared with the same request written anew.
TEST(Edit, LengthsAroundAnEditArePutRight) {
  for (const std::size_t size : {1U, 60U, 90U, 100U, 127U, 128U, 16'300U, 16'400U, 70'000U}) {
    SCOPED_TRACE(size);
    const std::string text(size, 'x');
    const auto value = string_value(text).bytes();
    const auto body = envelope({span("a"), span("b"), span("c")}).bytes();
    const auto out = edited(Signal::traces, body, Context::span, [&](Place&, Draft& draft) {
      if (draft.field(5)->text() == "b") draft.set("new", value);
      return Verdict::keep;
    });
    EXPECT_EQ(out,
              envelope({span("a"), with(span("b"), "new", string_value(text)), span("c")}).bytes());
  }
}

// Goal: attributes are changed where they stand, removed wherever they stand, added behind.
TEST(Edit, AttributesKeepTheirOrder) {
  const Message before =
      with(with(with(with(span(), "a", int_value(1)), "b", int_value(2)), "a", int_value(3)), "c",
           int_value(4));
  const auto seven = int_value(7).bytes();
  const auto out =
      edited(Signal::traces, envelope({before}).bytes(), Context::span, [&](Place&, Draft& draft) {
        draft.set("a", seven);
        EXPECT_TRUE(draft.remove("b"));
        EXPECT_FALSE(draft.remove("b"));
        draft.set("d", seven);
        EXPECT_EQ(draft.find("d")->value().as_integer(), 7);
        return Verdict::keep;
      });
  const Message after =
      with(with(with(with(span(), "a", int_value(7)), "a", int_value(7)), "c", int_value(4)), "d",
           int_value(7));
  EXPECT_EQ(out, envelope({after}).bytes());
}

// Goal: an attribute set and removed again leaves the bytes as they were.
TEST(Edit, AnAttributeAddedAndRemovedIsNoEdit) {
  const auto body = envelope({span()}).bytes();
  const auto value = int_value(1).bytes();
  const auto out = edited(Signal::traces, body, Context::span, [&](Place&, Draft& draft) {
    draft.set("k", value);
    draft.remove("k");
    EXPECT_EQ(draft.find("k"), nullptr);
    return Verdict::keep;
  });
  EXPECT_EQ(out, body);
}

// Goal: fields are replaced in place, and edits in the wrong order are put right. Method: set the
// status, which lies behind, before the name.
TEST(Edit, FieldsAreSetInAnyOrder) {
  const Message before = Message(span("old")).len(9, key_value("k", int_value(1))).len(15, {});
  const auto status = Message().len(15, Message().varint(3, 2)).bytes();
  const auto name = Message().text(5, "new name").bytes();
  const auto value = int_value(1000).bytes();
  const auto out =
      edited(Signal::traces, envelope({before}).bytes(), Context::span, [&](Place&, Draft& draft) {
        draft.set_field(15, status);
        draft.set("k", value);
        draft.set_field(5, name);
        draft.set_field(4, {});  // there is none
        return Verdict::keep;
      });
  const Message after = Message(span("new name"))
                            .len(9, key_value("k", int_value(1000)))
                            .len(15, Message().varint(3, 2));
  EXPECT_EQ(out, envelope({after}).bytes());
}

// Goal: an envelope goes with its last item, and only then.
TEST(Edit, EmptiedEnvelopesGo) {
  const auto body = Message()
                        .raw(Bytes(envelope({span("a"), span("b")}, "one").bytes()))
                        .raw(Bytes(envelope({span("a")}, "two").bytes()))
                        .raw(Bytes(Message().len(1, Message().len(1, {})).bytes()))
                        .bytes();
  const auto out = edited(Signal::traces, body, Context::span, [](Place&, Draft& draft) {
    return draft.field(5)->text() == "a" ? Verdict::drop : Verdict::keep;
  });
  EXPECT_EQ(out, Message()
                     .raw(Bytes(envelope({span("b")}, "one").bytes()))
                     .raw(Bytes(Message().len(1, Message().len(1, {})).bytes()))
                     .bytes());
}

TEST(Edit, AMetricGoesWithItsLastPoint) {
  const auto body =
      envelope({gauge({number_point(1), number_point(2)}, "a"), gauge({number_point(1)}, "b")})
          .bytes();
  const auto out = edited(Signal::metrics, body, Context::datapoint, [](Place&, Draft& draft) {
    EXPECT_EQ(draft.metric_kind(), MetricKind::gauge);
    return draft.field(4)->value == std::bit_cast<std::uint64_t>(1.0) ? Verdict::drop
                                                                      : Verdict::keep;
  });
  EXPECT_EQ(out, envelope({gauge({number_point(2)}, "a")}).bytes());
  EXPECT_EQ(count_items(Signal::metrics, out), 1U);
}

// Goal: a resource in two parts is read as one and changed in both; one that is missing is made.
TEST(Edit, AResourceMayLieInPartsOrNotAtAll) {
  const auto group = [](const Message& resource) {
    return Message()
        .len(1, Message().raw(Bytes(resource.bytes())).len(2, Message().len(2, span())))
        .bytes();
  };
  const Message a = key_value("a", int_value(1));
  const Message b = key_value("b", int_value(2));
  const Message c = key_value("c", int_value(300));
  const auto value = int_value(300).bytes();
  const auto change = [&](Place& place, Draft& draft) {
    EXPECT_EQ(AttributesView(MessageRef{place.resource()}, 1).find("b").has_value(),
              draft.find("b") != nullptr);
    draft.remove("a");
    draft.set("c", value);
    return Verdict::keep;
  };
  const auto parts = group(Message().len(1, Message().len(1, a)).len(1, Message().len(1, b)));
  EXPECT_EQ(edited(Signal::traces, parts, Context::resource, change),
            group(Message().len(1, Message()).len(1, Message().len(1, b).len(1, c))));
  EXPECT_EQ(edited(Signal::traces, group(Message()), Context::resource, change),
            group(Message().len(1, Message().len(1, c))));
}

// Goal: a scope that lies behind its spans, in any number of parts, is read once.
TEST(Edit, AScopeBehindItsSpansIsSeen) {
  const Message scope = Message()
                            .len(2, span())
                            .len(2, span())
                            .len(1, Message().text(1, "library"))
                            .len(1, Message().text(2, "1.0"));
  const auto body = Message().len(1, Message().len(2, scope)).bytes();
  int count = 0;
  edited(Signal::traces, body, Context::span, [&](Place& place, Draft&) {
    EXPECT_EQ(text_field(place.scope(), 1), "library");
    EXPECT_EQ(text_field(place.scope(), 2), "1.0");
    ++count;
    return Verdict::keep;
  });
  EXPECT_EQ(count, 2);
}

// Goal: an event goes alone; its span stays.
TEST(Edit, EventsAreDroppedFromTheirSpan) {
  const Message event = Message().fixed64(1, 5).text(2, "noise");
  const Message other = Message().fixed64(1, 6).text(2, "signal");
  const auto body =
      envelope({Message(span()).len(11, event).len(11, other), Message(span()).len(11, event)})
          .bytes();
  const auto out = edited(Signal::traces, body, Context::spanevent, [](Place& place, Draft& draft) {
    EXPECT_EQ(SpanView(place.parent()).name(), "GET /");
    return draft.field(2)->text() == "noise" ? Verdict::drop : Verdict::keep;
  });
  EXPECT_EQ(out, envelope({Message(span()).len(11, other), span()}).bytes());
}

// Goal: what is added at the end of an event and at the end of its span, which is the same place,
// goes where it belongs. Method: a span without attributes that ends with its event.
TEST(Edit, InnerAndOuterMessagesAreEditedInOneVisit) {
  const Message event = Message().fixed64(1, 5).text(2, "e");
  const Message before = Message(span("a")).len(11, event);
  const auto one = int_value(1).bytes();
  Editor editor;
  std::vector<Context> seen;
  Visit visit([&](Place& place, Draft& draft) {
    seen.push_back(draft.context());
    if (draft.context() == Context::spanevent) {
      EXPECT_FALSE(place.parent().empty());
    }
    draft.set("k", one);
    return Verdict::keep;
  });
  const auto body = envelope({before, span("b")}).bytes();
  editor.visit(Signal::traces, body, {Context::span, Context::spanevent}, visit);
  std::vector<std::byte> out(editor.edits().size_bytes());
  editor.edits().write(out.data());
  EXPECT_EQ(seen, (std::vector{Context::spanevent, Context::span, Context::span}));
  const Message changed_event = Message(event).len(3, key_value("k", int_value(1)));
  EXPECT_EQ(
      out, envelope({Message(span("a")).len(11, changed_event).len(9, key_value("k", int_value(1))),
                     with(span("b"), "k", int_value(1))})
               .bytes());
}

// Goal: a message that goes takes along what was changed inside it.
TEST(Edit, ADroppedSpanTakesItsEditedEventsAlong) {
  const Message event = Message().fixed64(1, 5).text(2, "e");
  const auto body = envelope({Message(span("a")).len(11, event), span("b")}).bytes();
  const auto one = int_value(1).bytes();
  Editor editor;
  Visit visit([&](Place&, Draft& draft) {
    if (draft.context() == Context::spanevent) draft.set("k", one);
    const bool is_first = draft.context() == Context::span && draft.field(5)->text() == "a";
    return is_first ? Verdict::drop : Verdict::keep;
  });
  editor.visit(Signal::traces, body, {Context::span, Context::spanevent}, visit);
  std::vector<std::byte> out(editor.edits().size_bytes());
  editor.edits().write(out.data());
  EXPECT_EQ(out, envelope({span("b")}).bytes());
  EXPECT_TRUE(editor.has_dropped());
}

}  // namespace
}  // namespace otlpview
