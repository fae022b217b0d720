// The log of log.h: the parts put together, and the two threads that drive them. The writer's
// commits; the saver's makes cursors durable, so that this never delays a commit.
#include "storage/log.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "io/wakeup.h"
#include "storage/catalog.h"
#include "storage/cursor_set.h"
#include "storage/damage.h"
#include "storage/log_reader.h"
#include "storage/recovery.h"
#include "storage/segment_files.h"
#include "storage/submit_queue.h"
#include "storage/tail_cache.h"
#include "storage/writer.h"
#include "telemetry/log.h"

namespace gateway::storage {
namespace {

// A commit this young proves the write path as well as a probe of its own would.
constexpr std::chrono::seconds kProbeFreshness{1};

class SegmentLog final : public Log {
 public:
  SegmentLog(io::FileSystem& files, io::Clock& clock, const Options& options,
             std::unique_ptr<io::FileLock> lock, Recovered&& recovered)
      : files_(files),
        clock_(clock),
        options_(options),
        lock_(std::move(lock)),
        report_(recovered.report),
        cache_(options.tail_cache_size_bytes),
        cursors_(files, options.directory, catalog_),
        writer_(Writer::Parts{files, clock,
                              options.random != nullptr ? *options.random : io::real_random(),
                              options_, catalog_, cache_, cursors_, listeners_, state_},
                adopt(recovered), recovered.next_sequence) {}

  ~SegmentLog() override { stop(); }

  void start() {
    cursors_.mark_dirty();  // the file is there from the first start on
    if (auto saved = cursors_.save(); !saved) {
      telemetry::log_error("storage", "cannot save cursors", {{"error", saved.error().message()}});
    }
    cursors_.set_wakeup(&saver_wakeup_);
    writer_thread_ = std::thread([this] { run_writer(); });
    saver_thread_ = std::thread([this] { run_saver(); });
  }

  void submit(Append* first) noexcept override {
    if (first == nullptr) return;
    switch (queue_.push(first)) {
      case SubmitQueue::Pushed::onto_empty:
        writer_wakeup_.wake();
        return;
      case SubmitQueue::Pushed::onto_others:
        return;
      case SubmitQueue::Pushed::closed:
        break;
    }
    AppendSink* const sink = first->sink;
    for (Append* at = first; at != nullptr; at = at->next) at->error = AppendErrc::stopped;
    sink->on_appended(first);
  }

  [[nodiscard]] bool admits(std::size_t bytes) const noexcept override {
    return !stopping_.load(std::memory_order_relaxed) &&
           bytes <= state_.admissible_bytes.load(std::memory_order_relaxed);
  }

  [[nodiscard]] Head head() const override { return catalog_.head(); }
  [[nodiscard]] Position oldest() const override { return catalog_.oldest(); }
  [[nodiscard]] RecoveryReport recovery() const override { return report_; }

  [[nodiscard]] Stats stats() const override {
    Stats stats;
    stats.size_bytes = catalog_.size_bytes();
    stats.size_bytes_max = options_.size_bytes_max;
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
    stats.last_commit =
        std::chrono::nanoseconds(state_.last_commit.load(std::memory_order_relaxed));
    return stats;
  }

  [[nodiscard]] std::unique_ptr<Reader> reader(std::uint32_t signals, Position from) override {
    return std::make_unique<LogReader>(
        LogReader::Source{files_, options_.directory, options_.direct_io, catalog_, cache_,
                          damage_},
        signals, from);
  }

  [[nodiscard]] Cursor& cursor(std::string_view name, Signal signal, StartAt start_at) override {
    return cursors_.get(name, signal, start_at);
  }
  [[nodiscard]] std::vector<Cursor*> cursors() override { return cursors_.all(); }
  void remove_cursor(std::string_view name, Signal signal) override {
    cursors_.remove(name, signal);
  }

  void add_listener(CommitListener& listener) override { listeners_.add(listener); }
  void remove_listener(CommitListener& listener) override { listeners_.remove(listener); }

  [[nodiscard]] bool probe(std::chrono::milliseconds timeout) override;
  void stop() override;

 private:
  // Fills the catalog and the cursors from what recovery found.
  SegmentFiles adopt(Recovered& recovered) {
    for (Segment& segment : recovered.segments) catalog_.add(std::move(segment));
    catalog_.set_head(recovered.head);
    cache_.restart_at(recovered.head.position);
    cursors_.restore(std::move(recovered.cursors), recovered.cursors_lost);
    SegmentFiles segment_files(files_, options_.directory, options_.segment_size_bytes,
                               options_.direct_io);
    for (const std::uint64_t sequence : recovered.free_sequences) {
      segment_files.adopt_free(sequence);
    }
    return segment_files;
  }

