#include "sink_http1.h"

#include <string_view>

#include <boost/asio/buffer.hpp>

#include "sink_count.h"

namespace bench {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
constexpr std::uint64_t kBodySizeBytesMax = 64ULL << 20;

}  // namespace

bool Http1::take(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out) {
  // The parser wants a head in one piece; a body it takes in any.
  if (!head_.empty()) {
    head_.insert(head_.end(), bytes.begin(), bytes.end());
    bytes = head_;
  }
  while (!bytes.empty()) {
    if (!parser_) {
      parser_.emplace();
      parser_->eager(true);
      parser_->body_limit(kBodySizeBytesMax);
    }
    boost::system::error_code error;
    const std::size_t used = parser_->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    bytes = bytes.subspan(used);
    if (error == http::error::need_more) {
      if (used == 0) break;
      continue;
    }
    if (error) return false;
    if (!parser_->is_done()) continue;
    const auto& request = parser_->get();
    const std::string_view path(request.target().data(), request.target().size());
    const auto coding = request[http::field::content_encoding];
    count_request(signal_of(path), std::as_bytes(std::span(request.body())),
                  {coding.data(), coding.size()});
    out.insert(out.end(), kAnswer.begin(), kAnswer.end());
    parser_.reset();
  }
  head_ = std::vector<std::uint8_t>(bytes.begin(), bytes.end());
  return true;
}

}  // namespace bench
