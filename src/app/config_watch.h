// When the configuration's files, or files that it names, have new content.
//
// A change in their directories is left to settle, then contents are compared, so that neither a
// half-written file nor an unrelated one makes a reload. Contents are also compared now and then
// without being told: not every file system tells.
//
// Errors:  none; a file that cannot be read has no content.
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"
#include "io/file_watch.h"

namespace gateway::app {

// Changes have settled when nothing has happened for so long, or so long after the first.
inline constexpr std::chrono::milliseconds kSettleTime{500};
inline constexpr std::chrono::milliseconds kSettleTimeMax{5'000};
// Contents are compared at least this often.
inline constexpr std::chrono::seconds kCompareInterval{10};

class ConfigWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `watch` outlives it.
  ConfigWatch(config::LoadRequest request, io::FileWatch& watch);

  // The files that the configuration in force names: certificates, keys. Of one that is followed
  // already a change is still told: not every user of it is begun again by a reload.
  void follow(const std::vector<std::string>& files, TimePoint now);

  struct Seen {
    bool config = false;             // load() would read something else than last time
    std::vector<std::string> files;  // followed ones with other content than last time
  };
  // Called about once a second. What is told is told once.
  [[nodiscard]] Seen look(TimePoint now);

 private:
  [[nodiscard]] std::uint64_t content_of(const std::string& file) const;
  void watch_directories();

  const config::LoadRequest request_;
  io::FileWatch& watch_;
  std::vector<config::SourceText> sources_;
  std::map<std::string, std::uint64_t> files_;  // to a hash of their content
  std::optional<TimePoint> first_change_;
  TimePoint last_change_{};
  TimePoint compare_at_{};
};

}  // namespace gateway::app
