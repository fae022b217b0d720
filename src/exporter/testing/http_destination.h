// An HTTP destination for tests, on a free port of 127.0.0.1: answers each request by a function of
// the test, byte by byte as the test wants it.
//
// Errors:  none; a broken connection ends its thread.
// Threads: one for accepting and one a connection; the answer function is called under a lock.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace gateway::exporter::testing {

struct HttpCall {
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::size_t connection = 0;  // counted from 0
};
struct HttpReply {
  std::string bytes;   // the whole response, status line included
  bool close = false;  // after it
  bool never = false;  // no answer, until the peer goes
};

// A response with a body and Content-Length.
[[nodiscard]] HttpReply reply(int status, std::string_view body = {},
                              std::string_view content_type = "application/x-protobuf",
                              std::string_view more_headers = {});

// Of a destination that speaks TLS; with a client CA, only to peers whose certificate it signed.
struct HttpDestinationTls {
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;
};

class HttpDestination {
 public:
  using Answer = std::function<HttpReply(const HttpCall&)>;
  explicit HttpDestination(Answer answer, const std::optional<HttpDestinationTls>& tls = {});
  ~HttpDestination();
  HttpDestination(const HttpDestination&) = delete;
  HttpDestination& operator=(const HttpDestination&) = delete;

  [[nodiscard]] std::string endpoint() const;  // in the clear
  [[nodiscard]] int port() const;
  [[nodiscard]] std::size_t call_count();
  [[nodiscard]] HttpCall call(std::size_t index);
  [[nodiscard]] bool wait_for_calls(std::size_t count);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway::exporter::testing
