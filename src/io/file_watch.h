// Whether anything has changed in some directories: what a reload looks for.
//
//   FileWatch : says that something changed, not what; who asks compares contents.
//
// The real one is inotify on directories, not on files: editors and Kubernetes put a new file or a
// new symlink in the old one's place. The twin changes when told to.
//
// Errors:  a directory that cannot be watched is left out: who relies on it also looks by himself
//          now and then (some file systems tell nothing at all).
// Threads: one.
// Source:  inotify(7).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gateway::io {

class FileWatch {
 public:
  virtual ~FileWatch() = default;
  // These, instead of those before.
  virtual void watch(const std::vector<std::string>& directories) = 0;
  // Since the last call. Never waits.
  [[nodiscard]] virtual bool changed() = 0;
};

[[nodiscard]] std::unique_ptr<FileWatch> make_file_watch();

class ManualFileWatch final : public FileWatch {
 public:
  void watch(const std::vector<std::string>& directories) override { watched = directories; }
  [[nodiscard]] bool changed() override { return std::exchange(has_changed, false); }
  std::vector<std::string> watched;
  bool has_changed = false;
};

// Where a change of `path` shows: the directory that names it (or itself, if it is one), and where
// that leads over symlinks, the directory of what it names.
[[nodiscard]] std::vector<std::string> directories_of(const std::string& path);

}  // namespace gateway::io
