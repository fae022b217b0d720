#include "io/file_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>

#include <sys/inotify.h>
#include <unistd.h>

namespace gateway::io {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

class InotifyWatch final : public FileWatch {
 public:
  InotifyWatch() : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}
  InotifyWatch(const InotifyWatch&) = delete;
  InotifyWatch& operator=(const InotifyWatch&) = delete;
  ~InotifyWatch() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  void watch(const std::vector<std::string>& directories) override {
    if (descriptor_ < 0) return;
    std::map<std::string, int> watched;
    for (const std::string& directory : directories) {
      // For a directory that is watched already this gives the number that it has.
      const int number = ::inotify_add_watch(descriptor_, directory.c_str(), kEvents);
      if (number >= 0) watched.emplace(directory, number);
    }
    for (const auto& before : watched_) {
      const bool is_wanted = std::any_of(watched.begin(), watched.end(), [&](const auto& now) {
        return now.second == before.second;
      });
      if (!is_wanted) ::inotify_rm_watch(descriptor_, before.second);
    }
    watched_ = std::move(watched);
  }

  [[nodiscard]] bool changed() override {
    if (descriptor_ < 0) return false;
    bool found = false;
    alignas(inotify_event) std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t size = ::read(descriptor_, buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return found;
      found = true;
    }
  }

 private:
  const int descriptor_;
  std::map<std::string, int> watched_;
};

}  // namespace

std::unique_ptr<FileWatch> make_file_watch() { return std::make_unique<InotifyWatch>(); }

std::vector<std::string> directories_of(const std::string& path) {
  std::vector<std::string> directories;
  const auto add = [&](const fs::path& directory) {
    std::string text = directory.empty() ? "." : directory.string();
    if (std::find(directories.begin(), directories.end(), text) == directories.end()) {
      directories.push_back(std::move(text));
    }
  };
  std::error_code error;
  const fs::path named(path);
  const bool is_directory = fs::is_directory(named, error);
  add(is_directory ? named : named.parent_path());
  const fs::path real = fs::canonical(named, error);
  if (!error) add(is_directory ? real : real.parent_path());
  return directories;
}

}  // namespace gateway::io
