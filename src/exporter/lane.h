// One signal on its way to one destination: reads its cursor's records, makes batches of them,
// sends, retries, splits what is refused, and moves the cursor over what has come to an end.
//
//   log --reader--> building --full or old--> outgoing: waiting <-> sending --> settled --> cursor
//
// It owns no thread, clock or socket: the host calls pump(), the transport answers, and time is
// handed in, so that tests run it in virtual time.
//
// Units:   bytes, items, instants of the host's clock.
// Errors:  none reach the host; what goes wrong shows in snapshot(), metrics and the log.
// Threads: should_wake() on the log's writer thread, snapshot() from any; the rest on the loop
//          thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "exporter/dead_letters.h"
#include "exporter/in_flight_budget.h"
#include "exporter/lane_metrics.h"
#include "exporter/transport.h"
#include "pipeline/delivery/backoff.h"
#include "pipeline/delivery/batch_ledger.h"
#include "pipeline/delivery/batcher.h"
#include "pipeline/delivery/circuit_breaker.h"
#include "pipeline/delivery/retry_budget.h"
#include "pipeline/delivery/window.h"
#include "pipeline/processor.h"
#include "storage/log.h"

namespace gateway::exporter {

// Answers other than "delivered" that the parts of one batch may get before the rest of it goes to
// the dead letters unsplit: enough to find several bad items among many, and an end to it when
// everything is refused.
inline constexpr std::uint32_t kSplitFailuresMax = 128;
// When so many later batches were delivered since the oldest one failed, and it fails again, it is
// itself at fault: it would hold the cursor, and with it the disk, for ever.
inline constexpr std::uint64_t kBatchesPastMax = 256;
// Requests that wait for a retry beside those in flight (their bytes are bounded too).
inline constexpr std::uint32_t kWaitingMax = 8;
// A cursor that has nothing to deliver still moves, so that it does not hold back removal.
inline constexpr pipeline::delivery::Duration kIdleAdvanceInterval = std::chrono::seconds(1);
// Items dropped by processors in a row, after which the cursor moves and others have their turn.
inline constexpr std::uint64_t kFilteredRunMax = 100'000;
inline constexpr pipeline::delivery::Duration kReadRetryInterval = std::chrono::seconds(1);

class Lane;

// Who drives lanes.
class LaneHost {
 public:
  virtual ~LaneHost() = default;
  [[nodiscard]] virtual pipeline::delivery::Instant now() const = 0;
  // The lane has something to do: pump it soon.
  virtual void wake(Lane& lane) = 0;
};

class Lane {
 public:
  using Instant = pipeline::delivery::Instant;
  using Duration = pipeline::delivery::Duration;
  using Breaker = pipeline::delivery::CircuitBreaker;

  struct Parts {
    LaneHost& host;
    storage::Log& log;
    Transport& transport;
    DeadLetters& dead_letters;
    InFlightBudget& budget;
    telemetry::Registry& metrics;
    std::uint64_t seed = 1;
    pipeline::ProcessorChain* processors = nullptr;  // none: what is stored is what is sent
  };

  Lane(const config::Exporter& settings, Signal signal, const Parts& parts);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Does all there is to do at `now`; says when it wants to be called again if nothing wakes it.
  [[nodiscard]] std::optional<Instant> pump(Instant now);

  // After a commit: whether the lane waits for what has come.
  [[nodiscard]] bool should_wake(const storage::Head& head) noexcept;

  // From here on only what was committed by now is read, and nothing waits to become a full batch.
  void begin_drain();
  // Everything is delivered, or waits for a destination that does not take it now.
  [[nodiscard]] bool drained() const;
  // Nothing more is sent. idle() once the last answer has come.
  void begin_stop() noexcept {
    stopping_ = true;
    reader_->set_awaited(false);  // the writer waits for none that reads no more
  }
  [[nodiscard]] bool idle() const noexcept { return sending_count_ == 0; }
  // Once it is idle: reads and sends again, and begins with what was not answered.
  void resume() noexcept { draining_ = stopping_ = false; }

  [[nodiscard]] Signal signal() const noexcept { return signal_; }

  // What an operator sees of it.
  struct Snapshot {
    Breaker::State breaker = Breaker::State::closed;
    Instant opened_at{};  // while the breaker is not closed
    bool failing = false;
    std::string last_error;
    std::uint64_t in_flight_requests = 0;
    std::uint64_t held_bytes = 0;
    std::uint64_t oldest_received_unix_nano = 0;  // of what is read and not settled; 0: nothing
  };
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] const storage::Cursor& cursor() const noexcept { return cursor_; }

