#include "storage/writer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "telemetry/log.h"

namespace gateway::storage {
namespace {

[[nodiscard]] bool fits(const RecordInfo& info) noexcept {
  return info.tenant.size() <= kTenantSizeBytesMax && info.context.size() <= kContextSizeBytesMax;
}

}  // namespace

void Listeners::add(CommitListener& listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(&listener);
}

void Listeners::remove(CommitListener& listener) {
  const std::lock_guard lock(mutex_);
  std::erase(listeners_, &listener);
}

void Listeners::tell(const Head& head) {
  const std::lock_guard lock(mutex_);
  for (CommitListener* listener : listeners_) listener->on_committed(head);
}

Writer::Writer(const Parts& parts, SegmentFiles segment_files, std::uint64_t next_sequence)
    : parts_(parts),
      started_unix_nano_(parts.clock.unix_nano()),
      started_(parts.clock.monotonic()),
      segment_files_(std::move(segment_files)),
      next_sequence_(next_sequence) {
  publish_admissible();
}

void Writer::take(Append* arrived) {
  if (arrived == nullptr) return;
  (waiting_first_ == nullptr ? waiting_first_ : waiting_last_->next) = arrived;
  waiting_last_ = arrived;
  while (waiting_last_->next != nullptr) waiting_last_ = waiting_last_->next;
}

Append* Writer::pop() {
  Append* first = waiting_first_;
  waiting_first_ = std::exchange(first->next, nullptr);
  if (waiting_first_ == nullptr) waiting_last_ = nullptr;
  return first;
}

std::uint64_t Writer::remaining_bytes() const {
  if (!active_) return 0;
  const Position head = parts_.catalog.head().position;
  const bool begun = head.segment == active_->header.sequence;
  return active_->header.size_bytes - (begun ? head.offset_bytes : kFirstRecordOffsetBytes);
}

bool Writer::commit_once(Append* arrived) {
  take(arrived);
  if (waiting_first_ == nullptr) return false;
  const std::uint64_t record_size_max = segment_files_.segment_size_bytes() - kBlockSizeBytes;
  if (record_size_bytes(*waiting_first_) > record_size_max || !fits(waiting_first_->info)) {
    Append* const refused = pop();
    answer(std::span(&refused, 1), AppendErrc::too_large);
    return true;
  }
  if (const auto error = save_new_cursors()) {
    refuse_all(nullptr, *error);
    return true;
  }
  if (active_ && record_size_bytes(*waiting_first_) > remaining_bytes()) seal_segment(false);
  if (!active_) {
    if (const auto error = open_segment()) {
      refuse_all(nullptr, *error);
      return true;
    }
  }
  GroupBuilder group(
      std::min<std::uint64_t>(parts_.options.group_size_bytes_max, remaining_bytes()));
  while (waiting_first_ != nullptr && fits(waiting_first_->info) && group.add(*waiting_first_)) {
    static_cast<void>(pop());
  }
  const auto started = parts_.clock.monotonic();
  parts_.state.commit_started.store(std::max<std::int64_t>(started.count(), 1),
                                    std::memory_order_relaxed);
  Head head = parts_.catalog.head();
  if (head.position.segment != active_->header.sequence) {
    head.position = {active_->header.sequence, kFirstRecordOffsetBytes};
  }
  group.lay_out(active_->header.epoch, head);
  const bool written = write_group(group);
  const auto ended = parts_.clock.monotonic();
  parts_.state.commit_started.store(0, std::memory_order_relaxed);
  parts_.state.last_commit.store((ended - started).count(), std::memory_order_relaxed);
  parts_.state.commit_time.fetch_add((ended - started).count(), std::memory_order_relaxed);
  if (!written) {
    answer(group.appends(), AppendErrc::io_error);
    return true;
  }
  parts_.state.last_commit_at.store(ended.count(), std::memory_order_relaxed);
  finish_group(group, head);
  return true;
}

bool Writer::write_group(GroupBuilder& group) {
  const std::uint64_t offset = group.appends().front()->position.offset_bytes;
  if (auto written = active_->file->write_at(offset, group.parts()); !written) {
    abandon_segment("cannot write", written.error());
    return false;
  }
  if (parts_.options.durability == Durability::commit) {
    if (auto synced = active_->file->sync(); !synced) {
      abandon_segment("cannot sync", synced.error());
      return false;
    }
  } else if (parts_.options.durability == Durability::interval && !unsynced_since_) {
    unsynced_since_ = parts_.clock.monotonic();
  }
  return true;
}

void Writer::finish_group(GroupBuilder& group, const Head& head) {
  parts_.cache.add(group.appends().front()->position, std::move(group.entries()));
  parts_.catalog.commit(head);
  parts_.state.commit_count.fetch_add(1, std::memory_order_relaxed);
  parts_.state.write_path_ok.store(true, std::memory_order_relaxed);
  publish_admissible();
  answer(group.appends(), std::nullopt);
  parts_.listeners.tell(head);
}

// One call a sink, its appends linked in the order given.
void Writer::answer(std::span<Append* const> appends, std::optional<AppendErrc> error) {
  struct Chain {
    AppendSink* sink;
    Append* first;
    Append* last;
  };
  std::vector<Chain> chains;
  for (Append* append : appends) {
    append->error = error;
    append->next = nullptr;
    const auto chain = std::find_if(chains.begin(), chains.end(), [append](const Chain& known) {
      return known.sink == append->sink;
    });
    if (chain == chains.end()) {
      chains.push_back({append->sink, append, append});
    } else {
      chain->last = chain->last->next = append;
    }
  }
  if (error == AppendErrc::full) {
    parts_.state.append_refused_count.fetch_add(appends.size(), std::memory_order_relaxed);
  }
  for (const Chain& chain : chains) chain.sink->on_appended(chain.first);
}

void Writer::refuse_all(Append* arrived, AppendErrc error) {
  take(arrived);
  std::vector<Append*> refused;
  while (waiting_first_ != nullptr) refused.push_back(pop());
  answer(refused, error);
}

// A cursor that a crash would forget holds back nothing, so nothing is stored for it.
std::optional<AppendErrc> Writer::save_new_cursors() {
  if (!parts_.cursors.has_unsaved_cursor()) return std::nullopt;
  if (parts_.clock.monotonic() < retry_at_) return AppendErrc::io_error;
  if (auto saved = parts_.cursors.save(); !saved) {
    return fail_write("cannot save new cursors", saved.error());
  }
  return std::nullopt;
}

// Counts it, and gives the disk a moment before the next try.
AppendErrc Writer::fail_write(const char* what, const io::IoError& error) {
  telemetry::log_error("storage", what, {{"error", error.message()}});
  parts_.state.commit_failure_count.fetch_add(1, std::memory_order_relaxed);
  parts_.state.write_path_ok.store(false, std::memory_order_relaxed);
  retry_at_ = parts_.clock.monotonic() + kWriteRetryInterval;
  return error.code == ENOSPC ? AppendErrc::full : AppendErrc::io_error;
}

std::optional<AppendErrc> Writer::open_segment() {
  if (parts_.clock.monotonic() < retry_at_) return AppendErrc::io_error;
  if (!make_room()) return AppendErrc::full;
  const Head head = parts_.catalog.head();
  SegmentHeader header;
  header.sequence = next_sequence_++;
  header.epoch = parts_.random.next();
  header.size_bytes = segment_files_.segment_size_bytes();
  header.created_unix_nano = parts_.clock.unix_nano();
  header.record_sequence = head.record_count;
  // Not where the head is: that is before a segment which was abandoned before its first commit.
  if (const auto newest = parts_.catalog.newest()) {
    header.previous_sequence = newest->header.sequence;
    header.previous_end_bytes = newest->end_bytes;
  }
  header.items = head.items;
  auto file = segment_files_.create(header);
  if (!file) {
    return fail_write("cannot make a segment", file.error());
  }
  parts_.state.direct_io.store((*file)->direct(), std::memory_order_relaxed);
  Segment segment;
  segment.header = header;
  segment.file_size_bytes = header.size_bytes;
  segment.file = *file;
  active_ = Active{header, std::move(*file)};
  parts_.catalog.add(std::move(segment));
  return std::nullopt;
}

// Whether one more segment may be made, after letting go of what may go.
bool Writer::make_room() {
  const auto fits_beside = [this](std::uint64_t others) {
    return parts_.catalog.size_bytes() + others + segment_files_.segment_size_bytes() <=
           parts_.limits.get().size_bytes_max;
  };
  if (!fits_beside(0)) {
    // A cursor holds back what it has not saved: perhaps it has long been further.
    if (auto saved = parts_.cursors.save(); !saved) {
      telemetry::log_warn("storage", "cannot save cursors", {{"error", saved.error().message()}});
    }
    apply_retention(true);
    if (!fits_beside(0)) return false;
  }
  // Near the limit there is no room for files that wait to be removed.
  if (!fits_beside(parts_.surplus.size_bytes())) parts_.surplus.remove();
  return true;
}

// The bytes of the group may be there or not; only what was committed before counts.
void Writer::abandon_segment(const char* what, const io::IoError& error) {
  telemetry::log_error("storage", what,
                       {{"segment", active_->header.sequence}, {"error", error.message()}});
  parts_.state.commit_failure_count.fetch_add(1, std::memory_order_relaxed);
  parts_.state.write_path_ok.store(false, std::memory_order_relaxed);
  retry_at_ = parts_.clock.monotonic() + kWriteRetryInterval;
  unsynced_since_.reset();
  seal_segment(true);
}

void Writer::seal_segment(bool truncate) {
  sync_if_due(true);
  if (!active_) return;  // the sync has failed, and abandoned it
  std::uint64_t file_size = active_->header.size_bytes;
  const Head head = parts_.catalog.head();
  if (truncate) {
    const std::uint64_t end = head.position.segment == active_->header.sequence
                                  ? head.position.offset_bytes
                                  : kFirstRecordOffsetBytes;
    // Where it fails, the next segment's header still says where this one ends.
    if (active_->file->truncate(end) && active_->file->sync()) file_size = end;
  }
  active_.reset();
  parts_.catalog.seal(file_size);
  publish_admissible();
}

void Writer::sync_if_due(bool now) {
  if (!unsynced_since_ || !active_) return;
  if (!now && parts_.clock.monotonic() < *unsynced_since_ + parts_.options.sync_interval) return;
  unsynced_since_.reset();
  if (auto synced = active_->file->sync(); !synced) abandon_segment("cannot sync", synced.error());
}

void Writer::apply_retention(bool one_more) {
  std::vector<Segment> removed;
  parts_.cursors.retain([&](std::optional<Position> floor) {
    const std::vector<Segment> segments = parts_.catalog.segments();
    const std::uint64_t now = unix_nano_for_age();
    const Limits limits = parts_.limits.get();
    const auto age_max =
        static_cast<std::uint64_t>(std::chrono::nanoseconds(limits.age_max).count());
    std::uint64_t size = 0;
    std::uint64_t passed_size = 0;
    std::size_t passed_count = 0;  // all cursors are behind these
    for (std::size_t i = 0; i < segments.size(); ++i) {
      size += segments[i].file_size_bytes;
      if (i + 1 < segments.size() && passed_count == i && (!floor || *floor >= segments[i].end())) {
        ++passed_count;
        passed_size += segments[i].file_size_bytes;
      }
    }
    // The newest always stays: it says how far the log has come.
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
      const bool history_over = i < passed_count && passed_size > limits.history_size_bytes_max;
      const bool room_wanted = one_more &&
                               size + segment_files_.segment_size_bytes() > limits.size_bytes_max &&
                               (i < passed_count || limits.when_full == FullPolicy::drop_oldest);
      // No record of a segment is younger than the segment after it.
      const bool too_old =
          age_max != 0 && now > age_max && segments[i + 1].header.created_unix_nano < now - age_max;
      if (!history_over && !room_wanted && !too_old) break;
      size -= segments[i].file_size_bytes;
      if (i < passed_count) passed_size -= segments[i].file_size_bytes;
      removed.push_back(parts_.catalog.remove_oldest());
    }
  });
  for (const Segment& segment : removed) {
    segment_files_.retire(segment.header.sequence, segment.file_size_bytes);
  }
  if (!removed.empty()) publish_admissible();
}

