#include "io/sim_file_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.h"

namespace gateway::io {
namespace {

[[nodiscard]] int code_of(SimFault fault) noexcept {
  return fault == SimFault::io_error ? EIO : ENOSPC;
}

[[nodiscard]] std::ptrdiff_t signed_of(std::uint64_t value) noexcept {
  return static_cast<std::ptrdiff_t>(value);
}

}  // namespace

class SimFileSystem::OpenFile final : public File {
 public:
  OpenFile(SimFileSystem& files, std::shared_ptr<Inode> inode, OpenOptions options)
      : files_(files), inode_(std::move(inode)), options_(options), generation_(files.generation_) {
    ++files_.open_files_;
  }
  ~OpenFile() override {
    const std::lock_guard lock(files_.mutex_);
    --files_.open_files_;
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] IoResult<std::size_t> read_at(std::uint64_t offset,
                                              std::span<std::byte> into) override {
    const std::lock_guard lock(files_.mutex_);
    if (generation_ != files_.generation_) return fail(IoError{EIO});
    check_alignment(offset, into.data(), into.size());
    const auto& bytes = inode_->current;
    if (offset >= bytes.size()) return std::size_t{0};
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), bytes.size() - offset));
    const auto bad = inode_->unreadable_blocks.lower_bound(offset / kDirectAlignmentBytes);
    if (bad != inode_->unreadable_blocks.end() && *bad * kDirectAlignmentBytes < offset + size) {
      return fail(IoError{EIO});
    }
    std::copy_n(bytes.begin() + signed_of(offset), size, into.begin());
    return size;
  }

  [[nodiscard]] IoResult<void> write_at(
      std::uint64_t offset, std::span<const std::span<const std::byte>> parts) override {
    const std::lock_guard lock(files_.mutex_);
    if (generation_ != files_.generation_ || !options_.write) return fail(IoError{EIO});
    Change change;
    change.offset = offset;
    for (const std::span<const std::byte> part : parts) {
      check_alignment(offset + change.bytes.size(), part.data(), part.size());
      change.bytes.insert(change.bytes.end(), part.begin(), part.end());
    }
    const auto fault = files_.next_fault();
    if (fault) {
      // Whatever the error, any part may have reached the file.
      const std::uint64_t kept =
          *fault == SimFault::no_space
              ? 0
              : files_.random_.below(change.bytes.size() + 1) / kSectorSizeBytes * kSectorSizeBytes;
      change.bytes.resize(static_cast<std::size_t>(kept));
      if (!change.bytes.empty()) write(std::move(change));
      return fail(IoError{code_of(*fault)});
    }
    if (!files_.room_for(*inode_, offset + change.bytes.size())) return fail(IoError{ENOSPC});
    write(std::move(change));
    return {};
  }

  [[nodiscard]] IoResult<void> sync() override {
    const std::lock_guard lock(files_.mutex_);
    if (generation_ != files_.generation_) return fail(IoError{EIO});
    const auto fault = files_.next_fault();
    std::vector<Change> unsynced = std::exchange(inode_->unsynced, {});
    if (!fault) {
      for (const Change& change : unsynced) apply(change, inode_->durable);
      return {};
    }
    for (Change& change : unsynced) {
      switch (files_.random_.below(3)) {
        case 0:
          apply(change, inode_->durable);
          break;
        case 1:
          inode_->unsynced.push_back(std::move(change));
          break;
        default:  // lost, and no later sync will tell
          break;
      }
    }
    return fail(IoError{code_of(*fault)});
  }

  [[nodiscard]] IoResult<void> preallocate(std::uint64_t size_bytes) override {
    const std::lock_guard lock(files_.mutex_);
    if (generation_ != files_.generation_ || !options_.write) return fail(IoError{EIO});
    if (const auto fault = files_.next_fault()) return fail(IoError{code_of(*fault)});
    if (!files_.room_for(*inode_, size_bytes)) return fail(IoError{ENOSPC});
    for (auto* bytes : {&inode_->current, &inode_->durable}) {
      bytes->resize(std::max<std::size_t>(bytes->size(), size_bytes));
    }
    return {};
  }

  [[nodiscard]] IoResult<void> truncate(std::uint64_t size_bytes) override {
    const std::lock_guard lock(files_.mutex_);
    if (generation_ != files_.generation_ || !options_.write) return fail(IoError{EIO});
    if (const auto fault = files_.next_fault()) return fail(IoError{code_of(*fault)});
    if (!files_.room_for(*inode_, size_bytes)) return fail(IoError{ENOSPC});
    write(Change{true, size_bytes, {}});
    return {};
  }

  [[nodiscard]] IoResult<std::uint64_t> size() override {
    const std::lock_guard lock(files_.mutex_);
    if (generation_ != files_.generation_) return fail(IoError{EIO});
    return inode_->current.size();
  }

  [[nodiscard]] bool direct() const noexcept override { return options_.direct; }

 private:
  // A real disk would answer EINVAL, and a test would not say why.
  void check_alignment(std::uint64_t offset, const std::byte* data, std::size_t size) const {
    if (!options_.direct) return;
    GATEWAY_ASSERT(offset % kDirectAlignmentBytes == 0 && size % kDirectAlignmentBytes == 0);
    GATEWAY_ASSERT(reinterpret_cast<std::uintptr_t>(data) % kDirectAlignmentBytes == 0);
  }
  void write(Change change) {
    apply(change, inode_->current);
    inode_->unsynced.push_back(std::move(change));
  }

  SimFileSystem& files_;
  const std::shared_ptr<Inode> inode_;
  const OpenOptions options_;
  const std::uint64_t generation_;
};

