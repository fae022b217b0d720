#include "ottl/digest.h"

#include <array>

#include <openssl/evp.h>

#include "base/assert.h"

namespace gateway::ottl {
namespace {

[[nodiscard]] std::string hex_digest(const EVP_MD* method, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  GATEWAY_ASSERT(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, method, nullptr) ==
                 1);
  std::string text(2 * std::size_t{size}, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[2 * i] = kDigits[digest[i] >> 4U];
    text[2 * i + 1] = kDigits[digest[i] & 15U];
  }
  return text;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  // Fetched once: looking a method up costs more than a short digest.
  static const EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return hex_digest(kMethod, bytes);
}
std::string sha1_hex(std::string_view bytes) {
  static const EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return hex_digest(kMethod, bytes);
}
std::string sha3_256_hex(std::string_view bytes) {
  static const EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "SHA3-256", nullptr);
  return hex_digest(kMethod, bytes);
}
std::string md5_hex(std::string_view bytes) {
  static const EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "MD5", nullptr);
  return hex_digest(kMethod, bytes);
}

}  // namespace gateway::ottl
