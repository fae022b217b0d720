#include "storage/engine.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "io/memory_file_system.h"
#include "io/random.h"
#include "storage/log_reader.h"
#include "storage/segment_files.h"
#include "telemetry/log.h"

namespace gateway::storage {
namespace {

[[nodiscard]] std::optional<OpenFailure> check(const Options& options) {
  const auto complain = [](const std::string& what) { return OpenFailure{"storage: " + what}; };
  if (options.directory.empty()) return complain("no directory is configured");
  if (options.segment_size_bytes % kBlockSizeBytes != 0 ||
      options.segment_size_bytes < kSegmentSizeBytesMin ||
      options.segment_size_bytes > kSegmentSizeBytesMax) {
    return complain("the segment size must be a multiple of 4 KiB between 16 KiB and 4 GiB");
  }
  if (options.size_bytes_max < 2 * options.segment_size_bytes) {
    return complain("the size limit must hold two segments at least (" +
                    std::to_string(2 * options.segment_size_bytes) + " bytes)");
  }
  return std::nullopt;
}

// The same log in RAM: nothing to bypass. The tail cache stays: reading from it copies nothing.
[[nodiscard]] Options for_memory(Options options) {
  options.direct_io = false;
  return options;
}

}  // namespace

Result<std::unique_ptr<Engine>, OpenFailure> Engine::open(io::FileSystem& given_files,
                                                          io::Clock& clock,
                                                          const Options& given_options,
                                                          const Progress& progress) {
  if (auto wrong = check(given_options)) return fail(std::move(*wrong));
  const bool memory = given_options.durability == Durability::memory;
  const Options options = memory ? for_memory(given_options) : given_options;
  auto own_files = memory ? std::make_unique<io::MemoryFileSystem>() : nullptr;
  io::FileSystem& files = memory ? *own_files : given_files;
  const auto failure = [&options](const std::string& what, const io::IoError& error,
                                  const std::string& advice) {
    return OpenFailure{what + " " + options.directory + ": " + error.message() + "; " + advice};
  };
  if (auto made = files.create_directories(options.directory); !made) {
    return fail(failure("cannot make the storage directory", made.error(),
                        "check the path and its permissions"));
  }
  auto lock = files.lock(file_path(options.directory, kLockFileName));
  if (!lock) {
    return fail(failure("cannot lock the storage directory", lock.error(),
                        lock.error().code == EWOULDBLOCK
                            ? "another process uses it: stop that, or give this one its own"
                            : "check its permissions"));
  }
  auto recovered = recover(files, options.directory, progress);
  if (!recovered) return fail(std::move(recovered.error()));
  return std::make_unique<Engine>(files, clock, options, std::move(own_files), std::move(*lock),
                                  std::move(*recovered));
}

Engine::Engine(io::FileSystem& files, io::Clock& clock, const Options& options,
               std::unique_ptr<io::FileSystem> own_files, std::unique_ptr<io::FileLock> lock,
               Recovered&& recovered)
    : own_files_(std::move(own_files)),
      files_(files),
      clock_(clock),
      options_(options),
      limits_(limits_of(options)),
      lock_(std::move(lock)),
      report_(recovered.report),
      surplus_(files),
      cache_(options.tail_cache_size_bytes, options.segment_size_bytes, clock),
      cursors_(files, options.directory, catalog_),
      writer_(
          Writer::Parts{files, clock,
                        options.random != nullptr ? *options.random : io::real_random(), options_,
                        limits_, catalog_, cache_, surplus_, cursors_, listeners_, state_},
          adopt(recovered), recovered.next_sequence) {
  cursors_.mark_dirty();  // the file is there from the first start on
  save_cursors();
}

// Fills the catalog and the cursors from what recovery found.
SegmentFiles Engine::adopt(Recovered& recovered) {
  for (Segment& segment : recovered.segments) catalog_.add(std::move(segment));
  catalog_.set_head(recovered.head);
  cache_.restart_at(recovered.head.position);
  cursors_.restore(std::move(recovered.cursors), recovered.cursors_lost);
  SegmentFiles segment_files(files_, surplus_, options_.directory, options_.segment_size_bytes,
                             options_.direct_io);
  for (const std::uint64_t sequence : recovered.free_sequences) {
    segment_files.adopt_free(sequence);
  }
  return segment_files;
}

std::unique_ptr<Reader> Engine::reader(std::uint32_t signals, Position from) {
  return std::make_unique<LogReader>(
      LogReader::Source{files_, options_.directory, options_.direct_io, catalog_, cache_, damage_},
      signals, from);
}

Stats Engine::stats() const {
  Stats stats;
  stats.size_bytes = catalog_.size_bytes();
  stats.size_bytes_max = limits_.get().size_bytes_max;
  stats.segment_count = catalog_.segment_count();
  stats.commit_count = state_.commit_count.load(std::memory_order_relaxed);
  stats.commit_failure_count = state_.commit_failure_count.load(std::memory_order_relaxed);
  stats.append_refused_count = state_.append_refused_count.load(std::memory_order_relaxed);
  stats.damaged_region_count = report_.damaged_regions + damage_.count();
  stats.tail_cache_size_bytes = cache_.size_bytes();
  stats.direct_io = state_.direct_io.load(std::memory_order_relaxed);
  stats.write_path_ok = state_.write_path_ok.load(std::memory_order_relaxed);
  if (const auto started = state_.commit_started.load(std::memory_order_relaxed); started != 0) {
    stats.commit_in_progress = clock_.monotonic() - std::chrono::nanoseconds(started);
  }
  stats.last_commit = std::chrono::nanoseconds(state_.last_commit.load(std::memory_order_relaxed));
  stats.pace_time = std::chrono::nanoseconds(state_.pace_time.load(std::memory_order_relaxed));
  stats.commit_time = std::chrono::nanoseconds(state_.commit_time.load(std::memory_order_relaxed));
  return stats;
}

void Engine::wait_for_readers(std::chrono::nanoseconds time_max) {
  const auto began = clock_.monotonic();
  if (!cache_.wait_for_followers(time_max)) return;
  state_.pace_time.fetch_add((clock_.monotonic() - began).count(), std::memory_order_relaxed);
}

bool Engine::save_cursors() {
  auto saved = cursors_.save();
  if (!saved) {
    telemetry::log_error("storage", "cannot save cursors", {{"error", saved.error().message()}});
  }
  return saved.has_value();
}

}  // namespace gateway::storage
