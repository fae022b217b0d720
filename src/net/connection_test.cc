#include "net/connection.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "net/limits.h"
#include "net/test_client.h"

namespace gateway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPageSizeBytes = 256 * 1024;

// Answers calls with a message of no bytes, /page with a page, and /silent never.
class TestHandler final : public Handler {
 public:
  std::optional<BodyPlan> on_head(Exchange&) noexcept override {
    return BodyPlan{.size_bytes_max = 1024};
  }
  void on_request(Exchange& exchange) noexcept override {
    if (exchange.path() == "/silent") return;
    if (exchange.path() != "/page") return exchange.reply_empty_message();
    exchange.reply(
        HttpReply{.content_type = "text/plain", .body = std::string(kPageSizeBytes, 'x')});
  }
  void on_failure(Exchange& exchange, RequestErrc) noexcept override {
    exchange.reply(GrpcReply{13, "failed", {}, {}});
  }
  void on_abandoned(Exchange&) noexcept override {}
};

class OpenCount final : public ConnectionObserver {
 public:
  void on_connection_closed() noexcept override { --count; }
  std::atomic<int> count{0};
};

// Connections of one thread whose ticks come when the test says so, at the time it says.
class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    GATEWAY_ASSERT(::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    GATEWAY_ASSERT(::listen(listener_, 16) == 0);
    socklen_t size = sizeof at;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  }
  ~ConnectionTest() override {
    ::close(listener_);
    on_thread([&] { shard_.close_all(); });
    while (open_.count != 0) std::this_thread::yield();
    on_thread([&] { shard_.clear_pool(); });
  }

  template <typename F>
  void on_thread(F f) {
    struct Call final : Task {
      explicit Call(F& f_in) : f(f_in) {}
      void run() noexcept override { f(); }
      F& f;
    } call(f);
    threads_.run_and_wait(threads_[0], call);
  }
  // The other end of a client that has connected.
  void accept() {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    GATEWAY_ASSERT(descriptor >= 0);
    ++open_.count;
    on_thread([&] { shard_.adopt(descriptor, nullptr); });
  }
  void tick(milliseconds from_now) {
    on_thread([&] {
      const TimePoint now = steady_clock::now() + from_now;
      for (Connection* connection : shard_.connections) connection->on_tick(now);
    });
  }

  // Pings tell what has been read: there may be many.
  static config::Listener settings() {
    config::Listener settings;
    settings.keepalive_ping_interval_min = milliseconds(0);
    return settings;
  }

  int listener_ = -1;
  std::string address_;
  OpenCount open_;
  IoThreads threads_{1, "test"};
  TestHandler handler_;
  ServerCounters counters_;
  Shard shard_{threads_[0], handler_, settings(), counters_, open_};
};

std::int32_t get_page(Http2Client& client) {
  return client.request(
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/page"}, {":authority", "x"}}, "");
}

void close_windows(Http2Client& client) {
  const nghttp2_settings_entry none = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
  nghttp2_submit_settings(client.session(), NGHTTP2_FLAG_NONE, &none, 1);
}

// Calls whose heads have been answered.
std::vector<std::int32_t> answered_calls(Http2Client& client, int count) {
  std::vector<std::int32_t> ids;
  ids.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) ids.push_back(client.grpc("/x", ""));
  for (const std::int32_t id : ids) {
    while (client.result(id).status == 0 && client.step()) {
    }
    EXPECT_EQ(client.result(id).status, 200);
  }
  return ids;
}

// All that was sent before has been read and answered.
void exchange_frames(Http2Client& client) {
  client.flush();  // a ping overtakes what is queued
  const int before = client.ping_acks();
  client.ping();
  while (client.ping_acks() == before && client.step()) {
  }
  EXPECT_GT(client.ping_acks(), before);
}

std::size_t closed_with(Http2Client& client, const std::vector<std::int32_t>& ids,
                        std::uint32_t code) {
  return static_cast<std::size_t>(std::count_if(ids.begin(), ids.end(), [&](std::int32_t id) {
    return client.result(id).closed && client.result(id).reset_code == code;
  }));
}

