#include "io/memory_file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <shared_mutex>
#include <utility>

namespace gateway::io {

class MemoryFileSystem::Content {
 public:
  [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::byte> into) const {
    const std::shared_lock lock(mutex_);
    if (offset >= size_bytes_) return 0;
    const auto total =
        static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_bytes_ - offset));
    for_each_piece(
        offset, total,
        [&](std::uint64_t index, std::size_t in_chunk, std::size_t done, std::size_t size) {
          const auto chunk = chunks_.find(index);
          if (chunk == chunks_.end()) {
            std::fill_n(into.begin() + static_cast<std::ptrdiff_t>(done), size, std::byte{0});
          } else {
            std::copy_n(chunk->second->begin() + static_cast<std::ptrdiff_t>(in_chunk), size,
                        into.begin() + static_cast<std::ptrdiff_t>(done));
          }
        });
    return total;
  }

  void write(std::uint64_t offset, std::span<const std::byte> bytes) {
    const std::unique_lock lock(mutex_);
    for_each_piece(
        offset, bytes.size(),
        [&](std::uint64_t index, std::size_t in_chunk, std::size_t done, std::size_t size) {
          auto& chunk = chunks_[index];
          if (chunk == nullptr) chunk = std::make_unique<Chunk>();
          std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(done), size,
                      chunk->begin() + static_cast<std::ptrdiff_t>(in_chunk));
        });
    size_bytes_ = std::max(size_bytes_, offset + bytes.size());
  }

  void grow(std::uint64_t size_bytes) {
    const std::unique_lock lock(mutex_);
    size_bytes_ = std::max(size_bytes_, size_bytes);
  }

  void truncate(std::uint64_t size_bytes) {
    const std::unique_lock lock(mutex_);
    size_bytes_ = size_bytes;
    const std::uint64_t kept = (size_bytes + kMemoryChunkSizeBytes - 1) / kMemoryChunkSizeBytes;
    chunks_.erase(chunks_.lower_bound(kept), chunks_.end());
    const auto rest = static_cast<std::ptrdiff_t>(size_bytes % kMemoryChunkSizeBytes);
    if (rest == 0) return;
    const auto last = chunks_.find(size_bytes / kMemoryChunkSizeBytes);
    if (last != chunks_.end()) {
      std::fill(last->second->begin() + rest, last->second->end(), std::byte{0});
    }
  }

  [[nodiscard]] std::uint64_t size() const {
    const std::shared_lock lock(mutex_);
    return size_bytes_;
  }

 private:
  using Chunk = std::array<std::byte, kMemoryChunkSizeBytes>;

  // Calls f(chunk index, offset in the chunk, bytes done before, bytes) for each part of a range.
  template <typename F>
  static void for_each_piece(std::uint64_t offset, std::size_t size_bytes, F&& f) {
    for (std::size_t done = 0; done < size_bytes;) {
      const std::uint64_t at = offset + done;
      const auto in_chunk = static_cast<std::size_t>(at % kMemoryChunkSizeBytes);
      const std::size_t size = std::min(size_bytes - done, kMemoryChunkSizeBytes - in_chunk);
      f(at / kMemoryChunkSizeBytes, in_chunk, done, size);
      done += size;
    }
  }

  mutable std::shared_mutex mutex_;
  std::map<std::uint64_t, std::unique_ptr<Chunk>> chunks_;
  std::uint64_t size_bytes_ = 0;
};

class MemoryFileSystem::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<Content> content, bool write)
      : content_(std::move(content)), write_(write) {}
  [[nodiscard]] IoResult<std::size_t> read_at(std::uint64_t offset,
                                              std::span<std::byte> into) override {
    return content_->read(offset, into);
  }
  [[nodiscard]] IoResult<void> write_at(
      std::uint64_t offset, std::span<const std::span<const std::byte>> parts) override {
    if (!write_) return fail(IoError{EBADF});
    for (const std::span<const std::byte> part : parts) {
      content_->write(offset, part);
      offset += part.size();
    }
    return {};
  }
  [[nodiscard]] IoResult<void> sync() override { return {}; }
  [[nodiscard]] IoResult<void> preallocate(std::uint64_t size_bytes) override {
    if (!write_) return fail(IoError{EBADF});
    content_->grow(size_bytes);
    return {};
  }
  [[nodiscard]] IoResult<void> truncate(std::uint64_t size_bytes) override {
    if (!write_) return fail(IoError{EBADF});
    content_->truncate(size_bytes);
    return {};
  }
  [[nodiscard]] IoResult<std::uint64_t> size() override { return content_->size(); }
  [[nodiscard]] bool direct() const noexcept override { return false; }

 private:
  const std::shared_ptr<Content> content_;
  const bool write_;
};

class MemoryFileSystem::Lock final : public FileLock {
 public:
  Lock(MemoryFileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  ~Lock() override {
    const std::lock_guard lock(files_.mutex_);
    files_.locks_.erase(path_);
  }

 private:
  MemoryFileSystem& files_;
  const std::string path_;
};

MemoryFileSystem::MemoryFileSystem() = default;
MemoryFileSystem::~MemoryFileSystem() = default;

IoResult<std::unique_ptr<File>> MemoryFileSystem::open(const std::string& path,
                                                       OpenOptions options) {
  const std::lock_guard lock(mutex_);
  auto at = files_.find(path);
  if (at == files_.end()) {
    if (!options.create) return fail(IoError{ENOENT});
    at = files_.emplace(path, std::make_shared<Content>()).first;
  }
  return std::make_unique<OpenFile>(at->second, options.write);
}

IoResult<void> MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  auto node = files_.extract(from);
  if (node.empty()) return fail(IoError{ENOENT});
  files_[to] = std::move(node.mapped());
  return {};
}

IoResult<void> MemoryFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (files_.erase(path) == 0) return fail(IoError{ENOENT});
  return {};
}

IoResult<void> MemoryFileSystem::create_directories(const std::string& /*path*/) { return {}; }
IoResult<void> MemoryFileSystem::sync_directory(const std::string& /*path*/) { return {}; }

IoResult<std::vector<std::string>> MemoryFileSystem::list(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const std::string prefix = path + "/";
  std::vector<std::string> names;
  for (const auto& [name, content] : files_) {
    if (name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos) {
      names.push_back(name.substr(prefix.size()));
    }
  }
  return names;
}

IoResult<std::unique_ptr<FileLock>> MemoryFileSystem::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!locks_.insert(path).second) return fail(IoError{EWOULDBLOCK});
  return std::make_unique<Lock>(*this, path);
}

}  // namespace gateway::io