class SimFileSystem::Lock final : public FileLock {
 public:
  Lock(SimFileSystem& files, std::string path)
      : files_(files), path_(std::move(path)), generation_(files.generation_) {}
  ~Lock() override {
    const std::lock_guard lock(files_.mutex_);
    if (generation_ == files_.generation_) files_.locks_.erase(path_);
  }

 private:
  SimFileSystem& files_;
  const std::string path_;
  const std::uint64_t generation_;
};

SimFileSystem::SimFileSystem(std::uint64_t seed) : random_(seed), steps_(1) {}
SimFileSystem::~SimFileSystem() = default;

void SimFileSystem::apply(const Change& change, std::vector<std::byte>& to) {
  if (change.truncate) {
    to.resize(change.offset);
    return;
  }
  to.resize(std::max<std::size_t>(to.size(), change.offset + change.bytes.size()));
  std::copy(change.bytes.begin(), change.bytes.end(), to.begin() + signed_of(change.offset));
}

void SimFileSystem::apply_torn(const Change& change, std::vector<std::byte>& to) {
  switch (random_.below(4)) {
    case 0:
      return;
    case 1:
      apply(change, to);
      return;
    default:
      break;
  }
  if (change.truncate) return;
  // Any sectors, in no order; or, as often, a prefix.
  const bool prefix = random_.below(2) == 0;
  const std::uint64_t sectors = change.bytes.size() / kSectorSizeBytes + 1;
  const std::uint64_t cut = random_.below(sectors);
  for (std::uint64_t sector = 0; sector < sectors; ++sector) {
    if (prefix ? sector >= cut : random_.below(2) == 0) continue;
    const std::uint64_t begin = sector * kSectorSizeBytes;
    const std::uint64_t end =
        std::min<std::uint64_t>(begin + kSectorSizeBytes, change.bytes.size());
    Change part;
    part.offset = change.offset + begin;
    part.bytes.assign(change.bytes.begin() + signed_of(begin),
                      change.bytes.begin() + signed_of(end));
    apply(part, to);
  }
}

void SimFileSystem::crash() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  locks_.clear();
  current_ = steps_[random_.below(steps_.size())];
  steps_ = {current_};
  std::set<Inode*> seen;
  for (auto& [path, inode] : current_) {
    if (!seen.insert(inode.get()).second) continue;
    for (const Change& change : inode->unsynced) apply_torn(change, inode->durable);
    inode->unsynced.clear();
    inode->current = inode->durable;
  }
}

void SimFileSystem::fail_call(std::uint64_t nth, SimFault fault, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  fail_from_ = calls_ + nth + 1;
  fail_until_ = fail_from_ + count;
  fault_ = fault;
}

void SimFileSystem::heal() {
  const std::lock_guard lock(mutex_);
  fail_from_ = fail_until_ = 0;
}

std::uint64_t SimFileSystem::call_count() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void SimFileSystem::set_capacity(std::uint64_t size_bytes) {
  const std::lock_guard lock(mutex_);
  capacity_bytes_ = size_bytes;
}

void SimFileSystem::set_open_files_max(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  open_files_max_ = count;
}

void SimFileSystem::refuse_open(const std::string& path, int code) {
  const std::lock_guard lock(mutex_);
  refused_opens_[path] = code;
}

void SimFileSystem::fail_directory_syncs(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  directory_syncs_to_fail_ = count;
}

