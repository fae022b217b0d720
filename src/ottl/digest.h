// Digests of values that must not be sent in clear, as lower-case hex.
//
// Errors:  none.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace gateway::ottl {

[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] std::string sha1_hex(std::string_view bytes);
[[nodiscard]] std::string sha3_256_hex(std::string_view bytes);
[[nodiscard]] std::string md5_hex(std::string_view bytes);

}  // namespace gateway::ottl
