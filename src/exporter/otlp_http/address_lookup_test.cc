#include "exporter/otlp_http/address_lookup.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace gateway::exporter {
namespace {

using boost::asio::ip::tcp;

// A resolver that hangs until the test lets it go.
struct Hanging {
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  int ended = 0;
  bool released = false;
};
Hanging& hanging() {
  static Hanging it;
  return it;
}
std::vector<tcp::endpoint> hang(const std::string&, const std::string&) {
  Hanging& it = hanging();
  std::unique_lock lock(it.mutex);
  ++it.waiting;
  it.changed.notify_all();
  it.changed.wait(lock, [&] { return it.released; });
  --it.waiting;
  ++it.ended;
  it.changed.notify_all();
  return {tcp::endpoint(boost::asio::ip::address_v4::loopback(), 1)};
}

std::optional<AddressLookup::Found> look_up(const std::string& host, const std::string& port) {
  boost::asio::io_context loop;
  const auto work = boost::asio::make_work_guard(loop);
  AddressLookup lookup(loop);
  std::optional<AddressLookup::Found> result;
  lookup.start(host, port, [&](AddressLookup::Found found) {
    result = std::move(found);
    loop.stop();
  });
  EXPECT_FALSE(result.has_value());  // later, not from within
  loop.run_for(std::chrono::seconds(30));
  return result;
}

// Goal: digits and names both become addresses. Method: both families of digits, and a name that
// every machine knows.
TEST(AddressLookup, FindsDigitsAndNames) {
  const auto four = look_up("127.0.0.1", "4318");
  ASSERT_TRUE(four.has_value());
  ASSERT_EQ(four->addresses.size(), 1U);
  EXPECT_EQ(four->addresses[0], tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 4318));
  const auto six = look_up("::1", "80");
  ASSERT_TRUE(six.has_value());
  ASSERT_EQ(six->addresses.size(), 1U);
  EXPECT_TRUE(six->addresses[0].address().is_v6());
  const auto name = look_up("localhost", "4318");
  ASSERT_TRUE(name.has_value());
  EXPECT_FALSE(name->addresses.empty()) << name->error;
}

// Goal: a name that cannot be is an error, said for a person. Method: a name with a space.
TEST(AddressLookup, ANameThatIsNoneIsSaid) {
  const auto found = look_up("no such name", "4318");
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->addresses.empty());
  EXPECT_EQ(found->error, "no address found");
}

// Goal: a lookup that hangs holds nobody, not even the end of its loop; too many of them are
// refused. Method: a resolver that hangs, as often as may be and once more; then all is taken down
// before it answers.
TEST(AddressLookup, ALookupThatHangsHoldsNobody) {
  Hanging& resolver = hanging();
  bool called = false;
  std::string refused;
  {
    boost::asio::io_context loop;
    std::vector<std::unique_ptr<AddressLookup>> lookups;
    for (int i = 0; i < kLookupsMax; ++i) {
      lookups.push_back(std::make_unique<AddressLookup>(loop, hang));
      lookups.back()->start("name", "1", [&](const AddressLookup::Found&) { called = true; });
    }
    lookups.push_back(std::make_unique<AddressLookup>(loop, hang));
    lookups.back()->start("name", "1",
                          [&](const AddressLookup::Found& found) { refused = found.error; });
    loop.run();  // only the refusal is posted
    std::unique_lock lock(resolver.mutex);
    resolver.changed.wait(lock, [&] { return resolver.waiting == kLookupsMax; });
  }
  EXPECT_EQ(refused, "too many name lookups hang");
  std::unique_lock lock(resolver.mutex);
  resolver.released = true;
  resolver.changed.notify_all();
  resolver.changed.wait(lock, [&] { return resolver.ended == kLookupsMax; });
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace gateway::exporter
