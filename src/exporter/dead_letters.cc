#include "exporter/dead_letters.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "exporter/rotating_file.h"
#include "pipeline/captured_request.h"
#include "telemetry/log.h"

namespace gateway::exporter {

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::optional<std::uint64_t> end_of_entries(const std::shared_ptr<io::File>& file, std::uint64_t) {
  pipeline::CapturedFileReader reader(file);
  for (;;) {
    const auto entry = reader.next();
    if (!entry && entry.error() != pipeline::CapturedErrc::truncated) return std::nullopt;
    if (!entry || !*entry) return reader.offset_bytes();
  }
}

}  // namespace

std::string dead_letter_path(std::string_view directory, std::string_view exporter_id) {
  if (directory.empty()) return {};
  std::string id(exporter_id);
  std::replace(id.begin(), id.end(), '/', '_');
  if (id == "." || id == "..") id = "_";
  return std::string(directory) + "/" + id + "/dead_letters.otlp";
}

DeadLetters::DeadLetters(io::FileSystem& files, io::Clock& clock, std::string_view directory,
                         std::string_view exporter_id)
    : clock_(clock), path_(dead_letter_path(directory, exporter_id)) {
  if (path_.empty()) return;
  file_ = std::make_unique<RotatingFile>(files, path_, kDeadLetterFileSizeBytesMax,
                                         kDeadLetterFileCountMax - 1, end_of_entries);
}

DeadLetters::~DeadLetters() = default;

bool DeadLetters::write(const Request& request, std::string_view reason, std::string_view message) {
  if (!file_) return false;
  std::string head;
  pipeline::append_captured_head({.signal = request.signal,
                                  .time_unix_nano = clock_.unix_nano(),
                                  .item_count = request.item_count,
                                  .size_bytes = request.size_bytes,
                                  .reason = printable(reason),
                                  .message = printable(message)},
                                 head);
  const std::string end = "\n";
  std::vector<std::span<const std::byte>> parts;
  parts.reserve(request.pieces.size() + 2);
  parts.push_back(bytes_of(head));
  for (const Piece& piece : request.pieces) parts.push_back(piece.payload.bytes);
  parts.push_back(bytes_of(end));
  const auto written = file_->append(parts);
  if (!written) {
    telemetry::log_error("exporter", "dead letter cannot be kept",
                         {{"reason", written.error().message}});
  }
  return written.has_value();
}

}  // namespace gateway::exporter
