#include "storage/surplus_files.h"

#include "telemetry/log.h"

namespace gateway::storage {

void remove_file(io::FileSystem& files, const std::string& path) {
  if (auto removed = files.remove(path); !removed) {
    telemetry::log_warn("storage", "cannot remove a file",
                        {{"path", path}, {"error", removed.error().message()}});
  }
}

void SurplusFiles::remove() {
  const std::lock_guard removing(remove_mutex_);
  std::vector<std::string> paths;
  std::uint64_t size = 0;
  {
    const std::lock_guard lock(mutex_);
    paths.swap(paths_);
    size = size_bytes_;
  }
  for (const std::string& path : paths) remove_file(files_, path);
  const std::lock_guard lock(mutex_);
  size_bytes_ -= size;
}

}  // namespace gateway::storage
