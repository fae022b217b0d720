// Reads the dead letters of one exporter, oldest first, over all its rotated files, while they are
// being written.
//
//   place := "latest" | "oldest" | time of a file's first entry ":" offset in it
//
// A file is known by the time of its first entry, so that a place survives its renaming; one whose
// file has gone begins again with the oldest there is.
//
// Units:   bytes, nanoseconds since the epoch.
// Errors:  a sentence with the file; an entry that is being written is simply not there yet.
// Threads: one.
// Source:  docs/formats/dead_letters.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"
#include "pipeline/captured_request.h"

namespace gateway::exporter {

struct DeadLetterPlace {
  std::uint64_t file_time_unix_nano = 0;  // 0: before everything
  std::uint64_t offset_bytes = 0;
};
[[nodiscard]] std::optional<DeadLetterPlace> parse_dead_letter_place(std::string_view text);
[[nodiscard]] std::string to_text(const DeadLetterPlace& place);

// Calls `each` for the entries behind `from`, until it returns false; says where the next reading
// begins: behind the last entry that `each` has taken. No files: no entries.
using EachDeadLetter = std::function<bool(const pipeline::CapturedRequest& entry)>;
[[nodiscard]] Result<DeadLetterPlace, std::string> read_dead_letters(io::FileSystem& files,
                                                                     std::string_view directory,
                                                                     std::string_view exporter_id,
                                                                     const DeadLetterPlace& from,
                                                                     const EachDeadLetter& each);

// The place behind everything that is there now.
[[nodiscard]] Result<DeadLetterPlace, std::string> latest_dead_letter(io::FileSystem& files,
                                                                      std::string_view directory,
                                                                      std::string_view exporter_id);

}  // namespace gateway::exporter
