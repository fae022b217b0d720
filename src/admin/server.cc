#include "net/server.h"

#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "admin/admin.h"
#include "admin/pages.h"
#include "net/exchange.h"
#include "net/io_threads.h"

namespace gateway::admin {
namespace {

// Answers from the head alone, but for what a PUT may change.
class PageHandler final : public net::Handler {
 public:
  PageHandler(const Pages& pages, Surface surface) : pages_(pages), surface_(surface) {}

  std::optional<net::BodyPlan> on_head(net::Exchange& exchange) noexcept override {
    if (pages_.takes_body(surface_, exchange.method(), exchange.path())) {
      return net::BodyPlan{.size_bytes_max = kAdminBodySizeBytesMax, .budget = nullptr};
    }
    answer(exchange, {});
    return std::nullopt;
  }
  void on_request(net::Exchange& exchange) noexcept override {
    const std::span<const std::byte> body = std::as_const(exchange.body()).payload();
    answer(exchange, {reinterpret_cast<const char*>(body.data()), body.size()});
  }
  void on_failure(net::Exchange& exchange, net::RequestErrc why) noexcept override {
    net::HttpReply reply;
    reply.status = why == net::RequestErrc::headers_too_large ? 431
                   : why == net::RequestErrc::too_large       ? 413
                                                              : 400;
    reply.content_type = "application/json";
    reply.body = "{\"status\":" + std::to_string(reply.status) +
                 ",\"message\":\"the request cannot be read\"}\n";
    exchange.reply(std::move(reply));
  }
  void on_abandoned(net::Exchange& /*exchange*/) noexcept override {}

 private:
  void answer(net::Exchange& exchange, std::string_view body) noexcept {
    exchange.reply(
        pages_.answer(surface_, exchange.method(), exchange.path(), exchange.query(), body));
  }

  const Pages& pages_;
  const Surface surface_;
};

[[nodiscard]] config::Listener listener_settings(const std::string& endpoint) {
  config::Listener listener;
  listener.enabled = true;
  listener.endpoint = endpoint;
  listener.max_connections = kAdminConnectionsMax;
  listener.max_concurrent_streams = 64;
  return listener;
}

class Admin final : public AdminServer {
 public:
  Admin(const config::Admin& settings, Sources sources)
      : pages_(settings, std::move(sources)),
        all_handler_(pages_, Surface::everything),
        metrics_handler_(pages_, Surface::metrics_only),
        threads_(1, "admin"),
        all_(threads_, all_handler_, listener_settings(settings.endpoint), "admin") {
    if (settings.metrics_enabled && !settings.metrics_endpoint.empty()) {
      metrics_.emplace(threads_, metrics_handler_, listener_settings(settings.metrics_endpoint),
                       "metrics");
    }
  }
  ~Admin() override { stop(); }
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  Result<void, pipeline::ServiceFailure> start() override {
    if (const auto started = all_.start(); !started) {
      return fail(pipeline::ServiceFailure{started.error().message});
    }
    if (!metrics_) return {};
    if (const auto started = metrics_->start(); !started) {
      all_.stop();
      return fail(pipeline::ServiceFailure{started.error().message});
    }
    return {};
  }

  void stop() override {
    if (metrics_) metrics_->stop();
    all_.stop();
  }

  [[nodiscard]] std::string address() const override { return all_.address(); }
  [[nodiscard]] std::string metrics_address() const override {
    return metrics_ ? metrics_->address() : std::string();
  }

 private:
  const Pages pages_;
  PageHandler all_handler_, metrics_handler_;
  net::IoThreads threads_;
  net::Server all_;
  std::optional<net::Server> metrics_;
};

}  // namespace

std::unique_ptr<AdminServer> make_admin_server(const config::Admin& settings, Sources sources) {
  return std::make_unique<Admin>(settings, std::move(sources));
}

}  // namespace gateway::admin