// Goal: an answer that flow control holds back does not stay for ever, and the others do not
// suffer. Method: a window of no bytes; ticks before the limit and behind it.
TEST_F(ConnectionTest, AnAnswerThatIsHeldBackIsGivenUp) {
  Http2Client client(address_);
  accept();
  close_windows(client);
  const auto ids = answered_calls(client, 3);
  tick(milliseconds(0));
  tick(kWriteStallMax - milliseconds(1'000));
  exchange_frames(client);
  EXPECT_EQ(closed_with(client, ids, NGHTTP2_CANCEL), 0U);
  tick(kWriteStallMax + milliseconds(1'000));
  exchange_frames(client);
  EXPECT_EQ(closed_with(client, ids, NGHTTP2_CANCEL), ids.size());
  EXPECT_EQ(open_.count, 1);
}

// Goal: progress is what counts. Method: a byte of window for each tick.
TEST_F(ConnectionTest, AnAnswerThatMovesIsNotGivenUp) {
  Http2Client client(address_);
  accept();
  close_windows(client);
  const std::int32_t id = get_page(client);
  for (int i = 0; i < 5; ++i) {
    exchange_frames(client);
    tick(i * kWriteStallMax);
    nghttp2_submit_window_update(client.session(), NGHTTP2_FLAG_NONE, id, 1);
  }
  EXPECT_NE(client.result(id).body, "");
  EXPECT_FALSE(client.result(id).closed);
}

TEST_F(ConnectionTest, ManyAnswersThatAreHeldBackEndTheConnection) {
  Http2Client client(address_);
  accept();
  close_windows(client);
  answered_calls(client, 100);
  tick(milliseconds(0));
  tick(kWriteStallMax + milliseconds(1'000));
  EXPECT_TRUE(client.wait_until([](const Http2Client& c) { return c.ended(); }));
  EXPECT_EQ(counters_.timeouts_total, 1U);
}

// Goal: heads of requests under way are bounded. Method: a thousand of 4 KiB that nobody answers.
TEST_F(ConnectionTest, HeadsOfOneConnectionAreBounded) {
  constexpr std::size_t kHeadSizeBytes = 4 * 1024;
  constexpr std::size_t kCalls = 1'000;
  Http2Client client(address_);
  accept();
  exchange_frames(client);
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < kCalls; ++i) {
    ids.push_back(client.grpc("/silent", "", {{"x-large", std::string(kHeadSizeBytes, 'x')}}));
  }
  exchange_frames(client);
  const std::size_t refused = closed_with(client, ids, NGHTTP2_REFUSED_STREAM);
  EXPECT_GE(refused, kCalls - kHttp2HeadsSizeBytesMax / kHeadSizeBytes);
  EXPECT_LT(refused, kCalls * 3 / 4);
  // What is given up gives its head back.
  for (const std::int32_t id : ids) {
    if (!client.result(id).closed) client.reset(id);
  }
  EXPECT_EQ(client.call_grpc("/x", "").grpc_status(), 0);
}

// Goal: answers that wait are bounded. Method: pages of which no byte may be sent.
TEST_F(ConnectionTest, QueuedAnswersOfOneConnectionAreBounded) {
  constexpr std::size_t kCalls = 50;
  Http2Client client(address_);
  accept();
  close_windows(client);
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < kCalls; ++i) {
    ids.push_back(get_page(client));
  }
  exchange_frames(client);
  EXPECT_EQ(closed_with(client, ids, NGHTTP2_REFUSED_STREAM),
            kCalls - kHttp2QueuedSizeBytesMax / kPageSizeBytes - 1);
}

// Goal: output is read, and fast enough. Method: one that stops, and one that trickles.
TEST(WritePace, AsksForProgressAndForARate) {
  const TimePoint begin = steady_clock::now();
  WritePace pace;
  pace.begin(begin);
  EXPECT_FALSE(pace.too_slow(begin + kWriteStallMax));
  EXPECT_TRUE(pace.too_slow(begin + kWriteStallMax + milliseconds(1)));
  const milliseconds step = kWriteStallMax / 2;
  TimePoint now = begin;
  for (int i = 0; i < 100; ++i) {
    now += step;
    pace.on_sent(now,
                 kWriteRateBytesPerSecondMin * static_cast<std::uint64_t>(step.count()) / 1000);
    EXPECT_FALSE(pace.too_slow(now));
  }
  EXPECT_TRUE(pace.too_slow(now + kWriteStallMax + milliseconds(1)));
  pace.begin(begin);
  pace.on_sent(begin + step, 1);
  EXPECT_FALSE(pace.too_slow(begin + step));
  pace.on_sent(begin + 2 * step, 1);
  pace.on_sent(begin + 3 * step, 1);
  EXPECT_TRUE(pace.too_slow(begin + 3 * step));
}

}  // namespace
}  // namespace gateway::net
