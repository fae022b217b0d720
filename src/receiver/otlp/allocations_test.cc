// What a request takes from the process' allocator on its way from the socket to the log and back:
// in steady state, nothing.
//
// This program counts the calls of each thread: it stands in front of the C library's allocator, so
// that nghttp2's, Asio's and the standard library's calls are seen too.
#include <cstdlib>

#include "receiver/otlp/receiver_fixture.h"

namespace {
thread_local std::uint64_t calls = 0;
}

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  ++calls;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++calls;
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  ++calls;
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++calls;
  return __libc_memalign(alignment, size);
}
}

namespace gateway::receiver::otlp {
namespace {

// Enough for every pool and table on the way to have its size.
constexpr int kWarmRequests = 200;
constexpr int kCountedRequests = 500;
// A tick and a date now and then take something, whatever is requested: less than this.
constexpr std::uint64_t kCallsBesideMax = kCountedRequests / 50;

class Allocations : public ReceiverTest {
 protected:
  void SetUp() override {
    log_.keep_payloads(false);
    start();
  }

  // Calls so far of the threads that serve sockets.
  std::uint64_t calls_of_io_threads() {
    struct Look final : net::Task {
      void run() noexcept override { seen += calls; }
      std::uint64_t seen = 0;
    } look;
    for (std::size_t i = 0; i < threads_.count(); ++i) threads_.run_and_wait(threads_[i], look);
    return look.seen;
  }

  template <typename Send>
  std::uint64_t calls_of_requests(Send send) {
    for (int i = 0; i < kWarmRequests; ++i) send();
    const std::uint64_t before = calls_of_io_threads();
    for (int i = 0; i < kCountedRequests; ++i) send();
    return calls_of_io_threads() - before;
  }

  // 100 spans, more than one DATA frame holds.
  const std::string body_ = traces(std::vector<std::string>(100, span(std::string(200, 'n'))));
};

TEST_F(Allocations, AGrpcRequestTakesNone) {
  net::Http2Client client(receiver_->grpc_address());
  EXPECT_LE(calls_of_requests(
                [&] { ASSERT_EQ(client.call_grpc(kTracesExport, body_).grpc_status(), 0); }),
            kCallsBesideMax);
}

TEST_F(Allocations, AnHttp1RequestTakesNone) {
  net::RawClient client(receiver_->http_address());
  const std::string request = net::http1_post("/v1/traces", "application/x-protobuf", body_);
  EXPECT_LE(calls_of_requests([&] {
              client.send(request);
              ASSERT_EQ(client.response().status, 200);
            }),
            kCallsBesideMax);
}

TEST_F(Allocations, AnHttp2RequestTakesNone) {
  net::Http2Client client(receiver_->http_address());
  const net::TestHeaders head = {{":method", "POST"},
                                 {":scheme", "http"},
                                 {":path", "/v1/traces"},
                                 {":authority", "localhost"},
                                 {"content-type", "application/x-protobuf"},
                                 {"content-length", std::to_string(body_.size())}};
  EXPECT_LE(calls_of_requests([&] { ASSERT_EQ(client.call(head, body_).status, 200); }),
            kCallsBesideMax);
}

}  // namespace
}  // namespace gateway::receiver::otlp
