// The durable log: an append-only sequence of records in segment files, committed in groups, read
// by any number of cursors. It knows no OTLP: a payload is opaque bytes with a signal and an item
// count.
//
//   Log    : segments on disk, one writer thread, the committed head.
//   Append : one record on its way in. Lock-free submit, answered by its AppendSink after commit.
//   Reader : walks committed records from a position; from the tail cache where it can, else disk.
//   Cursor : one named reader's durable place and ledger; nothing before the slowest is removed.
//
// Units:   bytes, items, nanoseconds since the epoch. Item totals are cumulative over the log's
//          life (they survive restarts), so the items between two positions are a subtraction.
// Errors:  AppendErrc, OpenFailure and ReadErrc as values. Damage is counted and skipped, never
//          fatal.
// Threads: submit(), head(), admits(), stats() from any thread; a Reader and a Cursor belong to one
//          thread at a time (their getters are safe from any); sinks and listeners are called on
//          the writer thread and must not block.
// Source:  docs/formats/segment.md.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/content_coding.h"
#include "base/result.h"
#include "base/signal.h"

namespace gateway::io {
class FileSystem;
class Clock;
class Random;
}  // namespace gateway::io

namespace gateway::storage {

// A place in the log: where a record begins, or the head.
struct Position {
  std::uint64_t segment = 0;
  std::uint64_t offset_bytes = 0;
  auto operator<=>(const Position&) const = default;
};

// Items by signal, cumulative.
using ItemTotals = std::array<std::uint64_t, kSignalCount>;

// A commit acknowledges after fdatasync; interval after write; memory keeps all in a ring in RAM.
enum class Durability : std::uint8_t { commit, interval, memory };

enum class FullPolicy : std::uint8_t { refuse, drop_oldest };

inline constexpr std::size_t kTenantSizeBytesMax = 128;
inline constexpr std::size_t kContextSizeBytesMax = 4096;
// What a payload stored compressed inflates to at most.
inline constexpr std::size_t kInflatedSizeBytesMax = 64U << 20U;

struct RecordInfo {
  Signal signal = Signal::traces;
  ContentCoding coding = ContentCoding::identity;
  std::uint32_t item_count = 0;
  std::uint64_t received_unix_nano = 0;
  std::string tenant;  // at most kTenantSizeBytesMax; empty for the default tenant
  // Of the request, beside its body (pipeline/request_context.h); at most kContextSizeBytesMax.
  std::string context;
};

// Why a record was not stored. Class: full is overload, io_error is unavailable, stopped is
// unavailable, too_large is bad data (cannot happen where admission limits are below a segment).
enum class AppendErrc : std::uint8_t { full, io_error, stopped, too_large };

class AppendSink;

// One record on its way in. The submitter keeps it alive until the sink has been called with it.
struct Append {
  Buffer payload;  // its headroom becomes the record header
  RecordInfo info;
  // CRC-32C of the payload, from a submitter who has just read it and has it in its cache: there it
  // costs a third of what it costs the writer. Nothing: the writer computes it.
  std::optional<std::uint32_t> payload_crc;
  AppendSink* sink = nullptr;

  // Set by the log before the sink is called.
  std::optional<AppendErrc> error;
  Position position;
  Append* next = nullptr;
};

// Who is told that records are stored (or refused).
class AppendSink {
 public:
  virtual ~AppendSink() = default;
  // Called on the writer thread, once a group, with this sink's appends of the group in the order
  // of the log, linked by `next`. The sink owns them from here on.
  virtual void on_appended(Append* first) noexcept = 0;
};

// The committed end of the log, and all that was ever stored before it.
struct Head {
  Position position;
  ItemTotals items{};
  std::uint64_t record_count = 0;
};

// Told after each commit, on the writer thread; must not block.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void on_committed(const Head& head) noexcept = 0;
};

