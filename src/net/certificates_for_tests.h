// Certificates for tests, made anew in each: an authority, and what it signs, as PEM files in a
// folder that goes with it.
//
// Errors:  failed expectations.
// Threads: the test's.
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace gateway::net {

class CertificateAuthority {
 public:
  struct Files {
    std::string cert_file;
    std::string key_file;
  };

  CertificateAuthority();
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  [[nodiscard]] const std::string& ca_file() const noexcept { return ca_file_; }
  // For `names` as OpenSSL writes them: "IP:127.0.0.1,DNS:localhost".
  [[nodiscard]] Files issue(const std::string& names,
                            std::chrono::seconds valid_for = std::chrono::hours(1));

 private:
  struct Pair;
  [[nodiscard]] std::unique_ptr<Pair> make(const std::string& name, std::chrono::seconds valid_for);
  [[nodiscard]] std::string write(const Pair& pair, const std::string& name, bool key);

  std::string directory_;
  std::unique_ptr<Pair> root_;
  std::string ca_file_;
  int issued_count_ = 0;
};

}  // namespace gateway::net
