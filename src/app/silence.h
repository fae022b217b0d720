// How long each worker has been silent, from heartbeat counters seen now and then.
//
// Units:   milliseconds of a steady clock.
// Errors:  none.
// Threads: any; one lock, off the request path.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace gateway::app {

class SilenceWatch {
 public:
  // The time since worker `index` was last seen with another heartbeat than this one.
  [[nodiscard]] std::chrono::milliseconds of(std::size_t index, std::uint64_t heartbeat) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (seen_.size() <= index) seen_.resize(index + 1);
    Seen& seen = seen_[index];
    if (!seen.known || seen.heartbeat != heartbeat) seen = {true, heartbeat, now};
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - seen.since);
  }

 private:
  struct Seen {
    bool known = false;
    std::uint64_t heartbeat = 0;
    std::chrono::steady_clock::time_point since;
  };
  std::mutex mutex_;
  std::vector<Seen> seen_;
};

}  // namespace gateway::app
