#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "io/file_system.h"

namespace gateway::io {
namespace {

constexpr std::size_t kPartsPerCallMax = 512;  // below IOV_MAX

[[nodiscard]] IoError last_error() noexcept { return IoError{errno}; }

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  const int fd_;
};

[[nodiscard]] int open_retrying(const char* path, int flags) noexcept {
  int fd = -1;
  do {
    fd = ::open(path, flags | O_CLOEXEC, 0640);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

[[nodiscard]] IoResult<void> sync_descriptor(int fd, bool data_only) {
  int status = 0;
  do {
    status = data_only ? ::fdatasync(fd) : ::fsync(fd);
  } while (status != 0 && errno == EINTR);
  if (status != 0) return fail(last_error());
  return {};
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, bool direct) noexcept : fd_(fd), direct_(direct) {}

  [[nodiscard]] IoResult<std::size_t> read_at(std::uint64_t offset,
                                              std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(fd_.get(), into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail(last_error());
      done += static_cast<std::size_t>(got);
      // A direct read that stops between blocks has met the end of the file.
      if (got == 0 || (direct_ && done % kDirectAlignmentBytes != 0)) break;
    }
    return done;
  }

  [[nodiscard]] IoResult<void> write_at(
      std::uint64_t offset, std::span<const std::span<const std::byte>> parts) override {
    std::size_t part = 0;     // the first part that is not wholly written
    std::size_t in_part = 0;  // bytes of it that are
    while (true) {
      while (part < parts.size() && in_part == parts[part].size()) {
        ++part;
        in_part = 0;
      }
      if (part == parts.size()) return {};
      std::array<iovec, kPartsPerCallMax> vectors{};
      std::size_t count = 0;
      std::size_t skip = in_part;
      for (std::size_t i = part; i < parts.size() && count < vectors.size(); ++i) {
        const std::span<const std::byte> rest = parts[i].subspan(skip);
        skip = 0;
        if (rest.empty()) continue;
        vectors[count++] = {const_cast<std::byte*>(rest.data()), rest.size()};
      }
      const ssize_t put =
          ::pwritev(fd_.get(), vectors.data(), static_cast<int>(count), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return fail(last_error());
      auto advance = static_cast<std::size_t>(put);
      // The rest of a short direct write begins on a block again; what is between is rewritten.
      if (direct_) advance = advance / kDirectAlignmentBytes * kDirectAlignmentBytes;
      if (advance == 0) return fail(IoError{EIO});
      offset += advance;
      while (advance != 0) {
        const std::size_t step = std::min(advance, parts[part].size() - in_part);
        in_part += step;
        advance -= step;
        if (in_part == parts[part].size() && advance != 0) {
          ++part;
          in_part = 0;
        }
      }
    }
  }

  [[nodiscard]] IoResult<void> sync() override { return sync_descriptor(fd_.get(), true); }

  [[nodiscard]] IoResult<void> preallocate(std::uint64_t size_bytes) override {
    int status = 0;
    do {
      status = ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size_bytes));
    } while (status != 0 && errno == EINTR);
    if (status != 0 && errno != EOPNOTSUPP) return fail(last_error());
    if (status != 0) {  // a file system without extents: at least the size
      const auto now = size();
      if (!now) return fail(now.error());
      if (*now < size_bytes) {
        if (auto grown = truncate(size_bytes); !grown) return grown;
      }
    }
    return sync_descriptor(fd_.get(), false);
  }

  [[nodiscard]] IoResult<void> truncate(std::uint64_t size_bytes) override {
    int status = 0;
    do {
      status = ::ftruncate(fd_.get(), static_cast<off_t>(size_bytes));
    } while (status != 0 && errno == EINTR);
    if (status != 0) return fail(last_error());
    return {};
  }

  [[nodiscard]] IoResult<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return fail(last_error());
    return static_cast<std::uint64_t>(status.st_size);
  }

  [[nodiscard]] bool direct() const noexcept override { return direct_; }

 private:
  const Descriptor fd_;
  const bool direct_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int fd) noexcept : fd_(fd) {}

 private:
  const Descriptor fd_;
};

class PosixFileSystem final : public FileSystem {
 public:
  [[nodiscard]] IoResult<std::unique_ptr<File>> open(const std::string& path,
                                                     OpenOptions options) override {
    int flags = options.write ? O_RDWR : O_RDONLY;
    if (options.create) flags |= O_CREAT;
    if (options.direct) {
      const int fd = open_retrying(path.c_str(), flags | O_DIRECT);
      if (fd >= 0) return std::make_unique<PosixFile>(fd, true);
      if (errno != EINVAL && errno != EOPNOTSUPP) return fail(last_error());
    }
    const int fd = open_retrying(path.c_str(), flags);
    if (fd < 0) return fail(last_error());
    return std::make_unique<PosixFile>(fd, false);
  }

  [[nodiscard]] IoResult<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail(last_error());
    return {};
  }

  [[nodiscard]] IoResult<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return fail(last_error());
    return {};
  }

  [[nodiscard]] IoResult<void> create_directories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return fail(IoError{error.value()});
    return {};
  }

  [[nodiscard]] IoResult<void> sync_directory(const std::string& path) override {
    const Descriptor fd(open_retrying(path.c_str(), O_RDONLY | O_DIRECTORY));
    if (fd.get() < 0) return fail(last_error());
    return sync_descriptor(fd.get(), false);
  }

  [[nodiscard]] IoResult<std::vector<std::string>> list(const std::string& path) override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator at(path, error);
    for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
      std::error_code ignored;
      if (at->is_regular_file(ignored)) names.push_back(at->path().filename().string());
    }
    if (error) return fail(IoError{error.value()});
    std::sort(names.begin(), names.end());
    return names;
  }

  [[nodiscard]] IoResult<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    const int fd = open_retrying(path.c_str(), O_RDWR | O_CREAT);
    if (fd < 0) return fail(last_error());
    auto held = std::make_unique<PosixLock>(fd);
    int status = 0;
    do {
      status = ::flock(fd, LOCK_EX | LOCK_NB);
    } while (status != 0 && errno == EINTR);
    if (status != 0) return fail(last_error());
    return held;
  }
};

}  // namespace

std::string IoError::message() const { return std::generic_category().message(code); }

FileSystem& real_file_system() noexcept {
  static PosixFileSystem files;
  return files;
}

}  // namespace gateway::io
