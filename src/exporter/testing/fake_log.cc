#include "exporter/testing/fake_log.h"

#include <algorithm>

#include "base/assert.h"

namespace gateway::exporter::testing {

namespace {
constexpr std::uint64_t kSegment = 1;
}  // namespace

storage::Position FakeCursor::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}
std::uint64_t FakeCursor::items_at() const {
  const std::lock_guard lock(mutex_);
  return items_at_;
}
storage::Outcomes FakeCursor::outcomes() const {
  const std::lock_guard lock(mutex_);
  return outcomes_;
}
void FakeCursor::advance(storage::Position to, std::uint64_t items_at,
                         const storage::Outcomes& delta) {
  const std::lock_guard lock(mutex_);
  GATEWAY_ASSERT(to >= position_);
  GATEWAY_ASSERT(items_at - items_at_ == delta.sum());
  position_ = to;
  items_at_ = items_at;
  outcomes_.delivered += delta.delivered;
  outcomes_.filtered += delta.filtered;
  outcomes_.dead_lettered += delta.dead_lettered;
  outcomes_.expired += delta.expired;
  outcomes_.damaged += delta.damaged;
}

// Positions are indices into the entries of one segment.
class FakeReader final : public storage::Reader {
 public:
  FakeReader(FakeLog& log, std::uint32_t signals, storage::Position from)
      : log_(log), signals_(signals), at_(from) {}

  [[nodiscard]] Result<std::optional<storage::Record>, storage::ReadErrc> next() override {
    const std::lock_guard lock(log_.mutex_);
    if (log_.fail_reads_) return fail(storage::ReadErrc::io_error);
    std::size_t index = std::max<std::size_t>(at_.offset_bytes, log_.oldest_);
    for (; index < log_.entries_.size(); ++index) {
      const FakeLog::Entry& entry = log_.entries_[index];
      ++log_.looked_at_;
      if (entry.damaged) continue;
      if ((signals_ >> index_of(entry.record.info.signal) & 1U) == 0) continue;
      at_ = entry.record.next;
      return entry.record;
    }
    at_ = {.segment = kSegment, .offset_bytes = index};
    return std::nullopt;
  }
  void seek(storage::Position to) override { at_ = to; }
  void skip_to_memory() override {}
  [[nodiscard]] storage::Position position() const override { return at_; }
  void set_awaited(bool awaited) noexcept override { log_.awaited_ = awaited; }

 private:
  FakeLog& log_;
  const std::uint32_t signals_;
  storage::Position at_;
};

void FakeLog::add(Signal signal, std::uint32_t items, std::string_view payload,
                  ContentCoding coding) {
  storage::Head head;
  {
    const std::lock_guard lock(mutex_);
    Buffer buffer = Buffer::allocate(payload.size());
    buffer.append(std::as_bytes(std::span(payload.data(), payload.size())));
    Entry entry;
    entry.record.position = {.segment = kSegment, .offset_bytes = entries_.size()};
    entry.record.next = {.segment = kSegment, .offset_bytes = entries_.size() + 1};
    entry.record.info.signal = signal;
    entry.record.info.coding = coding;
    entry.record.info.item_count = items;
    entry.record.info.received_unix_nano = 1;
    entry.record.items_before = items_;
    const std::span<const std::byte> bytes = std::as_const(buffer).payload();
    entry.record.payload = {.owner = std::move(buffer), .bytes = bytes};
    entries_.push_back(std::move(entry));
    items_[index_of(signal)] += items;
    head = head_locked();
  }
  const std::lock_guard lock(listeners_mutex_);
  for (storage::CommitListener* listener : listeners_) listener->on_committed(head);
}

void FakeLog::expire_before(std::size_t index) {
  const std::lock_guard lock(mutex_);
  oldest_ = index;
}

void FakeLog::damage(std::size_t index) {
  const std::lock_guard lock(mutex_);
  entries_[index].damaged = true;
}

void FakeLog::fail_reads(bool fail) {
  const std::lock_guard lock(mutex_);
  fail_reads_ = fail;
}

void FakeLog::submit(storage::Append*) noexcept { GATEWAY_ASSERT(false); }

storage::Head FakeLog::head_locked() const {
  return {.position = {.segment = kSegment, .offset_bytes = entries_.size()},
          .items = items_,
          .record_count = entries_.size()};
}

storage::Head FakeLog::head() const {
  const std::lock_guard lock(mutex_);
  return head_locked();
}

storage::Position FakeLog::oldest() const {
  const std::lock_guard lock(mutex_);
  return {.segment = kSegment, .offset_bytes = oldest_};
}

std::unique_ptr<storage::Reader> FakeLog::reader(std::uint32_t signals, storage::Position from) {
  return std::make_unique<FakeReader>(*this, signals, from);
}

storage::Cursor& FakeLog::cursor(std::string_view name, Signal signal, storage::StartAt) {
  const std::lock_guard lock(mutex_);
  for (FakeCursor& cursor : cursors_) {
    if (cursor.name() == name && cursor.signal() == signal) return cursor;
  }
  return cursors_.emplace_back(std::string(name), signal);
}

std::vector<storage::Cursor*> FakeLog::cursors() {
  const std::lock_guard lock(mutex_);
  std::vector<storage::Cursor*> all;
  for (FakeCursor& cursor : cursors_) all.push_back(&cursor);
  return all;
}

void FakeLog::add_listener(storage::CommitListener& listener) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.push_back(&listener);
}

void FakeLog::remove_listener(storage::CommitListener& listener) {
  const std::lock_guard lock(listeners_mutex_);
  std::erase(listeners_, &listener);
}

bool adds_up(const storage::Cursor& cursor) {
  return cursor.outcomes().sum() == cursor.items_at() - cursor.items_start();
}

}  // namespace gateway::exporter::testing
