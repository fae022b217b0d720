// A plain HTTP/1.1 client for the commands that talk to a running gateway: one connection, kept
// between requests, one request at a time.
//
// Limits:  an answer of at most kHttpAnswerSizeBytesMax.
// Errors:  a sentence for a person: who could not be reached, and why. The next call connects anew.
// Threads: one; each call blocks for at most the timeout.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gateway::net {

inline constexpr std::uint64_t kHttpAnswerSizeBytesMax = 272ULL << 20;

struct HttpAnswer {
  std::uint16_t status = 0;
  std::string body;
};

class HttpClient {
 public:
  // `address` is host:port.
  HttpClient(std::string address, std::chrono::milliseconds timeout);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] Result<HttpAnswer, std::string> get(std::string_view target) {
    return request("GET", target, {});
  }
  [[nodiscard]] Result<HttpAnswer, std::string> request(std::string_view method,
                                                        std::string_view target,
                                                        std::string_view body);

 private:
  class Connection;
  const std::string address_;
  const std::chrono::milliseconds timeout_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace gateway::net
