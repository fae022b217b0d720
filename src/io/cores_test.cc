#include "io/cores.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>

namespace gateway::io {
namespace {

class CoresTest : public ::testing::Test {
 protected:
  CoresTest() : root_(::testing::TempDir() + "cores") {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~CoresTest() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }
  const std::string root_;
};

// Goal: the quota of cgroup v2, rounded up. Method: as a container sees it, at the root of the
// hierarchy.
TEST_F(CoresTest, VersionTwo) {
  EXPECT_EQ(quota_cores(root_), std::nullopt);
  write("/proc/self/cgroup", "0::/");
  EXPECT_EQ(quota_cores(root_), std::nullopt);
  write("/sys/fs/cgroup/cpu.max", "max 100000");
  EXPECT_EQ(quota_cores(root_), std::nullopt);
  write("/sys/fs/cgroup/cpu.max", "200000 100000");
  EXPECT_EQ(quota_cores(root_), 2U);
  write("/sys/fs/cgroup/cpu.max", "150000 100000");
  EXPECT_EQ(quota_cores(root_), 2U);
  write("/sys/fs/cgroup/cpu.max", "20000 100000");
  EXPECT_EQ(quota_cores(root_), 1U);
  write("/sys/fs/cgroup/cpu.max", "what is this");
  EXPECT_EQ(quota_cores(root_), std::nullopt);
}

// Goal: a group above limits too. Method: a service of systemd within a slice that has less.
TEST_F(CoresTest, TheGroupsAboveCount) {
  write("/proc/self/cgroup", "0::/otlp.slice/otlp-service.service");
  write("/sys/fs/cgroup/otlp.slice/otlp-service.service/cpu.max", "800000 100000");
  EXPECT_EQ(quota_cores(root_), 8U);
  write("/sys/fs/cgroup/otlp.slice/cpu.max", "300000 100000");
  EXPECT_EQ(quota_cores(root_), 3U);
}

// Goal: cgroup v1. Method: a path that the mount does not have, as in a container; a hierarchy of
// cpusets, which is another.
TEST_F(CoresTest, VersionOne) {
  write("/proc/self/cgroup", "7:cpuset:/kubepods/pod1\n3:cpu,cpuacct:/kubepods/pod1\n0::/x");
  write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1");
  write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(quota_cores(root_), std::nullopt);
  write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "250000");
  EXPECT_EQ(quota_cores(root_), 3U);
}

// Goal: a process held on one core has one. Method: a thread of this one.
TEST(UsableCores, AreThoseThisThreadMayRunOn) {
  std::thread([] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &set);
    ASSERT_EQ(::sched_setaffinity(0, sizeof set, &set), 0);
    EXPECT_EQ(usable_cores(), 1U);
  }).join();
  EXPECT_GE(usable_cores(), 1U);
}

}  // namespace
}  // namespace gateway::io
