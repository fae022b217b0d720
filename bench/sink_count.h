// What the sink has seen: requests, bytes as they came, items.
//
// Errors:  a body that cannot be read counts no items, and so shows in the run's check.
// Threads: one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "otlpview/count.h"

namespace bench {

// By the path of OTLP/HTTP, or the method of OTLP/gRPC.
[[nodiscard]] otlpview::Signal signal_of(std::string_view path);

// `coding` as in content-encoding: gzip, zstd, else plain.
void count_request(otlpview::Signal signal, std::span<const std::byte> body,
                   std::string_view coding);

// "requests bytes items", and an end of line.
[[nodiscard]] std::string counts();

}  // namespace bench
