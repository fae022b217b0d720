#include "exporter/debug/debug_transport.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "exporter/otlp_json.h"
#include "telemetry/log.h"

namespace gateway::exporter {

namespace {

class DebugTransport final : public Transport {
 public:
  DebugTransport(const config::Exporter& settings, boost::asio::io_context& loop)
      : id_(settings.id),
        normal_(settings.verbosity != "basic"),
        detailed_(settings.verbosity == "detailed"),
        loop_(loop) {}

  [[nodiscard]] Result<void, pipeline::ServiceFailure> start() override { return {}; }

  void send(std::shared_ptr<const Request> request, Done done) override {
    telemetry::log_info("exporter", "batch",
                        {{"exporter", id_},
                         {"signal", name_of(request->signal)},
                         {"items", request->item_count},
                         {"requests", request->pieces.size()},
                         {"size_bytes", request->size_bytes}});
    if (normal_) {
      for (const Piece& piece : request->pieces) show(*request, piece);
    }
    boost::asio::post(loop_, [done = std::move(done)] { done({.kind = AnswerKind::delivered}); });
  }

  void cancel_all() override {}

 private:
  void show(const Request& request, const Piece& piece) const {
    telemetry::log_info("exporter", "request",
                        {{"exporter", id_},
                         {"signal", name_of(request.signal)},
                         {"items", piece.item_count},
                         {"size_bytes", piece.payload.bytes.size()}});
    if (!detailed_) return;
    const auto text = to_otlp_json({.signal = request.signal,
                                    .pieces = {piece},
                                    .item_count = piece.item_count,
                                    .size_bytes = piece.payload.bytes.size()});
    telemetry::log_info("exporter", "items",
                        {{"exporter", id_}, {"otlp_json", text ? *text : text.error()}});
  }

  const std::string id_;
  const bool normal_;
  const bool detailed_;
  boost::asio::io_context& loop_;
};

}  // namespace

std::unique_ptr<Transport> make_debug_transport(const config::Exporter& settings,
                                                boost::asio::io_context& loop) {
  return std::make_unique<DebugTransport>(settings, loop);
}

}  // namespace gateway::exporter
