#include "net/connection.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "net/http1.h"
#include "net/http2.h"
#include "net/text.h"

namespace gateway::net {
namespace {

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// Connections that were opened together should not all be asked to go at the same moment: the age
// is spread over 90 % to 110 %, by the connection's number.
std::chrono::milliseconds spread(std::chrono::milliseconds age, std::uint64_t number) noexcept {
  constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
  const auto permille = static_cast<std::int64_t>((number * kGoldenRatio >> 40) % 201) + 900;
  return std::chrono::milliseconds(age.count() * permille / 1000);
}

}  // namespace

Shard::Shard(IoThread& thread_in, Handler& handler_in, const config::Listener& settings_in,
             ServerCounters& counters_in, ConnectionObserver& observer_in)
    : thread(thread_in),
      handler(handler_in),
      settings(settings_in),
      counters(counters_in),
      observer(observer_in) {}

Shard::~Shard() = default;

void Shard::adopt(int descriptor, const TlsContext& tls) {
  auto* const connection = new Connection(*this, descriptor, tls, ++adopted_);
  connections.push_back(connection);
  connection->start();
  if (draining) connection->start_drain();
}

void Shard::start_drain() noexcept {
  draining = true;
  for (Connection* connection : connections) connection->start_drain();
}

void Shard::close_all() noexcept {
  for (Connection* connection : connections) connection->close();
}

void Shard::clear_pool() noexcept { stream_pool.clear(); }

void Shard::run() noexcept {
  const TimePoint now = std::chrono::steady_clock::now();
  // A connection is deleted by its own run, never under this loop.
  for (Connection* connection : connections) connection->on_tick(now);
}

std::string_view Shard::date() {
  const auto now = std::chrono::system_clock::now();
  const std::int64_t second =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(now);
  }
  return date_;
}

Connection::Connection(Shard& shard, int descriptor, const TlsContext& tls, std::uint64_t number)
    : shard_(shard),
      socket_(shard.thread.impl().context, descriptor, tls),
      state_(tls != nullptr ? State::handshake : State::detecting),
      state_since_(std::chrono::steady_clock::now()) {
  shard_.counters.new_connections.fetch_add(1, std::memory_order_relaxed);
  if (shard_.settings.max_connection_age) {
    drain_at_ = state_since_ + spread(*shard_.settings.max_connection_age, number);
  }
}

Connection::~Connection() {
  auto& open = session_ == nullptr ? shard_.counters.new_connections
               : http2_            ? shard_.counters.http2_connections
                                   : shard_.counters.http1_connections;
  open.fetch_sub(1, std::memory_order_relaxed);
  session_.reset();
  shard_.thread.connection_count_.fetch_sub(1, std::memory_order_relaxed);
  std::erase(shard_.connections, this);
  shard_.observer.on_connection_closed();
}

void Connection::start() noexcept { await_read(); }

void Connection::start_drain() noexcept {
  if (draining_ || state_ == State::closed) return;
  draining_ = true;
  if (session_ == nullptr) {
    close();
    return;
  }
  session_->start_drain();
  schedule();
}

void Connection::close() noexcept {
  if (state_ == State::closed) return;
  state_ = State::closed;
  socket_.close();  // the waits under way end with an error
  schedule();
}

void Connection::on_tick(TimePoint now) noexcept {
  const auto& settings = shard_.settings;
  const auto slow = [&] {
    shard_.counters.timeouts_total.fetch_add(1, std::memory_order_relaxed);
    close();
  };
  switch (state_) {
    case State::closed:
      return;
    case State::handshake:
      if (now - state_since_ > kTlsHandshakeTimeMax) slow();
      return;
    case State::detecting:
      if (now - state_since_ > settings.read_header_timeout) slow();
      return;
    case State::lingering:
      if (now - state_since_ > kLingerTimeMax) close();
      return;
    case State::open:
      break;
  }
  if (output_blocked() && write_pace_.too_slow(now)) return slow();
  if (now >= cut_at_) return close();
  if (now >= drain_at_) {
    drain_at_ = TimePoint::max();
    cut_at_ = now + settings.max_connection_age_grace;
    start_drain();
  }
  if (!session_->on_tick(now)) slow();
}

void Connection::await_read() noexcept {
  if (reading_) return;
  reading_ = true;
  socket_.async_wait(false, [this](bool ok) {
    reading_ = false;
    if (state_ == State::closed) return schedule();
    if (!ok) return close();
    on_readable();
  });
}

void Connection::await_write() noexcept {
  if (writing_) return;
  writing_ = true;
  socket_.async_wait(true, [this](bool ok) {
    writing_ = false;
    if (state_ == State::closed) return schedule();
    if (!ok) return close();
    if (state_ == State::handshake) return on_readable();
    schedule();
  });
}

void Connection::on_readable() noexcept {
  if (state_ == State::handshake) shake_hands();
  if (state_ != State::handshake && state_ != State::closed) read_some();
  schedule();
}

