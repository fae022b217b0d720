// Where items go that a destination will never take: appended to files, bounded in number and size,
// so that a person can look at them and `log replay` can send them again.
//
//   <directory>/<exporter id, with '/' as '_'>/dead_letters.otlp      the newest file
//                                             dead_letters.otlp.1 ...  older ones
//
// No two exporters have the same folder: config/cross_check.cc refuses such names.
//
// Units:   bytes.
// Errors:  write() says whether the entry is kept; the caller counts the items either way.
// Threads: one holder.
// Source:  docs/formats/dead_letters.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/transport.h"
#include "io/clock.h"
#include "io/file_system.h"

namespace gateway::exporter {

inline constexpr std::uint64_t kDeadLetterFileSizeBytesMax = 64ULL << 20U;
inline constexpr std::uint32_t kDeadLetterFileCountMax = 4;

// The newest file; empty where `directory` is.
[[nodiscard]] std::string dead_letter_path(std::string_view directory,
                                           std::string_view exporter_id);

class RotatingFile;

class DeadLetters {
 public:
  // `directory` empty: nothing is kept, only counted.
  DeadLetters(io::FileSystem& files, io::Clock& clock, std::string_view directory,
              std::string_view exporter_id);
  ~DeadLetters();

  [[nodiscard]] bool write(const Request& request, std::string_view reason,
                           std::string_view message);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  io::Clock& clock_;
  std::string path_;
  std::unique_ptr<RotatingFile> file_;
};

}  // namespace gateway::exporter
