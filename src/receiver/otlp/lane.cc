#include "receiver/otlp/lane.h"

#include <thread>

#include "base/assert.h"
#include "base/crc32c.h"
#include "receiver/otlp/request_handler.h"

namespace gateway::receiver::otlp {

Lane::Lane(net::IoThread& thread, storage::Log& log, ReceiverMetrics& metrics)
    : thread_(thread), log_(log), metrics_(metrics) {}

Lane::~Lane() { GATEWAY_ASSERT(outstanding_.load() == 0); }

Request& Lane::take() {
  metrics_.in_flight.add(1);
  if (pool_.empty()) {
    auto made = std::make_unique<Request>();
    made->lane = this;
    made->sink = this;
    return *made.release();
  }
  Request& request = *pool_.back().release();
  pool_.pop_back();
  return request;
}

void Lane::release(Request& request) noexcept {
  metrics_.in_flight.add(-1);
  request.payload.reset();
  request.lease.release();
  request.compressed.reset();
  request.compressed_lease.release();
  request.exchange = nullptr;
  request.submitted = false;
  request.error.reset();
  request.next = nullptr;
  request.report = {};
  std::string().swap(request.info.context);  // the pool keeps no memory of it
  std::unique_ptr<Request> owned(&request);
  if (pool_.size() < kRequestPoolMax) pool_.push_back(std::move(owned));
}

void Lane::submit(Request& request) noexcept {
  request.submitted = true;
  request.payload_crc = crc32c(request.payload.payload());  // just checked: still in the cache
  request.next = nullptr;
  *chain_tail_ = &request;
  chain_tail_ = &request.next;
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  thread_.at_end_of_turn(flush_task_);
}

void Lane::flush() noexcept {
  storage::Append* const first = std::exchange(chain_, nullptr);
  chain_tail_ = &chain_;
  if (first != nullptr) log_.submit(first);
}

void Lane::on_appended(storage::Append* first) noexcept {
  callbacks_.fetch_add(1, std::memory_order_relaxed);
  storage::Append* last = first;
  while (last->next != nullptr) last = last->next;
  storage::Append* head = appended_.load(std::memory_order_relaxed);
  do {
    last->next = head;
  } while (!appended_.compare_exchange_weak(head, first, std::memory_order_release,
                                            std::memory_order_relaxed));
  thread_.post(complete_task_);
  callbacks_.fetch_sub(1, std::memory_order_release);
}

void Lane::complete() noexcept {
  const auto now = std::chrono::steady_clock::now();
  storage::Append* append = appended_.exchange(nullptr, std::memory_order_acquire);
  std::uint32_t count = 0;
  std::uint64_t stored = 0;
  while (append != nullptr) {
    auto& request = static_cast<Request&>(*append);
    append = append->next;
    ++count;
    if (!request.error) stored += request.payload.size();
    constexpr int kWeightShift = 3;
    residence_ += (now - request.began - residence_) / (1 << kWeightShift);
    request.handler->on_stored(request);
    release(request);
  }
  stored_bytes_.fetch_add(stored, std::memory_order_relaxed);
  if (count != 0 && outstanding_.fetch_sub(count, std::memory_order_acq_rel) == count) {
    outstanding_.notify_all();
  }
}

void Lane::wait_until_idle() noexcept {
  for (;;) {
    const std::uint32_t outstanding = outstanding_.load(std::memory_order_acquire);
    if (outstanding == 0) break;
    outstanding_.wait(outstanding, std::memory_order_acquire);
  }
  // The last answers may have been taken before the writer thread was back from its call.
  while (callbacks_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

}  // namespace gateway::receiver::otlp
