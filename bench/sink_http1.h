// OTLP/HTTP on HTTP/1.1, as far as a sink needs it: whole requests in, an empty 200 for each out.
//
// Errors:  what is no HTTP ends the connection.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/vector_body.hpp>

namespace bench {

class Http1 {
 public:
  // Takes what came, and appends answers to `out`. False when the connection is to end.
  [[nodiscard]] bool take(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out);

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::vector_body<std::uint8_t>>;

  std::optional<Parser> parser_;
  std::vector<std::uint8_t> head_;  // of a request, until it is whole
};

}  // namespace bench
