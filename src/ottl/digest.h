// Digests of values that must not be sent in clear, as lower-case hex.
//
// Errors:  none.
// Threads: pure functions; each thread keeps the memory of the methods it uses.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace gateway::ottl {

// As text, where it is: a digest is made for each value that comes.
struct HexDigest {
  std::array<char, 64> digits;  // the longest, SHA-256 and SHA3-256, fill it
  std::size_t size = 0;

  [[nodiscard]] std::string_view text() const noexcept { return {digits.data(), size}; }
};

[[nodiscard]] HexDigest sha256_hex(std::string_view bytes);
[[nodiscard]] HexDigest sha1_hex(std::string_view bytes);
[[nodiscard]] HexDigest sha3_256_hex(std::string_view bytes);
[[nodiscard]] HexDigest md5_hex(std::string_view bytes);

}  // namespace gateway::ottl
