#include "exporter/rotating_file.h"

#include <cerrno>
#include <utility>

#include "telemetry/log.h"

namespace gateway::exporter {

namespace {

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

FileFailure failure(const char* what, const std::string& path, const io::IoError& error) {
  return {std::string(what) + " " + path + ": " + error.message()};
}

}  // namespace

RotatingFile::RotatingFile(io::FileSystem& files, std::string path, std::uint64_t size_bytes_max,
                           std::uint32_t backup_count_max, EndOfEntries end_of_entries)
    : files_(files),
      path_(std::move(path)),
      directory_(directory_of(path_)),
      size_bytes_max_(size_bytes_max),
      backup_count_max_(backup_count_max),
      end_of_entries_(std::move(end_of_entries)) {}

Result<void, FileFailure> RotatingFile::open() {
  if (file_) return {};
  if (const auto made = files_.create_directories(directory_); !made) {
    return fail(failure("create", directory_, made.error()));
  }
  auto opened = files_.open(path_, {.write = true, .create = true});
  if (!opened) return fail(failure("open", path_, opened.error()));
  std::shared_ptr<io::File> file = std::move(*opened);
  const auto size = file->size();
  if (!size) return fail(failure("measure", path_, size.error()));
  if (const auto synced = files_.sync_directory(directory_); !synced) {
    return fail(failure("sync", directory_, synced.error()));
  }
  const auto end = *size == 0 ? 0 : end_of_entries_(file, *size);
  if (!end && backup_count_max_ != 0) {
    telemetry::log_warn("exporter", "a file holds something else than whole entries: put aside",
                        {{"path", path_}});
    return rotate();
  }
  if (end && *end != *size) {
    // Never acknowledged. Left there, it would take what is written next for its own rest.
    telemetry::log_warn("exporter", "an entry that was cut off is removed",
                        {{"path", path_}, {"size_bytes", *size - *end}});
    if (const auto cut = file->truncate(*end); !cut) {
      return fail(failure("truncate", path_, cut.error()));
    }
  }
  file_ = std::move(file);
  size_bytes_ = end.value_or(*size);
  return {};
}

Result<void, FileFailure> RotatingFile::append(std::span<const std::span<const std::byte>> parts) {
  std::uint64_t entry_bytes = 0;
  for (const auto& part : parts) entry_bytes += part.size();
  if (auto opened = open(); !opened) return opened;
  if (size_bytes_ != 0 && size_bytes_ + entry_bytes > size_bytes_max_) {
    if (auto rotated = rotate(); !rotated) return rotated;
  }
  const char* what = "write";
  auto done = file_->write_at(size_bytes_, parts);
  if (done) {
    what = "sync";
    done = file_->sync();
  }
  if (!done) {
    // Best effort: should this fail too, the next entry overwrites what is there of this one.
    static_cast<void>(file_->truncate(size_bytes_));
    return fail(failure(what, path_, done.error()));
  }
  size_bytes_ += entry_bytes;
  return {};
}

Result<void, FileFailure> RotatingFile::rotate() {
  file_.reset();
  const auto backup = [this](std::uint32_t number) { return path_ + "." + std::to_string(number); };
  if (backup_count_max_ == 0) {
    if (const auto removed = files_.remove(path_); !removed) {
      return fail(failure("remove", path_, removed.error()));
    }
    return open();
  }
  for (std::uint32_t number = backup_count_max_; number-- > 0;) {
    const std::string from = number == 0 ? path_ : backup(number);
    const auto renamed = files_.rename(from, backup(number + 1));
    // Fewer backups than may be: that one is not there yet.
    if (!renamed && renamed.error().code != ENOENT) {
      return fail(failure("rename", from, renamed.error()));
    }
  }
  return open();
}

}  // namespace gateway::exporter
