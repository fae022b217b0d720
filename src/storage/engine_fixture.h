// For tests: an Engine on a simulated disk, driven step by step, and what is needed to ask it
// things in one line.
//
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/clock.h"
#include "io/random.h"
#include "io/sim_file_system.h"
#include "storage/engine.h"

namespace gateway::storage {

// What was read of a record, by value.
struct SeenRecord {
  Position position;
  Position next;
  Signal signal = Signal::traces;
  std::uint32_t item_count = 0;
  std::uint64_t items_before = 0;
  std::string payload;
  std::string tenant, context;
  bool expired_before = false;
};

class EngineFixture final : private AppendSink {
 public:
  explicit EngineFixture(std::uint64_t seed);
  ~EngineFixture() override;

  // False when it cannot be opened; `failure` says why.
  bool open();
  void crash();  // the power fails; open() again
  void stop();   // as Log::stop() does

  // Appends as one chain, in as few groups as they fit in, and answers with what became of each:
  // nothing for stored.
  struct Item {
    std::string payload;
    std::uint32_t item_count = 1;
    Signal signal = Signal::traces;
    std::string tenant, context;
  };
  std::vector<std::optional<AppendErrc>> append(const std::vector<Item>& items);
  // The same for one.
  std::optional<AppendErrc> append_one(std::string payload, std::uint32_t item_count = 1,
                                       Signal signal = Signal::traces);

  // All records of the signals from `from` on.
  [[nodiscard]] std::vector<SeenRecord> read_all(std::uint32_t signals = 0b1111,
                                                 Position from = {});
  [[nodiscard]] std::vector<std::string> payloads(std::uint32_t signals = 0b1111);
  // Paths of the live segments, the oldest first.
  [[nodiscard]] std::vector<std::string> segment_paths();

  io::SimFileSystem files;
  io::SimClock clock;
  io::SimRandom random;
  Options options;
  std::unique_ptr<Engine> engine;
  std::string failure;

 private:
  void on_appended(Append* first) noexcept override;
};

// Bytes that no other record has: `size` of them, made from `seed`.
[[nodiscard]] std::string random_text(std::uint64_t seed, std::size_t size);

// `name` from the environment as a number, else `otherwise`.
[[nodiscard]] std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise);

}  // namespace gateway::storage
