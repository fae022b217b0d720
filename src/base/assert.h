// Assertions for bugs, on in release builds too. Bytes from outside never reach one: what a sender
// can bring about is a Result.
//
// Errors:  a failed assertion prints expression, file and line to stderr and aborts.
// Threads: any.
#pragma once

namespace gateway {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace gateway

#define GATEWAY_ASSERT(expression)                                         \
  (__builtin_expect(!(expression), 0)                                      \
       ? ::gateway::assertion_failed(#expression, __FILE_NAME__, __LINE__) \
       : static_cast<void>(0))
