#include "storage/inspect.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/buffer.h"
#include "storage/scanner.h"

namespace gateway::storage {
namespace {

[[nodiscard]] std::string padded(std::string text, std::size_t width, bool right) {
  if (text.size() >= width) return text;
  const std::string space(width - text.size(), ' ');
  return right ? space + text : text + space;
}

// Columns as wide as their widest cell; numbers to the right.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += padded(row[i], widths[i], i != 0) + (i + 1 < row.size() ? "  " : "");
    }
    text += line + "\n";
  }
  return text;
}

[[nodiscard]] std::string number(std::uint64_t value) { return std::to_string(value); }

[[nodiscard]] std::string coding_name(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::identity:
      return "identity";
    case ContentCoding::gzip:
      return "gzip";
    case ContentCoding::zstd:
      return "zstd";
  }
  return "unknown";
}

// Goes through the directory in the order of the log.
class Inspector {
 public:
  Inspector(io::FileSystem& files, const std::string& directory, const InspectOptions& options)
      : files_(files), directory_(directory), options_(options) {}

  [[nodiscard]] Result<Inspection, InspectFailure> run() {
    const auto names = files_.list(directory_);
    if (!names) return fail(InspectFailure{directory_ + ": " + names.error().message()});
    for (const std::string& name : *names) {
      if (parse_segment_file_name(kSegmentPrefix, name)) open_segment(name);
      if (parse_segment_file_name(kFreePrefix, name)) ++out_.free_file_count;
      if (parse_segment_file_name(kDamagedPrefix, name)) {
        ++out_.damaged_file_count;
        out_.problems.push_back(name + " was set aside: its header could not be read");
      }
    }
    for (std::size_t i = 0; i < out_.segments.size() && !stopped_; ++i) read_segment(i);
    if (stopped_) return std::move(out_);
    auto cursors = load_cursors(files_, directory_);
    if (cursors) {
      out_.cursors = std::move(*cursors);
      for (const StoredCursor& cursor : out_.cursors) check_cursor(cursor);
    } else {
      out_.cursors_problem = name_of(cursors.error());
      if (!out_.segments.empty()) out_.problems.push_back("cursors: " + out_.cursors_problem);
    }
    return std::move(out_);
  }

 private:
  void problem(const SegmentSummary& segment, std::uint64_t offset, const std::string& what) {
    out_.problems.push_back(segment.file_name + " at " + number(offset) + ": " + what);
  }

  void open_segment(const std::string& name) {
    SegmentSummary segment;
    segment.file_name = name;
    if (const auto opened = files_.open(file_path(directory_, name), {})) {
      const auto& file = *opened;
      Buffer block = Buffer::allocate(kBlockSizeBytes - kBufferHeadroomBytes);
      const auto got = file->read_at(0, block.block());
      segment.file_size_bytes = file->size().value_or(std::uint64_t{0});
      const auto header = decode_segment_header(block.block().first(got.value_or(std::size_t{0})));
      segment.header_whole =
          header && header->sequence == parse_segment_file_name(kSegmentPrefix, name);
      if (segment.header_whole) segment.header = *header;
    }
    if (!segment.header_whole) problem(segment, 0, "the segment header cannot be read");
    out_.segments.push_back(std::move(segment));
  }

  // Where the headers that follow say that a segment ends; else where its file does.
  [[nodiscard]] std::pair<std::uint64_t, bool> limit_of(std::size_t index) const {
    const SegmentSummary& segment = out_.segments[index];
    const std::uint64_t size = segment.file_size_bytes / kBlockSizeBytes * kBlockSizeBytes;
    for (std::size_t later = index + 1; later < out_.segments.size(); ++later) {
      const SegmentHeader& next = out_.segments[later].header;
      if (out_.segments[later].header_whole && next.previous_sequence == segment.header.sequence) {
        return {std::min(size, next.previous_end_bytes), true};
      }
    }
    return {size, false};
  }

  void read_segment(std::size_t index) {
    SegmentSummary& segment = out_.segments[index];
    if (!segment.header_whole) return;
    for (std::size_t i = 0; i < kSignalCount; ++i) {
      if (segment.header.items[i] < out_.items[i]) {
        problem(segment, 0, "the totals of the header are behind those of the records before");
      }
      out_.items[i] = std::max(out_.items[i], segment.header.items[i]);
    }
    const auto [limit, end_known] = limit_of(index);
    auto file = files_.open(file_path(directory_, segment.file_name), {});
    if (!file) return problem(segment, 0, "cannot be opened: " + file.error().message());
    SegmentScanner scanner(std::move(*file), segment.header.epoch);
    scanner.set_tolerant(true);
    std::uint64_t at = kFirstRecordOffsetBytes;
    segment.end_bytes = at;
    while (true) {
      const auto found = scanner.find(at, limit);
      if (!found) {
        problem(segment, at, "cannot be read: " + found.error().message());
        return;
      }
      if (!*found) break;
      if ((*found)->after_damage) {
        ++segment.damaged_regions;
        problem(segment, at, "no record up to " + number((*found)->offset_bytes));
      }
      read_record(segment, scanner, **found, limit);
      if (stopped_) return;
      at = (*found)->offset_bytes + (*found)->header.extent_size_bytes;
      segment.end_bytes = at;
    }
    if (end_known && segment.end_bytes != limit) {
      ++segment.damaged_regions;
      problem(segment, segment.end_bytes, "no record up to the committed end at " + number(limit));
    }
  }

