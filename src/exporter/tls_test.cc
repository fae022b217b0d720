#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "exporter/read_file.h"
#include "exporter/testing/exporter_test_case.h"
#include "exporter/testing/grpc_destination.h"
#include "exporter/testing/http_destination.h"
#include "io/file_system.h"
#include "net/certificates_for_tests.h"

namespace gateway::exporter {
namespace {

using net::CertificateAuthority;
using testing::eventually;
using testing::GrpcDestination;
using testing::HttpDestination;

std::string text_of(const std::string& path) {
  auto text = read_file(io::real_file_system(), path);
  return text ? *text : std::string();
}

// A destination of either kind behind TLS.
class TlsDestination {
 public:
  TlsDestination(config::ExporterKind kind, const CertificateAuthority::Files& files,
                 const std::string& client_ca_file = {}) {
    if (kind == config::ExporterKind::otlp_http) {
      http_.emplace([](const testing::HttpCall&) { return testing::reply(200); },
                    testing::HttpDestinationTls{.cert_file = files.cert_file,
                                                .key_file = files.key_file,
                                                .client_ca_file = client_ca_file});
      return;
    }
    grpc::SslServerCredentialsOptions options(
        client_ca_file.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                               : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_key_cert_pairs.push_back({text_of(files.key_file), text_of(files.cert_file)});
    if (!client_ca_file.empty()) options.pem_root_certs = text_of(client_ca_file);
    grpc_.emplace(
        [](const testing::GrpcCall&) { return testing::GrpcReply{}; },
        testing::GrpcDestinationOptions{.credentials = grpc::SslServerCredentials(options)});
  }

  [[nodiscard]] std::string endpoint(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(http_ ? http_->port() : grpc_->port());
  }
  [[nodiscard]] std::size_t call_count() {
    return http_ ? http_->call_count() : grpc_->call_count();
  }

 private:
  std::optional<HttpDestination> http_;
  std::optional<GrpcDestination> grpc_;
};

class ExporterTlsTest : public testing::ExporterTestCase,
                        public ::testing::WithParamInterface<config::ExporterKind> {
 protected:
  [[nodiscard]] config::Exporter settings_for(const std::string& endpoint,
                                              const std::string& ca_file) const {
    config::Exporter settings = testing::quick_settings(GetParam(), endpoint);
    settings.tls.ca_file = ca_file;
    return settings;
  }
  void expect_delivered(const config::Exporter& settings) {
    log_.add(Signal::traces, 3, "x");
    start(settings);
    EXPECT_TRUE(eventually([&] { return outcomes().delivered == 3; }))
        << exporter_->status().last_error;
  }
  // Nothing goes out, nothing is lost, and health says so.
  void expect_refused(const config::Exporter& settings, TlsDestination& destination) {
    log_.add(Signal::traces, 3, "x");
    start(settings);
    EXPECT_TRUE(eventually([&] { return !exporter_->status().last_error.empty(); }));
    EXPECT_NE(exporter_->health().state, pipeline::HealthState::healthy);
    EXPECT_EQ(destination.call_count(), 0U);
    EXPECT_EQ(outcomes().sum(), 0U);
  }

  CertificateAuthority authority_;
};

// Goal: a server whose certificate the CA signed, for the address we call. Method: an address in
// digits, then a name.
TEST_P(ExporterTlsTest, DeliversToAServerOfItsAuthority) {
  TlsDestination destination(GetParam(), authority_.issue("IP:127.0.0.1"));
  expect_delivered(settings_for(destination.endpoint(), authority_.ca_file()));
}

TEST_P(ExporterTlsTest, DeliversToAServerByName) {
  TlsDestination destination(GetParam(), authority_.issue("DNS:localhost"));
  expect_delivered(settings_for(destination.endpoint("localhost"), authority_.ca_file()));
}

// Goal: a server of another authority gets nothing. Method: two authorities.
TEST_P(ExporterTlsTest, RefusesAServerOfAnotherAuthority) {
  CertificateAuthority other;
  TlsDestination destination(GetParam(), other.issue("IP:127.0.0.1"));
  expect_refused(settings_for(destination.endpoint(), authority_.ca_file()), destination);
}

// Goal: the system's authorities are not widened by ours. Method: no ca_file.
TEST_P(ExporterTlsTest, RefusesAServerThatTheSystemDoesNotKnow) {
  TlsDestination destination(GetParam(), authority_.issue("IP:127.0.0.1"));
  expect_refused(settings_for(destination.endpoint(), ""), destination);
}

// Goal: a certificate for another name gets nothing; server_name_override says which is meant.
// Method: a certificate for a name that we do not call, without and with the setting.
TEST_P(ExporterTlsTest, RefusesAServerOfAnotherName) {
  TlsDestination destination(GetParam(), authority_.issue("DNS:other.example,IP:127.0.0.2"));
  expect_refused(settings_for(destination.endpoint(), authority_.ca_file()), destination);
}

TEST_P(ExporterTlsTest, AnotherNameCanBeSaid) {
  TlsDestination destination(GetParam(), authority_.issue("DNS:other.example"));
  config::Exporter settings = settings_for(destination.endpoint(), authority_.ca_file());
  settings.tls.server_name_override = "other.example";
  expect_delivered(settings);
}

// Goal: an old certificate gets nothing. Method: one that ended an hour ago.
TEST_P(ExporterTlsTest, RefusesAnExpiredCertificate) {
  TlsDestination destination(GetParam(),
                             authority_.issue("IP:127.0.0.1", std::chrono::seconds(-3600)));
  expect_refused(settings_for(destination.endpoint(), authority_.ca_file()), destination);
}

// Goal: insecure_skip_verify means what it says. Method: another authority and another name.
TEST_P(ExporterTlsTest, CanBeToldNotToVerify) {
  CertificateAuthority other;
  TlsDestination destination(GetParam(), other.issue("DNS:other.example"));
  config::Exporter settings = settings_for(destination.endpoint(), "");
  settings.tls.insecure_skip_verify = true;
  expect_delivered(settings);
}

// Goal: a server that wants to know us does. Method: a client certificate of its authority.
TEST_P(ExporterTlsTest, ShowsItsCertificate) {
  CertificateAuthority clients;
  TlsDestination destination(GetParam(), authority_.issue("IP:127.0.0.1"), clients.ca_file());
  config::Exporter settings = settings_for(destination.endpoint(), authority_.ca_file());
  const auto files = clients.issue("DNS:gateway");
  settings.tls.cert_file = files.cert_file;
  settings.tls.key_file = files.key_file;
  expect_delivered(settings);
}

TEST_P(ExporterTlsTest, ShowsItsCertificateToAServerThatItDoesNotVerify) {
  CertificateAuthority clients;
  TlsDestination destination(GetParam(), authority_.issue("IP:127.0.0.1"), clients.ca_file());
  config::Exporter settings = settings_for(destination.endpoint(), "");
  const auto files = clients.issue("DNS:gateway");
  settings.tls.insecure_skip_verify = true;
  settings.tls.cert_file = files.cert_file;
  settings.tls.key_file = files.key_file;
  expect_delivered(settings);
}

// Goal: without the certificate that the server wants nothing is delivered, and nothing lost.
// Method: none, and one of another authority.
TEST_P(ExporterTlsTest, WithoutACertificateAServerThatWantsOneTakesNothing) {
  CertificateAuthority clients;
  TlsDestination destination(GetParam(), authority_.issue("IP:127.0.0.1"), clients.ca_file());
  expect_refused(settings_for(destination.endpoint(), authority_.ca_file()), destination);
}

TEST_P(ExporterTlsTest, WithAnotherCertificateAServerThatWantsOneTakesNothing) {
  CertificateAuthority clients;
  TlsDestination destination(GetParam(), authority_.issue("IP:127.0.0.1"), clients.ca_file());
  config::Exporter settings = settings_for(destination.endpoint(), authority_.ca_file());
  const auto files = authority_.issue("DNS:gateway");
  settings.tls.cert_file = files.cert_file;
  settings.tls.key_file = files.key_file;
  expect_refused(settings, destination);
}

// Goal: files that cannot work are said at start. Method: each mistake.
TEST_P(ExporterTlsTest, MistakesInFilesAreSaidAtStart) {
  const auto one = authority_.issue("DNS:gateway");
  const auto other = authority_.issue("DNS:gateway");
  const auto message_of = [&](const config::TlsClient& tls) -> std::string {
    config::Exporter settings = settings_for("https://127.0.0.1:1", "");
    settings.tls = tls;
    const auto exporter = make_exporter(settings, {Signal::traces}, log_, registry_);
    const auto started = exporter->start();
    return started ? "" : started.error().message;
  };
  config::TlsClient tls;
  tls.cert_file = one.cert_file;
  EXPECT_NE(message_of(tls).find("go together"), std::string::npos);
  tls.key_file = other.key_file;
  EXPECT_NE(message_of(tls).find(other.key_file + ": key values mismatch"), std::string::npos)
      << message_of(tls);
  tls.key_file = one.cert_file;
  EXPECT_NE(message_of(tls).find(one.cert_file), std::string::npos);
  tls.cert_file = one.key_file;
  EXPECT_NE(message_of(tls).find(one.key_file), std::string::npos);
  tls = {};
  tls.ca_file = one.key_file;
  EXPECT_NE(message_of(tls).find(one.key_file), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Transports, ExporterTlsTest,
                         ::testing::Values(config::ExporterKind::otlp,
                                           config::ExporterKind::otlp_http),
                         [](const auto& kind) {
                           return kind.param == config::ExporterKind::otlp ? "otlp" : "otlp_http";
                         });

}  // namespace
}  // namespace gateway::exporter
