// One GET and its answer, for the `health` command: a probe is a process that asks and exits.
//
// Limits:  an answer of at most kHttpGetAnswerSizeBytesMax.
// Errors:  a sentence for a person: who could not be reached, and why.
// Threads: blocks the caller for at most `timeout`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace gateway::net {

inline constexpr std::uint64_t kHttpGetAnswerSizeBytesMax = 1 << 20;

struct HttpAnswer {
  std::uint16_t status = 0;
  std::string body;
};

// `address` is host:port.
[[nodiscard]] Result<HttpAnswer, std::string> http_get(const std::string& address,
                                                       const std::string& path,
                                                       std::chrono::milliseconds timeout);

}  // namespace gateway::net