  void read_record(SegmentSummary& segment, SegmentScanner& scanner,
                   const SegmentScanner::Found& found, std::uint64_t limit) {
    const RecordHeader& header = found.header;
    const std::size_t signal = index_of(header.signal);
    if (header.items_before != out_.items[signal]) {
      problem(segment, found.offset_bytes,
              number(header.items_before) + " " + std::string(name_of(header.signal)) +
                  " before it by its header, " + number(out_.items[signal]) + " by count");
    }
    out_.items[signal] = std::max(out_.items[signal], header.items_before + header.item_count);
    segment.items[signal] += header.item_count;
    segment.payload_size_bytes += header.payload_size_bytes;
    ++segment.record_count;
    if (header.probe()) ++segment.probe_count;
    ++out_.record_count;
    bool whole = true;
    if (options_.payload_checksums || options_.each_payload) {
      const auto content = scanner.content(found, limit);
      whole = content && *content;
      if (whole && options_.each_payload && !header.probe()) {
        stopped_ = !options_.each_payload({.signal = header.signal,
                                           .coding = header.coding,
                                           .item_count = header.item_count,
                                           .received_unix_nano = header.received_unix_nano,
                                           .tenant = (*content)->tenant,
                                           .context = (*content)->context},
                                          (*content)->payload);
      }
      if (!whole) {
        ++segment.damaged_regions;
        problem(segment, found.offset_bytes, "the payload does not match its checksum");
      }
    }
    if (!options_.each_record) return;
    options_.each_record(
        segment.file_name + " " + number(found.offset_bytes) + " record=" +
        number(header.record_sequence) + " signal=" + std::string(name_of(header.signal)) +
        " items=" + number(header.item_count) + " items_before=" + number(header.items_before) +
        " payload_bytes=" + number(header.payload_size_bytes) + " coding=" +
        coding_name(header.coding) + " received_unix_nano=" + number(header.received_unix_nano) +
        (header.probe() ? " probe" : "") + (whole ? "" : " damaged"));
  }

  void check_cursor(const StoredCursor& cursor) {
    const std::size_t signal = index_of(cursor.signal);
    if (cursor.items_at > out_.items[signal]) {
      out_.problems.push_back("cursor " + cursor.name + " (" + std::string(name_of(cursor.signal)) +
                              ") is at " + number(cursor.items_at) + " items, the log has " +
                              number(out_.items[signal]));
    }
  }

  io::FileSystem& files_;
  const std::string& directory_;
  const InspectOptions& options_;
  Inspection out_;
  bool stopped_ = false;  // by each_payload
};

}  // namespace

Result<Inspection, InspectFailure> inspect(io::FileSystem& files, const std::string& directory,
                                           const InspectOptions& options) {
  return Inspector(files, directory, options).run();
}

std::string to_text(const Inspection& inspection) {
  std::vector<std::vector<std::string>> rows = {{"segment", "file", "committed", "records",
                                                 "traces", "metrics", "logs", "profiles",
                                                 "damaged"}};
  for (const SegmentSummary& segment : inspection.segments) {
    rows.push_back({segment.file_name, number(segment.file_size_bytes), number(segment.end_bytes),
                    number(segment.record_count), number(segment.items[0]),
                    number(segment.items[1]), number(segment.items[2]), number(segment.items[3]),
                    number(segment.damaged_regions)});
  }
  std::string text = table(rows);
  text += "free files: " + number(inspection.free_file_count) +
          ", set aside: " + number(inspection.damaged_file_count) + "\n\n";
  rows = {{"cursor", "signal", "segment", "offset", "items", "delivered", "filtered",
           "dead_lettered", "expired", "damaged", "pending"}};
  for (const StoredCursor& cursor : inspection.cursors) {
    const std::uint64_t stored = inspection.items[index_of(cursor.signal)];
    rows.push_back({cursor.name, std::string(name_of(cursor.signal)),
                    number(cursor.position.segment), number(cursor.position.offset_bytes),
                    number(cursor.items_at), number(cursor.outcomes.delivered),
                    number(cursor.outcomes.filtered), number(cursor.outcomes.dead_lettered),
                    number(cursor.outcomes.expired), number(cursor.outcomes.damaged),
                    number(stored > cursor.items_at ? stored - cursor.items_at : 0)});
  }
  text += inspection.cursors_problem.empty() ? table(rows)
                                             : "cursors: " + inspection.cursors_problem + "\n";
  text += "\n";
  if (inspection.problems.empty()) return text + "no problem found\n";
  for (const std::string& problem : inspection.problems) text += "problem: " + problem + "\n";
  return text;
}

}  // namespace gateway::storage
