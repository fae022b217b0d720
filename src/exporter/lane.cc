#include "exporter/lane.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "exporter/decode.h"
#include "exporter/split.h"
#include "telemetry/log.h"

namespace gateway::exporter {

namespace delivery = pipeline::delivery;

namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

ContentCoding reused_coding(const config::Exporter& settings,
                            const pipeline::ProcessorChain* processors) {
  if (!settings.reuse_compression || processors != nullptr) return ContentCoding::identity;
  return settings.compression;
}

void take_earlier(std::optional<delivery::Instant>& next, delivery::Instant at) {
  if (!next || at < *next) next = at;
}

}  // namespace

Lane::Lane(const config::Exporter& settings, Signal signal, const Parts& parts)
    : id_(settings.id),
      signal_(signal),
      retry_(settings.retry_on_failure),
      limit_max_(std::max(settings.sending_queue.num_consumers, 1U)),
      max_items_(settings.batch.send_batch_max_size),
      max_bytes_(settings.batch.max_size_bytes),
      reused_(reused_coding(settings, parts.processors)),
      host_(parts.host),
      log_(parts.log),
      transport_(parts.transport),
      dead_letters_(parts.dead_letters),
      budget_(parts.budget),
      processors_(parts.processors),
      metrics_(parts.metrics, settings.id, signal),
      cursor_(parts.log.cursor(settings.id, signal,
                               settings.sending_queue.start_at_latest
                                   ? storage::StartAt::latest
                                   : storage::StartAt::earliest)),
      reader_(parts.log.reader(1U << index_of(signal), cursor_.position())),
      read_to_(cursor_.position()),
      items_read_(cursor_.items_at()),
      batcher_({.items_due = settings.batch.send_batch_size,
                .items_max = settings.batch.send_batch_max_size,
                .bytes_max = settings.batch.max_size_bytes,
                .age_max = settings.batch.timeout,
                .single_record = signal == Signal::profiles}),
      ledger_(cursor_.position(), cursor_.items_at()),
      jitter_(parts.seed),
      backoff_settings_({.initial_interval = retry_.initial_interval,
                         .max_interval = retry_.max_interval,
                         .multiplier = retry_.multiplier,
                         .randomization_factor = retry_.randomization_factor}),
      retry_budget_({}, parts.host.now()),
      breaker_({.enabled = settings.circuit_breaker.enabled,
                .failure_threshold = settings.circuit_breaker.failure_threshold,
                .open_interval = settings.circuit_breaker.open_interval,
                .open_interval_max = settings.circuit_breaker.open_interval_max}),
      window_(limit_max_),
      wake_at_items_(kNever) {}

bool Lane::should_wake(const storage::Head& head) noexcept {
  const std::uint64_t items = head.items[index_of(signal_)];
  if (items < wake_at_items_.load(std::memory_order_seq_cst)) return false;
  if (wake_at_items_.exchange(kNever, std::memory_order_seq_cst) == kNever) return false;
  reader_->set_awaited(destination_takes_.load(std::memory_order_relaxed));
  return true;
}

void Lane::begin_drain() {
  draining_ = true;
  drain_items_ = log_.head().items[index_of(signal_)];
}

bool Lane::drained() const {
  if (sending_count_ != 0) return false;
  if (breaker_.state() != Breaker::State::closed || failing_) return true;
  return outgoing_.empty() && building_.empty() && !carry_ && items_read_ >= drain_items_;
}

std::optional<Lane::Instant> Lane::pump(Instant now) {
  if (stopping_) return std::nullopt;
  wake_at_items_.store(kNever, std::memory_order_seq_cst);
  reader_->set_awaited(destination_takes_.load(std::memory_order_relaxed));
  std::optional<Instant> next;
  send_waiting(now, Probes::without_refused, next);
  form_batches(now, next);
  send_waiting(now, Probes::any, next);
  advance_cursor();
  advance_idle(now);
  publish();
  const bool takes =
      breaker_.state() == Breaker::State::closed && !failing_ && now >= throttled_until_;
  destination_takes_.store(takes, std::memory_order_relaxed);
  // Asleep it has read all that is for it, though the log has gone on with what is for others. One
  // that waits for answers is awaited as long as they come: each of them pumps it.
  const bool asleep = wake_at_items_.load(std::memory_order_seq_cst) != kNever;
  reader_->set_awaited(takes && !asleep);
  return next;
}