 private:
  // A request that was formed and has not come to its end.
  struct Outgoing {
    std::uint64_t id = 0;
    std::uint64_t batch = 0;
    std::shared_ptr<const Request> request;
    pipeline::delivery::Backoff backoff;
    Instant not_before{};
    std::optional<Instant> first_sent_at;
    Instant sent_at{};
    bool sending = false;
    bool probe = false;
    // Held although refused, because the breaker is open: how many had been delivered by then.
    std::optional<std::uint64_t> refused_at;
  };
  // What the parts of one batch share.
  struct BatchState {
    std::uint64_t received_unix_nano = 0;  // of its first record
    std::uint32_t failure_count = 0;
    // When it first failed as the oldest: how many batches had been delivered by then.
    std::optional<std::uint64_t> blocks_since;
  };
  using OutgoingIt = std::list<Outgoing>::iterator;
  // Which requests may be a half-open breaker's probe.
  enum class Probes : std::uint8_t { without_refused, any };
  enum class Fill : std::uint8_t { full, at_head, blocked };

  // lane.cc: from the log to batches
  [[nodiscard]] Fill fill(Instant now);
  [[nodiscard]] bool read_one(Instant now);
  [[nodiscard]] std::optional<std::uint64_t> reusable_bytes(const storage::Record& record) const;
  void take_carry();
  void skip_to(storage::Position head);
  void note_gap(std::uint64_t items_before, storage::Position from);
  void note_lost_tail(const storage::Head& head);
  void form_batch();
  void recount(std::uint64_t before_bytes, std::uint64_t after_bytes);
  void form_batches(Instant now, std::optional<Instant>& next);
  void advance_cursor();
  void advance_idle(Instant now);

  // lane_delivery.cc: from batches to the destination
  void send_waiting(Instant now, Probes probes, std::optional<Instant>& next);
  void send(Outgoing& outgoing, Instant now);
  [[nodiscard]] bool may_form(Instant now) const;
  void on_answer(std::uint64_t id, const Answer& answer);
  void on_delivered(OutgoingIt it, const Answer& answer, Instant now);
  void on_retry(OutgoingIt it, const Answer& answer, Instant now);
  [[nodiscard]] bool blocks_later_batches(std::uint64_t batch);
  void on_data_refused(OutgoingIt it, const Answer& answer);
  void on_at_fault(OutgoingIt it, std::string_view reason, const std::string& message);
  void on_refused(OutgoingIt it, const Answer& answer, Instant now);
  void hold(Outgoing& outgoing, const Answer& answer, Instant now);
  void split(OutgoingIt it, std::vector<Piece> pieces);
  void dead_letter(OutgoingIt it, std::string_view reason, const std::string& message);
  void finish(OutgoingIt it, const storage::Outcomes& delta);
  void queue(std::uint64_t batch, std::vector<Piece> pieces, OutgoingIt before);
  void fail(const std::string& message);
  void publish();

  const std::string id_;
  const Signal signal_;
  const config::RetryOnFailure retry_;
  const std::uint32_t limit_max_;
  const std::uint64_t max_items_;
  const std::uint64_t max_bytes_;
  const ContentCoding reused_;  // goes out as it is stored; identity: nothing else does
  LaneHost& host_;
  storage::Log& log_;
  Transport& transport_;
  DeadLetters& dead_letters_;
  InFlightBudget& budget_;
  pipeline::ProcessorChain* const processors_;
  LaneMetrics metrics_;

  storage::Cursor& cursor_;
  std::unique_ptr<storage::Reader> reader_;
  std::optional<storage::Record> carry_;  // read and processed, and has no room yet
  std::uint64_t carry_kept_ = 0;          // of its items, what the processors left
  std::uint64_t carry_bytes_ = 0;         // what it is to the destination, inflated
  storage::Position read_to_;
  std::uint64_t items_read_;
  Instant read_again_at_{};  // after a read error
  Instant idle_advanced_at_{};

  pipeline::delivery::Batcher batcher_;
  std::vector<Piece> building_;
  std::uint64_t building_received_unix_nano_ = 0;
  storage::Outcomes building_lost_;  // and filtered

  pipeline::delivery::BatchLedger ledger_;
  std::map<std::uint64_t, BatchState> batches_;
  std::list<Outgoing> outgoing_;
  std::uint64_t next_id_ = 0;
  std::uint64_t delivered_count_ = 0;          // requests
  std::uint64_t delivered_batches_count_ = 0;  // whose last request was delivered
  std::uint32_t sending_count_ = 0;
  std::uint64_t held_bytes_ = 0;

  pipeline::delivery::Jitter jitter_;
  pipeline::delivery::BackoffSettings backoff_settings_;
  pipeline::delivery::RetryBudget retry_budget_;
  pipeline::delivery::CircuitBreaker breaker_;
  pipeline::delivery::Window window_;
  Instant throttled_until_{};

  bool draining_ = false;
  bool stopping_ = false;
  std::uint64_t drain_items_ = 0;

  std::atomic<std::uint64_t> wake_at_items_;
  std::atomic<bool> destination_takes_{false};  // as the last pump has found it
  mutable std::mutex snapshot_mutex_;
  Snapshot snapshot_;
  bool failing_ = false;
  std::string last_error_;
};

}  // namespace gateway::exporter