  void run_writer() {
    while (!stopping_.load(std::memory_order_acquire)) {
      writer_.commit_once(queue_.take_all());
      writer_.maintain(retention_due_.exchange(false, std::memory_order_relaxed));
      if (!writer_.waiting()) writer_wakeup_.wait(writer_.idle_time());
    }
    writer_.commit_all(queue_.close());
    writer_.close();
  }

  void run_saver() {
    constexpr std::chrono::seconds kLongWait{60};
    while (!stopping_.load(std::memory_order_acquire)) {
      if (!cursors_.dirty()) saver_wakeup_.wait(kLongWait);
      {
        // Many advances, one save.
        std::unique_lock lock(stop_mutex_);
        stop_condition_.wait_for(lock, options_.cursor_sync_interval,
                                 [this] { return stopping_.load(std::memory_order_relaxed); });
      }
      save_cursors();
    }
  }

  void save_cursors() {
    if (!cursors_.dirty()) return;
    if (auto saved = cursors_.save(); !saved) {
      telemetry::log_error("storage", "cannot save cursors", {{"error", saved.error().message()}});
    }
    retention_due_.store(true, std::memory_order_relaxed);
    writer_wakeup_.wake();
  }

  io::FileSystem& files_;
  io::Clock& clock_;
  const Options options_;
  const std::unique_ptr<io::FileLock> lock_;
  const RecoveryReport report_;
  Catalog catalog_;
  TailCache cache_;
  CursorSet cursors_;
  DamageLog damage_;
  Listeners listeners_;
  WriterState state_;
  SubmitQueue queue_;
  Writer writer_;
  io::Wakeup writer_wakeup_;
  io::Wakeup saver_wakeup_;
  std::atomic<bool> retention_due_{false};
  std::atomic<bool> stopping_{false};
  std::mutex stop_mutex_;
  std::condition_variable stop_condition_;
  std::once_flag stopped_;
  std::thread writer_thread_;
  std::thread saver_thread_;
};

// A probe on its way; outlives the call that gave up waiting for it.
class Probe final : public AppendSink {
 public:
  void on_appended(Append* first) noexcept override {
    const std::shared_ptr<Probe> self = std::move(self_);
    const std::lock_guard lock(mutex_);
    stored_ = !first->error;
    done_ = true;
    condition_.notify_all();
  }
  [[nodiscard]] Append* launch(std::shared_ptr<Probe> self) {
    self_ = std::move(self);
    append_.sink = this;
    append_.payload = Buffer::allocate(0);
    return &append_;
  }
  [[nodiscard]] bool wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return condition_.wait_for(lock, timeout, [this] { return done_; }) && stored_;
  }

 private:
  Append append_;
  std::shared_ptr<Probe> self_;
  std::mutex mutex_;
  std::condition_variable condition_;
  bool done_ = false;
  bool stored_ = false;
};

bool SegmentLog::probe(std::chrono::milliseconds timeout) {
  if (stopping_.load(std::memory_order_relaxed)) return false;
  const std::chrono::nanoseconds committed_at(
      state_.last_commit_at.load(std::memory_order_relaxed));
  if (committed_at.count() != 0 && state_.write_path_ok.load(std::memory_order_relaxed) &&
      clock_.monotonic() - committed_at < kProbeFreshness) {
    return true;
  }
  const auto probe = std::make_shared<Probe>();
  submit(probe->launch(probe));
  return probe->wait(timeout);
}

void SegmentLog::stop() {
  std::call_once(stopped_, [this] {
    {
      const std::lock_guard lock(stop_mutex_);
      stopping_.store(true, std::memory_order_release);
    }
    stop_condition_.notify_all();
    writer_wakeup_.wake();
    saver_wakeup_.wake();
    if (saver_thread_.joinable()) saver_thread_.join();
    if (writer_thread_.joinable()) writer_thread_.join();
    save_cursors();
  });
}

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

}  // namespace

Result<std::unique_ptr<Log>, OpenFailure> Log::open(
    io::FileSystem& files, io::Clock& clock, const Options& options,
    const std::function<void(const RecoveryReport&)>& progress) {
  if (auto wrong = check(options)) return fail(std::move(*wrong));
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
  auto log =
      std::make_unique<SegmentLog>(files, clock, options, std::move(*lock), std::move(*recovered));
  log->start();
  return log;
}

}  // namespace gateway::storage
