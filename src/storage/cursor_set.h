// All cursors of a log: their ledgers in memory, and the one file that makes them durable.
//
//   LogCursor : the Cursor of log.h.
//   CursorSet : finds, makes, removes, saves them; knows the slowest.
//
// What holds back removal is the *saved* place: after a crash a cursor stands there again, and must
// find its records. A cursor that was never saved would not be there at all, so the writer stores
// nothing while there is one (has_unsaved_cursor()).
//
// Errors:  a save that fails leaves everything dirty, and is tried again with the next.
// Threads: any. Locks are taken in the order set, cursor; files are written outside of both.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "io/wakeup.h"
#include "storage/catalog.h"
#include "storage/cursor_file.h"
#include "storage/log.h"

namespace gateway::storage {

class CursorSet;

class LogCursor final : public Cursor {
 public:
  LogCursor(CursorSet& set, StoredCursor state) : set_(set), state_(std::move(state)) {}

  [[nodiscard]] const std::string& name() const override { return state_.name; }
  [[nodiscard]] Signal signal() const override { return state_.signal; }
  [[nodiscard]] Position position() const override;
  [[nodiscard]] std::uint64_t items_at() const override;
  [[nodiscard]] std::uint64_t items_start() const override;
  [[nodiscard]] Outcomes outcomes() const override;
  void advance(Position to, std::uint64_t items_at, const Outcomes& delta) override;

  // Retention removed what is before `oldest`: the items up to there are expired.
  void expire_before(Position oldest, std::uint64_t items);
  [[nodiscard]] StoredCursor state() const;

 private:
  CursorSet& set_;
  mutable std::mutex mutex_;
  StoredCursor state_;
};

class CursorSet {
 public:
  CursorSet(io::FileSystem& files, std::string directory, const Catalog& catalog)
      : files_(files), directory_(std::move(directory)), catalog_(catalog) {}

  // Takes what was loaded; `lost` says that the file should have been there.
  void restore(std::vector<StoredCursor> cursors, bool lost);

  [[nodiscard]] LogCursor& get(std::string_view name, Signal signal, StartAt start_at);
  [[nodiscard]] std::vector<Cursor*> all();
  void remove(std::string_view name, Signal signal);

  // Writes the file if anything changed since the last time.
  [[nodiscard]] io::IoResult<void> save();
  [[nodiscard]] bool dirty() const noexcept { return dirty_.load(std::memory_order_acquire); }
  void mark_dirty() noexcept;
  // Whether a cursor was made that no save has reached yet.
  [[nodiscard]] bool has_unsaved_cursor() const noexcept {
    return made_count_.load(std::memory_order_acquire) !=
           made_saved_count_.load(std::memory_order_acquire);
  }
  // Woken when the set becomes dirty.
  void set_wakeup(io::Wakeup* wakeup) noexcept { wakeup_ = wakeup; }

  // Calls `remove_before(floor)` with the slowest saved place (nothing: no cursor holds anything
  // back) while no cursor can be made, then expires what cursors have lost by it.
  template <typename F>
  void retain(F&& remove_before) {
    const std::lock_guard lock(mutex_);
    remove_before(floor());
    expire_removed();
  }

 private:
  struct Entry {
    std::unique_ptr<LogCursor> cursor;
    Position saved;
    std::uint64_t saved_items = 0;
  };
  [[nodiscard]] std::optional<Position> floor() const;
  void expire_removed();
  [[nodiscard]] std::vector<Entry>::iterator find(std::string_view name, Signal signal);

  io::FileSystem& files_;
  const std::string directory_;
  const Catalog& catalog_;
  io::Wakeup* wakeup_ = nullptr;
  std::atomic<bool> dirty_{false};
  std::atomic<std::uint64_t> made_count_{0};        // cursors made by get()
  std::atomic<std::uint64_t> made_saved_count_{0};  // of these, what the file knows
  std::mutex save_mutex_;                           // one save at a time
  std::mutex mutex_;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<LogCursor>> removed_;  // others may still look at them
  bool lost_ = false;  // the file was gone or damaged: new cursors start at the oldest record
};

}  // namespace gateway::storage
