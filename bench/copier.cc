// The floor: copies bytes between sockets and parses nothing. What any gateway costs at least.
//
//   copier UPSTREAM_PORT [FILE]    listens on a free port, which it prints; with FILE it also
//                                  appends what clients send to that file
//
// One thread, epoll, one buffer of kChunkSizeBytes.
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket.h"

namespace {

constexpr std::size_t kChunkSizeBytes = 64 * 1024;

// One direction's end: reads here, writes to `peer`. What the peer could not take waits in
// `pending`, and nothing more is read meanwhile.
struct End {
  int socket = -1;
  End* peer = nullptr;
  bool is_client = false;
  std::vector<char> pending;  // to be written to `socket`
  std::size_t pending_at = 0;
  bool closed = false;
};

class Copier {
 public:
  Copier(std::uint16_t upstream_port, const char* file)
      : upstream_port_(upstream_port), epoll_(bench::make_epoll()), listener_(bench::listen_on(0)) {
    if (file != nullptr) {
      file_ = ::open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      if (file_ < 0) bench::fail(file);
    }
    bench::watch(epoll_, listener_, nullptr, false);
    bench::say_port("port", listener_);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 64> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr == nullptr) {
          accept();
          continue;
        }
        auto* const end = static_cast<End*>(event.data.ptr);
        if (!end->closed && (event.events & EPOLLOUT) != 0) flush(*end);
        if (!end->closed && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) copy(*end);
      }
    }
  }

 private:
  void accept() {
    const int accepted = bench::accept_on(listener_);
    if (accepted < 0) return;
    auto* const client = new End;
    auto* const upstream = new End;
    *client = {.socket = accepted, .peer = upstream, .is_client = true};
    *upstream = {.socket = bench::connect_to(upstream_port_), .peer = client};
    bench::watch(epoll_, client->socket, client, false);
    bench::watch(epoll_, upstream->socket, upstream, false);
  }

  void copy(End& from) {
    End& to = *from.peer;
    if (!to.pending.empty()) return;  // readable again when the peer has caught up
    const ssize_t size = ::recv(from.socket, chunk_.data(), chunk_.size(), 0);
    if (size <= 0) {
      if (size < 0 && errno == EAGAIN) return;
      close(from);
      return;
    }
    const auto size_bytes = static_cast<std::size_t>(size);
    if (file_ >= 0 && from.is_client && ::write(file_, chunk_.data(), size_bytes) != size) {
      bench::fail("write");
    }
    const ssize_t sent = ::send(to.socket, chunk_.data(), size_bytes, MSG_NOSIGNAL);
    const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    if (done == size_bytes) return;
    to.pending.assign(chunk_.begin() + static_cast<std::ptrdiff_t>(done),
                      chunk_.begin() + static_cast<std::ptrdiff_t>(size_bytes));
    to.pending_at = 0;
    bench::rewatch(epoll_, to.socket, &to, true);
  }

  void flush(End& to) {
    const ssize_t sent = ::send(to.socket, to.pending.data() + to.pending_at,
                                to.pending.size() - to.pending_at, MSG_NOSIGNAL);
    if (sent > 0) to.pending_at += static_cast<std::size_t>(sent);
    if (to.pending_at < to.pending.size()) return;
    to.pending.clear();
    bench::rewatch(epoll_, to.socket, &to, false);
  }

  // The two ends of a closed connection stay allocated: an event for them may be in flight, and a
  // benchmark has few.
  static void close(End& end) {
    for (End* one : {&end, end.peer}) {
      if (!one->closed) ::close(one->socket);
      one->closed = true;
    }
  }

  std::uint16_t upstream_port_;
  int epoll_;
  int listener_;
  int file_ = -1;
  std::array<char, kChunkSizeBytes> chunk_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  Copier copier(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)),
                argc > 2 ? argv[2] : nullptr);
  copier.run();
}
