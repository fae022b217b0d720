#include "net/certificates_for_tests.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace gateway::net {

namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* it) const noexcept {
    kFree(it);
  }
};

void extend(X509* cert, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  EXPECT_NE(extension, nullptr) << value;
  EXPECT_EQ(X509_add_ext(cert, extension.get(), -1), 1);
}

}  // namespace

struct CertificateAuthority::Pair {
  std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>> key;
  std::unique_ptr<X509, Free<X509_free>> cert;
};

CertificateAuthority::CertificateAuthority() {
  directory_ = ::testing::TempDir() + "certificates-XXXXXX";
  EXPECT_NE(mkdtemp(directory_.data()), nullptr);
  root_ = make("test authority", std::chrono::hours(1));
  X509* cert = root_->cert.get();
  extend(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
  extend(cert, cert, NID_key_usage, "critical,keyCertSign");
  EXPECT_GT(X509_sign(cert, root_->key.get(), EVP_sha256()), 0);
  ca_file_ = write(*root_, "ca", false);
}

CertificateAuthority::~CertificateAuthority() {
  unlink(ca_file_.c_str());
  for (int i = 0; i < issued_count_; ++i) {
    unlink((directory_ + "/" + std::to_string(i) + ".crt").c_str());
    unlink((directory_ + "/" + std::to_string(i) + ".key").c_str());
  }
  rmdir(directory_.c_str());
}

CertificateAuthority::Files CertificateAuthority::issue(const std::string& names,
                                                        std::chrono::seconds valid_for) {
  const auto leaf = make("test leaf", valid_for);
  extend(leaf->cert.get(), root_->cert.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(leaf->cert.get(), root_->cert.get(), NID_subject_alt_name, names);
  X509_set_issuer_name(leaf->cert.get(), X509_get_subject_name(root_->cert.get()));
  EXPECT_GT(X509_sign(leaf->cert.get(), root_->key.get(), EVP_sha256()), 0);
  const std::string name = std::to_string(issued_count_++);
  return {.cert_file = write(*leaf, name, false), .key_file = write(*leaf, name, true)};
}

// A key and an unsigned certificate of it, its own issuer.
std::unique_ptr<CertificateAuthority::Pair> CertificateAuthority::make(
    const std::string& name, std::chrono::seconds valid_for) {
  auto pair = std::make_unique<Pair>();
  pair->key.reset(EVP_EC_gen("P-256"));
  pair->cert.reset(X509_new());
  X509* cert = pair->cert.get();
  X509_set_version(cert, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), issued_count_ + 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -7200);
  X509_gmtime_adj(X509_getm_notAfter(cert), static_cast<long>(valid_for.count()));
  X509_set_pubkey(cert, pair->key.get());
  X509_NAME* subject = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(cert, subject);
  return pair;
}

std::string CertificateAuthority::write(const Pair& pair, const std::string& name, bool key) {
  std::string path = directory_ + "/" + name + (key ? ".key" : ".crt");
  const std::unique_ptr<BIO, Free<BIO_free>> file(BIO_new_file(path.c_str(), "w"));
  EXPECT_NE(file, nullptr) << path;
  EXPECT_EQ(key ? PEM_write_bio_PrivateKey(file.get(), pair.key.get(), nullptr, nullptr, 0, nullptr,
                                           nullptr)
                : PEM_write_bio_X509(file.get(), pair.cert.get()),
            1);
  return path;
}

}  // namespace gateway::net
