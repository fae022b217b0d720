// The end of every benchmark: takes OTLP over gRPC, plain or gzip, and over HTTP/1.1, plain, gzip
// or zstd; counts requests, bytes, items, discards, and answers at once.
//
//   sink    listens on two free ports, which it prints: "port" for OTLP, "stats" for one line of
//           numbers to whoever connects
//
// One thread, epoll, nghttp2 or Beast's parser, by the first bytes. Items are counted by otlpview,
// so that a run can show that what came out is what went in.
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nghttp2/nghttp2.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sink_count.h"
#include "sink_http1.h"
#include "socket.h"

namespace {

constexpr std::int32_t kWindowSizeBytes = 64 << 20;
constexpr std::size_t kGrpcPrefixSizeBytes = 5;
constexpr std::array<std::uint8_t, kGrpcPrefixSizeBytes> kEmptyMessage{};

struct Stream {
  otlpview::Signal signal = otlpview::Signal::traces;
  std::vector<std::byte> body;
  bool answered = false;
};

[[nodiscard]] nghttp2_nv field(const char* name, const char* value) {
  const auto bytes = [](const char* text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text));
  };
  return {bytes(name), bytes(value), std::strlen(name), std::strlen(value), NGHTTP2_NV_FLAG_NONE};
}

class Connection {
 public:
  Connection(int epoll, int socket) : epoll_(epoll), socket_(socket) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                      std::size_t size, void* self) {
          auto& body = static_cast<Connection*>(self)->streams_[id].body;
          const auto bytes = std::as_bytes(std::span(data, size));
          body.insert(body.end(), bytes.begin(), bytes.end());
          return 0;
        });
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* self) {
          const auto text = [](const std::uint8_t* bytes, std::size_t size) {
            return std::string_view(reinterpret_cast<const char*>(bytes), size);
          };
          if (text(name, name_size) == ":path") {
            static_cast<Connection*>(self)->streams_[frame->hd.stream_id].signal =
                bench::signal_of(text(value, value_size));
          }
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
              (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS)) {
            static_cast<Connection*>(self)->answer(frame->hd.stream_id);
          }
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t, void* self) {
          static_cast<Connection*>(self)->streams_.erase(id);
          return 0;
        });
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const std::array settings = {
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 10'000},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowSizeBytes},
    };
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowSizeBytes);
    bench::watch(epoll_, socket_, this, true);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    nghttp2_session_del(session_);
    ::close(socket_);
  }

  // False when the connection has ended.
  [[nodiscard]] bool serve(std::span<std::uint8_t> chunk) {
    const ssize_t size = ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (size == 0 || (size < 0 && errno != EAGAIN)) return false;
    if (size > 0 && !take(chunk.first(static_cast<std::size_t>(size)))) return false;
    return send();
  }

 private:
  [[nodiscard]] bool take(std::span<const std::uint8_t> bytes) {
    // HTTP/2 begins with "PRI", what else comes here with "POST".
    if (!begun_ && bytes.size() > 1 && bytes[1] == 'O') http1_.emplace();
    begun_ = true;
    if (http1_) return http1_->take(bytes, out_);
    return nghttp2_session_mem_recv(session_, bytes.data(), bytes.size()) >= 0;
  }

  void answer(std::int32_t id) {
    Stream& stream = streams_[id];
    if (stream.body.size() > kGrpcPrefixSizeBytes) {
      const bool compressed = stream.body.front() != std::byte{0};
      bench::count_request(stream.signal, std::span(stream.body).subspan(kGrpcPrefixSizeBytes),
                           compressed ? "gzip" : "identity");
    }
    const std::array headers = {field(":status", "200"), field("content-type", "application/grpc")};
    nghttp2_data_provider body{};
    body.source.ptr = &stream;
    body.read_callback = [](nghttp2_session* session, std::int32_t stream_id, std::uint8_t* out,
                            std::size_t, std::uint32_t* flags, nghttp2_data_source*, void*) {
      std::memcpy(out, kEmptyMessage.data(), kEmptyMessage.size());
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const nghttp2_nv trailer = field("grpc-status", "0");
      nghttp2_submit_trailer(session, stream_id, &trailer, 1);
      return static_cast<ssize_t>(kEmptyMessage.size());
    };
    nghttp2_submit_response(session_, id, headers.data(), headers.size(), &body);
  }

  [[nodiscard]] bool send() {
    for (;;) {
      if (out_at_ == out_.size()) {
        out_.clear();
        out_at_ = 0;
      }
      if (out_.empty() && begun_ && !http1_) {
        const std::uint8_t* data = nullptr;
        ssize_t size = 0;
        while (out_.size() < chunk_size && (size = nghttp2_session_mem_send(session_, &data)) > 0) {
          out_.insert(out_.end(), data, data + size);
        }
      }
      if (out_.empty()) break;
      const ssize_t sent =
          ::send(socket_, out_.data() + out_at_, out_.size() - out_at_, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return false;
      if (sent < 0) break;
      out_at_ += static_cast<std::size_t>(sent);
    }
    const bool waiting = out_at_ < out_.size();
    if (waiting != watching_writes_) bench::rewatch(epoll_, socket_, this, waiting);
    watching_writes_ = waiting;
    return http1_ || nghttp2_session_want_read(session_) != 0 ||
           nghttp2_session_want_write(session_) != 0;
  }

  static constexpr std::size_t chunk_size = 64 * 1024;
  int epoll_;
  int socket_;
  bool begun_ = false;
  std::optional<bench::Http1> http1_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<std::int32_t, Stream> streams_;
  std::vector<std::uint8_t> out_;
  std::size_t out_at_ = 0;
  bool watching_writes_ = true;
};

void tell_stats(int listener) {
  const int socket = bench::accept_on(listener);
  if (socket < 0) return;
  const std::string line = bench::counts();
  if (::send(socket, line.data(), line.size(), MSG_NOSIGNAL) < 0) bench::fail("send");
  ::close(socket);
}

}  // namespace

int main() {
  const int epoll = bench::make_epoll();
  int otlp = bench::listen_on(0);
  int numbers = bench::listen_on(0);
  bench::watch(epoll, otlp, &otlp, false);
  bench::watch(epoll, numbers, &numbers, false);
  bench::say_port("port", otlp);
  bench::say_port("stats", numbers);
  std::array<std::uint8_t, 256 * 1024> chunk;
  std::array<epoll_event, 64> events;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      void* const owner = events[static_cast<std::size_t>(i)].data.ptr;
      if (owner == &otlp) {
        const int socket = bench::accept_on(otlp);
        if (socket >= 0) new Connection(epoll, socket);  // owns itself until its peer ends it
      } else if (owner == &numbers) {
        tell_stats(numbers);
      } else {
        auto* const connection = static_cast<Connection*>(owner);
        if (!connection->serve(chunk)) delete connection;
      }
    }
  }
}
