// The log of log.h: the parts put together, and the two threads that drive them. The writer's
// commits; the saver's makes cursors durable, so that this never delays a commit.
#include "storage/log.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "io/thread.h"
#include "io/wakeup.h"
#include "storage/engine.h"
#include "storage/submit_queue.h"

namespace gateway::storage {
namespace {

// A commit this young proves the write path as well as a probe of its own would.
constexpr std::chrono::seconds kProbeFreshness{1};

class SegmentLog final : public Log {
 public:
  explicit SegmentLog(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {
    engine_->cursors().set_wakeup(&saver_wakeup_);
    writer_thread_ = std::thread([this] { run_writer(); });
    saver_thread_ = std::thread([this] { run_saver(); });
  }
  ~SegmentLog() override { stop(); }

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
           bytes <= engine_->state().admissible_bytes.load(std::memory_order_relaxed);
  }

  void note_refused() noexcept override { engine_->note_refused(); }

  [[nodiscard]] Head head() const override { return engine_->catalog().head(); }
  [[nodiscard]] Position oldest() const override { return engine_->catalog().oldest(); }
  [[nodiscard]] RecoveryReport recovery() const override { return engine_->report(); }
  [[nodiscard]] Stats stats() const override { return engine_->stats(); }

  [[nodiscard]] std::unique_ptr<Reader> reader(std::uint32_t signals, Position from) override {
    return engine_->reader(signals, from);
  }
  void set_limits(const Limits& limits) override {
    engine_->limits().set(limits);
    retention_due_.store(true, std::memory_order_relaxed);
    writer_wakeup_.wake();
  }
  [[nodiscard]] Cursor& cursor(std::string_view name, Signal signal, StartAt start_at) override {
    return engine_->cursors().get(name, signal, start_at);
  }
  [[nodiscard]] std::vector<Cursor*> cursors() override { return engine_->cursors().all(); }
  void remove_cursor(std::string_view name, Signal signal) override {
    engine_->cursors().remove(name, signal);
  }

  void add_listener(CommitListener& listener) override { engine_->listeners().add(listener); }
  void remove_listener(CommitListener& listener) override { engine_->listeners().remove(listener); }

  [[nodiscard]] bool probe(std::chrono::milliseconds timeout) override;
  void stop() override;

 private:
  void run_writer() {
    Writer& writer = engine_->writer();
    io::name_this_thread("log-writer");
    while (!stopping_.load(std::memory_order_acquire)) {
      writer.commit_once(queue_.take_all());
      writer.maintain(retention_due_.exchange(false, std::memory_order_relaxed));
      if (!engine_->surplus().empty()) saver_wakeup_.wake();
      engine_->wait_for_readers(kPaceTimeMax);
      if (!writer.waiting()) writer_wakeup_.wait(writer.idle_time());
    }
    writer.commit_all(queue_.close());
    writer.close();
  }

  void run_saver() {
    io::name_this_thread("log-cursors");
    constexpr std::chrono::seconds kLongWait{60};
    while (!stopping_.load(std::memory_order_acquire)) {
      if (!engine_->cursors().dirty() && engine_->surplus().empty()) saver_wakeup_.wait(kLongWait);
      // Many advances, one save. Meanwhile what is needed no more is removed, a little at a time.
      const io::Clock& clock = engine_->clock();
      const auto save_at = clock.monotonic() + engine_->options().cursor_sync_interval;
      for (bool stopped = false; !stopped && clock.monotonic() < save_at;) {
        const auto pause = engine_->surplus().remove_some();
        const auto left = save_at - clock.monotonic();
        std::unique_lock lock(stop_mutex_);
        stopped = stop_condition_.wait_for(
            lock, pause ? std::min<std::chrono::nanoseconds>(*pause, left) : left,
            [this] { return stopping_.load(std::memory_order_relaxed); });
      }
      if (!engine_->cursors().dirty() || !engine_->save_cursors()) continue;
      retention_due_.store(true, std::memory_order_relaxed);
      writer_wakeup_.wake();
    }
  }

  const std::unique_ptr<Engine> engine_;
  SubmitQueue queue_;
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
  const WriterState& state = engine_->state();
  const std::chrono::nanoseconds committed_at(state.last_commit_at.load(std::memory_order_relaxed));
  if (committed_at.count() != 0 && state.write_path_ok.load(std::memory_order_relaxed) &&
      engine_->clock().monotonic() - committed_at < kProbeFreshness) {
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
    engine_->save_cursors();
    engine_->surplus().remove();
  });
}

}  // namespace

Result<std::unique_ptr<Log>, OpenFailure> Log::open(
    io::FileSystem& files, io::Clock& clock, const Options& options,
    const std::function<void(const RecoveryReport&)>& progress) {
  auto engine = Engine::open(files, clock, options, progress);
  if (!engine) return fail(std::move(engine.error()));
  return std::make_unique<SegmentLog>(std::move(*engine));
}

}  // namespace gateway::storage
