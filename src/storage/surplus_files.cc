#include "storage/surplus_files.h"

#include "base/assert.h"
#include "telemetry/log.h"

namespace gateway::storage {

void remove_file(io::FileSystem& files, const std::string& path) {
  if (auto removed = files.remove(path); !removed) {
    telemetry::log_warn("storage", "cannot remove a file",
                        {{"path", path}, {"error", removed.error().message()}});
  }
}

bool SurplusFiles::shorten(const Waiting& file) {
  // Its new name comes first, or a crash would leave a segment that is cut short.
  if (!file.begun) {
    const std::size_t slash = file.path.rfind('/');
    GATEWAY_ASSERT(slash != std::string::npos);
    if (!files_.sync_directory(file.path.substr(0, slash))) return false;
  }
  auto opened = files_.open(file.path, {.write = true});
  return opened && (*opened)->truncate(file.size_bytes - kRemoveStepSizeBytes);
}

std::optional<std::chrono::milliseconds> SurplusFiles::remove_some() {
  const std::lock_guard removing(remove_mutex_);
  Waiting file;
  {
    const std::lock_guard lock(mutex_);
    if (files_waiting_.empty()) return std::nullopt;
    file = files_waiting_.front();
  }
  // What cannot be shortened goes at once.
  const bool last = file.size_bytes <= kRemoveStepSizeBytes || !shorten(file);
  if (last) remove_file(files_, file.path);
  const std::uint64_t gone = last ? file.size_bytes : kRemoveStepSizeBytes;
  const std::lock_guard lock(mutex_);
  size_bytes_ -= gone;
  if (last) {
    files_waiting_.pop_front();
  } else {
    files_waiting_.front().size_bytes -= gone;
    files_waiting_.front().begun = true;
  }
  if (files_waiting_.empty()) return std::nullopt;
  return size_bytes_ > kRemoveBehindSizeBytes ? std::chrono::milliseconds(0) : kRemovePause;
}

void SurplusFiles::remove() {
  const std::lock_guard removing(remove_mutex_);
  std::deque<Waiting> files;
  std::uint64_t size = 0;
  {
    const std::lock_guard lock(mutex_);
    files.swap(files_waiting_);
    size = size_bytes_;
  }
  for (const Waiting& file : files) remove_file(files_, file.path);
  const std::lock_guard lock(mutex_);
  size_bytes_ -= size;
}

}  // namespace gateway::storage
