// What is stored as it came, because an exporter sends it on so, and what is not.
#include <string>

#include "net/coding_for_tests.h"
#include "receiver/otlp/receiver_fixture.h"

namespace gateway::receiver::otlp {
namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";

class KeptCoding : public ReceiverTest {
 protected:
  void keep(ContentCoding coding) {
    settings_.kept_codings[index_of(Signal::traces)] =
        static_cast<std::uint8_t>(1U << static_cast<unsigned>(coding));
    start();
  }
  FakeLog::Stored sent(std::string_view body, std::string_view coding,
                       std::string_view type = kProtobuf) {
    EXPECT_EQ(post("/v1/traces", type, body, {"Content-Encoding: " + std::string(coding)}).status,
              200);
    return log_.stored().back();
  }
  const std::string plain_ = traces({span("a"), span("b")});
};

// Goal: the bytes are stored as they came, the items counted. Method: gzip over HTTP and gRPC,
// where gzip is kept; zstd, which is not.
TEST_F(KeptCoding, TheBodyIsStoredAsItCame) {
  keep(ContentCoding::gzip);
  const std::string body = net::gzip(plain_);
  const auto stored = sent(body, "gzip");
  EXPECT_EQ(stored.payload, body);
  EXPECT_EQ(stored.info.coding, ContentCoding::gzip);
  EXPECT_EQ(stored.info.item_count, 2U);

  net::Http2Client client(receiver_->grpc_address());
  const auto head = net::grpc_head(kTracesExport, {{"grpc-encoding", "gzip"}});
  EXPECT_EQ(client.call(head, net::grpc_framed(body, true)).grpc_status(), 0);
  EXPECT_EQ(log_.stored().back().payload, body);
  EXPECT_EQ(log_.stored().back().info.coding, ContentCoding::gzip);

  const auto other = sent(net::zstd(plain_), "zstd");
  EXPECT_EQ(other.payload, plain_);
  EXPECT_EQ(other.info.coding, ContentCoding::identity);
}

TEST_F(KeptCoding, ZstdIsKeptWhereItSaysItsSize) {
  keep(ContentCoding::zstd);
  EXPECT_EQ(sent(net::zstd(plain_), "zstd").info.coding, ContentCoding::zstd);
  EXPECT_EQ(sent(net::zstd(plain_, false), "zstd").payload, plain_);
  EXPECT_EQ(sent(net::gzip(plain_), "gzip").payload, plain_);
}

// Goal: what must be read again is stored plain. Method: a body with an item to cut out, one of two
// members, JSON, and one that is not compressed at all.
TEST_F(KeptCoding, WhatIsNotWholeOrNotProtobufIsStoredPlain) {
  keep(ContentCoding::gzip);
  const auto cut = sent(net::gzip(traces({span("a"), span("b", false)})), "gzip");
  EXPECT_EQ(cut.payload, traces({span("a")}));
  EXPECT_EQ(cut.info.coding, ContentCoding::identity);
  EXPECT_EQ(cut.info.item_count, 1U);

  EXPECT_EQ(sent(net::gzip(plain_) + net::gzip(traces({span("c")})), "gzip").payload,
            plain_ + traces({span("c")}));
  const auto json = sent(net::gzip(R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":)"
                                   R"("0af7651916cd43dd8448eb211c80319c",)"
                                   R"("spanId":"b7ad6b7169203331"}]}]}]})"),
                         "gzip", "application/json");
  EXPECT_EQ(json.info.coding, ContentCoding::identity);
  EXPECT_EQ(sent(plain_, "identity").info.coding, ContentCoding::identity);
}

// Goal: a body that is refused leaves nothing behind: the fixture looks at the budget. Method: gzip
// of what is no request, and bytes that are no gzip.
TEST_F(KeptCoding, ARefusedBodyIsRefused) {
  keep(ContentCoding::gzip);
  for (const std::string& body : {net::gzip("\xff\xff\xff"), std::string("no gzip")}) {
    EXPECT_EQ(post("/v1/traces", kProtobuf, body, {"Content-Encoding: gzip"}).status, 400);
  }
  EXPECT_TRUE(log_.stored().empty());
}

}  // namespace
}  // namespace gateway::receiver::otlp
