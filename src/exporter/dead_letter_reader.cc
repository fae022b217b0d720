#include "exporter/dead_letter_reader.h"

#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "exporter/dead_letters.h"

namespace gateway::exporter {
namespace {

using pipeline::CapturedErrc;
using pipeline::CapturedFileReader;

struct OpenFile {
  std::string path;
  std::shared_ptr<io::File> file;
  std::uint64_t first_time_unix_nano = 0;
};

// The files that hold an entry, oldest first. A file that is renamed meanwhile is still the one
// that was opened; it may show twice, which first_time_unix_nano tells.
std::vector<OpenFile> open_files(io::FileSystem& files, const std::string& path) {
  std::vector<OpenFile> found;
  for (std::uint32_t i = kDeadLetterFileCountMax; i-- != 0;) {
    const std::string name = i == 0 ? path : path + "." + std::to_string(i);
    auto opened = files.open(name, {});
    if (!opened) continue;
    std::shared_ptr<io::File> file = std::move(*opened);
    const auto first = CapturedFileReader(file).next();
    if (!first || !*first) continue;
    const std::uint64_t time = (*first)->head.time_unix_nano;
    if (!found.empty() && found.back().first_time_unix_nano == time) continue;
    found.push_back({name, std::move(file), time});
  }
  return found;
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<DeadLetterPlace> parse_dead_letter_place(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto time = number_of(text.substr(0, colon));
  const auto offset = number_of(text.substr(colon + 1));
  if (!time || !offset) return std::nullopt;
  return DeadLetterPlace{*time, *offset};
}

std::string to_text(const DeadLetterPlace& place) {
  return std::to_string(place.file_time_unix_nano) + ":" + std::to_string(place.offset_bytes);
}

Result<DeadLetterPlace, std::string> read_dead_letters(io::FileSystem& files,
                                                       std::string_view directory,
                                                       std::string_view exporter_id,
                                                       const DeadLetterPlace& from,
                                                       const EachDeadLetter& each) {
  const std::vector<OpenFile> opened = open_files(files, dead_letter_path(directory, exporter_id));
  std::size_t first = 0;
  for (std::size_t i = 0; i < opened.size(); ++i) {
    if (opened[i].first_time_unix_nano == from.file_time_unix_nano) first = i;
  }
  DeadLetterPlace place = from;
  for (std::size_t i = first; i < opened.size(); ++i) {
    const bool is_continued = opened[i].first_time_unix_nano == from.file_time_unix_nano;
    CapturedFileReader reader(opened[i].file, is_continued ? from.offset_bytes : 0);
    for (;;) {
      place = {opened[i].first_time_unix_nano, reader.offset_bytes()};
      const auto entry = reader.next();
      // Cut off: being written, or left by a crash; in both cases the last of its file.
      if (!entry && entry.error() == CapturedErrc::truncated) break;
      if (!entry) {
        return fail(opened[i].path + " at " + std::to_string(reader.offset_bytes()) + ": " +
                    std::string(name_of(entry.error())));
      }
      if (!*entry) break;
      if (!each(**entry)) return place;
    }
  }
  return place;
}

Result<DeadLetterPlace, std::string> latest_dead_letter(io::FileSystem& files,
                                                        std::string_view directory,
                                                        std::string_view exporter_id) {
  const std::vector<OpenFile> opened = open_files(files, dead_letter_path(directory, exporter_id));
  if (opened.empty()) return DeadLetterPlace{};
  const OpenFile& newest = opened.back();
  const DeadLetterPlace from{newest.first_time_unix_nano, 0};
  return read_dead_letters(files, directory, exporter_id, from, [](const auto&) { return true; });
}

}  // namespace gateway::exporter