std::uint64_t SimFileSystem::size_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t size = 0;
  for (const auto& [path, inode] : current_) size += inode->current.size();
  return size;
}

std::optional<SimFault> SimFileSystem::next_fault() {
  ++calls_;
  if (calls_ >= fail_from_ && calls_ < fail_until_) return fault_;
  return std::nullopt;
}

bool SimFileSystem::room_for(const Inode& inode, std::uint64_t size_bytes) const {
  std::uint64_t others = 0;
  for (const auto& [path, other] : current_) {
    if (other.get() != &inode) others += other->current.size();
  }
  return std::max<std::uint64_t>(size_bytes, inode.current.size()) <=
         capacity_bytes_ - std::min(others, capacity_bytes_);
}

SimFileSystem::Inode& SimFileSystem::inode_at(const std::string& path) const {
  const auto at = current_.find(path);
  GATEWAY_ASSERT(at != current_.end());
  return *at->second;
}

void SimFileSystem::flip(const std::string& path, std::uint64_t offset, std::byte mask) {
  const std::lock_guard lock(mutex_);
  Inode& inode = inode_at(path);
  GATEWAY_ASSERT(offset < inode.current.size());
  inode.current[offset] ^= mask;
  if (offset < inode.durable.size()) inode.durable[offset] = inode.current[offset];
}

void SimFileSystem::overwrite(const std::string& path, std::uint64_t offset,
                              std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  Inode& inode = inode_at(path);
  const Change change{false, offset, {bytes.begin(), bytes.end()}};
  apply(change, inode.current);
  apply(change, inode.durable);
}

void SimFileSystem::cut(const std::string& path, std::uint64_t size_bytes) {
  const std::lock_guard lock(mutex_);
  Inode& inode = inode_at(path);
  inode.current.resize(size_bytes);
  inode.durable.resize(size_bytes);
}

void SimFileSystem::make_unreadable(const std::string& path, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  inode_at(path).unreadable_blocks.insert(offset / kDirectAlignmentBytes);
}

std::vector<std::byte> SimFileSystem::content(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return inode_at(path).current;
}

void SimFileSystem::change_directory() { steps_.push_back(current_); }

IoResult<std::unique_ptr<File>> SimFileSystem::open(const std::string& path, OpenOptions options) {
  const std::lock_guard lock(mutex_);
  if (open_files_ >= open_files_max_) return fail(IoError{EMFILE});
  if (const auto refused = refused_opens_.find(path);
      refused != refused_opens_.end() && refused->second != 0) {
    return fail(IoError{refused->second});
  }
  auto at = current_.find(path);
  if (at == current_.end()) {
    if (!options.create) return fail(IoError{ENOENT});
    if (const auto fault = next_fault()) return fail(IoError{code_of(*fault)});
    at = current_.emplace(path, std::make_shared<Inode>()).first;
    change_directory();
  }
  return std::make_unique<OpenFile>(*this, at->second, options);
}

IoResult<void> SimFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (const auto fault = next_fault()) return fail(IoError{code_of(*fault)});
  const auto at = current_.find(from);
  if (at == current_.end()) return fail(IoError{ENOENT});
  current_[to] = at->second;
  current_.erase(from);
  change_directory();
  return {};
}

IoResult<void> SimFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (const auto fault = next_fault()) return fail(IoError{code_of(*fault)});
  if (current_.erase(path) == 0) return fail(IoError{ENOENT});
  change_directory();
  return {};
}

IoResult<void> SimFileSystem::create_directories(const std::string& /*path*/) { return {}; }

IoResult<void> SimFileSystem::sync_directory(const std::string& /*path*/) {
  const std::lock_guard lock(mutex_);
  if (directory_syncs_to_fail_ != 0) {
    --directory_syncs_to_fail_;
    return fail(IoError{EIO});
  }
  if (const auto fault = next_fault()) return fail(IoError{code_of(*fault)});
  steps_ = {current_};
  return {};
}

IoResult<std::vector<std::string>> SimFileSystem::list(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const std::string prefix = path + "/";
  std::vector<std::string> names;
  for (const auto& [name, inode] : current_) {
    if (name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos) {
      names.push_back(name.substr(prefix.size()));
    }
  }
  return names;
}

IoResult<std::unique_ptr<FileLock>> SimFileSystem::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!locks_.insert(path).second) return fail(IoError{EWOULDBLOCK});
  return std::make_unique<Lock>(*this, path);
}

}  // namespace gateway::io
