// Bytes as text in base64, standard alphabet.
//
// Errors:  none.
// Threads: pure functions.
// Source:  RFC 4648, 4.
#pragma once

#include <string>
#include <string_view>

namespace gateway {

enum class Padding : bool { none, full };

// Without padding as gRPC's "-bin" metadata is sent, with it as in HTTP's basic authentication.
[[nodiscard]] std::string base64_encode(std::string_view bytes, Padding padding = Padding::none);

}  // namespace gateway
