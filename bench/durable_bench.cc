// Ways to make one write durable, into a file that is there, past the page cache: what a group's
// commit costs in each, in CPU and in time.
//
// Source: io_uring_setup(2), io_uring_enter(2), pwritev2(2); docs/decisions/0002.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

constexpr std::size_t kFileSizeBytes = 64U << 20;
constexpr std::size_t kBlockSizeBytes = 4096;
constexpr std::size_t kPartsMax = 8;  // a group is written from several Buffers

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// Written once in full, so that no write allocates; gone with the process.
class File {
 public:
  File() {
    std::string path = "durable_bench.XXXXXX";
    descriptor_ = ::mkostemp(path.data(), O_DIRECT | O_CLOEXEC);
    if (descriptor_ < 0) fail("mkostemp");
    ::unlink(path.c_str());
    bytes_ = static_cast<std::byte*>(std::aligned_alloc(kBlockSizeBytes, kSpanSizeBytes));
    std::memset(bytes_, 7, kSpanSizeBytes);
    for (std::size_t at = 0; at < kFileSizeBytes; at += kSpanSizeBytes) {
      if (::pwrite(descriptor_, bytes_, kSpanSizeBytes, static_cast<off_t>(at)) < 0) fail("pwrite");
    }
    if (::fsync(descriptor_) != 0) fail("fsync");
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    ::close(descriptor_);
    std::free(bytes_);
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  // The next place, and `size_bytes` in parts to be written there.
  [[nodiscard]] off_t next(std::size_t size_bytes, std::array<iovec, kPartsMax>& parts,
                           unsigned& count) {
    count = size_bytes >= kPartsMax * kBlockSizeBytes ? kPartsMax : 1;
    const std::size_t part = size_bytes / count;
    for (unsigned i = 0; i < count; ++i) parts[i] = {bytes_ + i * part, part};
    if (at_ + size_bytes > kFileSizeBytes) at_ = 0;
    return static_cast<off_t>(std::exchange(at_, at_ + size_bytes));
  }

 private:
  static constexpr std::size_t kSpanSizeBytes = 1U << 20;
  int descriptor_ = -1;
  std::byte* bytes_ = nullptr;
  std::size_t at_ = 0;
};

// As little of io_uring as two linked operations and their completions take.
class Ring {
 public:
  Ring() {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    descriptor_ = static_cast<int>(::syscall(SYS_io_uring_setup, 8, &params));
    if (descriptor_ < 0) return;  // not allowed here, or a kernel before 6.1
    auto* const queue = map(params.sq_off.array + params.sq_entries * 4, IORING_OFF_SQ_RING);
    auto* const done = map(params.cq_off.cqes + params.cq_entries * 16, IORING_OFF_CQ_RING);
    operations_ = reinterpret_cast<io_uring_sqe*>(map(params.sq_entries * 64, IORING_OFF_SQES));
    const auto number = [](std::byte* base, std::uint32_t offset) {
      return reinterpret_cast<std::uint32_t*>(base + offset);
    };
    tail_ = number(queue, params.sq_off.tail);
    mask_ = *number(queue, params.sq_off.ring_mask);
    order_ = number(queue, params.sq_off.array);
    done_head_ = number(done, params.cq_off.head);
    done_mask_ = *number(done, params.cq_off.ring_mask);
    results_ = reinterpret_cast<io_uring_cqe*>(done + params.cq_off.cqes);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { ::close(descriptor_); }

  [[nodiscard]] bool usable() const { return descriptor_ >= 0; }
  void write_and_sync(int file, const iovec* parts, unsigned count, off_t at) {
    io_uring_sqe& write = operation(0);
    write.opcode = IORING_OP_WRITEV;
    write.flags = IOSQE_IO_LINK;
    write.fd = file;
    write.addr = reinterpret_cast<std::uint64_t>(parts);
    write.len = count;
    write.off = static_cast<std::uint64_t>(at);
    io_uring_sqe& sync = operation(1);
    sync.opcode = IORING_OP_FSYNC;
    sync.fd = file;
    sync.fsync_flags = IORING_FSYNC_DATASYNC;
    std::atomic_ref(*tail_).store(*tail_ + 2, std::memory_order_release);
    if (::syscall(SYS_io_uring_enter, descriptor_, 2, 2, IORING_ENTER_GETEVENTS, nullptr, 0) != 2) {
      fail("io_uring_enter");
    }
    for (int i = 0; i < 2; ++i) {
      if (results_[(*done_head_)++ & done_mask_].res < 0) fail("io_uring");
    }
  }

 private:
  [[nodiscard]] std::byte* map(std::size_t size_bytes, off_t what) const {
    void* const at =
        ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, what);
    if (at == MAP_FAILED) fail("mmap");
    return static_cast<std::byte*>(at);
  }
  [[nodiscard]] io_uring_sqe& operation(std::uint32_t number) {
    const std::uint32_t slot = (*tail_ + number) & mask_;
    order_[slot] = slot;
    operations_[slot] = {};
    return operations_[slot];
  }

  int descriptor_ = -1;
  io_uring_sqe* operations_ = nullptr;
  io_uring_cqe* results_ = nullptr;
  std::uint32_t *tail_ = nullptr, *order_ = nullptr, *done_head_ = nullptr;
  std::uint32_t mask_ = 0, done_mask_ = 0;
};

template <typename Write>
void run(benchmark::State& state, Write&& write) {
  File file;
  std::array<iovec, kPartsMax> parts{};
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    unsigned count = 0;
    const off_t at = file.next(size, parts, count);
    write(file.descriptor(), parts.data(), count, at);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void write_then_sync(benchmark::State& state) {
  run(state, [](int file, const iovec* parts, unsigned count, off_t at) {
    if (::pwritev(file, parts, static_cast<int>(count), at) < 0) fail("pwritev");
    if (::fdatasync(file) != 0) fail("fdatasync");
  });
}

void write_synced(benchmark::State& state) {
  run(state, [](int file, const iovec* parts, unsigned count, off_t at) {
    if (::pwritev2(file, parts, static_cast<int>(count), at, RWF_DSYNC) < 0) fail("pwritev2");
  });
}

void write_and_sync_by_io_uring(benchmark::State& state) {
  Ring ring;
  if (!ring.usable()) return state.SkipWithError("no io_uring here");
  run(state, [&ring](int file, const iovec* parts, unsigned count, off_t at) {
    ring.write_and_sync(file, parts, count, at);
  });
}

void sizes(benchmark::internal::Benchmark* one) {
  one->ArgName("bytes")
      ->Arg(4 << 10)
      ->Arg(64 << 10)
      ->Arg(640 << 10)
      ->MeasureProcessCPUTime()
      ->UseRealTime();
}

BENCHMARK(write_then_sync)->Apply(sizes);
BENCHMARK(write_synced)->Apply(sizes);
BENCHMARK(write_and_sync_by_io_uring)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