void Connection::shake_hands() noexcept {
  switch (socket_.handshake()) {
    case IoStatus::ok:
      state_ = State::detecting;
      state_since_ = std::chrono::steady_clock::now();
      if (socket_.negotiated_http2()) open_session(true);
      return;
    case IoStatus::want_read:
      return;  // arm() awaits it
    case IoStatus::want_write:
      return await_write();
    case IoStatus::closed:
    case IoStatus::failed:
      shard_.counters.tls_failures_total.fetch_add(1, std::memory_order_relaxed);
      return close();
  }
}

void Connection::read_some() noexcept {
  std::span<std::byte> shared = shard_.thread.impl().read_buffer;
  for (int i = 0; i < kReadsPerTurnMax; ++i) {
    std::span<std::byte> target;
    bool own_target = false;
    if (state_ == State::open) {
      if (!session_->wants_read()) {
        drained_ = false;
        return;
      }
      target = session_->read_target();
      own_target = !target.empty();
      if (!own_target) {
        target = shared.first(std::min(shared.size(), session_->read_size_bytes_max()));
      }
    } else {
      target = shared.first(std::min(shared.size(), kHttp1HeadReadSizeBytes));
    }
    const IoResult got = socket_.read(target);
    drained_ = true;
    switch (got.status) {
      case IoStatus::want_read:
        return;
      case IoStatus::want_write:
        return await_write();
      case IoStatus::closed:
        input_ended_ = true;
        if (state_ == State::open) return session_->on_end_of_input();
        return close();
      case IoStatus::failed:
        return close();
      case IoStatus::ok:
        break;
    }
    const auto bytes = std::span<const std::byte>(target).first(got.size_bytes);
    if (state_ == State::lingering) {
      lingered_size_bytes_ += bytes.size();
      if (lingered_size_bytes_ > kLingerSizeBytesMax) return close();
    } else if (state_ == State::detecting) {
      detect(bytes);
    } else if (own_target) {
      session_->on_target_filled(got.size_bytes);
    } else {
      session_->on_bytes(bytes);
    }
    if (state_ == State::closed) return;
    // In clear a short read has emptied the socket; its next bytes raise an event again.
    if (!socket_.encrypted() && got.size_bytes < target.size()) return;
  }
  drained_ = false;
}

void Connection::detect(std::span<const std::byte> bytes) noexcept {
  first_bytes_.append(as_text(bytes));
  const std::size_t size = std::min(first_bytes_.size(), kHttp2Preface.size());
  const bool http2 = std::memcmp(first_bytes_.data(), kHttp2Preface.data(), size) == 0;
  if (http2 && size < kHttp2Preface.size()) return;
  open_session(http2);
  const std::string first = std::exchange(first_bytes_, {});
  session_->on_bytes(as_bytes(first));
}

void Connection::open_session(bool http2) noexcept {
  state_ = State::open;
  http2_ = http2;
  shard_.counters.new_connections.fetch_sub(1, std::memory_order_relaxed);
  if (http2) {
    shard_.counters.http2_connections.fetch_add(1, std::memory_order_relaxed);
    session_ = std::make_unique<Http2Session>(*this);
  } else {
    shard_.counters.http1_connections.fetch_add(1, std::memory_order_relaxed);
    session_ = std::make_unique<Http1Session>(*this);
  }
}

void Connection::run() noexcept {
  if (state_ == State::open) {
    session_->proceed();
    flush();
  }
  if (state_ == State::open && session_->finished() && !output_blocked()) linger();
  if (state_ != State::closed) return arm();
  // The session is not torn down earlier: a handler may have been in the middle of a call.
  if (session_ != nullptr) session_->abandon();
  if (!reading_ && !writing_ && !queued()) delete this;
}

void Connection::linger() noexcept {
  if (input_ended_) return close();
  state_ = State::lingering;
  state_since_ = std::chrono::steady_clock::now();
  session_->abandon();
  socket_.shutdown_write();
}

void Connection::flush() noexcept {
  std::vector<std::byte>& shared = shard_.thread.impl().write_buffer;
  for (;;) {
    std::span<const std::byte> rest = unsent_;
    if (unsent_.empty()) {
      shared.clear();
      session_->produce(shared);
      if (shared.empty()) return;
      rest = shared;
    }
    const bool was_blocked = output_blocked();
    std::size_t sent_bytes = 0;
    while (!rest.empty()) {
      const IoResult sent = socket_.write(rest);
      if (sent.status == IoStatus::ok) {
        rest = rest.subspan(sent.size_bytes);
        sent_bytes += sent.size_bytes;
        continue;
      }
      if (sent.status != IoStatus::want_write) return close();
      const TimePoint now = std::chrono::steady_clock::now();
      if (!was_blocked) {
        write_pace_.begin(now);
      } else if (sent_bytes != 0) {
        write_pace_.on_sent(now, sent_bytes);
      }
      unsent_ = std::vector<std::byte>(rest.begin(), rest.end());
      return await_write();
    }
    unsent_ = {};
  }
}

void Connection::arm() noexcept {
  const bool wants_read = state_ != State::open || session_->wants_read();
  if (!wants_read || input_ended_) return;
  if (drained_) return await_read();
  // Something may be left in the socket or in TLS: go on reading, after the others' turn.
  if (reading_) return;
  drained_ = true;
  read_some();
  schedule();
}

}  // namespace gateway::net
