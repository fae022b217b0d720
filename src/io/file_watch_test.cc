#include "io/file_watch.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace gateway::io {
namespace {

namespace fs = std::filesystem;

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() {
    std::string made = testing::TempDir() + "watch-XXXXXX";
    folder_ = ::mkdtemp(made.data());
  }
  ~FileWatchTest() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::unique_ptr<FileWatch> watch(const std::string& name) {
    auto made = make_file_watch();
    made->watch(directories_of((folder_ / name).string()));
    EXPECT_FALSE(made->changed());
    return made;
  }
  fs::path folder_;
};

// Goal: a file that is written, replaced or removed is seen. Method: one after the other.
TEST_F(FileWatchTest, SeesAFileWrittenReplacedAndRemoved) {
  write("gateway.yaml", "a");
  const auto watch = this->watch("gateway.yaml");
  write("gateway.yaml", "b");
  EXPECT_TRUE(watch->changed());
  EXPECT_FALSE(watch->changed());
  write("gateway.yaml.new", "c");
  fs::rename(folder_ / "gateway.yaml.new", folder_ / "gateway.yaml");
  EXPECT_TRUE(watch->changed());
  fs::remove(folder_ / "gateway.yaml");
  EXPECT_TRUE(watch->changed());
}

// Goal: a volume of Kubernetes is seen to change. Method: as kubelet does it: a file is a symlink
// through ..data, which is replaced by another symlink.
TEST_F(FileWatchTest, SeesASymlinkSwappedAsKubernetesDoes) {
  fs::create_directory(folder_ / "..one");
  write("..one/gateway.yaml", "a");
  fs::create_directory_symlink("..one", folder_ / "..data");
  fs::create_symlink("..data/gateway.yaml", folder_ / "gateway.yaml");
  const auto watch = this->watch("gateway.yaml");
  fs::create_directory(folder_ / "..two");
  write("..two/gateway.yaml", "b");
  static_cast<void>(watch->changed());
  fs::create_directory_symlink("..two", folder_ / "..data_tmp");
  fs::rename(folder_ / "..data_tmp", folder_ / "..data");
  EXPECT_TRUE(watch->changed());
}

// Goal: a change behind a symlink is seen. Method: the file lies in another directory.
TEST_F(FileWatchTest, SeesAChangeWhereASymlinkLeads) {
  fs::create_directory(folder_ / "real");
  fs::create_directory(folder_ / "named");
  write("real/gateway.yaml", "a");
  fs::create_symlink("../real/gateway.yaml", folder_ / "named/gateway.yaml");
  const auto watch = this->watch("named/gateway.yaml");
  write("real/gateway.yaml", "b");
  EXPECT_TRUE(watch->changed());
}

// Goal: what is watched no longer is silent, and what cannot be watched does no harm.
TEST_F(FileWatchTest, WatchesWhatItWasLastTold) {
  fs::create_directory(folder_ / "one");
  fs::create_directory(folder_ / "two");
  const auto watch = this->watch("one/gateway.yaml");
  watch->watch({(folder_ / "two").string(), (folder_ / "missing").string()});
  static_cast<void>(watch->changed());  // the end of a watch is an event
  write("one/gateway.yaml", "a");
  EXPECT_FALSE(watch->changed());
  write("two/gateway.yaml", "a");
  EXPECT_TRUE(watch->changed());
}

}  // namespace
}  // namespace gateway::io
