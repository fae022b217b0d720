#include "storage/cursor_file.h"

#include <array>
#include <cerrno>

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/little_endian.h"
#include "storage/segment.h"

namespace gateway::storage {
namespace {

constexpr std::size_t kMagicAt = 0;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kCrcAt = 12;
constexpr std::size_t kCountAt = 16;  // the CRC covers from here on
constexpr std::size_t kEntriesAt = 24;
constexpr std::size_t kEntryFixedSizeBytes = 80;  // and then the name
// The largest file that this version writes.
constexpr std::uint64_t kFileSizeBytesMax =
    kEntriesAt + kCursorCountMax * std::uint64_t{kEntryFixedSizeBytes + kCursorNameSizeBytesMax};

[[nodiscard]] std::array<std::uint64_t, 9> numbers_of(const StoredCursor& cursor) noexcept {
  return {cursor.position.segment,
          cursor.position.offset_bytes,
          cursor.items_at,
          cursor.items_start,
          cursor.outcomes.delivered,
          cursor.outcomes.filtered,
          cursor.outcomes.dead_lettered,
          cursor.outcomes.expired,
          cursor.outcomes.damaged};
}

}  // namespace

std::string_view name_of(CursorFileErrc error) noexcept {
  switch (error) {
    case CursorFileErrc::missing:
      return "missing";
    case CursorFileErrc::unreadable:
      return "unreadable";
    case CursorFileErrc::unavailable:
      return "unavailable";
    case CursorFileErrc::truncated:
      return "truncated";
    case CursorFileErrc::bad_magic:
      return "bad_magic";
    case CursorFileErrc::other_version:
      return "other_version";
    case CursorFileErrc::checksum_mismatch:
      return "checksum_mismatch";
    case CursorFileErrc::bad_field:
      return "bad_field";
  }
  return "unknown";
}

std::vector<std::byte> encode_cursors(const std::vector<StoredCursor>& cursors) {
  GATEWAY_ASSERT(cursors.size() <= kCursorCountMax);
  std::vector<std::byte> out(kEntriesAt);
  store_little_endian(std::span(out), kMagicAt, kCursorsMagic);
  store_little_endian(std::span(out), kVersionAt, kCursorsVersion);
  store_little_endian(std::span(out), kCountAt, static_cast<std::uint32_t>(cursors.size()));
  for (const StoredCursor& cursor : cursors) {
    GATEWAY_ASSERT(cursor.name.size() <= kCursorNameSizeBytesMax);
    const std::size_t at = out.size();
    out.resize(at + kEntryFixedSizeBytes + cursor.name.size());
    const auto entry = std::span(out).subspan(at);
    store_little_endian(entry, 0, static_cast<std::uint32_t>(cursor.signal));
    store_little_endian(entry, 4, static_cast<std::uint32_t>(cursor.name.size()));
    std::size_t number_at = 8;
    for (const std::uint64_t number : numbers_of(cursor)) {
      store_little_endian(entry, number_at, number);
      number_at += sizeof number;
    }
    const auto name = std::as_bytes(std::span(cursor.name));
    std::copy(name.begin(), name.end(), entry.begin() + kEntryFixedSizeBytes);
  }
  store_little_endian(std::span(out), kCrcAt, crc32c(std::span(out).subspan(kCountAt)));
  return out;
}

Result<std::vector<StoredCursor>, CursorFileErrc> decode_cursors(std::span<const std::byte> bytes) {
  if (bytes.size() < kEntriesAt) return fail(CursorFileErrc::truncated);
  if (load_little_endian<std::uint64_t>(bytes, kMagicAt) != kCursorsMagic) {
    return fail(CursorFileErrc::bad_magic);
  }
  if (load_little_endian<std::uint32_t>(bytes, kVersionAt) != kCursorsVersion) {
    return fail(CursorFileErrc::other_version);
  }
  if (load_little_endian<std::uint32_t>(bytes, kCrcAt) != crc32c(bytes.subspan(kCountAt))) {
    return fail(CursorFileErrc::checksum_mismatch);
  }
  const auto count = load_little_endian<std::uint32_t>(bytes, kCountAt);
  if (count > kCursorCountMax) return fail(CursorFileErrc::bad_field);
  std::vector<StoredCursor> cursors;
  std::span<const std::byte> rest = bytes.subspan(kEntriesAt);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (rest.size() < kEntryFixedSizeBytes) return fail(CursorFileErrc::truncated);
    const auto signal = load_little_endian<std::uint32_t>(rest, 0);
    const auto name_size = load_little_endian<std::uint32_t>(rest, 4);
    if (signal >= kSignalCount || name_size > kCursorNameSizeBytesMax) {
      return fail(CursorFileErrc::bad_field);
    }
    if (rest.size() < kEntryFixedSizeBytes + name_size) return fail(CursorFileErrc::truncated);
    const auto number = [&rest](std::size_t index) {
      return load_little_endian<std::uint64_t>(rest, 8 + index * sizeof(std::uint64_t));
    };
    StoredCursor cursor;
    cursor.signal = static_cast<Signal>(signal);
    cursor.position = {number(0), number(1)};
    cursor.items_at = number(2);
    cursor.items_start = number(3);
    cursor.outcomes = {number(4), number(5), number(6), number(7), number(8)};
    const auto name = rest.subspan(kEntryFixedSizeBytes, name_size);
    cursor.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
    if (cursor.items_at < cursor.items_start ||
        cursor.items_at - cursor.items_start != cursor.outcomes.sum()) {
      return fail(CursorFileErrc::bad_field);
    }
    cursors.push_back(std::move(cursor));
    rest = rest.subspan(kEntryFixedSizeBytes + name_size);
  }
  if (!rest.empty()) return fail(CursorFileErrc::bad_field);
  return cursors;
}

