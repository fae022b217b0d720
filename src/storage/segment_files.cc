#include "storage/segment_files.h"

#include <array>

#include "base/buffer.h"

namespace gateway::storage {

void SegmentFiles::adopt_free(std::uint64_t sequence) {
  const std::string path = file_path(directory_, segment_file_name(kFreePrefix, sequence));
  if (free_.size() < kFreeFileCountMax) {
    auto file = files_.open(path, {});
    if (file) {
      const auto size = (*file)->size();
      if (size && *size == segment_size_bytes_) {
        free_.push_back(sequence);
        return;
      }
    }
  }
  remove_file(files_, path);
}

io::IoResult<std::unique_ptr<io::File>> SegmentFiles::open_free(std::uint64_t sequence) {
  const std::string path = file_path(directory_, segment_file_name(kFreePrefix, sequence));
  bool recycled = false;
  if (!free_.empty()) {
    const std::string old = file_path(directory_, segment_file_name(kFreePrefix, free_.front()));
    free_.pop_front();
    recycled = files_.rename(old, path).has_value();
    if (!recycled) remove_file(files_, old);
  }
  auto file = files_.open(path, {.write = true, .create = true, .direct = direct_io_});
  if (!file && recycled) keep_free(sequence);
  if (!file || recycled) return file;
  auto done = (*file)->preallocate(segment_size_bytes_);
  if (!done && !surplus_.empty()) {  // on a full disk they are in the way
    surplus_.remove();
    done = (*file)->preallocate(segment_size_bytes_);
  }
  if (!done) {
    file->reset();
    remove_file(files_, path);
    return fail(done.error());
  }
  return file;
}

io::IoResult<std::shared_ptr<io::File>> SegmentFiles::create(const SegmentHeader& header) {
  auto file = open_free(header.sequence);
  if (!file) return fail(file.error());
  Buffer block = Buffer::allocate(kBlockSizeBytes - kBufferHeadroomBytes);
  encode_segment_header(header, block.block());
  const std::array<std::span<const std::byte>, 1> parts = {block.block()};
  const std::string free_path =
      file_path(directory_, segment_file_name(kFreePrefix, header.sequence));
  auto done = (*file)->write_at(0, parts);
  if (done) done = (*file)->sync();
  if (!done) {
    file->reset();
    remove_file(files_, free_path);
    return fail(done.error());
  }
  const std::string path =
      file_path(directory_, segment_file_name(kSegmentPrefix, header.sequence));
  done = files_.rename(free_path, path);
  if (done) {
    done = files_.sync_directory(directory_);
    // Free again, for the next try. At worst an empty segment is found at the next start.
    if (!done && !files_.rename(path, free_path)) remove_file(files_, path);
  }
  if (!done) {
    file->reset();
    keep_free(header.sequence);
    return fail(done.error());
  }
  return std::shared_ptr<io::File>(std::move(*file));
}

// Of a file that has the size of a segment.
void SegmentFiles::keep_free(std::uint64_t sequence) {
  if (free_.size() < kFreeFileCountMax) {
    free_.push_back(sequence);
  } else {
    remove_file(files_, file_path(directory_, segment_file_name(kFreePrefix, sequence)));
  }
}

void SegmentFiles::retire(std::uint64_t sequence, std::uint64_t file_size_bytes) {
  const std::string path = file_path(directory_, segment_file_name(kSegmentPrefix, sequence));
  const std::string free_path = file_path(directory_, segment_file_name(kFreePrefix, sequence));
  // No longer a segment, whatever becomes of it: one that is cut short would pass for damaged.
  if (!files_.rename(path, free_path)) return remove_file(files_, path);
  if (file_size_bytes == segment_size_bytes_ && free_.size() < kFreeFileCountMax) {
    free_.push_back(sequence);
    return;
  }
  surplus_.add(free_path, file_size_bytes);
}

}  // namespace gateway::storage
