// What happens to each request of one listener: route, admit, check, submit, answer.
//
//   on_head    : path, method, media type, coding; then whether the log and the budget take more
//   on_request : inflate, transcode JSON, check in place, rewrite where needed, submit
//   on_stored  : the log has answered: acknowledge, or say when to come again
//
// Errors:  all of them become one of the three answers (pipeline/status.h); none is kept.
// Threads: each call on the I/O thread of its exchange; the handler itself is immutable.
// Source:  the G and H lines of the conformance list.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/byte_budget.h"
#include "config/settings.h"
#include "net/exchange.h"
#include "otlpview/check.h"
#include "pipeline/status.h"
#include "receiver/otlp/health.h"
#include "receiver/otlp/lane.h"
#include "receiver/otlp/reflection.h"
#include "receiver/otlp/retry_delay.h"
#include "receiver/otlp/routes.h"

namespace gateway::receiver::otlp {

// What the requests of one thread go by. Replaced as a whole, on that thread.
struct Terms {
  config::OtlpReceiver settings;
  std::uint32_t signals_enabled = 0;  // bit i: Signal i
  std::shared_ptr<const Reflection> reflection;
};

// What the handlers of both listeners share.
struct Shared {
  const Dependencies& dependencies;
  ReceiverMetrics& metrics;
  const DrainMeter& freed;                                // how fast the log makes room
  std::vector<std::unique_ptr<Lane>> lanes;               // by thread index
  std::vector<std::unique_ptr<HealthWatchers>> watchers;  // likewise
  std::vector<std::unique_ptr<const Terms>> terms;        // likewise
};

// Whether a receiver takes that signal.
[[nodiscard]] bool serves(Signal signal, const config::OtlpReceiver& settings,
                          std::uint32_t signals_enabled) noexcept;

class RequestHandler final : public net::Handler {
 public:
  // Which of a receiver's listeners it serves.
  using ListenerMember = config::Listener config::OtlpReceiver::*;
  RequestHandler(Shared& shared, ListenerMember listener) : shared_(shared), listener_(listener) {}

  [[nodiscard]] std::optional<net::BodyPlan> on_head(net::Exchange& exchange) noexcept override;
  void on_request(net::Exchange& exchange) noexcept override;
  void on_message(net::Exchange& exchange) noexcept override;
  void on_failure(net::Exchange& exchange, net::RequestErrc why) noexcept override;
  void on_abandoned(net::Exchange& exchange) noexcept override;

  // From the lane: the log has stored `request`, or says why not.
  void on_stored(Request& request) noexcept;

 private:
  using StatusKind = pipeline::StatusKind;

  [[nodiscard]] std::optional<net::BodyPlan> on_grpc_head(net::Exchange& exchange) noexcept;
  [[nodiscard]] std::optional<net::BodyPlan> on_http_head(net::Exchange& exchange) noexcept;
  [[nodiscard]] std::optional<net::BodyPlan> admit(net::Exchange& exchange, Signal signal,
                                                   AnswerForm form, ContentCoding coding) noexcept;
  [[nodiscard]] const Terms& terms_of(const net::Exchange& exchange) const noexcept;
  [[nodiscard]] const config::Listener& listener_of(const net::Exchange& exchange) const noexcept;
  [[nodiscard]] bool enabled(const net::Exchange& exchange, Signal signal) const noexcept;
  // What a body may take, of a request that holds `held_bytes` already.
  [[nodiscard]] net::BodyPlan plan(const net::Exchange& exchange, const Request* request = nullptr,
                                   std::size_t held_bytes = 0) const noexcept;
  // What the request could still take of what all share, if no other were there. What needs more
  // can never be read, and is too large; what needs less and finds no room is told to come later.
  [[nodiscard]] std::size_t bytes_left(const Request& request) const noexcept;
  // As much, for one that is large enough to go alone.
  [[nodiscard]] bool could_take(const Request& request, std::size_t bytes) const noexcept;
  [[nodiscard]] otlpview::CheckLimits limits(const Request& request) const noexcept {
    return {.nesting_max = terms_of(*request.exchange).settings.max_nesting_levels};
  }
  [[nodiscard]] Lane& lane_of(const net::Exchange& exchange) const noexcept;

  // The steps of on_request(); a Status is the refusal.
  using Step = Result<void, pipeline::Status>;
  [[nodiscard]] Step inflate(Request& request, net::Exchange& exchange) noexcept;
  [[nodiscard]] Step transcode(Request& request) noexcept;
  [[nodiscard]] Step check(Request& request) noexcept;
  [[nodiscard]] Step rewrite(Request& request) noexcept;
  // Whether the body will be stored as it came, which inflates to `inflated_bytes`.
  [[nodiscard]] bool keeps(const Request& request, ContentCoding coding,
                           std::size_t inflated_bytes) const noexcept;
  void keep_context(Request& request, const net::Exchange& exchange) const noexcept;
  // Of a call that is not an Export.
  void on_service_request(net::Exchange& exchange) noexcept;
  void on_health(net::Exchange& exchange, HealthMethod method) noexcept;

  void acknowledge(Request& request) noexcept;
  // An own span of the request, if it is one of the few. Requires: somebody waits for the answer.
  void trace(const Request& request, StatusKind kind) const noexcept;
  void refuse(Request& request, const pipeline::Status& status) noexcept;
  // For requests that never became a Request.
  void refuse_stray(net::Exchange& exchange, const pipeline::Status& status) noexcept;
  void reply(net::Exchange& exchange, AnswerForm form, const pipeline::Status& status) noexcept;
  void reply_http(net::Exchange& exchange, net::HttpReply&& answer) noexcept;
  void preflight(net::Exchange& exchange) noexcept;

  [[nodiscard]] pipeline::Status overload(const net::Exchange& exchange) const;
  [[nodiscard]] pipeline::Status log_full(std::size_t size_bytes) const;
  [[nodiscard]] pipeline::Status status_of(net::RequestErrc why,
                                           const net::Exchange& exchange) const;

  Shared& shared_;
  const ListenerMember listener_;
};

}  // namespace gateway::receiver::otlp
