// A Log in memory for tests of exporters: records are there at once, cursors keep their books, and
// a record can be lost the ways a disk and retention lose it.
//
// Errors:  a read error when asked for.
// Threads: any; one mutex.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "storage/log.h"

namespace gateway::exporter::testing {

class FakeCursor final : public storage::Cursor {
 public:
  FakeCursor(std::string name, Signal signal) : name_(std::move(name)), signal_(signal) {}
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] Signal signal() const override { return signal_; }
  [[nodiscard]] storage::Position position() const override;
  [[nodiscard]] std::uint64_t items_at() const override;
  [[nodiscard]] std::uint64_t items_start() const override { return 0; }
  [[nodiscard]] storage::Outcomes outcomes() const override;
  void advance(storage::Position to, std::uint64_t items_at,
               const storage::Outcomes& delta) override;

 private:
  const std::string name_;
  const Signal signal_;
  mutable std::mutex mutex_;
  storage::Position position_;
  std::uint64_t items_at_ = 0;
  storage::Outcomes outcomes_;
};

class FakeLog final : public storage::Log {
 public:
  // Stores a record and tells the listeners.
  void add(Signal signal, std::uint32_t items, std::string_view payload = "x",
           ContentCoding coding = ContentCoding::identity);
  // Record `index` is gone: before the oldest left (retention), or no longer readable.
  void expire_before(std::size_t index);
  void damage(std::size_t index);
  void fail_reads(bool fail);
  // What the newest reader has said.
  [[nodiscard]] bool awaited() const noexcept { return awaited_; }
  // Records that readers have looked at, those of other signals too.
  [[nodiscard]] std::uint64_t looked_at() const noexcept { return looked_at_; }

  void submit(storage::Append* first) noexcept override;
  [[nodiscard]] bool admits(std::size_t) const noexcept override { return true; }
  void note_refused() noexcept override {}
  [[nodiscard]] storage::Head head() const override;
  [[nodiscard]] storage::Position oldest() const override;
  [[nodiscard]] storage::RecoveryReport recovery() const override { return {}; }
  [[nodiscard]] storage::Stats stats() const override { return {}; }
  [[nodiscard]] std::unique_ptr<storage::Reader> reader(std::uint32_t signals,
                                                        storage::Position from) override;
  [[nodiscard]] storage::Cursor& cursor(std::string_view name, Signal signal,
                                        storage::StartAt start_at) override;
  [[nodiscard]] std::vector<storage::Cursor*> cursors() override;
  void set_limits(const storage::Limits&) override {}
  void remove_cursor(std::string_view, Signal) override {}
  void add_listener(storage::CommitListener& listener) override;
  void remove_listener(storage::CommitListener& listener) override;
  [[nodiscard]] bool probe(std::chrono::milliseconds) override { return true; }
  void stop() override {}

 private:
  friend class FakeReader;
  struct Entry {
    storage::Record record;
    bool damaged = false;
  };
  [[nodiscard]] storage::Head head_locked() const;

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::size_t oldest_ = 0;
  bool fail_reads_ = false;
  std::atomic<bool> awaited_{false};
  std::atomic<std::uint64_t> looked_at_{0};
  storage::ItemTotals items_{};
  std::deque<FakeCursor> cursors_;
  std::mutex listeners_mutex_;
  std::vector<storage::CommitListener*> listeners_;
};

// Promise 7 as far as one cursor can tell: what is booked is what lies before it.
[[nodiscard]] bool adds_up(const storage::Cursor& cursor);

}  // namespace gateway::exporter::testing
