// TLS on the listeners, with the client's side made of plain OpenSSL: versions, ALPN, certificates.
#include "net/tls.h"

#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "net/certificates_for_tests.h"
#include "receiver/otlp/receiver_fixture.h"

namespace gateway::receiver::otlp {
namespace {

constexpr std::string_view kProto = "application/x-protobuf";

struct TlsClientOptions {
  int version_min = 0;  // of OpenSSL; 0 is any
  int version_max = 0;
  std::string alpn;  // as on the wire: a length before each name
  net::CertificateAuthority::Files own;
};

// One connection. All waits have the RawClient's patience.
class TlsClient {
 public:
  TlsClient(const std::string& address, const std::string& ca_file, const TlsClientOptions& options)
      : raw_(address), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    // Versions that a distribution's own configuration forbids are offered here.
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), options.version_min);
    SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    SSL_CTX_load_verify_file(context_.get(), ca_file.c_str());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (!options.own.cert_file.empty()) {
      EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context_.get(), options.own.cert_file.c_str()),
                1);
      EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_.get(), options.own.key_file.c_str(),
                                            SSL_FILETYPE_PEM),
                1);
    }
    session_.reset(SSL_new(context_.get()));
    if (!options.alpn.empty()) {
      SSL_set_alpn_protos(session_.get(),
                          reinterpret_cast<const unsigned char*>(options.alpn.data()),
                          static_cast<unsigned>(options.alpn.size()));
    }
    SSL_set_fd(session_.get(), raw_.descriptor());
    connected_ = SSL_connect(session_.get()) == 1;
  }
  ~TlsClient() { SSL_shutdown(session_.get()); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(session_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  // Under TLS 1.3 a client learns only now that it was refused; read() then has nothing.
  void send(std::string_view bytes) {
    SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  // Some bytes; none at the end, or when the peer has refused us.
  [[nodiscard]] std::string read() {
    std::string bytes(4096, '\0');
    const int size = SSL_read(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(std::max(0, size)));
    return bytes;
  }

 private:
  net::RawClient raw_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  net::TlsSession session_;
  bool connected_ = false;
};

class ReceiverTls : public ReceiverTest {
 protected:
  ReceiverTls() : files_(authority_.issue("IP:127.0.0.1")) {
    config::TlsServer tls;
    tls.cert_file = files_.cert_file;
    tls.key_file = files_.key_file;
    settings_.http.tls = settings_.grpc.tls = tls;
  }
  // What a request over a new connection is answered with, by its first line; empty when refused.
  [[nodiscard]] std::string answer(const TlsClientOptions& options = {}) {
    TlsClient client(receiver_->http_address(), authority_.ca_file(), options);
    if (!client.connected()) return {};
    client.send(net::http1_post("/v1/traces", kProto, traces({span("a")})));
    const std::string bytes = client.read();
    return bytes.substr(0, bytes.find('\r'));
  }

  net::CertificateAuthority authority_;
  net::CertificateAuthority::Files files_;
};

constexpr std::string_view kOk = "HTTP/1.1 200 OK";

TEST_F(ReceiverTls, BothVersionsCarryRequests) {
  start();
  EXPECT_EQ(answer({.version_max = TLS1_2_VERSION}), kOk);
  EXPECT_EQ(answer({.version_min = TLS1_3_VERSION}), kOk);
  EXPECT_EQ(log_.stored().size(), 2U);
}

TEST_F(ReceiverTls, OlderVersionsAreRefused) {
  start();
  EXPECT_EQ(answer({.version_max = TLS1_1_VERSION}), "");
  EXPECT_EQ(answer({.version_max = TLS1_VERSION}), "");
  EXPECT_EQ(answer(), kOk);
}

TEST_F(ReceiverTls, TheLowestVersionIsASetting) {
  settings_.http.tls->min_version = "1.3";
  start();
  EXPECT_EQ(answer({.version_max = TLS1_2_VERSION}), "");
  EXPECT_EQ(answer(), kOk);
}

// Goal: ALPN settles the protocol. Method: each offer; nothing in common ends the handshake.
TEST_F(ReceiverTls, AlpnPrefersHttp2) {
  start();
  const auto chosen = [&](const std::string& offer) {
    TlsClient client(receiver_->grpc_address(), authority_.ca_file(), {.alpn = offer});
    return client.connected() ? client.alpn() : "refused";
  };
  EXPECT_EQ(chosen("\x08http/1.1\x02h2"), "h2");
  EXPECT_EQ(chosen("\x08http/1.1"), "http/1.1");
  EXPECT_EQ(chosen("\x08http/1.0"), "refused");
  EXPECT_EQ(chosen(""), "");
}

// Goal: HTTP/2 is spoken once it is agreed on. Method: a connection preface and empty SETTINGS;
// the first frame that comes back is SETTINGS.
TEST_F(ReceiverTls, Http2IsSpokenUnderTls) {
  start();
  TlsClient client(receiver_->grpc_address(), authority_.ca_file(), {.alpn = "\x02h2"});
  ASSERT_TRUE(client.connected());
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\x04\0\0\0\0\0", 9));
  const std::string frame = client.read();
  ASSERT_GE(frame.size(), 9U);
  EXPECT_EQ(frame[3], '\x04');
}

TEST_F(ReceiverTls, AClientShowsACertificateOfTheClientAuthority) {
  settings_.http.tls->client_ca_file = authority_.ca_file();
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SCOPED_TRACE(version);
    TlsClientOptions options{.version_max = version};
    EXPECT_EQ(answer(options), "") << "no certificate";
    net::CertificateAuthority unknown;
    options.own = unknown.issue("DNS:client");
    EXPECT_EQ(answer(options), "") << "of an authority that is not ours";
    options.own = authority_.issue("DNS:client", std::chrono::hours(-1));
    EXPECT_EQ(answer(options), "") << "expired";
    options.own = authority_.issue("DNS:client");
    EXPECT_EQ(answer(options), kOk);
  }
  EXPECT_EQ(log_.stored().size(), 2U);
}

// Goal: what is not TLS ends the connection, and nothing else. Method: clear HTTP, clear HTTP/2 and
// a handshake that ends at each byte.
TEST_F(ReceiverTls, WhatIsNotTlsIsClosed) {
  start();
  for (const std::string_view bytes :
       {std::string_view("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
        std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) {
    net::RawClient client(receiver_->http_address());
    client.send(bytes);
    EXPECT_EQ(client.read_all().find("HTTP"), std::string::npos);
  }
  const std::string hello("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03", 11);
  for (std::size_t size = 0; size <= hello.size(); ++size) {
    net::RawClient client(receiver_->http_address());
    client.send(std::string_view(hello).substr(0, size));
    client.shutdown_write();
    client.read_all();
  }
  EXPECT_EQ(answer(), kOk);
}

// Goal: a wrong file is said at the start. Method: each file missing, empty, or of somebody else.
TEST_F(ReceiverTls, FilesThatCannotWorkStopTheStart) {
  const auto why = [&](const config::TlsServer& tls) {
    settings_.http.tls = tls;
    Dependencies dependencies;
    dependencies.threads = &threads_;
    dependencies.log = &log_;
    dependencies.budget = budget_.get();
    dependencies.metrics = &registry_;
    const auto receiver = make_receiver(settings_, dependencies);
    const auto started = receiver->start();
    receiver->stop();
    return started ? std::string("started") : started.error().message;
  };
  const std::string empty = ::testing::TempDir() + "empty-" + std::to_string(::getpid());
  std::ofstream(empty).close();
  const config::TlsServer good = *settings_.grpc.tls;

  config::TlsServer tls = good;
  tls.cert_file = "/nowhere.crt";
  EXPECT_NE(why(tls).find("certificate file /nowhere.crt"), std::string::npos) << why(tls);
  tls.cert_file = empty;
  EXPECT_NE(why(tls).find("certificate file " + empty), std::string::npos) << why(tls);
  tls = good;
  tls.key_file = "/nowhere.key";
  EXPECT_NE(why(tls).find("key file /nowhere.key"), std::string::npos) << why(tls);
  tls.key_file = authority_.issue("DNS:other").key_file;
  EXPECT_NE(why(tls).find("key file " + tls.key_file), std::string::npos) << why(tls);
  tls = good;
  tls.client_ca_file = empty;
  EXPECT_NE(why(tls).find("client CA file " + empty), std::string::npos) << why(tls);
  std::remove(empty.c_str());
}

}  // namespace
}  // namespace gateway::receiver::otlp
