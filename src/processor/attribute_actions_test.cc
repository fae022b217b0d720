// The attributes and the resource processor: their actions, and which items they act on.
#include "pipeline/request_context.h"
#include "processor/testing/processor_test_case.h"

namespace gateway::processor {
namespace {

using namespace testing;  // NOLINT: the test case's words

Body acted(const std::string& actions, const Message& before) {
  return processed(Signal::traces, "attributes", "    actions:\n" + actions,
                   envelope({before}).bytes());
}

TEST(AttributeActions, InsertUpdateUpsert) {
  const Message before = span_with({{"a", int_value(1)}});
  EXPECT_EQ(acted("      - {key: a, value: 2, action: insert}\n"
                  "      - {key: b, value: \"2\", action: insert}\n"
                  "      - {key: c, value: 1, action: update}\n"
                  "      - {key: a, value: true, action: update}\n"
                  "      - {key: d, value: 1.5, action: UPSERT}\n"
                  "      - {key: e, from_attribute: b, action: upsert}\n"
                  "      - {key: f, from_attribute: none, action: upsert}\n"
                  "      - {key: g, from_attribute: none, default_value: x, action: upsert}\n",
                  before),
            envelope({span_with({{"a", bool_value(true)},
                                 {"b", string_value("2")},
                                 {"d", real_value(1.5)},
                                 {"e", string_value("2")},
                                 {"g", string_value("x")}})})
                .bytes());
}

TEST(AttributeActions, DeleteByKeyAndByPattern) {
  const Message before = span_with(
      {{"a", int_value(1)}, {"db.x", int_value(2)}, {"db.y", int_value(3)}, {"z", int_value(4)}});
  EXPECT_EQ(acted("      - {key: a, action: delete}\n"
                  "      - {pattern: \"^db[.]\", action: delete}\n",
                  before),
            envelope({span_with({{"z", int_value(4)}})}).bytes());
}

// Goal: the digest is the Collector's: SHA-256 of the text, of the bytes of a number.
TEST(AttributeActions, HashIsSha256) {
  const Message before = span_with({{"mail", string_value("a@b.c")}, {"n", int_value(1)}});
  EXPECT_EQ(
      acted("      - {key: mail, action: hash}\n"
            "      - {pattern: ^n$, action: hash}\n",
            before),
      envelope(
          {span_with(
              {{"mail",
                string_value("d648b243a3e817eaa3309e00e183483f2867baadf522099f0c2121770536b25a")},
               {"n", string_value(
                         "7c9fa136d4413fa6173637e883b6998d32e1d675f88cddff9dcbcf331820f4b8")}})})
          .bytes());
}

// Goal: nothing that should be hashed stays in clear; what key and pattern both mean is hashed
// twice.
TEST(AttributeActions, HashOfWhatHasNoDigest) {
  const Message list = Message().len(5, Message().len(1, string_value("a@b.c")));
  EXPECT_EQ(
      acted("      - {key: list, action: hash}\n      - {key: bytes, action: hash}\n",
            span_with({{"list", list}, {"bytes", Message().text(7, "a")}})),
      envelope({span_with({{"list", string_value("")}, {"bytes", string_value("")}})}).bytes());
  const Message mail = span_with({{"mail", string_value("a@b.c")}});
  EXPECT_EQ(acted("      - {key: mail, pattern: ^m, action: hash}\n", mail),
            acted("      - {key: mail, action: hash}\n      - {key: mail, action: hash}\n", mail));
}

TEST(AttributeActions, DefaultValueStandsAlone) {
  EXPECT_EQ(acted("      - {key: a, default_value: x, action: insert}\n", span()),
            envelope({span_with({{"a", string_value("x")}})}).bytes());
}

TEST(AttributeActions, ConvertToTextAsTheCollector) {
  const auto converted = [](const Message& value) {
    return acted("      - {key: k, action: convert, converted_type: string}\n",
                 span_with({{"k", value}}));
  };
  const auto text = [](std::string_view value) {
    return envelope({span_with({{"k", string_value(value)}})}).bytes();
  };
  const Message entries = Message()
                              .len(1, key_value("z", Message().text(7, "\1")))
                              .len(1, key_value("a", string_value("<x>")));
  EXPECT_EQ(converted(Message().len(6, entries)), text(R"({"a":"<x>","z":"AQ=="})"));
  EXPECT_EQ(converted(Message().text(7, "\1\2")), text("AQI="));
  EXPECT_EQ(converted(Message()), text(""));
  EXPECT_EQ(converted(real_value(1e-7)), text("1e-7"));
  EXPECT_EQ(converted(real_value(1e20)), text("100000000000000000000"));
}

TEST(AttributeActions, ExtractByNamedGroups) {
  const Message before = span_with({{"url", string_value("https://shop/cart?id=7")}});
  EXPECT_EQ(acted("      - key: url\n"
                  "        pattern: ^(?P<scheme>.*)://(?<host>[^/]*)/\n"
                  "        action: extract\n",
                  before),
            envelope({span_with({{"url", string_value("https://shop/cart?id=7")},
                                 {"scheme", string_value("https")},
                                 {"host", string_value("shop")}})})
                .bytes());
}

TEST(AttributeActions, ConvertWhatCanBeConverted) {
  const Message before = span_with({{"code", string_value("200")},
                                    {"bad", string_value("x")},
                                    {"n", int_value(7)},
                                    {"r", real_value(2.9)}});
  EXPECT_EQ(acted("      - {key: code, action: convert, converted_type: int}\n"
                  "      - {key: bad, action: convert, converted_type: int}\n"
                  "      - {key: n, action: convert, converted_type: string}\n"
                  "      - {key: r, action: convert, converted_type: int}\n",
                  before),
            envelope({span_with({{"code", int_value(200)},
                                 {"bad", string_value("x")},
                                 {"n", string_value("7")},
                                 {"r", int_value(2)}})})
                .bytes());
}

// Goal: a body without anything to do for is not copied.
TEST(AttributeActions, NothingToDoCopiesNothing) {
  const Outcome after =
      outcome(Signal::traces, "attributes", "    actions: [{key: none, action: delete}]\n",
              envelope({span("a"), span_with({{"k", int_value(1)}})}).bytes());
  EXPECT_TRUE(after.is_same_memory);
}

// Goal: include and exclude choose the items, as lists of texts and of patterns.
TEST(AttributeActions, IncludeAndExcludeChooseItems) {
  const auto changed = [](const Message& item) {
    return Message(item).len(9, key_value("x", int_value(1)));
  };
  const Message a = span("GET /a");
  const Message b = span("GET /b");
  const Message c = span_with({{"k", int_value(5)}}, "POST /c");
  const Body before = envelope({a, b, c}).bytes();
  const std::string insert = "    actions: [{key: x, value: 1, action: insert}]\n";
  EXPECT_EQ(
      processed(
          Signal::traces, "attributes",
          "    include: {match_type: strict, services: [shop], span_names: [GET /a, POST /c]}\n"
          "    exclude: {match_type: strict, attributes: [{key: k, value: 5}]}\n" +
              insert,
          before),
      envelope({changed(a), b, c}).bytes());
  EXPECT_EQ(processed(Signal::traces, "attributes",
                      "    include: {match_type: regexp, span_names: [\"^GET\"], span_kinds: "
                      "[SPAN_KIND_SERVER], libraries: [{name: l.b}]}\n" +
                          insert,
                      before),
            envelope({changed(a), changed(b), c}).bytes());
  EXPECT_TRUE(outcome(Signal::traces, "attributes",
                      "    include: {match_type: strict, services: [other]}\n" + insert, before)
                  .is_same_memory);
}

// Goal: a number is wanted in its type; kinds are matched by patterns; a service may have no name.
TEST(AttributeActions, IncludeAsTheCollector) {
  const Message whole = span_with({{"k", int_value(5)}});
  const Message real = span_with({{"k", real_value(5)}});
  const auto chosen = [](const std::string& include, const Body& before) {
    return !outcome(Signal::traces, "attributes",
                    "    include: {" + include +
                        "}\n    actions: [{key: x, value: 1, action: insert}]\n",
                    before)
                .is_same_memory;
  };
  EXPECT_TRUE(
      chosen("match_type: strict, attributes: [{key: k, value: 5}]", envelope({whole}).bytes()));
  EXPECT_FALSE(
      chosen("match_type: strict, attributes: [{key: k, value: 5}]", envelope({real}).bytes()));
  EXPECT_TRUE(
      chosen("match_type: strict, attributes: [{key: k, value: 5.0}]", envelope({real}).bytes()));
  const Body server = envelope({span()}).bytes();
  EXPECT_TRUE(chosen("match_type: regexp, span_kinds: [SERVER$]", server));
  EXPECT_FALSE(chosen("match_type: regexp, span_kinds: [CLIENT, none]", server));
  const Message scope = Message().len(1, Message().text(1, "lib")).len(2, span());
  const Body nameless = Message().len(1, Message().len(1, Message()).len(2, scope)).bytes();
  EXPECT_TRUE(chosen("match_type: regexp, services: [.]", nameless));
  EXPECT_FALSE(chosen("match_type: regexp, services: [shop]", nameless));
  EXPECT_TRUE(chosen("match_type: strict, libraries: [{name: lib, version: \"\"}]", server));
}

TEST(AttributeActions, LogRecordsAndPoints) {
  const std::string insert = "    actions: [{key: x, value: y, action: insert}]\n";
  EXPECT_EQ(
      processed(Signal::logs, "attributes",
                "    include: {match_type: strict, log_severity_number: {min: 13}}\n" + insert,
                envelope({log_with({}, "a", 9), log_with({}, "b", 17)}).bytes()),
      envelope({log_with({}, "a", 9), log_with({{"x", string_value("y")}}, "b", 17)}).bytes());
  const Message point = number_point(1);
  EXPECT_EQ(processed(Signal::metrics, "attributes", insert, envelope({gauge({point})}).bytes()),
            envelope({gauge({Message(point).len(7, key_value("x", string_value("y")))})}).bytes());
}

// Goal: what was kept of the request is a value like any other; without it nothing is done, and
// what another request had is not taken. Method: one chain a request, and one for three.
TEST(AttributeActions, FromContext) {
  const std::string actions =
      "      - {key: a, from_context: metadata.X-Tenant, action: insert}\n"
      "      - {key: b, from_context: x-tenant, action: update}\n"
      "      - {key: c, from_context: client.address, action: upsert}\n"
      "      - {key: d, from_context: metadata.none, action: upsert}\n";
  std::string context;
  ASSERT_TRUE(pipeline::append_context_value("metadata.x-tenant", "shop;bar", context));
  ASSERT_TRUE(pipeline::append_context_value("client.address", "", context));
  const Message before = span_with({{"b", int_value(1)}, {"d", int_value(2)}});
  const Body changed = envelope({span_with({{"b", string_value("shop;bar")},
                                            {"d", int_value(2)},
                                            {"a", string_value("shop;bar")},
                                            {"c", string_value("")}})})
                           .bytes();
  const Outcome with = outcome(Signal::traces, "attributes", "    actions:\n" + actions,
                               envelope({before}).bytes(), context);
  EXPECT_EQ(with.body, changed);
  const Outcome without =
      outcome(Signal::traces, "attributes", "    actions:\n" + actions, envelope({before}).bytes());
  EXPECT_TRUE(without.is_same_memory);

  const auto loaded = config::load_text(
      file_of("logs",
              "  resource:\n    attributes:\n"
              "      - {key: service.name, from_context: client.address, action: update}\n",
              "resource"),
      "gateway.yaml", {});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  const auto chain =
      make_chain(loaded->settings.exporters[0].processors[index_of(Signal::logs)], Signal::logs);
  std::string other;
  ASSERT_TRUE(pipeline::append_context_value("client.address", "10.0.0.7", other));
  const Body body = envelope({log_with({})}, "shop").bytes();
  for (const auto& [kept, name] : {std::pair<std::string, std::string>{other, "10.0.0.7"},
                                   {"", "shop"},
                                   {other, "10.0.0.7"}}) {
    Buffer buffer = Buffer::allocate(body.size());
    buffer.append(body);
    const auto bytes = std::as_const(buffer).payload();
    Slice payload{.owner = std::move(buffer), .bytes = bytes};
    EXPECT_EQ(chain->apply(payload, 1, kept), 1U);
    EXPECT_EQ(Body(payload.bytes.begin(), payload.bytes.end()),
              envelope({log_with({})}, name).bytes());
  }
}

TEST(AttributeActions, ResourcesAreChangedOnce) {
  const Outcome after = outcome(Signal::logs, "resource",
                                "    attributes:\n"
                                "      - {key: service.name, value: renamed, action: update}\n",
                                envelope({log_with({}), log_with({})}, "shop").bytes());
  EXPECT_EQ(after.body, envelope({log_with({}), log_with({})}, "renamed").bytes());
  EXPECT_EQ(after.item_count, 2U);
}

TEST(AttributeActions, MistakesAreTold) {
  const auto told_of = [](const std::string& action) {
    return told("traces", "  attributes:\n    actions:\n      - " + action, "attributes");
  };
  EXPECT_EQ(
      told_of("{key: a, action: insrt}"),
      "gateway.yaml:6:26: error: processors.attributes.actions[0].action: `insrt` is not "
      "possible here; did you mean `insert`? possible are insert, update, upsert, delete, hash, "
      "extract, convert, INSERT, UPDATE, UPSERT, DELETE, HASH, EXTRACT and CONVERT\n");
  EXPECT_EQ(
      told_of("{key: a, action: insert}"),
      "gateway.yaml:6:9: error: processors.attributes.actions[0]: `value`, `from_attribute` or "
      "`from_context` is missing\n");
  EXPECT_EQ(told_of("{key: a, action: extract, pattern: (x)}"),
            "gateway.yaml:6:44: error: processors.attributes.actions[0].pattern: every group must "
            "have a name, as in (?P<name>...), and there must be one\n");
  EXPECT_EQ(told_of("{key: a, action: upsert, from_context: auth.subject}"),
            "gateway.yaml:6:48: error: processors.attributes.actions[0].from_context: is not "
            "supported: senders are not asked for credentials, so nothing is known of them\n");
  EXPECT_EQ(
      told_of("{key: a, action: upsert, from_context: " + std::string(129, 'k') + "}"),
      "gateway.yaml:4:3: warning: processors.attributes: `from_context` will find no header: no "
      "receiver has `include_metadata: true`\n"
      "gateway.yaml:6:48: error: processors.attributes.actions[0].from_context: has more "
      "than 128 bytes\n");
  EXPECT_EQ(told_of("{key: a, action: upsert, from_context: client.address, value: x}"),
            "gateway.yaml:6:9: error: processors.attributes.actions[0]: `from_context` goes with "
            "no other source of a value\n");
  EXPECT_EQ(told_of("{key: a, action: delete, from_context: client.address}"),
            "gateway.yaml:6:9: error: processors.attributes.actions[0]: `delete` takes no value\n");
  EXPECT_EQ(
      told_of("{kye: a, action: delete}"),
      "gateway.yaml:6:9: error: processors.attributes.actions[0]: `key` or `pattern` is missing\n"
      "gateway.yaml:6:10: error: processors.attributes.actions[0].kye: unknown key; did you "
      "mean `key`?\n");
}

}  // namespace
}  // namespace gateway::processor
