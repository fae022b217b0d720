#include "net/tls.h"

#include <array>

#include <openssl/err.h>

namespace gateway::net {
namespace {

// The oldest error of this thread's queue is the cause; the rest is emptied.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr std::array<unsigned char, 12> kOurs = {2,   'h', '2', 8,   'h', 't',
                                                          't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs.data(), kOurs.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<TlsContext, std::string> make_tls_context(const config::TlsServer& settings) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return fail("cannot make a TLS context: " + openssl_reason());
  SSL_CTX* const ctx = context.get();

  const int version = settings.min_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_min_proto_version(ctx, version);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // No TLS 1.2 suite that HTTP/2 forbids (RFC 9113, appendix A).
  SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, nullptr);

  if (SSL_CTX_use_certificate_chain_file(ctx, settings.cert_file.c_str()) != 1) {
    return fail("cannot use certificate file " + settings.cert_file + ": " + openssl_reason());
  }
  if (SSL_CTX_use_PrivateKey_file(ctx, settings.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail("cannot use key file " + settings.key_file + ": " + openssl_reason());
  }
  if (SSL_CTX_check_private_key(ctx) != 1) {
    return fail("key file " + settings.key_file + " does not belong to certificate file " +
                settings.cert_file);
  }
  if (!settings.client_ca_file.empty()) {
    if (SSL_CTX_load_verify_file(ctx, settings.client_ca_file.c_str()) != 1) {
      return fail("cannot use client CA file " + settings.client_ca_file + ": " + openssl_reason());
    }
    SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(settings.client_ca_file.c_str()));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    static constexpr std::array<unsigned char, 4> kSessionContext = {'o', 't', 'l', 'p'};
    SSL_CTX_set_session_id_context(ctx, kSessionContext.data(), kSessionContext.size());
  }
  return context;
}

}  // namespace gateway::net
