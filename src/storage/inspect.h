// What is in a log's directory, for a person: `log inspect` and `log verify`. Reads only, and works
// beside a running gateway as well as on a copy of its files.
//
// Units:   bytes, items.
// Errors:  InspectFailure where the directory cannot be read; damage is part of the result.
// Threads: the caller's.
// Source:  docs/formats/segment.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "storage/cursor_file.h"
#include "storage/log.h"
#include "storage/segment.h"

namespace gateway::storage {

struct InspectFailure {
  std::string message;
};

struct SegmentSummary {
  std::string file_name;
  bool header_whole = false;
  SegmentHeader header;
  std::uint64_t file_size_bytes = 0;
  std::uint64_t end_bytes = 0;  // of what is committed, as far as the files tell
  std::uint64_t record_count = 0;
  std::uint64_t probe_count = 0;
  ItemTotals items{};  // in this segment
  std::uint64_t payload_size_bytes = 0;
  std::uint64_t damaged_regions = 0;
};

struct Inspection {
  std::vector<SegmentSummary> segments;
  std::vector<StoredCursor> cursors;
  std::string cursors_problem;  // empty when they could be read
  std::size_t free_file_count = 0;
  std::size_t damaged_file_count = 0;
  ItemTotals items{};  // over the log's life
  std::uint64_t record_count = 0;
  // What verify looks for: each a sentence with the file and the offset. Empty: all is well.
  std::vector<std::string> problems;
};

struct InspectOptions {
  bool payload_checksums = false;  // verify: read and check every byte, not headers alone
  // Called for each record with a line about it; not called when empty.
  std::function<void(std::string_view)> each_record;
  // Called for each record that is whole, probes excepted, until it returns false: then no further
  // record is looked at, and the result holds no more than what was. Not called when empty.
  std::function<bool(const RecordInfo& info, const Slice& payload)> each_payload;
};

[[nodiscard]] Result<Inspection, InspectFailure> inspect(io::FileSystem& files,
                                                         const std::string& directory,
                                                         const InspectOptions& options = {});

// Tables for a terminal, ending in a newline; problems last.
[[nodiscard]] std::string to_text(const Inspection& inspection);

}  // namespace gateway::storage
