// The half of a Lane that faces the destination.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "exporter/decode.h"
#include "exporter/lane.h"
#include "exporter/split.h"
#include "telemetry/log.h"

namespace gateway::exporter {

namespace {

// Cut in two where the items are halved, at a border between stored requests.
std::vector<Piece> second_half(std::vector<Piece>& pieces, std::uint64_t item_count) {
  std::uint64_t items = 0;
  std::size_t cut = 1;
  for (; cut < pieces.size() - 1; ++cut) {
    items += pieces[cut - 1].item_count;
    if (items * 2 >= item_count) break;
  }
  const auto middle = pieces.begin() + static_cast<std::ptrdiff_t>(cut);
  std::vector<Piece> rest(std::make_move_iterator(middle), std::make_move_iterator(pieces.end()));
  pieces.erase(middle, pieces.end());
  return rest;
}

}  // namespace

// Whether one more batch may be formed: it could go out at once.
bool Lane::may_form(Instant now) const {
  if (stopping_ || now < throttled_until_) return false;
  switch (breaker_.state()) {
    case Breaker::State::closed:
      // What waits for a retry does not hold back what comes after it.
      return sending_count_ < window_.limit() && outgoing_.size() < limit_max_ + kWaitingMax;
    case Breaker::State::open:
      // A probe with other data than what failed: one bad batch must not keep it open.
      return now >= breaker_.probe_at() && outgoing_.size() < limit_max_ + kWaitingMax;
    case Breaker::State::half_open:
      return false;
  }
  return false;
}

void Lane::send_waiting(Instant now, Probes probes, std::optional<Instant>& next) {
  const auto wake_at = [&next](Instant at) {
    if (!next || at < *next) next = at;
  };
  if (stopping_) return;
  if (now < throttled_until_) {
    wake_at(throttled_until_);
    return;
  }
  for (Outgoing& outgoing : outgoing_) {
    if (outgoing.sending) continue;
    if (sending_count_ >= window_.limit()) return;  // an answer will make room
    if (now < outgoing.not_before) {
      wake_at(outgoing.not_before);
      continue;
    }
    if (breaker_.state() == Breaker::State::half_open) return;  // the probe's answer decides
    if (breaker_.state() == Breaker::State::open) {
      if (now < breaker_.probe_at()) break;
      if (outgoing.refused_at && probes == Probes::without_refused) continue;
    }
    if (outgoing.first_sent_at && !retry_budget_.try_take(now)) {
      wake_at(now + retry_budget_.wait_for_token(now));
      continue;
    }
    outgoing.probe = breaker_.state() == Breaker::State::open;
    if (!breaker_.try_pass(now)) break;
    send(outgoing, now);
  }
  if (breaker_.state() == Breaker::State::open && breaker_.probe_at() > now) {
    wake_at(breaker_.probe_at());
  }
}

void Lane::send(Outgoing& outgoing, Instant now) {
  if (outgoing.first_sent_at) metrics_.retries.add();
  if (!outgoing.first_sent_at) outgoing.first_sent_at = now;
  outgoing.sent_at = now;
  outgoing.sending = true;
  ++sending_count_;
  metrics_.bytes.add(outgoing.request->size_bytes);
  transport_.send(outgoing.request, [this, id = outgoing.id](const Answer& answer) {
    on_answer(id, answer);
    host_.wake(*this);
  });
}

void Lane::on_answer(std::uint64_t id, const Answer& answer) {
  const Instant now = host_.now();
  const auto it = std::find_if(outgoing_.begin(), outgoing_.end(),
                               [id](const Outgoing& outgoing) { return outgoing.id == id; });
  GATEWAY_ASSERT(it != outgoing_.end() && it->sending);
  metrics_.requests_of(answer.kind).add();
  metrics_.duration_seconds.observe(std::chrono::duration<double>(now - it->sent_at).count());
  switch (answer.kind) {
    case AnswerKind::delivered:
      on_delivered(it, answer, now);
      break;
    case AnswerKind::retry:
      on_retry(it, answer, now);
      break;
    case AnswerKind::data_refused:
      on_data_refused(it, answer);
      break;
    case AnswerKind::refused:
      on_refused(it, answer, now);
      break;
    case AnswerKind::cancelled:
      --sending_count_;
      it->sending = false;
      if (std::exchange(it->probe, false)) breaker_.abandon_probe();
      break;
  }
  advance_cursor();
  publish();
}

void Lane::on_delivered(OutgoingIt it, const Answer& answer, Instant now) {
  const bool recovered = breaker_.state() != Breaker::State::closed;
  breaker_.on_success();
  retry_budget_.on_success();
  if (recovered) {
    window_.reset();
    telemetry::log_info("exporter", "destination answers again",
                        {{"exporter", id_}, {"signal", name_of(signal_)}});
  }
  window_.on_success(now, it->sent_at, sending_count_);
  ++delivered_count_;
  --sending_count_;
  failing_ = false;

  const std::uint64_t items = it->request->item_count;
  const std::uint64_t rejected = std::min(answer.rejected_items, items);
  if (!answer.message.empty()) {
    telemetry::log_warn("exporter", "destination accepted a request with remarks",
                        {{"exporter", id_},
                         {"signal", name_of(signal_)},
                         {"rejected_items", rejected},
                         {"message", answer.message}});
  }
  metrics_.items_delivered.add(items - rejected);
  metrics_.items_rejected.add(rejected);
  const std::uint64_t batch = it->batch;
  finish(it, {.delivered = items - rejected, .dead_lettered = rejected});
  if (ledger_.settled(batch)) ++delivered_batches_count_;
}

void Lane::on_retry(OutgoingIt it, const Answer& answer, Instant now) {
  --sending_count_;
  it->sending = false;
  const bool at_fault = blocks_later_batches(it->batch);
  window_.on_congestion(now, it->sent_at);
  breaker_.on_failure(now, jitter_);
  if (answer.retry_in) {
    throttled_until_ =
        std::max(throttled_until_,
                 now + std::min<Duration>(*answer.retry_in, pipeline::delivery::kBackoffAskedMax));
  }
  const bool too_long =
      retry_.max_elapsed_time.count() > 0 && now - *it->first_sent_at >= retry_.max_elapsed_time;
  if (!retry_.enabled || too_long) {
    fail(answer.message);
    dead_letter(it, too_long ? "retry_time_exceeded" : "retry_disabled", answer.message);
    return;
  }
  if (at_fault) {
    on_at_fault(it, "blocks_later_batches", answer.message);
    return;
  }
  hold(*it, answer, now);
}

// Whether the batch, and not the destination, is at fault that it has failed: all that comes later
// is taken. Only deliveries show that, for what is dropped or in flight was taken by nobody; since
// an earlier failure, for a single request can get lost; and not once the breaker is open.
bool Lane::blocks_later_batches(std::uint64_t batch) {
  if (ledger_.oldest() != batch) return false;
  std::optional<std::uint64_t>& since = batches_[batch].blocks_since;
  if (!since) since = delivered_batches_count_;
  return breaker_.state() == Breaker::State::closed &&
         delivered_batches_count_ - *since >= kBatchesPastMax;
}

// Keeps a request for another attempt.
void Lane::hold(Outgoing& outgoing, const Answer& answer, Instant now) {
  outgoing.sending = false;
  outgoing.probe = false;
  outgoing.not_before = now + outgoing.backoff.next(answer.retry_in, jitter_);
  fail(answer.message);
}

// The destination is there, and says that this cannot be taken: find what is at fault.
void Lane::on_data_refused(OutgoingIt it, const Answer& answer) {
  --sending_count_;
  it->sending = false;
  breaker_.on_success();
  failing_ = false;
  last_error_ = answer.message;

  on_at_fault(it, "refused_by_destination", answer.message);
}

void Lane::on_at_fault(OutgoingIt it, std::string_view reason, const std::string& message) {
  BatchState& batch = batches_[it->batch];
  if (++batch.failure_count <= kSplitFailuresMax) {
    const Request& request = *it->request;
    if (request.pieces.size() > 1) {
      split(it, request.pieces);
      return;
    }
    if (request.item_count > 1) {
      const auto plain = plain_piece(request.pieces.front());
      auto pieces = plain ? split_piece(signal_, *plain, (request.item_count + 1) / 2, 0)
                          : std::vector<Piece>();
      if (pieces.size() > 1) {
        split(it, std::move(pieces));
        return;
      }
    }
  }
  dead_letter(it, reason, message);
}

void Lane::split(OutgoingIt it, std::vector<Piece> pieces) {
  const std::uint64_t batch = it->batch;
  std::vector<Piece> rest = second_half(pieces, it->request->item_count);
  const OutgoingIt after = std::next(it);
  const std::uint64_t held_bytes = it->request->held_bytes();
  outgoing_.erase(it);
  queue(batch, std::move(pieces), after);
  queue(batch, std::move(rest), after);
  std::uint64_t parts_bytes = 0;
  for (auto part = std::prev(after, 2); part != after; ++part) {
    parts_bytes += part->request->held_bytes();
  }
  recount(held_bytes, parts_bytes);  // repeated prefixes make the parts a little larger
}

// A refusal that is not the data's fault: by OTLP it must not be retried. But a destination that
// refuses everything would empty the whole log into the dead letters, so once the breaker is open
// the data waits. See docs/decisions/0005-a-refusing-destination-makes-the-data-wait.md.
void Lane::on_refused(OutgoingIt it, const Answer& answer, Instant now) {
  --sending_count_;
  it->sending = false;
  window_.on_congestion(now, it->sent_at);
  breaker_.on_failure(now, jitter_);
  // Refused, then others were taken, and refused again: this one is what it stumbles over.
  const bool only_this = it->refused_at && delivered_count_ > *it->refused_at;
  if (breaker_.state() != Breaker::State::closed && !only_this) {
    hold(*it, answer, now);
    // Others are the next probes.
    it->refused_at = delivered_count_;
    outgoing_.splice(outgoing_.end(), outgoing_, it);
    return;
  }
  fail(answer.message);
  dead_letter(it, "refused_by_destination", answer.message);
}

void Lane::dead_letter(OutgoingIt it, std::string_view reason, const std::string& message) {
  const Request& request = *it->request;
  const auto plain = plain_request(request);
  const bool kept = plain && dead_letters_.write(*plain, reason, message);
  telemetry::log_warn("exporter", "items will not be delivered",
                      {{"exporter", id_},
                       {"signal", name_of(signal_)},
                       {"items", request.item_count},
                       {"reason", reason},
                       {"message", message},
                       {"kept_as_dead_letter", kept}});
  metrics_.items_dead_lettered.add(request.item_count);
  finish(it, {.dead_lettered = request.item_count});
}

void Lane::finish(OutgoingIt it, const storage::Outcomes& delta) {
  const std::uint64_t bytes = it->request->held_bytes();
  budget_.give_back(signal_, bytes);
  held_bytes_ -= bytes;
  const std::uint64_t batch = it->batch;
  outgoing_.erase(it);
  ledger_.settle(batch, delta);
  if (ledger_.settled(batch)) batches_.erase(batch);
}

void Lane::fail(const std::string& message) {
  failing_ = true;
  last_error_ = message;
}

}  // namespace gateway::exporter
