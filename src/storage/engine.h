// The log without its threads: recovery and all parts put together, to be driven step by step. The
// log's threads drive it (log.cc); so do tests, from a seed and on a simulated disk.
//
// Errors:  OpenFailure for a person; afterwards as log.h says.
// Threads: writer() and close() by one; everything else by any.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "io/clock.h"
#include "io/file_system.h"
#include "storage/catalog.h"
#include "storage/cursor_set.h"
#include "storage/damage.h"
#include "storage/log.h"
#include "storage/recovery.h"
#include "storage/surplus_files.h"
#include "storage/tail_cache.h"
#include "storage/writer.h"

namespace gateway::storage {

class Engine {
 public:
  using Progress = std::function<void(const RecoveryReport&)>;
  [[nodiscard]] static Result<std::unique_ptr<Engine>, OpenFailure> open(io::FileSystem& files,
                                                                         io::Clock& clock,
                                                                         const Options& options,
                                                                         const Progress& progress);

  Engine(io::FileSystem& files, io::Clock& clock, const Options& options,
         std::unique_ptr<io::FileSystem> own_files, std::unique_ptr<io::FileLock> lock,
         Recovered&& recovered);

  [[nodiscard]] Writer& writer() noexcept { return writer_; }
  [[nodiscard]] CursorSet& cursors() noexcept { return cursors_; }
  [[nodiscard]] Listeners& listeners() noexcept { return listeners_; }
  [[nodiscard]] const WriterState& state() const noexcept { return state_; }
  void note_refused() noexcept {
    state_.append_refused_count.fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] const Catalog& catalog() const noexcept { return catalog_; }
  [[nodiscard]] const RecoveryReport& report() const noexcept { return report_; }
  [[nodiscard]] LiveLimits& limits() noexcept { return limits_; }
  [[nodiscard]] SurplusFiles& surplus() noexcept { return surplus_; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] io::Clock& clock() const noexcept { return clock_; }

  [[nodiscard]] std::unique_ptr<Reader> reader(std::uint32_t signals, Position from);
  [[nodiscard]] Stats stats() const;
  // On the writer thread, between groups.
  void wait_for_readers(std::chrono::nanoseconds time_max);
  // False, and a line in our own log, when the file cannot be written.
  bool save_cursors();

 private:
  SegmentFiles adopt(Recovered& recovered);

  const std::unique_ptr<io::FileSystem> own_files_;  // durability memory
  io::FileSystem& files_;
  io::Clock& clock_;
  const Options options_;
  LiveLimits limits_;
  const std::unique_ptr<io::FileLock> lock_;
  const RecoveryReport report_;
  Catalog catalog_;
  SurplusFiles surplus_;
  TailCache cache_;
  CursorSet cursors_;
  DamageLog damage_;
  Listeners listeners_;
  WriterState state_;
  Writer writer_;
};

}  // namespace gateway::storage
