#include "processor/testing/processor_test_case.h"

namespace gateway::processor {
namespace {

using namespace testing;  // NOLINT: the test case's words

Message map_value(const Message& entries) { return Message().len(6, entries); }

TEST(Redaction, OnlyAllowedKeysStay) {
  const Body before =
      envelope({span_with({{"a", int_value(1)}, {"b", int_value(2)}, {"c", int_value(3)}})})
          .bytes();
  EXPECT_EQ(processed(Signal::traces, "redaction",
                      "    allowed_keys: [a, service.name]\n    ignored_keys: [c]\n", before),
            envelope({span_with({{"a", int_value(1)}, {"c", int_value(3)}})}).bytes());
}

TEST(Redaction, EmptyListsAllowNothing) {
  const Body after = processed(Signal::traces, "redaction", "    summary: silent\n",
                               envelope({span_with({{"a", int_value(1)}})}).bytes());
  EXPECT_EQ(after,
            Message()
                .len(1, Message()
                            .len(1, Message())
                            .len(2, Message().len(1, Message().text(1, "lib")).len(2, span())))
                .bytes());
}

TEST(Redaction, BlockedValuesAreMaskedInPart) {
  const Body before =
      envelope({span_with({{"card", string_value("pay 4111111111111111 and 4222222222222")},
                           {"n", int_value(4111111111111111)},
                           {"ok", string_value("4x")}})})
          .bytes();
  EXPECT_EQ(
      processed(Signal::traces, "redaction",
                "    allow_all_keys: true\n    blocked_values: [\"4[0-9]{12}(?:[0-9]{3})?\"]\n",
                before),
      envelope({span_with({{"card", string_value("pay **** and ****")},
                           {"n", int_value(4111111111111111)},
                           {"ok", string_value("4x")}})})
          .bytes());
  EXPECT_EQ(processed(Signal::traces, "redaction",
                      "    allow_all_keys: true\n    redact_all_types: true\n"
                      "    blocked_values: [\"^4[0-9]{15}$$\"]\n",
                      before),
            envelope({span_with({{"card", string_value("pay 4111111111111111 and 4222222222222")},
                                 {"n", string_value("****")},
                                 {"ok", string_value("4x")}})})
                .bytes());
}

TEST(Redaction, AllowedValuesAndBlockedKeys) {
  const Body before = envelope({span_with({{"mail", string_value("support@shop.com")},
                                           {"user.mail", string_value("me@shop.com")},
                                           {"api_token", int_value(5)}})})
                          .bytes();
  EXPECT_EQ(processed(Signal::traces, "redaction",
                      "    allow_all_keys: true\n    blocked_key_patterns: [token]\n"
                      "    blocked_values: [\"[^ ]+@shop\"]\n    allowed_values: [\"^support@\"]\n",
                      before),
            envelope({span_with({{"mail", string_value("support@shop.com")},
                                 {"user.mail", string_value("****.com")},
                                 {"api_token", string_value("****")}})})
                .bytes());
}

TEST(Redaction, DigestsTakeThePlaceOfWhatIsMasked) {
  const Body before = envelope({span_with({{"k", string_value("x secret y")}})}).bytes();
  EXPECT_EQ(
      processed(Signal::traces, "redaction",
                "    allow_all_keys: true\n    blocked_values: [secret]\n    hash_function: md5\n",
                before),
      envelope({span_with({{"k", string_value("x 5ebe2294ecd0e0f08eab7690d2a6ee69 y")}})}).bytes());
}

TEST(Redaction, TheSummaryCountsAndNames) {
  const Body before =
      envelope({span_with({{"b", string_value("secret")}, {"a", string_value("secret")}})}, "shop")
          .bytes();
  EXPECT_EQ(
      processed(Signal::traces, "redaction",
                "    allow_all_keys: true\n    blocked_values: [secret]\n    summary: debug\n",
                before),
      envelope({span_with({{"b", string_value("****")},
                           {"a", string_value("****")},
                           {"redaction.masked.keys", string_value("a,b")},
                           {"redaction.masked.count", int_value(2)}})},
               "shop")
          .bytes());
}

// Goal: values inside lists and maps are looked at, in attributes and in bodies.
TEST(Redaction, ListsAndMapsAreLookedInto) {
  const auto tree = [](std::string_view text) {
    return map_value(
        Message()
            .len(1, key_value("inner", string_value(text)))
            .len(1, key_value("list", Message().len(5, Message().len(1, string_value(text))))));
  };
  const auto record = [&](std::string_view text) {
    return Message().fixed64(1, 5).len(5, tree(text)).len(6, key_value("k", tree(text)));
  };
  EXPECT_EQ(processed(Signal::logs, "redaction",
                      "    allow_all_keys: true\n    blocked_values: [secret]\n",
                      envelope({record("a secret"), record("none")}).bytes()),
            envelope({record("a ****"), record("none")}).bytes());
}

// Goal: lines are masked one by one; of a key that is blocked also numbers, and what has no value.
TEST(Redaction, BlockedKeysAreMaskedAsTheCollectorDoesIt) {
  const Message before =
      span_with({{"k1", string_value("a\n\nb")}, {"k2", Message()}, {"k3", int_value(5)}});
  const auto masked = [&](const std::string& more) {
    return processed(Signal::traces, "redaction",
                     "    allow_all_keys: true\n    blocked_key_patterns: [\"^k\"]\n" + more,
                     envelope({before}).bytes());
  };
  EXPECT_EQ(masked(""), envelope({span_with({{"k1", string_value("****\n****\n****")},
                                             {"k2", string_value("****")},
                                             {"k3", string_value("****")}})})
                            .bytes());
  // The digest of a number is that of an empty text, unless all types are looked at.
  const std::string_view of_nothing = "d41d8cd98f00b204e9800998ecf8427e";
  const Body hashed = masked("    hash_function: md5\n");
  EXPECT_EQ(hashed, envelope({span_with({{"k1", string_value("0cc175b9c0f1b6a831c399e269772661\n"
                                                             "d41d8cd98f00b204e9800998ecf8427e\n"
                                                             "92eb5ffee6ae2fec3ad71c777531578f")},
                                         {"k2", string_value(of_nothing)},
                                         {"k3", string_value(of_nothing)}})})
                        .bytes());
}

// Goal: in a body every type is looked at; what an earlier redaction has written is added to.
TEST(Redaction, BodiesAndEarlierSummaries) {
  const auto record = [](const Message& inner) {
    return Message().fixed64(1, 5).len(5, map_value(Message().len(1, key_value("n", inner))));
  };
  EXPECT_EQ(processed(Signal::logs, "redaction",
                      "    allow_all_keys: true\n    blocked_values: [\"^17$$\"]\n",
                      envelope({record(int_value(17))}).bytes()),
            envelope({record(string_value("****"))}).bytes());
  const auto told = [](std::string_view keys, std::int64_t count) {
    return span_with({{"redaction.redacted.keys", string_value(keys)},
                      {"redaction.redacted.count", int_value(count)}});
  };
  Message before = told("b,y", 2);
  before.len(9, key_value("x", int_value(1)));
  EXPECT_EQ(processed(Signal::traces, "redaction",
                      "    allowed_keys: [service.name]\n    summary: debug\n",
                      envelope({before}).bytes()),
            envelope({told("b,x,y", 3)}).bytes());
}

TEST(Redaction, NothingToDoCopiesNothing) {
  EXPECT_TRUE(outcome(Signal::logs, "redaction",
                      "    allow_all_keys: true\n    blocked_values: [secret]\n    summary: info\n",
                      envelope({log_with({{"k", string_value("v")}})}).bytes())
                  .is_same_memory);
}

// Goal: every level is looked at in one go. Method: a value that is blocked in all of them.
TEST(Redaction, ResourcesScopesSpansAndEventsAreLookedAt) {
  const auto request = [](std::string_view text) {
    const Message attribute = key_value("k", string_value(text));
    const Message event = Message().fixed64(1, 5).text(2, "e").len(3, attribute);
    const Message scope = Message().len(1, Message().text(1, "lib").len(3, attribute));
    return Message()
        .len(1,
             Message()
                 .len(1, Message().len(1, attribute))
                 .len(2, Message(scope).len(2, Message(span()).len(9, attribute).len(11, event))))
        .bytes();
  };
  EXPECT_EQ(
      processed(Signal::traces, "redaction",
                "    allow_all_keys: true\n    blocked_values: [secret]\n", request("a secret")),
      request("a ****"));
}

// Goal: what stood in a place before says nothing about another key. Method: the same keys in turns
// of their order, more keys than places are remembered, keys longer than fit, four times over.
TEST(Redaction, KeysInAnyOrderGetTheirOwnVerdict) {
  const std::string long_key(60, 'l');
  std::vector<Message> before;
  std::vector<Message> after;
  for (int i = 0; i < 160; ++i) {
    Message all = span();
    Message left = span();
    const auto add = [&](std::string_view key, bool stays) {
      all.len(9, key_value(key, int_value(1)));
      if (stays) left.len(9, key_value(key, int_value(1)));
    };
    for (int k = 0; k < 40; ++k) {
      const int which = (k * (i % 4 + 1) + i) % 40;
      add("key." + std::to_string(which), which % 3 == 0);
      add(long_key + std::to_string(which % 2), which % 2 == 0);
    }
    before.push_back(all);
    after.push_back(left);
  }
  std::string allowed = "    allowed_keys: [service.name, " + long_key + "0";
  for (int which = 0; which < 40; which += 3) allowed += ", key." + std::to_string(which);
  EXPECT_EQ(processed(Signal::traces, "redaction", allowed + "]\n", envelope(before).bytes()),
            envelope(after).bytes());
}

}  // namespace
}  // namespace gateway::processor
