#include "exporter/tls_files.h"

#include <memory>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace gateway::exporter {

namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};

// The oldest error of this thread's queue is the cause; the rest is emptied.
std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return text != nullptr ? text : "unknown reason";
}

}  // namespace

Result<void, std::string> check_tls_files(const config::TlsClient& settings) {
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail("cannot make a TLS context: " + reason());
  const auto refused = [](const std::string& file) {
    return fail("cannot use " + file + ": " + reason());
  };
  if (!settings.ca_file.empty() &&
      SSL_CTX_load_verify_file(context.get(), settings.ca_file.c_str()) != 1) {
    return refused(settings.ca_file);
  }
  if (settings.cert_file.empty() != settings.key_file.empty()) {
    return fail(std::string("cert_file and key_file go together"));
  }
  if (settings.cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context.get(), settings.cert_file.c_str()) != 1) {
    return refused(settings.cert_file);
  }
  // Compares it with the certificate, too.
  if (SSL_CTX_use_PrivateKey_file(context.get(), settings.key_file.c_str(), SSL_FILETYPE_PEM) !=
      1) {
    return refused(settings.key_file);
  }
  return {};
}

}  // namespace gateway::exporter
