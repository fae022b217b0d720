#include "exporter/otlp_http/http_transport.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>

#include "exporter/encoded_body.h"
#include "exporter/otlp_http/http_answer.h"
#include "exporter/otlp_http/http_connection.h"
#include "exporter/otlp_http/http_target.h"
#include "exporter/tls_files.h"
#include "exporter/user_agent.h"
#include "io/clock.h"

namespace gateway::exporter {

namespace {

namespace asio = boost::asio;

bool is_header_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_header_value(const std::string& value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20U && byte != 0x7fU);
  });
}

class HttpTransport final : public Transport {
 public:
  HttpTransport(const config::Exporter& settings, asio::io_context& loop)
      : settings_(settings),
        loop_(loop),
        encoder_(settings.compression, settings.compression_level, settings.encoding == "json") {}

  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override {
    const auto failure = [this](const std::string& why) {
      return fail(pipeline::ServiceFailure{"exporter " + settings_.id + ": " + why});
    };
    bool tls = false;
    for (const Signal signal : kSignals) {
      auto target = http_target(settings_, signal);
      if (!target) {
        // Only endpoints of signals that are never sent may be missing.
        if (settings_.endpoint.empty()) continue;
        return failure(target.error());
      }
      tls = tls || target->tls;
      pools_[index_of(signal)].target = std::move(*target);
    }
    for (const auto& [name, value] : settings_.headers) {
      if (!is_header_name(name)) return failure("header " + name + " has a malformed name");
      if (!is_header_value(value)) return failure("header " + name + " has a malformed value");
    }
    if (tls) {
      if (auto made = make_tls(); !made) return failure(made.error());
    }
    cancelling_ = false;
    return {};
  }

  void send(std::shared_ptr<const Request> request, Done done) override {
    Pool& pool = pools_[index_of(request->signal)];
    auto job = std::make_shared<Job>();
    job->request = std::move(request);
    job->done = std::move(done);
    auto body = pool.target ? encoder_.encode(*job->request)
                            : Result<EncodedBody, std::string>(
                                  fail(std::string("no endpoint is configured for this signal")));
    if (!body) {
      asio::post(loop_, [job, why = body.error()] {
        job->done({.kind = AnswerKind::data_refused, .message = why});
      });
      return;
    }
    job->body = std::move(*body);
    job->head = head_of(*pool.target, job->body.size_bytes);
    pool.waiting.push_back(std::move(job));
    serve(pool);
  }

  void cancel_all() override {
    cancelling_ = true;
    for (Pool& pool : pools_) {
      for (auto& job : std::exchange(pool.waiting, {})) {
        asio::post(loop_, [job] { job->done({.kind = AnswerKind::cancelled}); });
      }
      const auto busy = pool.busy;
      for (const auto& connection : busy) connection->close();
      pool.idle.clear();
    }
  }

 private:
  struct Job {
    std::shared_ptr<const Request> request;
    Done done;
    EncodedBody body;
    std::string head;
    bool again = false;  // its kept connection was closed; it goes out on a new one
  };
  struct Pool {
    std::optional<HttpTarget> target;
    std::deque<std::shared_ptr<Job>> waiting;
    std::vector<std::shared_ptr<HttpConnection>> idle;
    std::vector<std::shared_ptr<HttpConnection>> busy;
  };

  Result<void, std::string> make_tls() {
    namespace ssl = asio::ssl;
    if (auto usable = check_tls_files(settings_.tls); !usable) return usable;
    tls_.emplace(ssl::context::tls_client);
    boost::system::error_code error;
    const config::TlsClient& tls = settings_.tls;
    tls_->set_options(
        ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
        error);
    tls_->set_verify_mode(tls.insecure_skip_verify ? ssl::verify_none : ssl::verify_peer, error);
    if (!tls.ca_file.empty()) {
      tls_->load_verify_file(tls.ca_file, error);
      if (error) return fail("cannot use " + tls.ca_file + ": " + error.message());
    } else {
      tls_->set_default_verify_paths(error);
    }
    if (!tls.cert_file.empty()) {
      tls_->use_certificate_chain_file(tls.cert_file, error);
      if (error) return fail("cannot use " + tls.cert_file + ": " + error.message());
    }
    if (!tls.key_file.empty()) {
      tls_->use_private_key_file(tls.key_file, ssl::context::pem, error);
      if (error) return fail("cannot use " + tls.key_file + ": " + error.message());
    }
    return {};
  }

