// A Log of RAM for the tests of the receiver: stores, holds back, refuses or stands full, as a test
// says. Readers and cursors it has none; nobody asks a receiver's log for them.
//
// Threads: as Log; answers come from a writer thread of its own.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/log.h"

namespace gateway::receiver::otlp {

class FakeLog final : public storage::Log {
 public:
  struct Stored {
    storage::RecordInfo info;
    std::string payload;
  };

  FakeLog() : writer_([this] { write(); }) {}
  ~FakeLog() override { stop(); }

  void submit(storage::Append* first) noexcept override {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(first);
    changed_.notify_all();
  }
  [[nodiscard]] bool admits(std::size_t) const noexcept override { return admits_.load(); }
  void note_refused() noexcept override { ++refused_; }

  void set_admits(bool admits) { admits_ = admits; }
  [[nodiscard]] int refused() const { return refused_; }
  // Answers nothing until hold(false).
  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  // Every append from now on has this outcome.
  void set_error(std::optional<storage::AppendErrc> error) {
    const std::lock_guard lock(mutex_);
    error_ = error;
  }
  void keep_payloads(bool keep) { keep_ = keep; }
  // Waits until that many appends have been submitted, answered or not.
  void wait_for_submitted(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return submitted_locked() >= count; });
  }
  [[nodiscard]] std::vector<Stored> stored() {
    const std::lock_guard lock(mutex_);
    return stored_;
  }

  [[nodiscard]] storage::Head head() const override { return {}; }
  [[nodiscard]] storage::Position oldest() const override { return {}; }
  [[nodiscard]] storage::RecoveryReport recovery() const override { return {}; }
  [[nodiscard]] storage::Stats stats() const override { return {}; }
  [[nodiscard]] std::unique_ptr<storage::Reader> reader(std::uint32_t, storage::Position) override {
    return nullptr;
  }
  [[nodiscard]] storage::Cursor& cursor(std::string_view, Signal, storage::StartAt) override {
    std::abort();
  }
  [[nodiscard]] std::vector<storage::Cursor*> cursors() override { return {}; }
  void set_limits(const storage::Limits&) override {}
  void remove_cursor(std::string_view, Signal) override {}
  void add_listener(storage::CommitListener&) override {}
  void remove_listener(storage::CommitListener&) override {}
  [[nodiscard]] bool probe(std::chrono::milliseconds) override { return true; }
  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      held_ = false;
      changed_.notify_all();
    }
    if (writer_.joinable()) writer_.join();
  }

 private:
  std::size_t submitted_locked() const {
    std::size_t count = answered_;
    for (const storage::Append* chain : waiting_) {
      for (; chain != nullptr; chain = chain->next) ++count;
    }
    return count;
  }

  void write() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopped_ || (!held_ && !waiting_.empty()); });
      if (waiting_.empty() && stopped_) return;
      while (!waiting_.empty()) {
        storage::Append* const first = waiting_.front();
        waiting_.erase(waiting_.begin());
        for (storage::Append* append = first; append != nullptr; append = append->next) {
          append->error = error_;
          ++answered_;
          if (error_ || !keep_) continue;
          const auto bytes = std::as_const(append->payload).payload();
          stored_.push_back(
              {append->info, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
        }
        lock.unlock();
        first->sink->on_appended(first);
        lock.lock();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<storage::Append*> waiting_;
  std::vector<Stored> stored_;
  std::size_t answered_ = 0;
  std::atomic<bool> admits_{true};
  std::atomic<int> refused_{0};
  bool held_ = false;
  bool stopped_ = false;
  bool keep_ = true;
  std::optional<storage::AppendErrc> error_;
  std::thread writer_;
};

}  // namespace gateway::receiver::otlp
