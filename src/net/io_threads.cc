#include "net/io_threads.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include <boost/asio/post.hpp>
#include <pthread.h>
#include <signal.h>

#include "base/assert.h"
#include "io/cores.h"
#include "io/thread.h"
#include "net/io_thread.h"

namespace gateway::net {
namespace {

thread_local const IoThread* current_thread = nullptr;

// A peer that goes away while OpenSSL writes must be an error of that write, not a signal. A signal
// raised by a write goes to the thread that wrote, so blocking it there is enough.
void block_sigpipe() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

IoThread::IoThread(std::size_t index, std::string_view name)
    : index_(index), impl_(std::make_unique<Impl>()) {
  arm_tick();
  impl_->thread =
      std::thread([this, title = std::string(name.substr(0, 10)) + "/" + std::to_string(index)] {
        io::name_this_thread(title);
        run();
      });
}

IoThread::~IoThread() {
  impl_->context.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool IoThread::is_current() const noexcept { return current_thread == this; }

void IoThread::run() noexcept {
  block_sigpipe();
  current_thread = this;
  impl_->context.run();
  current_thread = nullptr;
}

void IoThread::arm_tick() {
  impl_->tick_timer.expires_after(kTickInterval);
  impl_->tick_timer.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    tick();
    arm_tick();
  });
}

void IoThread::tick() noexcept {
  heartbeat_.fetch_add(1, std::memory_order_relaxed);
  // A tick may remove itself or others; those are nulled, and swept afterwards.
  for (std::size_t i = 0; i < ticks_.size(); ++i) {
    if (ticks_[i] != nullptr) ticks_[i]->run();
  }
  std::erase(ticks_, nullptr);
}

void IoThread::add_tick(Task& task) {
  GATEWAY_ASSERT(is_current());
  ticks_.push_back(&task);
}

void IoThread::remove_tick(Task& task) noexcept {
  GATEWAY_ASSERT(is_current());
  std::replace(ticks_.begin(), ticks_.end(), &task, static_cast<Task*>(nullptr));
}

void IoThread::post(Task& task) noexcept {
  if (task.queued_.exchange(true, std::memory_order_acq_rel)) return;
  Task* head = posted_.load(std::memory_order_relaxed);
  do {
    task.next_ = head;
  } while (!posted_.compare_exchange_weak(head, &task, std::memory_order_release,
                                          std::memory_order_relaxed));
  // Whoever finds the list empty wakes the thread; the others ride along.
  if (head == nullptr) boost::asio::post(impl_->context, [this] { run_posted(); });
}

void IoThread::run_posted() noexcept {
  Task* newest = posted_.exchange(nullptr, std::memory_order_acquire);
  Task* oldest = nullptr;
  while (newest != nullptr) {
    Task* const next = newest->next_;
    newest->next_ = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    Task* const task = oldest;
    oldest = task->next_;
    task->queued_.store(false, std::memory_order_release);
    task->run();
  }
}

void IoThread::at_end_of_turn(Task& task) noexcept {
  GATEWAY_ASSERT(is_current());
  if (task.queued_.exchange(true, std::memory_order_acq_rel)) return;
  task.next_ = nullptr;
  const bool was_empty = end_of_turn_ == nullptr;
  *end_of_turn_tail_ = &task;
  end_of_turn_tail_ = &task.next_;
  // Asio runs handlers in the order they became ready: this one runs behind all that are now.
  if (was_empty) boost::asio::post(impl_->context, [this] { run_end_of_turn(); });
}

void IoThread::run_end_of_turn() noexcept {
  Task* task = std::exchange(end_of_turn_, nullptr);
  end_of_turn_tail_ = &end_of_turn_;
  while (task != nullptr) {
    Task* const next = task->next_;
    task->queued_.store(false, std::memory_order_release);
    task->run();
    task = next;
  }
}

IoThreads::IoThreads(std::uint32_t count, std::string_view name) {
  if (count == 0) count = io::usable_cores();
  count = std::min(count, kIoThreadsMax);
  for (std::uint32_t i = 0; i < count; ++i) {
    threads_.push_back(std::make_unique<IoThread>(i, name));
  }
}

IoThreads::~IoThreads() { stop(); }

IoThread& IoThreads::least_loaded() noexcept {
  return **std::min_element(threads_.begin(), threads_.end(), [](const auto& a, const auto& b) {
    return a->connection_count() < b->connection_count();
  });
}

void IoThreads::run_and_wait(IoThread& thread, Task& task) {
  GATEWAY_ASSERT(!thread.is_current());
  struct Waiter final : Task {
    explicit Waiter(Task& task_in) : task(task_in) {}
    void run() noexcept override {
      task.run();
      const std::lock_guard lock(mutex);
      done = true;
      changed.notify_one();
    }
    Task& task;
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  Waiter waiter(task);
  thread.post(waiter);
  std::unique_lock lock(waiter.mutex);
  waiter.changed.wait(lock, [&] { return waiter.done; });
}

void IoThreads::stop() {
  for (const auto& thread : threads_) {
    thread->impl().context.stop();
    if (thread->impl().thread.joinable()) thread->impl().thread.join();
  }
}

}  // namespace gateway::net