struct Options {
  std::string directory;
  Durability durability = Durability::commit;
  std::chrono::milliseconds sync_interval{50};     // durability interval
  std::uint64_t segment_size_bytes = 64ULL << 20;  // a multiple of 4 KiB
  std::uint64_t size_bytes_max = 10ULL << 30;      // all segments together
  std::uint64_t history_size_bytes_max = 0;        // kept for queries after all cursors passed
  std::chrono::seconds age_max{0};                 // 0: no limit; older records expire
  FullPolicy when_full = FullPolicy::refuse;
  std::size_t tail_cache_size_bytes = 16ULL << 20;
  std::size_t group_size_bytes_max = 8ULL << 20;        // one commit writes at most this
  std::chrono::milliseconds cursor_sync_interval{200};  // a cursor is durable at most this late
  bool direct_io = true;                                // falls back to buffered where refused
  io::Random* random = nullptr;                         // for segment epochs; null: the kernel's
};

// The options that may change while the log is open.
struct Limits {
  std::uint64_t size_bytes_max = 0;
  std::uint64_t history_size_bytes_max = 0;
  std::chrono::seconds age_max{0};
  FullPolicy when_full = FullPolicy::refuse;
};
[[nodiscard]] inline Limits limits_of(const Options& options) noexcept {
  return {options.size_bytes_max, options.history_size_bytes_max, options.age_max,
          options.when_full};
}

struct OpenFailure {
  std::string message;  // for a person: what, which file, what to do next
};

// What recovery found; also the progress that the startup probe shows while open() runs.
struct RecoveryReport {
  std::uint64_t segments_total = 0;
  std::uint64_t segments_read = 0;
  std::uint64_t records = 0;          // in the tail that was scanned
  std::uint64_t damaged_regions = 0;  // skipped to the next valid record
  std::uint64_t torn_tail_bytes = 0;  // cut off at the end of the newest segment
  bool finished = false;
};

// A record read in place.
struct Record {
  Position position;
  Position next;  // where the following record begins
  RecordInfo info;
  ItemTotals items_before{};  // at `position`; only info.signal's entry need be filled
  Slice payload;
  // Retention removed records since the one before this: where items_before jumps, the items are
  // expired; without it, damaged.
  bool expired_before = false;
};

// paused: kPassedSizeBytesMax of other records were passed; call again, position() is behind them.
enum class ReadErrc : std::uint8_t { io_error, paused };
inline constexpr std::uint64_t kPassedSizeBytesMax = 8U << 20U;

// Walks committed records of the chosen signals.
class Reader {
 public:
  virtual ~Reader() = default;
  // The next record, or nothing at the committed head. Positions that retention has removed and
  // damaged regions are skipped; the jump shows in items_before.
  [[nodiscard]] virtual Result<std::optional<Record>, ReadErrc> next() = 0;
  virtual void seek(Position to) = 0;
  // For one that needs not see everything: passes what would have to be read from the disk.
  virtual void skip_to_memory() = 0;
  [[nodiscard]] virtual Position position() const = 0;
  // Whether the writer shall wait a moment (kPaceTimeMax) for this reader when it falls behind in
  // the tail cache, or not far out of it: for one whose destination takes data. Off at first, and
  // again when it is not repeated for kAwaitedTimeMax. From any thread.
  virtual void set_awaited(bool awaited) noexcept = 0;
};

// What became of items, cumulative; stored = the sum of these + pending (promise 7).
struct Outcomes {
  std::uint64_t delivered = 0;
  std::uint64_t filtered = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t expired = 0;  // retention or age passed the cursor
  std::uint64_t damaged = 0;  // records that the disk no longer returns whole
  [[nodiscard]] std::uint64_t sum() const noexcept {
    return delivered + filtered + dead_lettered + expired + damaged;
  }
};

// Where one exporter stands in one signal. Durable by atomic replace; in memory at once.
class Cursor {
 public:
  virtual ~Cursor() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;
  [[nodiscard]] virtual Signal signal() const = 0;
  [[nodiscard]] virtual Position position() const = 0;
  [[nodiscard]] virtual std::uint64_t items_at() const = 0;     // of its signal, before position()
  [[nodiscard]] virtual std::uint64_t items_start() const = 0;  // where the cursor was created
  [[nodiscard]] virtual Outcomes outcomes() const = 0;
  // All items of the signal before `to` (their total is `items_at`) have had their outcome; `delta`
  // says which. Requires: items_at - delta.sum() is the items_at() that the caller last saw or set.
  // Where retention has meanwhile moved the cursor past them, and counted them expired, `delta`
  // takes their place: the ledger stays exact.
  virtual void advance(Position to, std::uint64_t items_at, const Outcomes& delta) = 0;
};

