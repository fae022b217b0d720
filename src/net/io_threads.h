// The threads that serve sockets. All of a connection (its socket, its timers, its requests) lives
// on one of them, so nothing on the way of a request takes a lock.
//
//   IoThreads : N threads, each with an event loop of its own.
//   IoThread  : one of them, as the parts on it see it: post, end of the turn, ticks.
//   Task      : something to run there; linked by itself, so that scheduling it allocates nothing.
//
// A turn is what one thread does between two waits for readiness. Work that is cheaper in groups
// (one write for many answers, one submit for many records) is put off to its end.
//
// Units:   a tick every kTickInterval; all timeouts of net/ are as coarse as that.
// Errors:  none; a system that refuses threads or epoll is a start that aborts.
// Threads: IoThreads is made and ended by the application's thread. IoThread::post() is safe from
//          any thread and lock-free; everything else of an IoThread is for that thread only.
// Source:  Asio's one-io_context-per-thread model.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gateway::net {

inline constexpr std::chrono::milliseconds kTickInterval{100};
inline constexpr std::uint32_t kIoThreadsMax = 256;

class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  virtual ~Task() = default;

  virtual void run() noexcept = 0;
  // Whether it waits to be run; a task may not be destroyed then.
  [[nodiscard]] bool queued() const noexcept { return queued_.load(std::memory_order_acquire); }

 private:
  friend class IoThread;
  std::atomic<bool> queued_{false};
  Task* next_ = nullptr;
};

class IoThread {
 public:
  struct Impl;  // io_thread.h, for net/ alone: it brings Asio

  IoThread(std::size_t index, std::string_view name);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] bool is_current() const noexcept;

  // From any thread: runs `task` here, soon. A task that is already waiting is not queued twice.
  // The task must outlive its run.
  void post(Task& task) noexcept;

  // From this thread: runs `task` when what is ready now has been served. Idempotent as post().
  void at_end_of_turn(Task& task) noexcept;

  // From this thread: runs `task` at each tick until it is removed.
  void add_tick(Task& task);
  void remove_tick(Task& task) noexcept;

  // Counts ticks; a value that stands still is a thread that is stuck. From any thread.
  [[nodiscard]] std::uint64_t heartbeat() const noexcept {
    return heartbeat_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t connection_count() const noexcept {
    return connection_count_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  friend class IoThreads;
  friend class Connection;
  friend class Server;  // both count connections
  void run() noexcept;
  void arm_tick();
  void tick() noexcept;
  void run_posted() noexcept;
  void run_end_of_turn() noexcept;

  const std::size_t index_;
  std::atomic<std::uint64_t> heartbeat_{0};
  std::atomic<std::uint32_t> connection_count_{0};
  std::atomic<Task*> posted_{nullptr};  // newest first
  Task* end_of_turn_ = nullptr;
  Task** end_of_turn_tail_ = &end_of_turn_;
  std::vector<Task*> ticks_;
  std::unique_ptr<Impl> impl_;
};

class IoThreads {
 public:
  // Starts `count` threads at once; 0: one a core that it may keep busy.
  explicit IoThreads(std::uint32_t count = 0, std::string_view name = "io");
  ~IoThreads();  // as stop()
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  [[nodiscard]] std::size_t count() const noexcept { return threads_.size(); }
  [[nodiscard]] IoThread& operator[](std::size_t index) noexcept { return *threads_[index]; }
  [[nodiscard]] const IoThread& operator[](std::size_t index) const noexcept {
    return *threads_[index];
  }

  // The thread that has the fewest connections.
  [[nodiscard]] IoThread& least_loaded() noexcept;

  // Runs `task` on `thread` and waits until it has run. Not from an I/O thread.
  void run_and_wait(IoThread& thread, Task& task);

  // Ends the threads; servers on them must have been stopped before. Idempotent.
  void stop();

 private:
  std::vector<std::unique_ptr<IoThread>> threads_;
};

}  // namespace gateway::net
