// TLS for listeners: certificate, key and client CA from files, as one context that connections
// share.
//
// TLS 1.2 or later, ALPN h2 before http/1.1, no renegotiation, no compression. With a client CA,
// a peer without a certificate signed by it is refused in the handshake.
//
// Errors:  make_tls_context() says which file, and OpenSSL's reason. No key material in messages.
// Threads: a context is immutable after it is made, and shared.
// Source:  RFC 7301 (ALPN), RFC 9113, 9.2.
#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "base/result.h"
#include "config/settings.h"

namespace gateway::net {

using TlsContext = std::shared_ptr<SSL_CTX>;

[[nodiscard]] Result<TlsContext, std::string> make_tls_context(const config::TlsServer& settings);

struct TlsSessionDeleter {
  void operator()(SSL* session) const noexcept { SSL_free(session); }
};
using TlsSession = std::unique_ptr<SSL, TlsSessionDeleter>;

}  // namespace gateway::net