// Reads, and forms batches of what is read, as far as window, breaker and budget let them go out.
void Lane::form_batches(Instant now, std::optional<Instant>& next) {
  while (may_form(now)) {
    if (now < read_again_at_) {
      take_earlier(next, read_again_at_);
      break;
    }
    const Fill state = fill(now);
    if (building_.empty()) {
      // Nothing to send; items that are lost or filtered need no sending.
      if (building_lost_.sum() != 0) form_batch();
      if (state == Fill::full) {  // and there is more to read
        take_earlier(next, now);
        break;
      }
    } else if (state != Fill::at_head || draining_ || batcher_.due(now)) {
      form_batch();
      send_waiting(now, Probes::without_refused, next);
      continue;
    }
    if (state == Fill::blocked) break;  // an answer will make room
    if (now < read_again_at_) continue;
    if (draining_) break;
    if (const auto due_at = batcher_.due_at()) take_earlier(next, *due_at);
    // Sleep until enough is committed; it may have been since we read.
    const std::uint64_t wake_at = items_read_ + batcher_.items_missing();
    wake_at_items_.store(wake_at, std::memory_order_seq_cst);
    if (log_.head().items[index_of(signal_)] < wake_at) break;
    if (wake_at_items_.exchange(kNever, std::memory_order_seq_cst) == kNever) break;
  }
}

Lane::Fill Lane::fill(Instant now) {
  while (!batcher_.full()) {
    if (draining_ && !carry_ && items_read_ >= drain_items_) return Fill::at_head;
    if (!carry_ && !read_one(now)) return Fill::at_head;
    if (carry_kept_ == 0) {
      take_carry();
      if (building_.empty() && building_lost_.filtered >= kFilteredRunMax) return Fill::full;
      continue;
    }
    const std::uint64_t bytes = carry_->payload.bytes.size() + kPieceCostBytes;
    if (!batcher_.fits(carry_kept_, carry_bytes_)) return Fill::full;
    if (!budget_.try_take(signal_, bytes)) return Fill::blocked;
    held_bytes_ += bytes;
    if (building_.empty()) building_received_unix_nano_ = carry_->info.received_unix_nano;
    batcher_.add(now, carry_kept_, carry_bytes_);
    building_.push_back({.payload = std::move(carry_->payload),
                         .item_count = carry_kept_,
                         .coding = carry_->info.coding});
    take_carry();
  }
  return Fill::full;
}

// Books the record in carry_ as read: what a processor dropped of it comes to its end here.
void Lane::take_carry() {
  note_gap(carry_->items_before[index_of(signal_)], read_to_);
  read_to_ = carry_->next;
  items_read_ += carry_->info.item_count;
  const std::uint64_t filtered = carry_->info.item_count - carry_kept_;
  building_lost_.filtered += filtered;
  metrics_.items_filtered.add(filtered);
  carry_.reset();
}

// Reads the next record that carries items into carry_. False at the head, or after a read error.
bool Lane::read_one(Instant now) {
  for (;;) {
    const storage::Head head = log_.head();
    if (head.items[index_of(signal_)] == items_read_) {
      skip_to(head.position);
      return false;
    }
    auto record = reader_->next();
    if (!record && record.error() == storage::ReadErrc::paused) {
      read_again_at_ = now + Instant::duration(1);  // other lanes have their turn
      return false;
    }
    if (!record) {
      telemetry::log_error("exporter", "stored records cannot be read",
                           {{"exporter", id_}, {"signal", name_of(signal_)}});
      read_again_at_ = now + kReadRetryInterval;
      fail("stored records cannot be read");
      return false;
    }
    if (!record->has_value()) {
      note_lost_tail(head);
      return false;
    }
    storage::Record& found = **record;
    const std::uint64_t items_before = found.items_before[index_of(signal_)];
    if (found.info.item_count == 0 || items_before < items_read_) continue;  // nothing, or seen
    carry_kept_ = found.info.item_count;
    if (const auto bytes = reusable_bytes(found)) {
      carry_bytes_ = *bytes;
      carry_ = std::move(found);
      return true;
    }
    auto plain = decode_payload(found.info.coding, found.payload);
    if (!plain) {
      // Damage like any other: the next record, or the head, shows what is missing (note_gap).
      telemetry::log_error("exporter", "a stored record cannot be decoded",
                           {{"exporter", id_}, {"signal", name_of(signal_)}});
      continue;
    }
    found.payload = std::move(*plain);
    found.info.coding = ContentCoding::identity;
    if (processors_ != nullptr) {
      carry_kept_ = processors_->apply(found.payload, found.info.item_count, found.info.context);
    }
    carry_bytes_ = found.payload.bytes.size();
    carry_ = std::move(found);
    return true;
  }
}

// What a record inflates to that can go out as it is; nothing for one that must be read, or cut.
std::optional<std::uint64_t> Lane::reusable_bytes(const storage::Record& record) const {
  if (record.info.coding == ContentCoding::identity || record.info.coding != reused_) {
    return std::nullopt;
  }
  const auto bytes = inflated_size(record.info.coding, record.payload);
  const bool whole =
      bytes && *bytes <= max_bytes_ && (max_items_ == 0 || record.info.item_count <= max_items_);
  return whole ? bytes : std::nullopt;
}