  [[nodiscard]] std::string head_of(const HttpTarget& target, std::size_t body_size_bytes) const {
    std::string head =
        "POST " + target.path + " HTTP/1.1\r\nHost: " + target.authority +
        "\r\nUser-Agent: " + user_agent(settings_.service_name) + "\r\nContent-Type: " +
        (settings_.encoding == "json" ? "application/json" : "application/x-protobuf") +
        "\r\nContent-Length: " + std::to_string(body_size_bytes) + "\r\n";
    if (settings_.compression == ContentCoding::gzip) head += "Content-Encoding: gzip\r\n";
    if (settings_.compression == ContentCoding::zstd) head += "Content-Encoding: zstd\r\n";
    for (const auto& [name, value] : settings_.headers) head += name + ": " + value + "\r\n";
    return head + "\r\n";
  }

  // Gives waiting jobs to idle connections, and to new ones as far as the pool may grow.
  void serve(Pool& pool) {
    const std::size_t connections_max = std::max(settings_.max_connections, 1U);
    while (!pool.waiting.empty() && pool.busy.size() < connections_max && !cancelling_) {
      std::shared_ptr<Job> job = std::move(pool.waiting.front());
      pool.waiting.pop_front();
      std::shared_ptr<HttpConnection> connection;
      if (!job->again && !pool.idle.empty()) {
        connection = std::move(pool.idle.back());
        pool.idle.pop_back();
      } else {
        const std::string& name = settings_.tls.server_name_override.empty()
                                      ? pool.target->host
                                      : settings_.tls.server_name_override;
        connection =
            make_http_connection(loop_, pool.target->tls ? &*tls_ : nullptr, *pool.target, name);
      }
      pool.busy.push_back(connection);
      std::vector<std::span<const std::byte>> parts;
      parts.reserve(job->body.parts.size() + 1);
      parts.push_back(std::as_bytes(std::span(job->head.data(), job->head.size())));
      parts.insert(parts.end(), job->body.parts.begin(), job->body.parts.end());
      connection->exchange(std::move(parts), settings_.timeout,
                           [this, &pool, job, connection](HttpConnection::Outcome outcome) {
                             finish(pool, job, connection, std::move(outcome));
                           });
    }
  }

  void finish(Pool& pool, const std::shared_ptr<Job>& job,
              const std::shared_ptr<HttpConnection>& connection, HttpConnection::Outcome outcome) {
    std::erase(pool.busy, connection);
    if (connection->reusable() && !cancelling_) pool.idle.push_back(connection);
    if (outcome.stale && !job->again && !cancelling_) {
      job->again = true;
      pool.idle.clear();  // opened no later than the one that was closed
      pool.waiting.push_front(job);
      serve(pool);
      return;
    }
    const std::string endpoint = pool.target->host + ":" + pool.target->port;
    Answer answer;
    if (outcome.response) {
      const auto now = static_cast<std::int64_t>(io::real_clock().unix_nano() / 1'000'000'000U);
      answer = answer_of(*outcome.response, endpoint, now);
    } else if (cancelling_) {
      answer.kind = AnswerKind::cancelled;
    } else if (outcome.too_large) {
      answer = answer_of_unread(*outcome.too_large, endpoint);
    } else {
      answer.kind = AnswerKind::retry;
      answer.message =
          printable(outcome.error == "connection refused" ? "connection refused by " + endpoint
                                                          : outcome.error + " (" + endpoint + ")");
    }
    job->done(std::move(answer));
    serve(pool);
  }

  config::Exporter settings_;
  asio::io_context& loop_;
  BodyEncoder encoder_;
  std::optional<asio::ssl::context> tls_;
  std::array<Pool, kSignalCount> pools_;
  bool cancelling_ = false;  // from cancel_all() to the next start()
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(const config::Exporter& settings,
                                               asio::io_context& loop) {
  return std::make_unique<HttpTransport>(settings, loop);
}

}  // namespace gateway::exporter
