// One accepted connection: when it reads and writes, how long it may take, and when it ends. What
// the bytes mean is its Session's part (http1.h, http2.h), chosen by the first bytes.
//
//   Shard      : a server's part on one thread: its connections there, what they share.
//   Session    : a protocol, spoken over a Connection.
//   Connection : new -> open -> lingering -> closed, then deleted by its own end-of-turn run.
//
// Everything that follows from input (answers, the next request, closing) happens at the end of the
// turn, so that a session is never destroyed, nor written for, from inside a call of its handler.
//
// Errors:  none leave it; what breaks a connection ends it.
// Threads: one, the IoThread of the Shard.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/settings.h"
#include "net/exchange.h"
#include "net/http2_memory.h"
#include "net/io_thread.h"
#include "net/limits.h"
#include "net/server.h"
#include "net/socket.h"

namespace gateway::net {

using TimePoint = std::chrono::steady_clock::time_point;

class Connection;
class Http2Stream;  // NOLINT(cppcoreguidelines-virtual-class-destructor): final

// Told, from any shard's thread, that a connection is gone.
class ConnectionObserver {
 public:
  virtual void on_connection_closed() noexcept = 0;

 protected:
  ~ConnectionObserver() = default;
};

struct Shard final : Task {
  Shard(IoThread& thread_in, Handler& handler_in, const config::Listener& settings_in,
        ServerCounters& counters_in, ConnectionObserver& observer_in);
  ~Shard() override;

  void adopt(int descriptor, const TlsContext& tls);
  void start_drain() noexcept;
  void close_all() noexcept;
  void clear_pool() noexcept;
  void run() noexcept override;  // a tick

  // The value of a Date header, made once a second.
  [[nodiscard]] std::string_view date();

  IoThread& thread;
  Handler& handler;
  config::Listener settings;  // replaced on this thread
  ServerCounters& counters;
  ConnectionObserver& observer;
  bool draining = false;
  std::vector<Connection*> connections;
  Http2Memory http2_memory;
  std::vector<nghttp2_nv> reply_headers;  // of the answer that is being submitted
  std::vector<std::unique_ptr<Http2Stream>> stream_pool;

 private:
  std::uint64_t adopted_ = 0;
  std::string date_;
  std::int64_t date_second_ = 0;
};

// Whether a peer takes output that the socket did not take at once: some of it every
// kWriteStallMax, and all of it at kWriteRateBytesPerSecondMin once as much time has passed.
class WritePace {
 public:
  void begin(TimePoint now) noexcept {
    since_ = progress_at_ = now;
    sent_bytes_ = 0;
  }
  void on_sent(TimePoint now, std::size_t size_bytes) noexcept {
    progress_at_ = now;
    sent_bytes_ += size_bytes;
  }
  [[nodiscard]] bool too_slow(TimePoint now) const noexcept {
    const std::chrono::milliseconds at_least(sent_bytes_ * 1000 / kWriteRateBytesPerSecondMin);
    return now - progress_at_ > kWriteStallMax || now - since_ > kWriteStallMax + at_least;
  }

 private:
  TimePoint since_;
  TimePoint progress_at_;
  std::uint64_t sent_bytes_ = 0;
};

class Session {
 public:
  virtual ~Session() = default;

  // Room of the session's own for the next read; empty: the thread's read buffer is to be used.
  [[nodiscard]] virtual std::span<std::byte> read_target() noexcept { return {}; }
  virtual void on_target_filled(std::size_t) noexcept {}
  [[nodiscard]] virtual std::size_t read_size_bytes_max() const noexcept = 0;
  virtual void on_bytes(std::span<const std::byte> bytes) noexcept = 0;
  virtual void on_end_of_input() noexcept = 0;
  [[nodiscard]] virtual bool wants_read() const noexcept = 0;

  // At the end of a turn: what can go on now goes on.
  virtual void proceed() noexcept = 0;
  // Appends output, about kWriteSizeBytes at most. Nothing appended: nothing to send now.
  virtual void produce(std::vector<std::byte>& out) noexcept = 0;
  // Once the output is sent the connection may end.
  [[nodiscard]] virtual bool finished() const noexcept = 0;

  // False: the connection is to be cut.
  [[nodiscard]] virtual bool on_tick(TimePoint now) noexcept = 0;
  virtual void start_drain() noexcept = 0;
  // The connection is gone: every open exchange is abandoned.
  virtual void abandon() noexcept = 0;
};

class Connection final : Task {
 public:
  Connection(Shard& shard, int descriptor, const TlsContext& tls, std::uint64_t number);
  ~Connection() override;

  void start() noexcept;
  void start_drain() noexcept;
  void close() noexcept;
  void on_tick(TimePoint now) noexcept;

  // For sessions: there is something to do at the end of this turn.
  void schedule() noexcept { shard_.thread.at_end_of_turn(*this); }
  [[nodiscard]] Shard& shard() noexcept { return shard_; }
  [[nodiscard]] bool output_blocked() const noexcept { return !unsent_.empty(); }
  [[nodiscard]] std::string peer_address() { return socket_.peer_address(); }

 private:
  enum class State : std::uint8_t { handshake, detecting, open, lingering, closed };

  void run() noexcept override;
  void on_readable() noexcept;
  void read_some() noexcept;
  void shake_hands() noexcept;
  void detect(std::span<const std::byte> bytes) noexcept;
  void open_session(bool http2) noexcept;
  void linger() noexcept;
  void flush() noexcept;
  void arm() noexcept;
  void await_read() noexcept;
  void await_write() noexcept;

  Shard& shard_;
  Socket socket_;
  State state_ = State::detecting;
  bool reading_ = false;  // a wait for readability is under way
  bool writing_ = false;
  bool drained_ = true;  // the last read left nothing behind
  bool input_ended_ = false;
  bool http2_ = false;
  bool draining_ = false;
  std::size_t lingered_size_bytes_ = 0;
  TimePoint state_since_;
  WritePace write_pace_;                   // of unsent_
  TimePoint drain_at_ = TimePoint::max();  // max_connection_age
  TimePoint cut_at_ = TimePoint::max();    // ... and its grace
  std::string first_bytes_;
  std::vector<std::byte> unsent_;
  std::unique_ptr<Session> session_;
};

}  // namespace gateway::net
