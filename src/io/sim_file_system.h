// A disk for tests, which does what disks are allowed to do and seldom do when one looks: forgets
// what was not synced, keeps some of it, tears a write between sectors, fails the n-th call, cannot
// read a block any more.
//
//   current : what reads see
//   durable : what is there after crash(); behind current by the unsynced changes
//
// A crash keeps of each file's unsynced writes any part, sector by sector, and of the directory's
// unsynced changes the first few. After a failed sync some of the writes are lost for good though
// reads still see them, as on Linux, where the next sync says nothing of it.
//
// Units:   bytes; sectors of kSectorSizeBytes.
// Errors:  those of a disk, and those asked for by fail_call(). Files opened before a crash give
//          EIO after it.
// Threads: any, one lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "io/random.h"

namespace gateway::io {

inline constexpr std::size_t kSectorSizeBytes = 512;

enum class SimFault : std::uint8_t { io_error, no_space, short_write };

class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(std::uint64_t seed);
  ~SimFileSystem() override;

  // The power fails, and comes back.
  void crash();

  // The `nth` changing call from now on (0: the next), and `count - 1` after it, fail.
  void fail_call(std::uint64_t nth, SimFault fault, std::uint64_t count = 1);
  void heal();
  // Changing calls so far: writes, syncs, truncations, opens that create, renames, removes.
  [[nodiscard]] std::uint64_t call_count() const;
  // All files together; more is ENOSPC.
  void set_capacity(std::uint64_t size_bytes);
  // More at a time are EMFILE.
  void set_open_files_max(std::uint64_t count);
  // Opening that file gives this errno; 0: no longer.
  void refuse_open(const std::string& path, int code);
  // The next `count` syncs of directories fail.
  void fail_directory_syncs(std::uint64_t count);
  // All files together.
  [[nodiscard]] std::uint64_t size_bytes() const;

  // Damage to a file, durable at once.
  void flip(const std::string& path, std::uint64_t offset, std::byte mask);
  void overwrite(const std::string& path, std::uint64_t offset, std::span<const std::byte> bytes);
  void cut(const std::string& path, std::uint64_t size_bytes);
  // Reads that touch the block at `offset` give EIO.
  void make_unreadable(const std::string& path, std::uint64_t offset);
  [[nodiscard]] std::vector<std::byte> content(const std::string& path) const;

  [[nodiscard]] IoResult<std::unique_ptr<File>> open(const std::string& path,
                                                     OpenOptions options) override;
  [[nodiscard]] IoResult<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] IoResult<void> remove(const std::string& path) override;
  [[nodiscard]] IoResult<void> create_directories(const std::string& path) override;
  [[nodiscard]] IoResult<void> sync_directory(const std::string& path) override;
  [[nodiscard]] IoResult<std::vector<std::string>> list(const std::string& path) override;
  [[nodiscard]] IoResult<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  struct Change {  // of a file's content
    bool truncate = false;
    std::uint64_t offset = 0;  // or the new size
    std::vector<std::byte> bytes;
  };
  struct Inode {
    std::vector<std::byte> current;
    std::vector<std::byte> durable;
    std::vector<Change> unsynced;
    std::set<std::uint64_t> unreadable_blocks;
  };
  using Directory = std::map<std::string, std::shared_ptr<Inode>>;
  class OpenFile;
  class Lock;

  // Counts a changing call; the fault that it meets, if any.
  [[nodiscard]] std::optional<SimFault> next_fault();
  [[nodiscard]] bool room_for(const Inode& inode, std::uint64_t size_bytes) const;
  void change_directory();
  static void apply(const Change& change, std::vector<std::byte>& to);
  void apply_torn(const Change& change, std::vector<std::byte>& to);
  [[nodiscard]] Inode& inode_at(const std::string& path) const;

  mutable std::mutex mutex_;
  SimRandom random_;
  std::uint64_t generation_ = 0;  // crashes so far
  std::uint64_t calls_ = 0;
  std::uint64_t fail_from_ = 0;
  std::uint64_t fail_until_ = 0;
  SimFault fault_ = SimFault::io_error;
  std::uint64_t capacity_bytes_ = ~0ULL;
  std::uint64_t open_files_ = 0;
  std::uint64_t open_files_max_ = ~0ULL;
  std::map<std::string, int> refused_opens_;
  std::uint64_t directory_syncs_to_fail_ = 0;
  Directory current_;
  std::vector<Directory> steps_;  // directories that a crash may leave; the first is durable
  std::set<std::string> locks_;
};

}  // namespace gateway::io