io::IoResult<void> save_cursors(io::FileSystem& files, const std::string& directory,
                                const std::vector<StoredCursor>& cursors) {
  const std::vector<std::byte> bytes = encode_cursors(cursors);
  const std::string temporary = file_path(directory, kCursorsTemporaryName);
  auto file = files.open(temporary, {.write = true, .create = true});
  if (!file) return fail(file.error());
  const std::array<std::span<const std::byte>, 1> parts = {bytes};
  if (auto done = (*file)->write_at(0, parts); !done) return done;
  if (auto done = (*file)->truncate(bytes.size()); !done) return done;
  if (auto done = (*file)->sync(); !done) return done;
  file->reset();
  if (auto done = files.rename(temporary, file_path(directory, kCursorsFileName)); !done) {
    return done;
  }
  if (auto done = files.sync_directory(directory); !done) return done;
  // Where this fails, there may be room when it is wanted.
  if (auto next = files.open(temporary, {.write = true, .create = true})) {
    static_cast<void>((*next)->preallocate(align_up(bytes.size() + 1, kBlockSizeBytes)));
  }
  return {};
}

Result<std::vector<StoredCursor>, CursorFileErrc> load_cursors(io::FileSystem& files,
                                                               const std::string& directory) {
  const auto reason_of = [](const io::IoError& error) {
    if (error.code == ENOENT) return CursorFileErrc::missing;
    return error.code == EIO ? CursorFileErrc::unreadable : CursorFileErrc::unavailable;
  };
  auto file = files.open(file_path(directory, kCursorsFileName), {});
  if (!file) return fail(reason_of(file.error()));
  const auto size = (*file)->size();
  if (!size) return fail(reason_of(size.error()));
  if (*size > kFileSizeBytesMax) return fail(CursorFileErrc::bad_field);
  std::vector<std::byte> bytes(static_cast<std::size_t>(*size));
  const auto got = (*file)->read_at(0, bytes);
  if (!got) return fail(reason_of(got.error()));
  return decode_cursors(std::span(bytes).first(*got));
}

}  // namespace gateway::storage
