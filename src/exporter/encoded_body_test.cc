// What goes out compressed is, inflated, what was stored; what was stored in that coding is in it
// as it was.
#include "exporter/encoded_body.h"

#include <string>

#include <gtest/gtest.h>

#include "net/coding_for_tests.h"
#include "net/decompress.h"

namespace gateway::exporter {
namespace {

Piece piece(std::string_view bytes, ContentCoding coding = ContentCoding::identity) {
  Buffer buffer = Buffer::allocate(bytes.size());
  buffer.append(std::as_bytes(std::span(bytes)));
  const auto span = std::as_const(buffer).payload();
  return {.payload = {.owner = buffer, .bytes = span}, .item_count = 1, .coding = coding};
}

Request request_of(std::vector<Piece> pieces) {
  Request request;
  for (const Piece& one : pieces) {
    request.size_bytes += one.payload.bytes.size();
    request.item_count += one.item_count;
  }
  request.pieces = std::move(pieces);
  return request;
}

std::string text_of(const EncodedBody& body) {
  std::string all;
  for (const auto part : body.parts) {
    all.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  EXPECT_EQ(all.size(), body.size_bytes);
  return all;
}

std::string inflated(ContentCoding coding, const std::string& text) {
  Buffer out;
  ByteLease none;
  const auto done = net::decompress(coding, std::as_bytes(std::span(text)),
                                    {.size_bytes_max = 1 << 20}, out, none);
  EXPECT_TRUE(done.has_value());
  const auto bytes = std::as_const(out).payload();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Case {
  ContentCoding compression;
  ContentCoding stored;
  ContentCoding content;
  std::string (*compressed)(std::string_view);
};

const std::array kCases = {Case{ContentCoding::gzip, ContentCoding::gzip, ContentCoding::gzip,
                                [](std::string_view text) { return net::gzip(text); }},
                           Case{ContentCoding::zstd, ContentCoding::zstd, ContentCoding::zstd,
                                [](std::string_view text) { return net::zstd(text); }}};

// Goal: every order of reused and plain pieces. Method: all patterns of four pieces.
TEST(EncodedBody, ReusedPiecesAreMembersAsTheyAre) {
  for (const Case& one : kCases) {
    BodyEncoder encoder(one.compression, -1, false);
    for (unsigned pattern = 0; pattern < 16; ++pattern) {
      SCOPED_TRACE(pattern);
      std::vector<Piece> pieces;
      std::string plain;
      std::vector<std::string> reused;
      for (unsigned i = 0; i < 4; ++i) {
        const std::string text = "resource_spans " + std::to_string(i) + std::string(100, 'x');
        plain += text;
        if ((pattern >> i & 1U) != 0) {
          reused.push_back(one.compressed(text));
          pieces.push_back(piece(reused.back(), one.stored));
        } else {
          pieces.push_back(piece(text));
        }
      }
      const Request request = request_of(std::move(pieces));
      const auto body = encoder.encode(request);
      ASSERT_TRUE(body.has_value());
      const std::string wire = text_of(*body);
      EXPECT_EQ(inflated(one.content, wire), plain);
      for (const std::string& member : reused) EXPECT_NE(wire.find(member), std::string::npos);
    }
  }
}

// Goal: without compression the pieces go as slices. Method: two pieces.
TEST(EncodedBody, PlainPiecesAreBorrowed) {
  BodyEncoder encoder(ContentCoding::identity, -1, false);
  const Request request = request_of({piece("one"), piece("two")});
  const auto body = encoder.encode(request);
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(text_of(*body), "onetwo");
  EXPECT_EQ(body->parts.front().data(), request.pieces.front().payload.bytes.data());
}

}  // namespace
}  // namespace gateway::exporter
