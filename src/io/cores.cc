#include "io/cores.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>

#include <sched.h>

namespace gateway::io {
namespace {

using Cores = std::optional<std::uint32_t>;

[[nodiscard]] Cores cores_of(std::int64_t quota_us, std::int64_t period_us) noexcept {
  if (quota_us <= 0 || period_us <= 0) return std::nullopt;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, (quota_us - 1) / period_us + 1));
}

[[nodiscard]] Cores fewer(Cores one, Cores other) noexcept {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

[[nodiscard]] Cores cores_of_v2(const std::string& group) {
  std::int64_t quota_us = 0;
  std::int64_t period_us = 0;
  std::ifstream file(group + "/cpu.max");
  if (!(file >> quota_us >> period_us)) return std::nullopt;  // "max" is no number
  return cores_of(quota_us, period_us);
}

[[nodiscard]] Cores cores_of_v1(const std::string& group) {
  std::int64_t quota_us = 0;
  std::int64_t period_us = 0;
  std::ifstream quota(group + "/cpu.cfs_quota_us");
  std::ifstream period(group + "/cpu.cfs_period_us");
  if (!(quota >> quota_us) || !(period >> period_us)) return std::nullopt;
  return cores_of(quota_us, period_us);
}

// Of `path` in the hierarchy at `mount` and of all groups above it. In a container the mount may
// show its own group as the root, whatever the path says.
template <typename CoresOf>
[[nodiscard]] Cores along(const std::string& mount, std::string path, CoresOf cores_of_group) {
  Cores found = cores_of_group(mount);
  while (path.size() > 1) {
    found = fewer(found, cores_of_group(mount + path));
    path.erase(path.rfind('/'));
  }
  return found;
}

[[nodiscard]] bool lists_cpu(std::string_view controllers) noexcept {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "cpu") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

}  // namespace

std::optional<std::uint32_t> quota_cores(const std::string& root) {
  Cores found;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // hierarchy:controllers:path
    std::istringstream fields(line);
    std::string hierarchy;
    std::string controllers;
    std::string path;
    std::getline(fields, hierarchy, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    if (path.empty() || path.front() != '/') continue;
    if (hierarchy == "0" && controllers.empty()) {
      found = fewer(found, along(root + "/sys/fs/cgroup", path, cores_of_v2));
    } else if (lists_cpu(controllers)) {
      found = fewer(found, along(root + "/sys/fs/cgroup/cpu", path, cores_of_v1));
    }
  }
  return found;
}

std::uint32_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
  // A machine of more cores than the set holds is refused, and has them all.
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    cores = static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&set)));
  }
  return std::min(cores, quota_cores("").value_or(cores));
}

}  // namespace gateway::io
