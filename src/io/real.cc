#include <cerrno>
#include <cstdlib>
#include <ctime>

#include <linux/futex.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/wakeup.h"

namespace gateway::io {
namespace {

std::chrono::nanoseconds read_clock(clockid_t id) noexcept {
  timespec now{};
  GATEWAY_ASSERT(clock_gettime(id, &now) == 0);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

class RealClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t unix_nano() const override {
    return static_cast<std::uint64_t>(read_clock(CLOCK_REALTIME).count());
  }
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override {
    return read_clock(CLOCK_MONOTONIC);
  }
};

class RealRandom final : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override {
    std::uint64_t value = 0;
    ssize_t got = 0;
    do {
      got = getrandom(&value, sizeof value, 0);
    } while (got < 0 && errno == EINTR);
    GATEWAY_ASSERT(got == sizeof value);
    return value;
  }
};

}  // namespace

Clock& real_clock() noexcept {
  static RealClock clock;
  return clock;
}

Random& real_random() noexcept {
  static RealRandom random;
  return random;
}

void Wakeup::wake() noexcept {
  if (state_.exchange(kWoken, std::memory_order_seq_cst) == kAsleep) {
    syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
}

void Wakeup::wait(std::chrono::nanoseconds timeout) noexcept {
  std::uint32_t expected = kAwake;
  if (state_.compare_exchange_strong(expected, kAsleep, std::memory_order_seq_cst)) {
    timespec relative{};
    relative.tv_sec = static_cast<time_t>(timeout.count() / 1'000'000'000);
    relative.tv_nsec = static_cast<long>(timeout.count() % 1'000'000'000);
    syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, kAsleep, &relative, nullptr, 0);
  }
  // An exchange, not a store: what the waker did before wake() is seen after wait().
  state_.exchange(kAwake, std::memory_order_seq_cst);
}

}  // namespace gateway::io