enum class StartAt : std::uint8_t { earliest, latest };

struct Stats {
  std::uint64_t size_bytes = 0;  // disk taken by live segments
  std::uint64_t size_bytes_max = 0;
  std::uint64_t segment_count = 0;
  std::uint64_t commit_count = 0;
  std::uint64_t commit_failure_count = 0;
  std::uint64_t append_refused_count = 0;
  std::uint64_t damaged_region_count = 0;
  std::uint64_t tail_cache_size_bytes = 0;
  bool direct_io = false;
  bool write_path_ok = false;                     // the last write and sync succeeded
  std::chrono::nanoseconds commit_in_progress{};  // how long the running commit has taken; 0: none
  std::chrono::nanoseconds last_commit{};         // how long the last one took
  std::chrono::nanoseconds commit_time{};         // of all groups since the start, failed ones too
  std::chrono::nanoseconds pace_time{};           // waited for readers, since the start
};

// The writer waits at most this long before a group for readers that fall out of the tail cache, or
// just have. What comes meanwhile makes the group larger; a slow destination costs no more than
// this, and only until it is far behind.
inline constexpr std::chrono::milliseconds kPaceTimeMax{5};
// A reader that has not been heard of for so long is not waited for: its destination hangs.
inline constexpr std::chrono::milliseconds kAwaitedTimeMax{100};

class Log {
 public:
  virtual ~Log() = default;

  // Opens or creates the log, recovers, and starts its writer. `progress`, if given, is called now
  // and then while recovery runs, on the calling thread.
  [[nodiscard]] static Result<std::unique_ptr<Log>, OpenFailure> open(
      io::FileSystem& files, io::Clock& clock, const Options& options,
      const std::function<void(const RecoveryReport&)>& progress = {});

  // Hands over one record, or a chain linked by `next` that shares one sink. Lock-free. After
  // stop() the sink is called here, on the caller's thread.
  virtual void submit(Append* first) noexcept = 0;

  // Whether `bytes` more would be stored now; the cheap question of admission, asked before a body
  // is buffered.
  [[nodiscard]] virtual bool admits(std::size_t bytes) const noexcept = 0;
  // A request was turned away for want of room, and counts as a refused append.
  virtual void note_refused() noexcept = 0;

  [[nodiscard]] virtual Head head() const = 0;
  [[nodiscard]] virtual Position oldest() const = 0;
  [[nodiscard]] virtual RecoveryReport recovery() const = 0;
  [[nodiscard]] virtual Stats stats() const = 0;

  // A reader of `signals` (bit i: signal i), from `from` on. It ends before the log does.
  [[nodiscard]] virtual std::unique_ptr<Reader> reader(std::uint32_t signals, Position from) = 0;

  // Holds from the next group on. Requires: size_bytes_max of at least two segments.
  virtual void set_limits(const Limits& limits) = 0;

  // The cursor of that name and signal, made if it is new. It stays known, and holds back removal,
  // until remove_cursor(); the object stays as long as the log, so that who looks at it may go on.
  [[nodiscard]] virtual Cursor& cursor(std::string_view name, Signal signal, StartAt start_at) = 0;
  [[nodiscard]] virtual std::vector<Cursor*> cursors() = 0;
  virtual void remove_cursor(std::string_view name, Signal signal) = 0;

  virtual void add_listener(CommitListener& listener) = 0;
  virtual void remove_listener(CommitListener& listener) = 0;

  // Whether a commit succeeded in the last second; if none did, whether one does within `timeout`.
  [[nodiscard]] virtual bool probe(std::chrono::milliseconds timeout) = 0;

  // Commits what was submitted, saves the cursors, ends the writer. Later submits answer `stopped`.
  virtual void stop() = 0;
};

}  // namespace gateway::storage
