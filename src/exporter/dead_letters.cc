#include "exporter/dead_letters.h"

#include <algorithm>
#include <span>
#include <vector>

#include "exporter/rotating_file.h"
#include "telemetry/log.h"

namespace gateway::exporter {

namespace {

std::string path_of(std::string_view directory, std::string_view exporter_id) {
  if (directory.empty()) return {};
  std::string id(exporter_id);
  std::replace(id.begin(), id.end(), '/', '_');
  if (id == "." || id == "..") id = "_";
  return std::string(directory) + "/" + id + "/dead_letters.otlp";
}

// A JSON string; control characters do not occur in what printable() returned.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

DeadLetters::DeadLetters(io::FileSystem& files, io::Clock& clock, std::string_view directory,
                         std::string_view exporter_id)
    : clock_(clock), path_(path_of(directory, exporter_id)) {
  if (path_.empty()) return;
  file_ = std::make_unique<RotatingFile>(files, path_, kDeadLetterFileSizeBytesMax,
                                         kDeadLetterFileCountMax - 1);
}

DeadLetters::~DeadLetters() = default;

bool DeadLetters::write(const Request& request, std::string_view reason, std::string_view message) {
  if (!file_) return false;
  const std::string head = "{\"time_unix_nano\":\"" + std::to_string(clock_.unix_nano()) +
                           "\",\"signal\":\"" + std::string(name_of(request.signal)) +
                           "\",\"item_count\":" + std::to_string(request.item_count) +
                           ",\"size_bytes\":" + std::to_string(request.size_bytes) +
                           ",\"reason\":" + quoted(reason) + ",\"message\":" + quoted(message) +
                           "}\n";
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
