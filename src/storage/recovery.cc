#include "storage/recovery.h"

#include <algorithm>
#include <memory>
#include <optional>
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

struct Opened {
  Segment segment;
  std::shared_ptr<io::File> file;
};

// Nothing: the file is no segment, or not the one that its name says.
[[nodiscard]] std::optional<Opened> open_segment(io::FileSystem& files, const std::string& path,
                                                 std::uint64_t sequence) {
  auto file = files.open(path, {});
  if (!file) return std::nullopt;
  Buffer block = Buffer::allocate(kBlockSizeBytes - kBufferHeadroomBytes);
  const auto got = (*file)->read_at(0, block.block());
  const auto size = (*file)->size();
  if (!got || !size) return std::nullopt;
  const auto header = decode_segment_header(block.block().first(*got));
  if (!header || header->sequence != sequence) return std::nullopt;
  Opened opened;
  opened.segment.header = *header;
  opened.segment.file_size_bytes = *size;
  opened.file = std::move(*file);
  return opened;
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
  scan.end_bytes = align_up(scan.end_bytes, kBlockSizeBytes);
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

  std::vector<Opened> opened;
  for (const std::uint64_t sequence : sequences) {
    const std::string path = file_path(directory, segment_file_name(kSegmentPrefix, sequence));
    auto segment = open_segment(files, path, sequence);
    ++out.report.segments_read;
    if (segment) {
      opened.push_back(std::move(*segment));
    } else {
      ++out.report.damaged_regions;
      const std::string aside = file_path(directory, segment_file_name(kDamagedPrefix, sequence));
      telemetry::log_error("storage", "a segment's header cannot be read: set aside",
                           {{"path", path}, {"as", aside}});
      if (auto renamed = files.rename(path, aside); !renamed) {
        return fail(failure("cannot set aside", path, renamed.error(), "move it away by hand"));
      }
    }
    if (progress) progress(out.report);
  }

  // Each header says how much of the segment before it counts.
  for (std::size_t i = 0; i < opened.size(); ++i) {
    Segment& segment = opened[i].segment;
    bool known = false;
    for (std::size_t later = i + 1; later < opened.size() && !known; ++later) {
      const SegmentHeader& next = opened[later].segment.header;
      known = next.previous_sequence == segment.header.sequence;
      if (known) segment.end_bytes = next.previous_end_bytes;
    }
    const bool newest = i + 1 == opened.size();
    if (known && !newest) continue;
    SegmentScanner scanner(opened[i].file, segment.header.epoch);
    scanner.set_tolerant(true);
    const auto scan = scan_tail(scanner, segment.header, segment.file_size_bytes);
    if (!scan) {
      return fail(failure("cannot read a segment in", directory, scan.error(), "check the disk"));
    }
    segment.end_bytes = scan->end_bytes;
    out.report.records += scan->records;
    out.report.damaged_regions += scan->damaged_regions;
    if (!newest) continue;
    out.report.torn_tail_bytes = scan->torn_tail_bytes;
    out.head.position = segment.end();
    out.head.items = scan->items;
    out.head.record_count = scan->record_sequence;
    const std::string path =
        file_path(directory, segment_file_name(kSegmentPrefix, segment.header.sequence));
    // What is behind the end is void; a next segment's header says so too, where this fails.
    if (auto file = files.open(path, {.write = true})) {
      if ((*file)->truncate(segment.end_bytes) && (*file)->sync()) {
        segment.file_size_bytes = segment.end_bytes;
      }
    }
  }
  for (Opened& segment : opened) out.segments.push_back(std::move(segment.segment));

  auto cursors = load_cursors(files, directory);
  if (cursors) {
    out.cursors = std::move(*cursors);
  } else if (!out.segments.empty() || cursors.error() != CursorFileErrc::missing) {
    out.cursors_lost = true;
    telemetry::log_error(
        "storage", "the cursors are lost: delivery starts at the oldest record again",
        {{"path", file_path(directory, kCursorsFileName)}, {"reason", name_of(cursors.error())}});
  }
  for (const StoredCursor& cursor : out.cursors) {
    out.next_sequence = std::max(out.next_sequence, cursor.position.segment + 1);
  }
  clamp_cursors(out.cursors, out.head);
  out.report.finished = true;
  if (progress) progress(out.report);
  return out;
}

}  // namespace gateway::storage
