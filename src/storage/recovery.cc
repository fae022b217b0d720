#include "storage/recovery.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/buffer.h"
#include "storage/segment.h"
#include "telemetry/log.h"

namespace gateway::storage {
namespace {

[[nodiscard]] OpenFailure failure(const std::string& what, const std::string& path,
                                  const io::IoError& error, const std::string& advice) {
  return {what + " " + path + ": " + error.message() + "; " + advice};
}

[[nodiscard]] std::string advice_for(const io::IoError& error) {
  if (error.code == EMFILE || error.code == ENFILE) return "raise the limit of open files";
  return "check its permissions and the disk";
}

// What a file's first block says of it.
enum class FileState : std::uint8_t {
  segment,
  recycled,    // of a later segment, never used: its new name did not outlive a crash
  damaged,     // no header
  unreadable,  // the disk does not give it
  other_version,
};
struct Opened {
  FileState state = FileState::damaged;
  Segment segment;
};

// IoError where the file may be sound, and cannot be had now.
[[nodiscard]] io::IoResult<Opened> open_segment(io::FileSystem& files, const std::string& path,
                                                std::uint64_t sequence) {
  auto file = files.open(path, {});
  if (!file) return fail(file.error());
  const auto size = (*file)->size();
  if (!size) return fail(size.error());
  Buffer block = Buffer::allocate(kBlockSizeBytes - kBufferHeadroomBytes);
  auto got = (*file)->read_at(0, block.block());
  for (int attempts = 1; !got && attempts < kReadAttemptsMax; ++attempts) {
    got = (*file)->read_at(0, block.block());
  }
  Opened opened;
  if (!got) {
    if (got.error().code != EIO) return fail(got.error());
    opened.state = FileState::unreadable;
    return opened;
  }
  const auto header = decode_segment_header(block.block().first(*got));
  if (!header) {
    if (header.error() == SegmentErrc::other_version) opened.state = FileState::other_version;
    return opened;
  }
  if (header->sequence >= sequence) {
    opened.state = header->sequence == sequence ? FileState::segment : FileState::recycled;
  }
  opened.segment.header = *header;
  opened.segment.file_size_bytes = *size;
  return opened;
}

// The records of a segment. `unreadable_end` says whether blocks at its end are not to be had:
// then nobody knows what was in them.
struct Scanned {
  TailScan tail;
  bool unreadable_end = false;
};
[[nodiscard]] io::IoResult<Scanned> scan_segment(io::FileSystem& files, const std::string& path,
                                                 const Segment& segment) {
  auto file = files.open(path, {});
  if (!file) return fail(file.error());
  const std::shared_ptr<io::File> shared = std::move(*file);
  Scanned scanned;
  for (int attempts = 0; attempts < kReadAttemptsMax; ++attempts) {
    SegmentScanner scanner(shared, segment.header.epoch);
    scanner.set_tolerant(true);
    const auto tail = scan_tail(scanner, segment.header, segment.file_size_bytes);
    if (!tail) return fail(tail.error());
    scanned = {*tail, scanner.unreadable_to_bytes() > tail->end_bytes};
    if (!scanned.unreadable_end) break;
  }
  return scanned;
}

// A cursor has counted what it passed. Where records before it are lost, and none of their signal
// is behind them, the records alone would say less, and new ones get numbers that it knows.
void raise_totals(Head& head, const std::vector<StoredCursor>& cursors) {
  for (const StoredCursor& cursor : cursors) {
    if (cursor.position > head.position) continue;
    std::uint64_t& items = head.items[index_of(cursor.signal)];
    items = std::max(items, cursor.items_at);
  }
}

// Cursors that stand behind the end, because the disk lost what it had promised: to the end.
void clamp_cursors(std::vector<StoredCursor>& cursors, const Head& head) {
  for (StoredCursor& cursor : cursors) {
    if (cursor.position <= head.position) continue;
    const std::uint64_t items = head.items[index_of(cursor.signal)];
    telemetry::log_error("storage", "a cursor stands behind the end of the log: moved to the end",
                         {{"cursor", cursor.name},
                          {"signal", name_of(cursor.signal)},
                          {"items_at", cursor.items_at},
                          {"items_of_log", items}});
    cursor.position = head.position;
    // What is no longer stored has no outcome either.
    for (std::uint64_t* outcome :
         {&cursor.outcomes.delivered, &cursor.outcomes.filtered, &cursor.outcomes.dead_lettered,
          &cursor.outcomes.expired, &cursor.outcomes.damaged}) {
      const std::uint64_t over = cursor.items_at > items ? cursor.items_at - items : 0;
      const std::uint64_t taken = std::min(over, *outcome);
      *outcome -= taken;
      cursor.items_at -= taken;
    }
    cursor.items_at = cursor.items_start = std::min(cursor.items_at, items);
    cursor.items_start -= std::min(cursor.items_start, cursor.outcomes.sum());
  }
}

}  // namespace

io::IoResult<TailScan> scan_tail(SegmentScanner& scanner, const SegmentHeader& header,
                                 std::uint64_t file_size_bytes) {
  const std::uint64_t limit = file_size_bytes / kBlockSizeBytes * kBlockSizeBytes;
  TailScan scan;
  scan.items = header.items;
  scan.record_sequence = header.record_sequence;
  // Where a record is not whole, and no record of a later group has proved it damage yet.
  std::optional<TailScan> suspect;
  std::uint64_t suspect_regions = 0;
  std::uint64_t at = kFirstRecordOffsetBytes;
  while (true) {
    const auto found = scanner.find(at, limit);
    if (!found) return fail(found.error());
    if (!*found) break;
    const RecordHeader& record = (*found)->header;
    const auto content = scanner.content(**found, limit);
    if (!content) return fail(content.error());
    const bool gap = (*found)->after_damage;
    if (suspect || gap || !*content) {
      if (!suspect) {
        suspect = scan;
        suspect->end_bytes = gap ? at : (*found)->offset_bytes;
      }
      if (record.group_block * std::uint64_t{kBlockSizeBytes} > suspect->end_bytes) {
        scan.damaged_regions += suspect_regions + (gap && suspect_regions == 0 ? 1 : 0);
        suspect.reset();
        suspect_regions = 0;
        if (!*content) {
          suspect = scan;
          suspect->end_bytes = (*found)->offset_bytes;
        }
      }
      if (suspect && (gap || !*content)) ++suspect_regions;
    }
    const std::size_t signal = index_of(record.signal);
    scan.items[signal] = std::max(scan.items[signal], record.items_before + record.item_count);
    scan.record_sequence = record.record_sequence + 1;
    at = (*found)->offset_bytes + record.extent_size_bytes;
    scan.end_bytes = at;
    if (*content) ++scan.records;
  }
  if (suspect) {
    suspect->torn_tail_bytes = scan.end_bytes - suspect->end_bytes;
    scan = *suspect;
  }
  return scan;
}

Result<Recovered, OpenFailure> recover(io::FileSystem& files, const std::string& directory,
                                       const std::function<void(const RecoveryReport&)>& progress) {
  const auto names = files.list(directory);
  if (!names) {
    return fail(failure("cannot read the storage directory", directory, names.error(),
                        "check its permissions"));
  }
  Recovered out;
  std::vector<std::uint64_t> sequences;
  for (const std::string& name : *names) {
    if (const auto segment = parse_segment_file_name(kSegmentPrefix, name)) {
      sequences.push_back(*segment);
      out.next_sequence = std::max(out.next_sequence, *segment + 1);
    } else if (const auto free = parse_segment_file_name(kFreePrefix, name)) {
      out.free_sequences.push_back(*free);
      out.next_sequence = std::max(out.next_sequence, *free + 1);
    } else if (const auto damaged = parse_segment_file_name(kDamagedPrefix, name)) {
      out.next_sequence = std::max(out.next_sequence, *damaged + 1);
    }
  }
  out.report.segments_total = sequences.size();
  if (progress) progress(out.report);

  const auto path_of = [&directory](std::string_view prefix, std::uint64_t sequence) {
    return file_path(directory, segment_file_name(prefix, sequence));
  };
  std::vector<std::uint64_t> set_aside;
  bool unreadable = false;
  for (const std::uint64_t sequence : sequences) {
    const std::string path = path_of(kSegmentPrefix, sequence);
    auto opened = open_segment(files, path, sequence);
    if (!opened) {
      return fail(failure("cannot read", path, opened.error(), advice_for(opened.error())));
    }
    ++out.report.segments_read;
    switch (opened->state) {
      case FileState::segment:
        out.segments.push_back(std::move(opened->segment));
        break;
      case FileState::recycled:
        if (files.rename(path, path_of(kFreePrefix, sequence))) {
          out.free_sequences.push_back(sequence);
        }
        break;
      case FileState::unreadable:
        unreadable = true;
        [[fallthrough]];
      case FileState::damaged:
        set_aside.push_back(sequence);
        break;
      case FileState::other_version:
        return fail(OpenFailure{path + " is of another version; start the one that wrote it"});
    }
    if (progress) progress(out.report);
  }
  if (unreadable && out.segments.empty()) {
    return fail(failure("cannot read any segment in", directory, {EIO}, "check the disk"));
  }
  for (const std::uint64_t sequence : set_aside) {
    ++out.report.damaged_regions;
    const std::string path = path_of(kSegmentPrefix, sequence);
    const std::string aside = path_of(kDamagedPrefix, sequence);
    telemetry::log_error("storage", "a segment's header cannot be read: set aside",
                         {{"path", path}, {"as", aside}});
    if (auto renamed = files.rename(path, aside); !renamed) {
      return fail(failure("cannot set aside", path, renamed.error(), "move it away by hand"));
    }
  }

  // Each header says how much of the segment before it counts.
  for (std::size_t i = 0; i < out.segments.size(); ++i) {
    Segment& segment = out.segments[i];
    bool known = false;
    for (std::size_t later = i + 1; later < out.segments.size() && !known; ++later) {
      const SegmentHeader& next = out.segments[later].header;
      known = next.previous_sequence == segment.header.sequence;
      if (known) segment.end_bytes = next.previous_end_bytes;
    }
    const bool newest = i + 1 == out.segments.size();
    if (known && !newest) continue;
    const std::string path = path_of(kSegmentPrefix, segment.header.sequence);
    const auto scan = scan_segment(files, path, segment);
    if (!scan) return fail(failure("cannot read", path, scan.error(), advice_for(scan.error())));
    segment.end_bytes = scan->tail.end_bytes;
    out.report.records += scan->tail.records;
    out.report.damaged_regions += scan->tail.damaged_regions;
    if (scan->unreadable_end) {
      ++out.report.damaged_regions;
      telemetry::log_error("storage", "the end of a segment cannot be read: it is kept as it is",
                           {{"path", path}, {"readable_to_bytes", segment.end_bytes}});
    }
    if (!newest) continue;
    out.report.torn_tail_bytes = scan->tail.torn_tail_bytes;
    out.head.position = segment.end();
    out.head.items = scan->tail.items;
    out.head.record_count = scan->tail.record_sequence;
    if (scan->unreadable_end) continue;
    // What is behind the end is void; a next segment's header says so too, where this fails.
    const std::uint64_t size = align_up(segment.end_bytes, kBlockSizeBytes);
    if (auto file = files.open(path, {.write = true})) {
      if ((*file)->truncate(size) && (*file)->sync()) segment.file_size_bytes = size;
    }
  }

  auto cursors = load_cursors(files, directory);
  if (cursors) {
    out.cursors = std::move(*cursors);
  } else if (cursors.error() == CursorFileErrc::other_version ||
             cursors.error() == CursorFileErrc::unavailable) {
    return fail(OpenFailure{file_path(directory, kCursorsFileName) + ": " +
                            std::string(name_of(cursors.error())) +
                            "; check its permissions, the limit of open files and which version "
                            "wrote it, or remove it to deliver everything again"});
  } else if (!out.segments.empty() || cursors.error() != CursorFileErrc::missing) {
    out.cursors_lost = true;
    telemetry::log_error(
        "storage", "the cursors are lost: delivery starts at the oldest record again",
        {{"path", file_path(directory, kCursorsFileName)}, {"reason", name_of(cursors.error())}});
  }
  for (const StoredCursor& cursor : out.cursors) {
    out.next_sequence = std::max(out.next_sequence, cursor.position.segment + 1);
  }
  raise_totals(out.head, out.cursors);
  clamp_cursors(out.cursors, out.head);
  out.report.finished = true;
  if (progress) progress(out.report);
  return out;
}

}  // namespace gateway::storage
