// How many cores this process may keep busy: those it may run on, and no more than its control
// group lets it have. In a container with `limits.cpu: 2` on a machine of 64 cores that is two.
//
// Units:   whole cores; a quota of one and a half is two.
// Errors:  none; what cannot be read limits nothing.
// Threads: any.
// Source:  sched(7); cgroup v2 `cpu.max` (quota and period in microseconds, or "max"), of the group
//          and all above it; cgroup v1 `cpu.cfs_quota_us` (-1: none) and `cpu.cfs_period_us`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gateway::io {

// At least 1.
[[nodiscard]] std::uint32_t usable_cores();

// What the control groups allow, by the files below `root`; nothing when they limit nothing.
[[nodiscard]] std::optional<std::uint32_t> quota_cores(const std::string& root);

}  // namespace gateway::io