// All that lies before `head` is for others, and may have left the memory: it is not read.
void Lane::skip_to(storage::Position head) {
  if (head <= reader_->position()) return;
  reader_->seek(head);
  read_to_ = std::max(read_to_, head);
}

// Items between what was read and the next record did not come: removed by retention if they lay
// before the oldest record that is left, else no longer readable.
void Lane::note_gap(std::uint64_t items_before, storage::Position from) {
  if (items_before <= items_read_) return;
  const std::uint64_t lost = items_before - items_read_;
  if (from < log_.oldest()) {
    building_lost_.expired += lost;
    metrics_.items_expired.add(lost);
  } else {
    building_lost_.damaged += lost;
    metrics_.items_damaged.add(lost);
  }
  items_read_ = items_before;
  telemetry::log_warn("exporter", "items are lost before they could be delivered",
                      {{"exporter", id_}, {"signal", name_of(signal_)}, {"items", lost}});
}

// `head` was taken before the reader said that there is nothing more.
void Lane::note_lost_tail(const storage::Head& head) {
  if (head.items[index_of(signal_)] <= items_read_) return;
  note_gap(head.items[index_of(signal_)], read_to_);
  read_to_ = std::max(read_to_, head.position);
}

void Lane::form_batch() {
  const std::uint64_t number = ledger_.open(read_to_, items_read_);
  if (building_lost_.sum() != 0) ledger_.settle(number, building_lost_);
  building_lost_ = {};
  if (!building_.empty()) {
    batches_[number] = {.received_unix_nano = building_received_unix_nano_};
    std::vector<Piece> pieces = std::exchange(building_, {});
    std::vector<Piece> cut;
    if (pieces.size() == 1 && batcher_.over_limit()) {
      // One stored request larger than what may be sent at once.
      cut = split_piece(signal_, pieces.front(), max_items_, max_bytes_);
    }
    if (cut.size() > 1) {
      const std::uint64_t bytes = pieces.front().payload.bytes.size() + kPieceCostBytes;
      std::uint64_t cut_bytes = 0;
      for (Piece& piece : cut) {
        cut_bytes += piece.payload.bytes.size() + kPieceCostBytes;
        queue(number, {std::move(piece)}, outgoing_.end());
      }
      recount(bytes, cut_bytes);
    } else {
      queue(number, std::move(pieces), outgoing_.end());
    }
  }
  batcher_.clear();
  advance_cursor();
}

// Bytes that are held were replaced by others; those are in memory, whatever the budget says.
void Lane::recount(std::uint64_t before_bytes, std::uint64_t after_bytes) {
  budget_.give_back(signal_, before_bytes);
  budget_.force_take(signal_, after_bytes);
  held_bytes_ = held_bytes_ - before_bytes + after_bytes;
}

void Lane::queue(std::uint64_t batch, std::vector<Piece> pieces, OutgoingIt before) {
  auto request = std::make_shared<Request>();
  request->signal = signal_;
  for (const Piece& piece : pieces) {
    request->item_count += piece.item_count;
    request->size_bytes += piece.payload.bytes.size();
  }
  request->pieces = std::move(pieces);
  Outgoing outgoing{.id = next_id_++,
                    .batch = batch,
                    .request = std::move(request),
                    .backoff = delivery::Backoff(backoff_settings_)};
  outgoing_.insert(before, std::move(outgoing));
}

void Lane::advance_cursor() {
  const auto advance = ledger_.take_advance();
  if (!advance) return;
  cursor_.advance(advance->to, advance->items_at, advance->delta);
}

// Records of other signals have passed: nothing here needs them any more.
void Lane::advance_idle(Instant now) {
  if (!ledger_.empty() || !building_.empty() || carry_) return;
  if (now - idle_advanced_at_ < kIdleAdvanceInterval) return;
  idle_advanced_at_ = now;
  const storage::Position at = reader_->position();
  if (at > cursor_.position()) cursor_.advance(at, cursor_.items_at(), {});
}

void Lane::publish() {
  std::uint64_t oldest = building_.empty() ? 0 : building_received_unix_nano_;
  if (!batches_.empty()) oldest = batches_.begin()->second.received_unix_nano;
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_.breaker = breaker_.state();
  snapshot_.opened_at = breaker_.opened_at();
  snapshot_.failing = failing_;
  if (snapshot_.last_error != last_error_) snapshot_.last_error = last_error_;
  snapshot_.in_flight_requests = sending_count_;
  snapshot_.held_bytes = held_bytes_;
  snapshot_.oldest_received_unix_nano = oldest;
}

Lane::Snapshot Lane::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

}  // namespace gateway::exporter
