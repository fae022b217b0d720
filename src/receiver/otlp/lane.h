// One I/O thread's share of the receiver: the requests that are with the log, and their way back.
//
//   take -> (check) -> submit -> [writer thread: on_appended] -> complete -> answer, release
//
// All appends of a turn go to the log as one chain, and a group of commits comes back with one post
// to the I/O thread. A Request is reused, so a request in steady state allocates nothing here.
//
// Errors:  what the log refuses is handed to the request's answerer like what it stored.
// Threads: the lane's I/O thread; on_appended() on the log's writer thread; the getters from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "net/exchange.h"
#include "net/io_threads.h"
#include "otlpview/check.h"
#include "receiver/otlp/answers.h"
#include "receiver/otlp/receiver_metrics.h"
#include "storage/log.h"

namespace gateway::receiver::otlp {

class Lane;
class RequestHandler;

// Requests kept for reuse by one lane.
inline constexpr std::size_t kRequestPoolMax = 1024;

struct Request final : storage::Append {
  Lane* lane = nullptr;
  RequestHandler* handler = nullptr;
  net::Exchange* exchange = nullptr;  // null: the sender has left
  TransportLabel transport = TransportLabel::grpc;
  AnswerForm form = AnswerForm::grpc;
  ContentCoding coding = ContentCoding::identity;
  bool submitted = false;
  ByteLease lease;
  // The body as it came, where that is what will be stored.
  Buffer compressed;
  ByteLease compressed_lease;
  otlpview::CheckReport report;
  std::chrono::steady_clock::time_point began;
};

class Lane final : public storage::AppendSink {
 public:
  Lane(net::IoThread& thread, storage::Log& log, ReceiverMetrics& metrics);
  ~Lane() override;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  [[nodiscard]] Request& take();
  void release(Request& request) noexcept;
  // At the end of this turn, with the others of the turn.
  void submit(Request& request) noexcept;
  void on_appended(storage::Append* first) noexcept override;

  // Waits until the log has answered for every request; needs the I/O thread and the log alive. The
  // lane may be destroyed once the I/O thread has run whatever was posted to it before.
  void wait_until_idle() noexcept;

  [[nodiscard]] net::IoThread& thread() noexcept { return thread_; }
  [[nodiscard]] std::uint64_t stored_bytes() const noexcept {
    return stored_bytes_.load(std::memory_order_relaxed);
  }
  // How long requests of late held their bytes.
  [[nodiscard]] std::chrono::nanoseconds residence() const noexcept { return residence_; }

 private:
  struct FlushTask final : net::Task {
    explicit FlushTask(Lane& lane_in) : lane(lane_in) {}
    void run() noexcept override { lane.flush(); }
    Lane& lane;
  };
  struct CompleteTask final : net::Task {
    explicit CompleteTask(Lane& lane_in) : lane(lane_in) {}
    void run() noexcept override { lane.complete(); }
    Lane& lane;
  };
  void flush() noexcept;
  void complete() noexcept;

  net::IoThread& thread_;
  storage::Log& log_;
  ReceiverMetrics& metrics_;
  std::vector<std::unique_ptr<Request>> pool_;
  storage::Append* chain_ = nullptr;
  storage::Append** chain_tail_ = &chain_;
  std::atomic<storage::Append*> appended_{nullptr};
  std::atomic<std::uint32_t> outstanding_{0};
  std::atomic<std::uint32_t> callbacks_{0};  // on_appended() running now
  std::atomic<std::uint64_t> stored_bytes_{0};
  std::chrono::nanoseconds residence_{0};
  FlushTask flush_task_{*this};
  CompleteTask complete_task_{*this};
};

}  // namespace gateway::receiver::otlp