// The time of day, but no later than it can have become since the start: a clock that is set
// forward makes nothing old.
std::uint64_t Writer::unix_nano_for_age() const {
  const std::chrono::nanoseconds elapsed = parts_.clock.monotonic() - started_;
  return std::min(parts_.clock.unix_nano(),
                  started_unix_nano_ + static_cast<std::uint64_t>(elapsed.count()));
}

// Where little comes, a segment would last for weeks, and nothing in it expire.
void Writer::end_old_segment() {
  const std::chrono::nanoseconds age_max = parts_.limits.get().age_max;
  const auto newest = parts_.catalog.newest();
  if (age_max.count() == 0 || !newest || newest->end_bytes == kFirstRecordOffsetBytes) return;
  const auto share = static_cast<std::uint64_t>((age_max / kSegmentsPerAgeMax).count());
  if (unix_nano_for_age() < newest->header.created_unix_nano + share) return;
  if (!make_room()) return;  // what is left of this one is all there is
  if (active_) seal_segment(true);
  static_cast<void>(open_segment());  // where it fails, it is tried again
}

void Writer::publish_admissible() {
  const Limits limits = parts_.limits.get();
  std::uint64_t admissible = 0;
  if (limits.when_full == FullPolicy::drop_oldest) {
    admissible = limits.size_bytes_max;
  } else {
    const std::uint64_t taken = parts_.catalog.size_bytes();
    const std::uint64_t free = limits.size_bytes_max > taken ? limits.size_bytes_max - taken : 0;
    const std::uint64_t segment_size = segment_files_.segment_size_bytes();
    admissible = remaining_bytes() + free / segment_size * (segment_size - kBlockSizeBytes);
  }
  parts_.state.admissible_bytes.store(admissible, std::memory_order_relaxed);
}

void Writer::maintain(bool retention_due) {
  sync_if_due(false);
  const auto now = parts_.clock.monotonic();
  if (retention_due) publish_admissible();  // limits may have changed
  // Room for the next segment is made before it is wanted: admission asks for room, not history.
  const bool tight = parts_.state.admissible_bytes.load(std::memory_order_relaxed) <
                     segment_files_.segment_size_bytes();
  if (retention_due || now >= (tight ? tight_retention_at_ : retention_at_)) {
    retention_at_ = now + kRetentionInterval;
    tight_retention_at_ = now + kTightRetentionInterval;
    end_old_segment();
    apply_retention(tight);
  }
}

std::chrono::nanoseconds Writer::idle_time() const {
  const auto now = parts_.clock.monotonic();
  auto until = retention_at_;
  if (unsynced_since_) until = std::min(until, *unsynced_since_ + parts_.options.sync_interval);
  return until > now ? until - now : std::chrono::nanoseconds(0);
}

void Writer::close() {
  if (active_) seal_segment(true);
}

}  // namespace gateway::storage
