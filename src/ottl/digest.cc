#include "ottl/digest.h"

#include <array>
#include <memory>

#include <openssl/evp.h>

#include "base/assert.h"

namespace gateway::ottl {
namespace {

// A method and the memory that it works in. Both are got once: looking a method up costs more than
// a short digest, and making its memory as much.
class Method {
 public:
  explicit Method(const char* name)
      : method_(EVP_MD_fetch(nullptr, name, nullptr)), context_(EVP_MD_CTX_new()) {
    GATEWAY_ASSERT(method_ != nullptr && context_ != nullptr);
  }

  [[nodiscard]] HexDigest hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;  // NOLINT: written before read
    unsigned int size = 0;
    GATEWAY_ASSERT(EVP_DigestInit_ex2(context_.get(), method_.get(), nullptr) == 1 &&
                   EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1 &&
                   EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
    HexDigest text;
    GATEWAY_ASSERT(2 * std::size_t{size} <= text.digits.size());
    text.size = 2 * std::size_t{size};
    for (std::size_t i = 0; i < size; ++i) {
      text.digits[2 * i] = kDigits[digest[i] >> 4U];
      text.digits[2 * i + 1] = kDigits[digest[i] & 15U];
    }
    return text;
  }

 private:
  struct Free {
    void operator()(EVP_MD* method) const noexcept { EVP_MD_free(method); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD, Free> method_;
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

HexDigest sha256_hex(std::string_view bytes) {
  thread_local Method method("SHA256");
  return method.hex(bytes);
}
HexDigest sha1_hex(std::string_view bytes) {
  thread_local Method method("SHA1");
  return method.hex(bytes);
}
HexDigest sha3_256_hex(std::string_view bytes) {
  thread_local Method method("SHA3-256");
  return method.hex(bytes);
}
HexDigest md5_hex(std::string_view bytes) {
  thread_local Method method("MD5");
  return method.hex(bytes);
}

}  // namespace gateway::ottl
