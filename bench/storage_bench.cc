// What the log costs: CPU time of the whole process, the writer's thread included, on real files.
//
//   storage_bench                      in a temporary directory
//   STORAGE_BENCH_DIRECTORY=/mnt/disk storage_bench
//
// `cpu_us` is the CPU of one append: submit, header, checksum, write, sync, answer.
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/crc32c.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/wakeup.h"
#include "storage/log.h"

namespace gateway::storage {
namespace {

class Directory {
 public:
  Directory() {
    const char* base = std::getenv("STORAGE_BENCH_DIRECTORY");
    std::string pattern =
        (base != nullptr ? std::string(base) : std::filesystem::temp_directory_path().string()) +
        "/storage_bench_XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

double process_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Submits chains of one group each, and waits for the answer.
class GroupSender final : public AppendSink {
 public:
  GroupSender(Log& log, std::size_t group, std::size_t payload_size) : log_(log), appends_(group) {
    for (Append& append : appends_) {
      append.payload = Buffer::allocate(payload_size);
      append.payload.commit(payload_size);
      append.info.item_count = 100;
      append.sink = this;
    }
  }
  void send_and_wait() {
    for (std::size_t i = 0; i < appends_.size(); ++i) {
      appends_[i].next = i + 1 < appends_.size() ? &appends_[i + 1] : nullptr;
      // As a receiver does: new memory for a new request.
      Buffer fresh = Buffer::allocate(appends_[i].payload.size());
      fresh.commit(appends_[i].payload.size());
      appends_[i].payload = std::move(fresh);
    }
    answered_.store(0, std::memory_order_relaxed);
    log_.submit(appends_.data());
    while (answered_.load(std::memory_order_acquire) < appends_.size()) {
      wakeup_.wait(std::chrono::seconds(1));
    }
  }
  void on_appended(Append* first) noexcept override {
    std::size_t count = 0;
    for (; first != nullptr; first = first->next) {
      ++count;
      if (first->error) failed = true;
    }
    answered_.fetch_add(count, std::memory_order_release);
    wakeup_.wake();
  }
  bool failed = false;

 private:
  Log& log_;
  std::vector<Append> appends_;
  std::atomic<std::size_t> answered_{0};
  io::Wakeup wakeup_;
};

void append(benchmark::State& state, Durability durability) {
  const Directory directory;
  Options options;
  options.directory = directory.path();
  options.size_bytes_max = 1ULL << 30;
  options.durability = durability;
  auto log = Log::open(io::real_file_system(), io::real_clock(), options);
  if (!log) {
    state.SkipWithError(log.error().message.c_str());
    return;
  }
  const auto group = static_cast<std::size_t>(state.range(0));
  const auto payload_size = static_cast<std::size_t>(state.range(1));
  GroupSender sender(**log, group, payload_size);
  const double cpu_before = process_cpu_seconds();
  for (auto _ : state) sender.send_and_wait();
  const double cpu = process_cpu_seconds() - cpu_before;
  if (sender.failed) state.SkipWithError("an append was refused");
  const auto appends = static_cast<double>(state.iterations()) * static_cast<double>(group);
  state.counters["cpu_us"] = cpu * 1e6 / appends;
  state.counters["appends_per_cpu_s"] = appends / cpu;
  state.counters["direct"] = (*log)->stats().direct_io ? 1 : 0;
  state.SetBytesProcessed(static_cast<std::int64_t>(appends) * state.range(1));
}

void append_commit(benchmark::State& state) { append(state, Durability::commit); }
void append_memory(benchmark::State& state) { append(state, Durability::memory); }
BENCHMARK(append_commit)
    ->ArgNames({"group", "bytes"})
    ->ArgsProduct({{1, 8, 64}, {500, 34'000}})
    ->UseRealTime();
BENCHMARK(append_memory)
    ->ArgNames({"group", "bytes"})
    ->ArgsProduct({{8}, {500, 34'000}})
    ->UseRealTime();

// A backlog read from the disk, checksums verified.
void read_backlog(benchmark::State& state) {
  const Directory directory;
  Options options;
  options.directory = directory.path();
  options.size_bytes_max = 1ULL << 30;
  options.tail_cache_size_bytes = 0;
  auto log = Log::open(io::real_file_system(), io::real_clock(), options);
  if (!log) {
    state.SkipWithError(log.error().message.c_str());
    return;
  }
  static_cast<void>((*log)->cursor("holder", Signal::traces, StartAt::earliest));
  GroupSender sender(**log, 64, 34'000);
  for (int i = 0; i < 120; ++i) sender.send_and_wait();
  std::int64_t bytes = 0;
  const double cpu_before = process_cpu_seconds();
  for (auto _ : state) {
    const auto reader = (*log)->reader(1, {});
    while (true) {
      auto record = reader->next();
      if (!record || !*record) break;
      bytes += static_cast<std::int64_t>((*record)->payload.bytes.size());
    }
  }
  state.counters["cpu_s_per_gib"] =
      (process_cpu_seconds() - cpu_before) * 1073741824.0 / static_cast<double>(bytes);
  state.SetBytesProcessed(bytes);
}
BENCHMARK(read_backlog)->UseRealTime();

void checksum(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{1});
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(checksum)->Arg(56)->Arg(500)->Arg(34'000)->Arg(1 << 20);

void checksum_portable(benchmark::State& state) {
  const std::vector<std::byte> bytes(34'000, std::byte{1});
  for (auto _ : state) benchmark::DoNotOptimize(crc32c_portable(bytes));
  state.SetBytesProcessed(state.iterations() * 34'000);
}
BENCHMARK(checksum_portable);

}  // namespace
}  // namespace gateway::storage

BENCHMARK_MAIN();
