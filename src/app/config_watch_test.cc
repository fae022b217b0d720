#include "app/config_watch.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "io/memory_file_system.h"

namespace gateway::app {
namespace {

using std::chrono::milliseconds;

class ConfigWatchTest : public testing::Test {
 protected:
  ConfigWatchTest() {
    EXPECT_TRUE(files_.create_directories("/etc/otlp").has_value());
    write("/etc/otlp/gateway.yaml", "a: 1");
    write("/etc/otlp/tls.crt", "first");
    request_.files = {"/etc/otlp"};
    request_.file_system = &files_;
  }
  void write(const std::string& path, std::string_view text) {
    static_cast<void>(files_.remove(path));
    const auto file = files_.open(path, {.write = true, .create = true});
    ASSERT_TRUE(file.has_value());
    const auto bytes = std::as_bytes(std::span(text));
    ASSERT_TRUE((*file)->write_at(0, std::span(&bytes, 1)).has_value());
  }
  io::MemoryFileSystem files_;
  io::ManualFileWatch told_;
  config::LoadRequest request_;
  ConfigWatch::TimePoint now_{std::chrono::hours(1)};
};

// Goal: a change is told once, after it has settled. Method: events go on for a while.
TEST_F(ConfigWatchTest, TellsOfAChangeOnceItHasSettled) {
  ConfigWatch watch(request_, told_);
  watch.follow({}, now_);
  EXPECT_FALSE(watch.look(now_).config);
  write("/etc/otlp/gateway.yaml", "a: 2");
  told_.has_changed = true;
  EXPECT_FALSE(watch.look(now_).config);
  told_.has_changed = true;
  EXPECT_FALSE(watch.look(now_ + milliseconds(400)).config);
  EXPECT_TRUE(watch.look(now_ + milliseconds(900)).config);
  EXPECT_FALSE(watch.look(now_ + milliseconds(2000)).config);
}

// Goal: a directory that never rests is not waited for. Method: an event each time.
TEST_F(ConfigWatchTest, DoesNotWaitForEverForADirectoryToRest) {
  ConfigWatch watch(request_, told_);
  watch.follow({}, now_);
  write("/etc/otlp/gateway.yaml", "a: 2");
  bool seen = false;
  milliseconds waited{0};
  for (; !seen && waited < kSettleTimeMax * 2; waited += milliseconds(250)) {
    told_.has_changed = true;
    seen = watch.look(now_ + waited).config;
  }
  EXPECT_TRUE(seen);
  EXPECT_LE(waited, kSettleTimeMax + milliseconds(250));
}

// Goal: an unrelated file makes no reload. Method: an event without another content.
TEST_F(ConfigWatchTest, AnEventWithoutAnotherContentIsNothing) {
  ConfigWatch watch(request_, told_);
  watch.follow({"/etc/otlp/tls.crt"}, now_);
  told_.has_changed = true;
  static_cast<void>(watch.look(now_));
  const auto seen = watch.look(now_ + milliseconds(600));
  EXPECT_FALSE(seen.config);
  EXPECT_TRUE(seen.files.empty());
}

// Goal: a file system that tells nothing is looked at. Method: no event at all.
TEST_F(ConfigWatchTest, LooksNowAndThenWithoutBeingTold) {
  ConfigWatch watch(request_, told_);
  watch.follow({"/etc/otlp/tls.crt"}, now_);
  write("/etc/otlp/gateway.yaml", "a: 2");
  write("/etc/otlp/tls.crt", "second");
  EXPECT_FALSE(watch.look(now_ + std::chrono::seconds(1)).config);
  const auto seen = watch.look(now_ + kCompareInterval);
  EXPECT_TRUE(seen.config);
  EXPECT_EQ(seen.files, std::vector<std::string>{"/etc/otlp/tls.crt"});
}

// Goal: a followed file that goes and comes back with other content is told. Method: remove, write.
TEST_F(ConfigWatchTest, AFileThatGoesAndComesBackIsTold) {
  ConfigWatch watch(request_, told_);
  watch.follow({"/etc/otlp/tls.crt"}, now_);
  ASSERT_TRUE(files_.remove("/etc/otlp/tls.crt").has_value());
  EXPECT_EQ(watch.look(now_ + kCompareInterval).files.size(), 1U);
  write("/etc/otlp/tls.crt", "first");
  EXPECT_EQ(watch.look(now_ + 2 * kCompareInterval).files.size(), 1U);
}

// Goal: following files anew hides no change of one that was followed. Method: a change that has
// not settled, then other files beside it, as a reload does.
TEST_F(ConfigWatchTest, AFileThatIsFollowedAgainKeepsItsChange) {
  ConfigWatch watch(request_, told_);
  watch.follow({"/etc/otlp/tls.crt"}, now_);
  write("/etc/otlp/tls.crt", "second");
  write("/etc/otlp/ca.crt", "first");
  watch.follow({"/etc/otlp/tls.crt", "/etc/otlp/ca.crt"}, now_);
  const std::vector<std::string> changed{"/etc/otlp/tls.crt"};
  EXPECT_EQ(watch.look(now_ + kCompareInterval).files, changed);
  watch.follow({}, now_);
  write("/etc/otlp/tls.crt", "third");
  EXPECT_TRUE(watch.look(now_ + 2 * kCompareInterval).files.empty());
}

}  // namespace
}  // namespace gateway::app
