#include "exporter/resender.h"

#include <optional>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "exporter/make_transport.h"

namespace gateway::exporter {

namespace asio = boost::asio;

struct Resender::Parts {
  explicit Parts(const config::Exporter& settings_in)
      : settings(settings_in), transport(make_transport(settings, loop)) {}
  const config::Exporter settings;
  asio::io_context loop{1};
  std::unique_ptr<Transport> transport;
};

Resender::Resender(const config::Exporter& settings) : parts_(std::make_unique<Parts>(settings)) {}

Resender::~Resender() = default;

Result<void, pipeline::ServiceFailure> Resender::start() { return parts_->transport->start(); }

Answer Resender::send(Signal signal, std::uint64_t item_count, std::span<const std::byte> body) {
  Buffer buffer = Buffer::allocate(body.size());
  buffer.append(body);
  const std::span<const std::byte> bytes = std::as_const(buffer).payload();
  auto request = std::make_shared<Request>();
  request->signal = signal;
  request->item_count = item_count;
  request->size_bytes = body.size();
  request->pieces.push_back(
      {.payload = {.owner = std::move(buffer), .bytes = bytes}, .item_count = item_count});

  std::optional<Answer> answer;
  parts_->loop.restart();
  const auto work = asio::make_work_guard(parts_->loop);  // gRPC answers from threads of its own
  parts_->transport->send(std::move(request), [&answer](Answer a) { answer = std::move(a); });
  while (!answer) parts_->loop.run_one();
  return std::move(*answer);
}

}  // namespace gateway::exporter
