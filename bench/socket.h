// Sockets and epoll for the two small programs that the benchmark measures the gateway against.
//
// Errors:  a benchmark cannot go on without its sockets: each call ends the process with a message.
// Threads: one.
#pragma once

#include <cstdint>

namespace bench {

// A non-blocking listener on 127.0.0.1; port 0 takes a free one.
[[nodiscard]] int listen_on(std::uint16_t port);
[[nodiscard]] std::uint16_t port_of(int listener);
[[nodiscard]] int accept_on(int listener);  // non-blocking, no Nagle; -1 when there is none
[[nodiscard]] int connect_to(std::uint16_t port);
[[nodiscard]] int make_epoll();
void watch(int epoll, int socket, void* owner, bool writable);
void rewatch(int epoll, int socket, void* owner, bool writable);

// Prints "port N" for the driver that started the program.
void say_port(const char* name, int listener);

[[noreturn]] void fail(const char* what);

}  // namespace bench
