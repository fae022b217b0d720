// What a directory of files says about the log: its segments, how far it is committed, its cursors.
//
// Of every segment the header is read, of the newest every record. The first that is not whole
// ends the log if nothing of a later group follows (the torn tail); else it is damage, and what
// follows counts.
//
// Errors:  OpenFailure where a file may be sound and cannot be had now (permissions, descriptors,
//          another version, a disk that gives nothing): then nothing is set aside. Damage is
//          counted and told.
// Threads: the one that opens the log.
// Source:  docs/formats/segment.md, "Recovery".
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "storage/catalog.h"
#include "storage/cursor_file.h"
#include "storage/log.h"
#include "storage/scanner.h"

namespace gateway::storage {

struct Recovered {
  std::vector<Segment> segments;
  Head head;
  std::vector<std::uint64_t> free_sequences;
  std::uint64_t next_sequence = 1;  // higher than any that is or was
  std::vector<StoredCursor> cursors;
  bool cursors_lost = false;
  RecoveryReport report;
};

// What is in the records of one segment, from its header on.
struct TailScan {
  std::uint64_t end_bytes = kFirstRecordOffsetBytes;  // inside a block where a group is torn
  ItemTotals items{};
  std::uint64_t record_sequence = 0;  // of the next record
  std::uint64_t records = 0;
  std::uint64_t damaged_regions = 0;
  std::uint64_t torn_tail_bytes = 0;
};
[[nodiscard]] io::IoResult<TailScan> scan_tail(SegmentScanner& scanner, const SegmentHeader& header,
                                               std::uint64_t file_size_bytes);

// Reads the directory, cuts off the torn tail, sets aside what cannot be read.
[[nodiscard]] Result<Recovered, OpenFailure> recover(
    io::FileSystem& files, const std::string& directory,
    const std::function<void(const RecoveryReport&)>& progress);

}  // namespace gateway::storage
